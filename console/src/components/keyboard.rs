//! Key presses for the whole page: never while somebody types or a dialog is open.

use leptos::ev;
use leptos::prelude::*;
use std::cell::Cell;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, KeyboardEvent};

thread_local! {
    static JUMPING: Cell<bool> = const { Cell::new(false) };
}

/// Whether the next key names a screen to jump to: then it is not a key of the list, whichever
/// of the two listens first.
pub fn is_jumping() -> bool {
    JUMPING.get()
}

/// Says whether the next key names a screen.
pub fn set_jumping(jumping: bool) {
    JUMPING.set(jumping);
}

/// Calls `on_key` with the key of each plain key press; stops the default if it says it used it.
pub fn on_page_key(on_key: impl Fn(&str) -> bool + 'static) {
    let handle = window_event_listener(ev::keydown, move |event: KeyboardEvent| {
        let modified = event.ctrl_key() || event.meta_key() || event.alt_key();
        if modified || event.default_prevented() || is_typing(&event) || dialog_is_open() {
            return;
        }
        if on_key(&event.key()) {
            event.prevent_default();
        }
    });
    on_cleanup(move || handle.remove());
}

/// Keys of a page with a list: `j` and `k` move among its rows, `/` goes to its filter.
pub fn list_keys() {
    on_page_key(|key| match key {
        _ if is_jumping() => false,
        "j" => move_focus("[data-row]", 1),
        "k" => move_focus("[data-row]", -1),
        "/" => focus("[data-filter]"),
        _ => false,
    });
}

fn is_typing(event: &KeyboardEvent) -> bool {
    event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok())
        .is_some_and(|e| matches!(e.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT"))
}

fn dialog_is_open() -> bool {
    document()
        .query_selector("dialog[open]")
        .ok()
        .flatten()
        .is_some()
}

/// Focuses the first element that a selector finds.
pub fn focus(selector: &str) -> bool {
    let found = document().query_selector(selector).ok().flatten();
    match found.and_then(|e| e.dyn_into::<HtmlElement>().ok()) {
        Some(element) => element.focus().is_ok(),
        None => false,
    }
}

/// Moves the focus among the elements of a selector by `step`, starting at either end.
pub fn move_focus(selector: &str, step: i32) -> bool {
    let Ok(all) = document().query_selector_all(selector) else {
        return false;
    };
    let count = all.length() as i32;
    if count == 0 {
        return false;
    }
    let active = document().active_element();
    let at = (0..count).find(|index| {
        let node = all
            .item(*index as u32)
            .and_then(|n| n.dyn_into::<Element>().ok());
        node.is_some() && node == active
    });
    let next = match at {
        Some(index) => (index + step).clamp(0, count - 1),
        None if step < 0 => count - 1,
        None => 0,
    };
    all.item(next as u32)
        .and_then(|node| node.dyn_into::<HtmlElement>().ok())
        .is_some_and(|element| element.focus().is_ok())
}
