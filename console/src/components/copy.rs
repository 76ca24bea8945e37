//! Copying to the clipboard, with a word that it worked.

use crate::components::button::Weight;
use crate::components::icon::{Icon, IconView};
use crate::components::toast;
use crate::i18n::{t, t_once};
use crate::reactive::{RwSignal, part};
use leptos::prelude::*;
use leptos::task::spawn_local;
use std::time::Duration;
use wasm_bindgen_futures::JsFuture;

/// A button that copies a text. The text is never shown by it.
#[component]
pub fn CopyButton(
    /// What is copied.
    #[prop(into)]
    text: Signal<String>,
    /// What the button says.
    #[prop(into)]
    label: Signal<String>,
    /// Shows only the picture.
    #[prop(optional)]
    icon_only: bool,
    /// Weight.
    #[prop(optional)]
    weight: Weight,
) -> impl IntoView {
    let done = RwSignal::new(false);
    let press = move |_| {
        let value = text.get_untracked();
        spawn_local(async move {
            if write(&value).await {
                let _ = done.try_set(true);
                set_timeout(
                    move || {
                        let _ = done.try_set(false);
                    },
                    Duration::from_millis(1600),
                );
            } else {
                toast::failure(t_once().common.copy_failed.to_owned(), None);
            }
        });
    };
    let class = if weight == Weight::Quiet {
        "btn quiet"
    } else {
        "btn"
    };
    let words = move || {
        if done.get() {
            t().common.copied.to_owned()
        } else {
            label.get()
        }
    };
    view! {
        <button
            type="button"
            class=class
            class:icon-only=icon_only
            class:done=move || done.get()
            aria-label=move || icon_only.then(|| label.get())
            title=move || icon_only.then(|| label.get())
            on:click=press
        >
            {move || {
                let icon = if done.get() { Icon::Check } else { Icon::Copy };
                view! { <IconView icon/> }
            }}
            {(!icon_only).then(|| view! { <span>{part(words)}</span> })}
            <span class="visually-hidden" role="status">
                {move || (icon_only && done.get()).then(|| t().common.copied)}
            </span>
        </button>
    }
}

/// Writes to the clipboard; `false` if the browser has none here or refuses.
async fn write(text: &str) -> bool {
    let navigator = window().navigator();
    let has_clipboard = js_sys::Reflect::get(&navigator, &"clipboard".into())
        .is_ok_and(|clipboard| !clipboard.is_undefined());
    has_clipboard
        && JsFuture::from(navigator.clipboard().write_text(text))
            .await
            .is_ok()
}
