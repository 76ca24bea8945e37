//! Room for connections that stay open. Over HTTP/1 a browser opens six to a host, for all its
//! windows together: streams that took them all would keep every other call waiting. So each
//! stream takes a seat first, and the seats are fewer than the connections.

use js_sys::{Function, Object, Promise, Reflect};
use leptos::prelude::window;
use std::cell::Cell;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

/// Streams of a window where all calls share one connection.
const SHARED_CONNECTION: usize = 8;
/// Streams of all windows together where each has a connection of its own.
const OWN_CONNECTIONS: usize = 4;
/// The same for one window of a browser in which windows cannot agree.
const ALONE: usize = 2;

thread_local! {
    /// Seats taken in this window without asking the others.
    static TAKEN: Cell<usize> = const { Cell::new(0) };
}

/// How many seats a window can hope for.
pub fn most() -> usize {
    if shares_connection() {
        SHARED_CONNECTION
    } else {
        OWN_CONNECTIONS
    }
}

/// A seat; free again when dropped.
pub struct Seat {
    /// Gives the seat back to all windows; without it the seat is only this window's.
    release: Option<Function>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        match &self.release {
            Some(release) => {
                let _ = release.call0(&JsValue::NULL);
            }
            None => TAKEN.with(|taken| taken.set(taken.get().saturating_sub(1))),
        }
    }
}

/// Takes a seat, if one is free.
pub async fn take() -> Option<Seat> {
    if shares_connection() {
        return take_alone(SHARED_CONNECTION);
    }
    let Some(locks) = locks() else {
        return take_alone(ALONE);
    };
    for number in 1..=OWN_CONNECTIONS {
        if let Some(release) = lock(&locks, &format!("skerry-stream-{number}")).await {
            return Some(Seat {
                release: Some(release),
            });
        }
    }
    None
}

fn take_alone(most: usize) -> Option<Seat> {
    TAKEN.with(|taken| {
        let free = taken.get() < most;
        free.then(|| {
            taken.set(taken.get() + 1);
            Seat { release: None }
        })
    })
}

/// Whether this page came over a protocol that sends many calls over one connection.
fn shares_connection() -> bool {
    let entry = Reflect::get(&window(), &"performance".into()).and_then(|performance| {
        let read: Function = Reflect::get(&performance, &"getEntriesByType".into())?.into();
        let entries = read.call1(&performance, &"navigation".into())?;
        Reflect::get_u32(&entries, 0)
    });
    let protocol = entry.and_then(|entry| Reflect::get(&entry, &"nextHopProtocol".into()));
    let protocol = protocol.ok().and_then(|protocol| protocol.as_string());
    protocol.is_some_and(|protocol| protocol.starts_with("h2") || protocol.starts_with("h3"))
}

/// The browser's locks, which all windows of an address share. Some pages have none.
fn locks() -> Option<JsValue> {
    let locks = Reflect::get(&window().navigator(), &"locks".into()).ok()?;
    locks.is_object().then_some(locks)
}

/// Takes a lock if it is free; the function gives it back.
async fn lock(locks: &JsValue, name: &str) -> Option<Function> {
    let request: Function = Reflect::get(locks, &"request".into())
        .ok()?
        .dyn_into()
        .ok()?;
    let options = Object::new();
    Reflect::set(&options, &"ifAvailable".into(), &JsValue::TRUE).ok()?;
    let granted = Promise::new(&mut |tell, _| {
        let refuse = tell.clone();
        // The lock is held until the promise that this gives back is resolved.
        let answer = Closure::once_into_js(move |lock: JsValue| -> JsValue {
            if lock.is_falsy() {
                let _ = tell.call1(&JsValue::NULL, &JsValue::NULL);
                return JsValue::UNDEFINED;
            }
            let held = Promise::new(&mut |release, _| {
                let _ = tell.call1(&JsValue::NULL, &release);
            });
            held.into()
        });
        if request
            .call3(locks, &name.into(), &options, &answer)
            .is_err()
        {
            let _ = refuse.call1(&JsValue::NULL, &JsValue::NULL);
        }
    });
    JsFuture::from(granted).await.ok()?.dyn_into().ok()
}
