//! Whether the hub answers, as seen by the last call. Screens keep their last data either way.

use leptos::prelude::*;
use std::cell::RefCell;

thread_local! {
    static ONLINE: RefCell<Option<ArcRwSignal<bool>>> = const { RefCell::new(None) };
}

fn signal() -> ArcRwSignal<bool> {
    ONLINE.with(|cell| {
        cell.borrow_mut()
            .get_or_insert_with(|| ArcRwSignal::new(true))
            .clone()
    })
}

/// Whether the last call reached the hub; tracked.
pub fn online() -> bool {
    signal().get()
}

/// Tells how the last call went.
pub fn report(reached: bool) {
    let signal = signal();
    if signal.get_untracked() != reached {
        signal.set(reached);
    }
}
