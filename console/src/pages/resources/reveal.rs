//! Shows a secret this once: the hub keeps nothing that it could be shown from again.

use crate::components::button::{Button, Weight};
use crate::components::copy::CopyButton;
use crate::components::dialog::Dialog;
use crate::i18n::{tr, word, wording};
use crate::reactive::{RwSignal, effect};
use leptos::prelude::*;

#[component]
pub(super) fn Reveal(
    /// The secret; empty while there is none.
    revealed: RwSignal<String>,
) -> impl IntoView {
    let open = RwSignal::new(false);
    effect(move |_| open.set(revealed.with(|secret| !secret.is_empty())));
    effect(move |_| {
        if !open.get() && revealed.with_untracked(|secret| !secret.is_empty()) {
            revealed.set(String::new());
        }
    });
    view! {
        <Dialog open title=wording(word!(resources.revealed))>
            <div class="dialog-body">
                <p>{tr!(resources.revealed_text)}</p>
                <div class="command">
                    <code class="wrap">{move || revealed.get()}</code>
                    <CopyButton text=revealed label=wording(word!(common.copy))/>
                </div>
                <footer class="dialog-foot">
                    <Button label=wording(word!(common.close)) weight=Weight::Primary on_press=move |()| open.set(false)/>
                </footer>
            </div>
        </Dialog>
    }
}
