//! Whether an element is where a person can see it, or nearly so.

use leptos::prelude::*;
use wasm_bindgen::prelude::*;
use web_sys::{Element, IntersectionObserver, IntersectionObserverEntry, IntersectionObserverInit};

/// Pixels around the window that count as seen, so that what is scrolled in is fresh already.
const MARGIN: &str = "160px";

/// Tells whenever an element comes into sight or goes out of it, until the owner is gone.
pub fn observe(element: &Element, on_change: impl Fn(bool) + 'static) {
    let told = Closure::<dyn FnMut(js_sys::Array)>::new(move |entries: js_sys::Array| {
        let last = entries.pop();
        if let Some(entry) = last.dyn_ref::<IntersectionObserverEntry>() {
            on_change(entry.is_intersecting());
        }
    });
    let options = IntersectionObserverInit::new();
    options.set_root_margin(MARGIN);
    let callback = told.as_ref().unchecked_ref();
    let Ok(observer) = IntersectionObserver::new_with_options(callback, &options) else {
        return;
    };
    observer.observe(element);
    let kept = StoredValue::new_local((observer, told));
    on_cleanup(move || {
        let _ = kept.try_with_value(|(observer, _)| observer.disconnect());
    });
}
