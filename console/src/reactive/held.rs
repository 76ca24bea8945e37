//! Values behind a pointer whose type only their owner knows. The owner, a signal or a memo of
//! one type, is the only one who puts something in and takes something out; so what the standard
//! library's `Any` would compare each time, sixteen bytes that no compression makes smaller for
//! each type and place, is known already. Builds with debug assertions compare it all the same.
//!
//! Nothing here may be public outside `reactive`: what makes it sound is that the fields which
//! hold such values are private to types that are invariant in the type held.

#[cfg(debug_assertions)]
use std::any::TypeId;

/// A value of any type.
pub(super) trait Anything: Send + Sync {
    #[cfg(debug_assertions)]
    fn kind(&self) -> TypeId;
}

impl<T: Send + Sync + 'static> Anything for T {
    #[cfg(debug_assertions)]
    fn kind(&self) -> TypeId {
        TypeId::of::<T>()
    }
}

/// What is held, by its type.
///
/// # Safety
/// `held` must hold a `T`.
pub(super) unsafe fn known<T: Send + Sync + 'static>(held: &dyn Anything) -> &T {
    #[cfg(debug_assertions)]
    assert!(held.kind() == TypeId::of::<T>(), "another type is held");
    // SAFETY: the pointer is to a `T`, as the caller promises, and lives as long as the borrow.
    unsafe { &*std::ptr::from_ref(held).cast::<T>() }
}

/// What is held, by its type, to change it.
///
/// # Safety
/// `held` must hold a `T`.
pub(super) unsafe fn known_mut<T: Send + Sync + 'static>(held: &mut dyn Anything) -> &mut T {
    #[cfg(debug_assertions)]
    assert!((*held).kind() == TypeId::of::<T>(), "another type is held");
    // SAFETY: the pointer is to a `T`, as the caller promises, and the borrow is the only one.
    unsafe { &mut *std::ptr::from_mut(held).cast::<T>() }
}

/// A value of any type that can be told from another one.
pub(super) trait Comparable: Anything {
    /// Whether another value is the same.
    ///
    /// # Safety
    /// `other` must hold a value of the same type.
    unsafe fn is_same(&self, other: &dyn Comparable) -> bool;

    /// The value as one of any type.
    fn anything(&self) -> &dyn Anything;
}

impl<T: PartialEq + Send + Sync + 'static> Comparable for T {
    unsafe fn is_same(&self, other: &dyn Comparable) -> bool {
        // SAFETY: the same type, as the caller promises.
        unsafe { known::<T>(other.anything()) == self }
    }

    fn anything(&self) -> &dyn Anything {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_comes_out() {
        let mut boxed: Box<dyn Anything> = Box::new(String::from("a"));
        // SAFETY: a `String` was put in.
        unsafe {
            known_mut::<String>(&mut *boxed).push('b');
            assert_eq!(known::<String>(&*boxed), "ab");
        }
        let (one, same, other) = (vec![1, 2], vec![1, 2], vec![3]);
        // SAFETY: all are vectors of numbers.
        unsafe {
            assert!(one.is_same(&same) && !one.is_same(&other));
        }
    }

    #[test]
    #[cfg(debug_assertions)]
    #[should_panic(expected = "another type is held")]
    fn a_mistake_shows_in_development() {
        let boxed: Box<dyn Anything> = Box::new(7u8);
        // SAFETY: none; the check ends it before anything is read.
        let _ = unsafe { known::<u64>(&*boxed) };
    }
}
