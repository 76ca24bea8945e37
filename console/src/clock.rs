//! The current time for ages on screen: one tick a second for everybody, none while hidden; and
//! waiting.

use crate::logic::time::Millis;
use js_sys::Promise;
use leptos::prelude::*;
use std::cell::RefCell;
use std::time::Duration;
use wasm_bindgen_futures::JsFuture;

thread_local! {
    static NOW: RefCell<Option<ArcRwSignal<Millis>>> = const { RefCell::new(None) };
}

fn signal() -> ArcRwSignal<Millis> {
    NOW.with(|cell| {
        cell.borrow_mut()
            .get_or_insert_with(|| ArcRwSignal::new(js_sys::Date::now()))
            .clone()
    })
}

/// The time now, tracked: readers run again every second.
pub fn now() -> Millis {
    signal().get()
}

/// The time now, read once.
pub fn now_once() -> Millis {
    js_sys::Date::now()
}

/// Starts the tick.
pub fn start() {
    let clock = signal();
    set_interval(
        move || {
            if !document().hidden() {
                clock.set(js_sys::Date::now());
            }
        },
        Duration::from_secs(1),
    );
}

/// Waits so many milliseconds.
pub async fn sleep(milliseconds: i32) {
    let waiting = Promise::new(&mut |resolve, _| {
        let _ =
            window().set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, milliseconds);
    });
    let _ = JsFuture::from(waiting).await;
}
