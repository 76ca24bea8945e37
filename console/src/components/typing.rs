//! Text that somebody types and that the hub is asked about: not with every letter, but once
//! nobody types.

use crate::reactive::{RwSignal, effect};
use leptos::prelude::*;
use std::time::Duration;

/// A pause in typing after which the hub is asked.
const PAUSE: Duration = Duration::from_millis(400);

/// What stands in a field once nobody types, without spaces around it. Nothing while the form
/// is closed; what stands there when it opens, at once.
pub fn settled(open: RwSignal<bool>, text: RwSignal<String>) -> RwSignal<String> {
    let settled = RwSignal::new(String::new());
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let stop = move || {
        if let Some(running) = timer.try_update_value(Option::take).flatten() {
            running.clear();
        }
    };
    on_cleanup(stop);
    effect(move |was_open: Option<bool>| {
        let open = open.get();
        let text = text.with(|text| text.trim().to_owned());
        stop();
        if !open {
            settled.set(String::new());
        } else if was_open != Some(true) {
            settled.set(text);
        } else {
            let settle = move || {
                let _ = settled.try_set(text);
            };
            timer.set_value(set_timeout_with_handle(settle, PAUSE).ok());
        }
        open
    });
    settled
}
