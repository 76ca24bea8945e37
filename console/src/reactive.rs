//! Memos and effects behind boxed functions. The framework compiles its machinery anew for each
//! closure that it is given; behind a box it is compiled once for each type of value, which is a
//! tenth of the console's size. Everything in the console makes them here.

use leptos::prelude::*;

/// A value that is computed when it is read and something it depends on has changed, and that
/// tells others only when it is another one.
pub fn memo<T: PartialEq + Send + Sync + 'static>(
    read: impl Fn() -> T + Send + Sync + 'static,
) -> Memo<T> {
    boxed_memo(Box::new(read))
}

#[inline(never)]
fn boxed_memo<T: PartialEq + Send + Sync + 'static>(
    read: Box<dyn Fn() -> T + Send + Sync>,
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
