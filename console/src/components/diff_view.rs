//! A line difference for people: numbers of both sides, a sign besides the colour, far unchanged
//! lines folded.

use crate::i18n::{count, t, tr};
use crate::logic::line_diff::{Change, Row, diff_documents, fold};
use crate::reactive::memo;
use leptos::prelude::*;

/// Unchanged lines kept around a change.
const CONTEXT: usize = 3;

/// The difference of two printed JSON documents.
#[component]
pub fn DiffView(
    /// Text before.
    #[prop(into)]
    old: Signal<String>,
    /// Text after.
    #[prop(into)]
    new: Signal<String>,
) -> impl IntoView {
    let rows = memo(move || fold(diff_documents(&old.get(), &new.get()), CONTEXT));
    view! {
        <div class="diff" role="group" aria-label=tr!(twin.diff_label) tabindex="0">
            {move || rows.get().into_iter().map(row).collect_view()}
        </div>
    }
}

fn row(row: Row) -> AnyView {
    match row {
        Row::Fold(n) => view! {
            <div class="fold">
                {move || count(n as u64, t().twin.folded_one, t().twin.folded_other)}
            </div>
        }
        .into_any(),
        Row::Line(line) => {
            let (class, sign) = match line.change {
                Change::Same => ("line", ""),
                Change::Added => ("line add", "+"),
                Change::Removed => ("line del", "−"),
            };
            let spoken = move || match line.change {
                Change::Same => None,
                Change::Added => Some(t().twin.added),
                Change::Removed => Some(t().twin.removed),
            };
            let number = |n: Option<usize>| n.map(|n| n.to_string()).unwrap_or_default();
            view! {
                <div class=class>
                    <span class="n" aria-hidden="true">{number(line.old)}</span>
                    <span class="n" aria-hidden="true">{number(line.new)}</span>
                    <span class="sign" aria-hidden="true">{sign}</span>
                    <code>
                        {move || spoken().map(|word| view! { <span class="visually-hidden">{word} " "</span> })}
                        {line.text.clone()}
                    </code>
                </div>
            }
            .into_any()
        }
    }
}
