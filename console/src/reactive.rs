//! Memos, signals, effects and parts of views behind boxes. The framework compiles its machinery
//! anew for each type of value and for each closure that it is given; behind a box it is compiled
//! once, which is a fifth of the console's size. Everything in the console makes them here:
//!
//! - `Memo` and `RwSignal` are used like the framework's own, whose names they hide. What shows
//!   live data takes the `Memo` that `live_view` hands it.
//! - A closure that is written in braces within `view!` is boxed by the macro; one that is kept
//!   in a variable or is the value of a function goes through `part`.
//! - Lists are made with this `For`.

use leptos::prelude::{self, *};
use std::any::Any;
use std::marker::PhantomData;
use std::sync::Arc;

/// A value that is set by hand, and tells whoever has read it that it is another one.
pub struct RwSignal<T> {
    held: prelude::RwSignal<Box<dyn Any + Send + Sync>>,
    kind: PhantomData<fn() -> T>,
}

impl<T> Clone for RwSignal<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for RwSignal<T> {}

impl<T: Send + Sync + 'static> RwSignal<T> {
    /// With its first value.
    pub fn new(value: T) -> Self {
        Self {
            held: prelude::RwSignal::new(Box::new(value)),
            kind: PhantomData,
        }
    }

    /// Looks at the value; tracked.
    pub fn with<R>(self, read: impl FnOnce(&T) -> R) -> R {
        self.held.with(|held| read(known(&**held)))
    }

    /// Looks at the value.
    pub fn with_untracked<R>(self, read: impl FnOnce(&T) -> R) -> R {
        self.held.with_untracked(|held| read(known(&**held)))
    }

    /// Looks at the value, if it is still there.
    pub fn try_with_untracked<R>(self, read: impl FnOnce(&T) -> R) -> Option<R> {
        self.held.try_with_untracked(|held| read(known(&**held)))
    }

    /// Changes the value in its place.
    pub fn update(self, change: impl FnOnce(&mut T)) {
        self.try_update(change);
    }

    /// Changes the value in its place, if it is still there.
    pub fn try_update<R>(self, change: impl FnOnce(&mut T) -> R) -> Option<R> {
        self.held
            .try_update(|held| held.downcast_mut().map(change))?
    }

    /// Changes the value in its place, if it is still there, and tells nobody.
    pub fn try_update_untracked<R>(self, change: impl FnOnce(&mut T) -> R) -> Option<R> {
        let held = &self.held;
        held.try_update_untracked(|held| held.downcast_mut().map(change))?
    }

    /// Puts another value in its place.
    pub fn set(self, value: T) {
        self.held.set(Box::new(value));
    }

    /// Puts another value in its place; `false` if that is gone.
    pub fn try_set(self, value: T) -> bool {
        self.held.try_set(Box::new(value)).is_none()
    }

    /// Depends on the value.
    pub fn track(self) {
        self.held.track();
    }

    /// Tells whoever has read the value.
    pub fn notify(self) {
        self.held.notify();
    }
}

impl<T: Clone + Send + Sync + 'static> RwSignal<T> {
    /// The value; tracked.
    pub fn get(self) -> T {
        self.with(T::clone)
    }

    /// The value.
    pub fn get_untracked(self) -> T {
        self.with_untracked(T::clone)
    }

    /// The value, if it is still there.
    pub fn try_get_untracked(self) -> Option<T> {
        self.try_with_untracked(T::clone)
    }
}

impl<T: Clone + Send + Sync + 'static> From<RwSignal<T>> for Signal<T> {
    fn from(signal: RwSignal<T>) -> Self {
        Signal::derive(move || signal.get())
    }
}

/// A value that is computed when it is read and something it depends on has changed, and that
/// tells others only when it is another one.
pub struct Memo<T> {
    held: prelude::Memo<Held>,
    kind: PhantomData<fn() -> T>,
}

impl<T> Clone for Memo<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Memo<T> {}

impl<T: PartialEq + Send + Sync + 'static> Memo<T> {
    /// Computed from what it was before, too.
    pub fn new(read: impl Fn(Option<&T>) -> T + Send + Sync + 'static) -> Self {
        let read: Compute = Box::new(move |before| {
            let before = before.map(|held| known(&*held.0));
            Held(Arc::new(read(before)))
        });
        Self {
            held: prelude::Memo::new(read),
            kind: PhantomData,
        }
    }

    /// Looks at the value; tracked.
    pub fn with<R>(self, read: impl FnOnce(&T) -> R) -> R {
        read(known(&*self.held.get().0))
    }

    /// Looks at the value.
    pub fn with_untracked<R>(self, read: impl FnOnce(&T) -> R) -> R {
        read(known(&*self.held.get_untracked().0))
    }
}

impl<T: Clone + PartialEq + Send + Sync + 'static> Memo<T> {
    /// The value; tracked.
    pub fn get(self) -> T {
        self.with(T::clone)
    }

    /// The value.
    pub fn get_untracked(self) -> T {
        self.with_untracked(T::clone)
    }

    /// The value, if it is still there.
    pub fn try_get_untracked(self) -> Option<T> {
        let held = self.held.try_get_untracked()?;
        Some(known::<T>(&*held.0).clone())
    }
}

impl<T: Clone + PartialEq + Send + Sync + 'static> From<Memo<T>> for Signal<T> {
    fn from(memo: Memo<T>) -> Self {
        Signal::derive(move || memo.get())
    }
}

/// Computes what a memo holds from what it held before.
type Compute = Box<dyn Fn(Option<&Held>) -> Held + Send + Sync>;

/// What a memo holds.
#[derive(Clone)]
struct Held(Arc<dyn Comparable + Send + Sync>);

impl PartialEq for Held {
    fn eq(&self, other: &Self) -> bool {
        self.0.is_same(&*other.0)
    }
}

/// A value that can be told from another one.
trait Comparable: Any {
    fn is_same(&self, other: &dyn Any) -> bool;
}

impl<T: PartialEq + 'static> Comparable for T {
    fn is_same(&self, other: &dyn Any) -> bool {
        other.downcast_ref() == Some(self)
    }
}

/// What is held, by its type.
fn known<T: 'static>(held: &dyn Any) -> &T {
    held.downcast_ref().expect("nothing else is put there")
}

/// A memo of what needs no value from before.
pub fn memo<T: PartialEq + Send + Sync + 'static>(
    read: impl Fn() -> T + Send + Sync + 'static,
) -> Memo<T> {
    Memo::new(move |_| read())
}

/// Runs now and whenever something that was read has changed; gets what it gave back the last
/// time.
pub fn effect<T: 'static>(run: impl FnMut(Option<T>) -> T + 'static) {
    boxed_effect(Box::new(run));
}

#[inline(never)]
fn boxed_effect<T: 'static>(run: Box<dyn FnMut(Option<T>) -> T>) {
    Effect::new(run);
}

/// A part of a view that is built again whenever something that was read has changed.
pub fn part<V: IntoView + 'static>(view: impl Fn() -> V + Send + 'static) -> AnyView {
    boxed_part(Box::new(move || view().into_any()))
}

fn boxed_part(view: Box<dyn FnMut() -> AnyView + Send>) -> AnyView {
    view.into_any()
}

/// A list that builds a row only for a key that was not there before: the framework's `For`,
/// which is compiled here once for all kinds of rows.
#[component]
pub fn For<T, I, K, V>(
    /// What is in it.
    each: impl Fn() -> I + Send + 'static,
    /// What tells one row from the others.
    key: impl Fn(&T) -> K + Send + 'static,
    /// A row.
    children: impl Fn(T) -> V + Send + Sync + 'static,
) -> impl IntoView
where
    T: Send + 'static,
    I: IntoIterator<Item = T>,
    K: ToString,
    V: IntoView + 'static,
{
    let children = Arc::new(children);
    let row = move |item| {
        let children = Arc::clone(&children);
        let key = key(&item).to_string();
        let build: Build = Box::new(move || children(item).into_any());
        (key, build)
    };
    boxed_rows(Box::new(move || each().into_iter().map(&row).collect()))
}

/// Builds a row.
type Build = Box<dyn FnOnce() -> AnyView + Send>;

fn boxed_rows(rows: Box<dyn Fn() -> Vec<(String, Build)> + Send>) -> AnyView {
    use leptos::prelude::For;
    view! { <For each=rows key=|(key, _)| key.clone() children=|(_, build)| build()/> }.into_any()
}
