//! The address as it is, and notes in it that nobody has to look at: a page writes there where one
//! is, for who comes back or sends it on. What other parts of a page follow goes through the router.

use leptos::prelude::window;

/// The query string.
pub fn present() -> String {
    window().location().search().unwrap_or_default()
}

/// Puts another address in the place of this one; nothing on the page is told.
pub fn note(address: &str) {
    if let Ok(history) = window().history() {
        let state = history.state().unwrap_or_default();
        let _ = history.replace_state_with_url(&state, "", Some(address));
    }
}
