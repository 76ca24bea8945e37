//! A JSON document to read: coloured, numbered, with an optional note beside each leaf.

use crate::logic::json_lines::{JsonLine, lines};
use crate::reactive::{Callback, memo};
use leptos::prelude::*;
use serde_json::Value;

/// A note beside a leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineNote {
    /// What it says.
    pub text: String,
    /// More, on hover.
    pub title: Option<String>,
    /// Whether it needs attention.
    pub marked: bool,
}

/// The document. `note` is asked for each leaf, by path.
#[component]
pub fn JsonView(
    /// What to show.
    #[prop(into)]
    value: Signal<Value>,
    /// Its name.
    #[prop(into)]
    label: Signal<String>,
    /// The note beside a leaf.
    #[prop(optional, into)]
    note: Option<Callback<Vec<String>, Option<LineNote>>>,
) -> impl IntoView {
    let all = memo(move || lines(&value.get()));
    view! {
        <div class="json" role="group" aria-label=move || label.get() tabindex="0">
            {move || {
                all.get().into_iter().enumerate().map(|(index, line)| row(index + 1, line, note)).collect_view()
            }}
        </div>
    }
}

fn row(
    number: usize,
    line: JsonLine,
    note: Option<Callback<Vec<String>, Option<LineNote>>>,
) -> impl IntoView {
    let path = line.path.clone();
    let wants_note = line.leaf && !path.is_empty();
    let beside = memo(move || match note {
        Some(note) if wants_note => note.run(path.clone()),
        _ => None,
    });
    let pieces = line
        .pieces
        .into_iter()
        .map(|(piece, text)| {
            view! { <span class=piece.class()>{text}</span> }
        })
        .collect_view();
    view! {
        <div class="line" class:marked=move || beside.with(|n| n.as_ref().is_some_and(|n| n.marked))>
            <span class="n" aria-hidden="true">{number}</span>
            <code>{pieces}</code>
            {move || beside.get().map(|note| view! { <span class="note" title=note.title>{note.text}</span> })}
        </div>
    }
}
