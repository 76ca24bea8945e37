//! States as a word and a dot; never by colour alone.

use crate::i18n::{t, tr, word, wording};
use crate::reactive::{derive, memo};
use leptos::prelude::*;

/// How a state is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Nothing special.
    Neutral,
    /// Good.
    Ok,
    /// Needs a look.
    Warn,
    /// Wrong.
    Bad,
    /// Worth knowing.
    Info,
}

impl Tone {
    fn class(self) -> &'static str {
        match self {
            Self::Neutral => "badge",
            Self::Ok => "badge ok",
            Self::Warn => "badge warn",
            Self::Bad => "badge bad",
            Self::Info => "badge info",
        }
    }
}

/// A state.
#[component]
pub fn Badge(
    /// How it is meant.
    #[prop(into)]
    tone: Signal<Tone>,
    /// The word.
    #[prop(into)]
    text: Signal<String>,
    /// Without the dot.
    #[prop(optional)]
    plain: bool,
) -> impl IntoView {
    view! { <span class=move || tone.get().class() class:plain=plain>{move || text.get()}</span> }
}

/// `Connected`, `Disconnected` or `Never seen`.
#[component]
pub fn ConnectionBadge(
    /// The hub's word.
    #[prop(into)]
    state: Signal<String>,
    /// Whether the device was ever seen.
    #[prop(into)]
    seen: Signal<bool>,
) -> impl IntoView {
    let connected = memo(move || state.with(|s| s.eq_ignore_ascii_case("connected")));
    let tone = derive(move || {
        if connected.get() {
            Tone::Ok
        } else {
            Tone::Neutral
        }
    });
    let text = derive(move || {
        let common = &t().common;
        match (connected.get(), seen.get()) {
            (true, _) => common.connected,
            (false, true) => common.disconnected,
            (false, false) => common.never_seen,
        }
        .to_owned()
    });
    view! { <Badge tone text/> }
}

/// `Enabled` as a quiet word, `Disabled` as a state that stands out.
#[component]
pub fn StatusBadge(
    /// Whether the device may connect.
    #[prop(into)]
    enabled: Signal<bool>,
) -> impl IntoView {
    view! {
        {move || {
            if enabled.get() {
                view! { <span class="dim">{tr!(common.enabled)}</span> }.into_any()
            } else {
                let text = wording(word!(common.disabled));
                view! { <Badge tone=Signal::stored(Tone::Bad) text/> }.into_any()
            }
        }}
    }
}
