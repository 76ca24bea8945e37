//! Words for what an archived document holds as names.

use crate::api::archive::ArchiveEntry;
use crate::components::badge::{Badge, Tone};
use crate::i18n::t;
use crate::reactive::derive;
use leptos::prelude::*;

/// Why a device was retired, in words; unknown reasons by their name. Tracked.
pub fn reason_words(name: &str) -> String {
    let words = &t().retirement;
    match name {
        "endOfLife" => words.reason_end_of_life,
        "failure" => words.reason_failure,
        "upgrade" => words.reason_upgrade,
        "lost" => words.reason_lost,
        "compromised" => words.reason_compromised,
        "" => "–",
        other => return other.to_owned(),
    }
    .to_owned()
}

/// Who it was, by the name alone; the audit tells persons from policies.
pub fn actor_words(recorded: &str) -> String {
    match recorded.split_once(':') {
        Some((_, name)) => name.to_owned(),
        None if recorded.is_empty() => "–".to_owned(),
        None => recorded.to_owned(),
    }
}

/// Whether the document is whole, was changed, or is gone.
#[component]
pub fn DocumentBadge(
    /// The entry.
    #[prop(into)]
    entry: Signal<ArchiveEntry>,
) -> impl IntoView {
    let tone = derive(move || {
        entry.with(|entry| match (entry.erased(), entry.intact) {
            (true, _) => Tone::Neutral,
            (false, Some(false)) => Tone::Bad,
            (false, _) => Tone::Ok,
        })
    });
    let text = derive(move || {
        let words = &t().archive;
        entry
            .with(|entry| match (entry.erased(), entry.intact) {
                (true, _) => words.erased,
                (false, Some(false)) => words.changed,
                (false, _) => words.intact,
            })
            .to_owned()
    });
    view! { <Badge tone text/> }
}
