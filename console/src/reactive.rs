//! Memos, signals, effects and parts of views behind boxes. The framework compiles its machinery
//! anew for each type of value and for each closure that it is given; behind a box it is compiled
//! once, which is a fifth of the console's size. Everything in the console makes them here:
//!
//! - `Memo`, `RwSignal` and `Callback` are used like the framework's own, whose names they hide. What shows
//!   live data takes the `Memo` that `live_view` hands it.
//! - A closure that is written in braces within `view!` is boxed by the macro; one that is kept
//!   in a variable or is the value of a function goes through `part`.
//! - Signals that are read from others are made with `derive`.
//! - Lists are made with this `For`.
//!
//! A box holds a trait of one method and not `Fn`: behind `dyn Fn` each closure would bring two
//! functions more that nobody calls, a dozen bytes each after compression.

mod held;

use held::{Anything, Comparable, known, known_mut};
use leptos::prelude::{self, *};
use std::marker::PhantomData;
use std::sync::Arc;

/// A value that is set by hand, and tells whoever has read it that it is another one.
pub struct RwSignal<T> {
    /// Only `new` and `set` put something in, which is a `T`.
    held: prelude::RwSignal<Box<dyn Anything>>,
    /// Invariant: a signal of one type must never be taken for one of another.
    kind: PhantomData<fn(T) -> T>,
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
        self.held.with(|held| {
            // SAFETY: a `T` is all that was ever put in.
            read(unsafe { known(&**held) })
        })
    }

    /// Looks at the value.
    pub fn with_untracked<R>(self, read: impl FnOnce(&T) -> R) -> R {
        self.held.with_untracked(|held| {
            // SAFETY: a `T` is all that was ever put in.
            read(unsafe { known(&**held) })
        })
    }

    /// Looks at the value, if it is still there.
    pub fn try_with_untracked<R>(self, read: impl FnOnce(&T) -> R) -> Option<R> {
        self.held.try_with_untracked(|held| {
            // SAFETY: a `T` is all that was ever put in.
            read(unsafe { known(&**held) })
        })
    }

    /// Changes the value in its place.
    pub fn update(self, change: impl FnOnce(&mut T)) {
        self.try_update(change);
    }

    /// Changes the value in its place, if it is still there.
    pub fn try_update<R>(self, change: impl FnOnce(&mut T) -> R) -> Option<R> {
        self.held
            // SAFETY: a `T` is all that was ever put in.
            .try_update(|held| change(unsafe { known_mut(&mut **held) }))
    }

    /// Changes the value in its place, if it is still there, and tells nobody.
    pub fn try_update_untracked<R>(self, change: impl FnOnce(&mut T) -> R) -> Option<R> {
        let held = &self.held;
        // SAFETY: a `T` is all that was ever put in.
        held.try_update_untracked(|held| change(unsafe { known_mut(&mut **held) }))
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
        derive(move || signal.get())
    }
}

/// A value that is computed when it is read and something it depends on has changed, and that
/// tells others only when it is another one.
pub struct Memo<T> {
    held: prelude::Memo<Held>,
    /// Invariant, as a signal's.
    kind: PhantomData<fn(T) -> T>,
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
        let read = move |before: Option<&Held>| {
            // SAFETY: it is this very function that made it.
            let before = before.map(|held| unsafe { known(held.0.anything()) });
            Held(Arc::new(read(before)))
        };
        Self {
            held: boxed_memo(Box::new(read)),
            kind: PhantomData,
        }
    }

    /// Looks at the value; tracked.
    pub fn with<R>(self, read: impl FnOnce(&T) -> R) -> R {
        let held = self.held.get();
        // SAFETY: `new` is the only one that computes it.
        read(unsafe { known(held.0.anything()) })
    }

    /// Looks at the value.
    pub fn with_untracked<R>(self, read: impl FnOnce(&T) -> R) -> R {
        let held = self.held.get_untracked();
        // SAFETY: `new` is the only one that computes it.
        read(unsafe { known(held.0.anything()) })
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
        // SAFETY: `new` is the only one that computes it.
        Some(unsafe { known::<T>(held.0.anything()) }.clone())
    }
}

impl<T: Clone + PartialEq + Send + Sync + 'static> From<Memo<T>> for Signal<T> {
    fn from(memo: Memo<T>) -> Self {
        derive(move || memo.get())
    }
}

/// Computes what a memo holds from what it held before.
trait Compute {
    fn compute(&self, before: Option<&Held>) -> Held;
}

impl<F: Fn(Option<&Held>) -> Held> Compute for F {
    fn compute(&self, before: Option<&Held>) -> Held {
        self(before)
    }
}

#[inline(never)]
fn boxed_memo(read: Box<dyn Compute + Send + Sync>) -> prelude::Memo<Held> {
    prelude::Memo::new(move |before| read.compute(before))
}

/// Reads a value.
pub trait Read<T> {
    /// The value now.
    fn read(&self) -> T;
}

impl<T, F: Fn() -> T> Read<T> for F {
    fn read(&self) -> T {
        self()
    }
}

/// A signal that is read from others.
pub fn derive<T: Send + Sync + 'static>(read: impl Fn() -> T + Send + Sync + 'static) -> Signal<T> {
    boxed_derive(Box::new(read))
}

#[inline(never)]
fn boxed_derive<T: Send + Sync + 'static>(read: Box<dyn Read<T> + Send + Sync>) -> Signal<T> {
    Signal::derive(move || read.read())
}

/// What a memo holds. Only values of one memo are ever compared: the framework does so to learn
/// whether a new one is another one.
#[derive(Clone)]
struct Held(Arc<dyn Comparable>);

impl PartialEq for Held {
    fn eq(&self, other: &Self) -> bool {
        // SAFETY: both are of one memo, which holds values of one type.
        unsafe { self.0.is_same(&*other.0) }
    }
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

/// Runs, with what it gave back the last time.
trait Run<T> {
    fn run(&mut self, before: Option<T>) -> T;
}

impl<T, F: FnMut(Option<T>) -> T> Run<T> for F {
    fn run(&mut self, before: Option<T>) -> T {
        self(before)
    }
}

#[inline(never)]
fn boxed_effect<T: 'static>(mut run: Box<dyn Run<T>>) {
    Effect::new(move |before| run.run(before));
}

/// Takes something and acts.
trait Act<In, Out> {
    fn act(&self, input: In) -> Out;
}

impl<In, Out, F: Fn(In) -> Out> Act<In, Out> for F {
    fn act(&self, input: In) -> Out {
        self(input)
    }
}

/// What a component calls, used like the framework's own.
pub struct Callback<In: 'static, Out: 'static = ()> {
    held: StoredValue<Arc<dyn Act<In, Out> + Send + Sync>>,
}

impl<In, Out> Clone for Callback<In, Out> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<In, Out> Copy for Callback<In, Out> {}

impl<In: 'static, Out: 'static> Callback<In, Out> {
    /// One that calls this.
    pub fn new(act: impl Fn(In) -> Out + Send + Sync + 'static) -> Self {
        Self::boxed(Arc::new(act))
    }

    #[inline(never)]
    fn boxed(act: Arc<dyn Act<In, Out> + Send + Sync>) -> Self {
        Self {
            held: StoredValue::new(act),
        }
    }

    /// Calls it.
    pub fn run(self, input: In) -> Out {
        self.held.get_value().act(input)
    }

    /// Calls it, if whoever made it is still there.
    pub fn try_run(self, input: In) -> Option<Out> {
        self.held.try_get_value().map(|held| held.act(input))
    }
}

impl<In: 'static, Out: 'static, F: Fn(In) -> Out + Send + Sync + 'static> From<F>
    for Callback<In, Out>
{
    fn from(act: F) -> Self {
        Self::new(act)
    }
}

/// A part of a view that is built again whenever something that was read has changed.
pub fn part<V: IntoView + 'static>(view: impl Fn() -> V + Send + 'static) -> AnyView {
    boxed_part(Box::new(move || view().into_any()))
}

#[inline(never)]
fn boxed_part(view: Box<dyn Read<AnyView> + Send>) -> AnyView {
    (move || view.read()).into_any()
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
