//! Keys that work everywhere: `?` for help, `g` and a letter to jump.

use crate::components::dialog::Dialog;
use crate::components::keyboard::{is_jumping, on_page_key, set_jumping};
use crate::components::screens::SCREENS;
use crate::i18n::{fill, t, tr, word, wording};
use crate::reactive::RwSignal;
use crate::routes;
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;

/// Listens for the keys and shows the help.
#[component]
pub fn Shortcuts() -> impl IntoView {
    let open = RwSignal::new(false);
    let navigate = use_navigate();
    on_page_key(move |key| {
        let jumping = is_jumping();
        set_jumping(key == "g" && !jumping);
        let wanted = SCREENS.iter().find(|screen| jumping && screen.key == key);
        match (wanted, key) {
            (Some(screen), _) => navigate(&(screen.address)(), routes::to_screen()),
            (None, "?") => open.set(true),
            _ => return false,
        }
        true
    });
    view! {
        <Dialog open title=wording(word!(common.shortcuts))>
            <dl class="kv dialog-body shortcuts">
                <dt><kbd>"Ctrl"</kbd> " " <kbd>"K"</kbd></dt><dd>{tr!(common.palette)}</dd>
                <dt><kbd>"?"</kbd></dt><dd>{tr!(common.shortcut_help)}</dd>
                {SCREENS.iter().map(|screen| view! {
                    <dt><kbd>"g"</kbd> " " <kbd>{screen.key}</kbd></dt>
                    <dd>{move || fill(t().common.palette_go, &[("screen", screen.name.of(t()))])}</dd>
                }).collect_view()}
                <dt><kbd>"/"</kbd></dt><dd>{tr!(common.shortcut_filter)}</dd>
                <dt><kbd>"j"</kbd></dt><dd>{tr!(common.shortcut_next)}</dd>
                <dt><kbd>"k"</kbd></dt><dd>{tr!(common.shortcut_previous)}</dd>
                <dt><kbd>"x"</kbd></dt><dd>{tr!(common.shortcut_pick)}</dd>
                <dt><kbd>"Enter"</kbd></dt><dd>{tr!(common.shortcut_open)}</dd>
            </dl>
        </Dialog>
    }
}
