//! The title of the browser tab: the first thing a screen reader says about a screen, and how
//! people find it among their tabs.

use crate::i18n::t;
use crate::reactive::effect;
use leptos::prelude::*;

/// Sets the title while the screen shows.
#[component]
pub fn PageTitle(
    /// The screen's own part.
    #[prop(into)]
    text: Signal<String>,
) -> impl IntoView {
    effect(move |_| {
        document().set_title(&format!("{} · {}", text.get(), t().common.product));
    });
}
