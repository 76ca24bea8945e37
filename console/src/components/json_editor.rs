//! A JSON text field that says at once where the text stops being JSON. The text belongs to the
//! caller; this never rewrites what a person typed.

use crate::components::field::unique_id;
use crate::i18n::{fill, t};
use crate::logic::json_document::{JsonError, parse};
use crate::logic::json_ink::ink;
use crate::reactive::{RwSignal, memo};
use leptos::prelude::*;
use serde_json::Value;

/// The text parsed; an empty text is `Ok(None)` if `optional`.
pub fn parsed(text: &str, optional: bool) -> Result<Option<Value>, JsonError> {
    if optional && text.trim().is_empty() {
        Ok(None)
    } else {
        parse(text).map(Some)
    }
}

/// The editor: line numbers, the failing line marked, the error below.
#[component]
pub fn JsonEditor(
    /// Its name.
    #[prop(into)]
    label: Signal<String>,
    /// The text.
    text: RwSignal<String>,
    /// Empty text is fine.
    #[prop(optional)]
    optional: bool,
    /// Fewest rows shown.
    #[prop(default = 6)]
    rows: usize,
    /// A complaint about meaning, shown when the text itself parses.
    #[prop(optional, into)]
    complaint: Signal<Option<String>>,
    /// Shows the label above the field, not only to assistive technology.
    #[prop(optional)]
    visible_label: bool,
    /// Explains it.
    #[prop(optional, into)]
    hint: Option<Signal<String>>,
) -> impl IntoView {
    let id = unique_id("json");
    let note_id = format!("{id}-note");
    let described = note_id.clone();
    let error = memo(move || parsed(&text.get(), optional).err());
    let count = memo(move || text.with(|t| t.split('\n').count()));
    let colours = NodeRef::<leptos::html::Pre>::new();
    let wrong = memo(move || error.with(|e| e.as_ref().map(|e| e.line)));
    let note = move || {
        let words = error.get().map(|e| {
            fill(
                t().common.json_error,
                &[
                    ("line", &e.line.to_string()),
                    ("column", &e.column.to_string()),
                    ("message", &e.message),
                ],
            )
        });
        words.or_else(|| complaint.get())
    };
    let bad = memo(move || error.with(Option::is_some) || complaint.with(Option::is_some));
    view! {
        <div class="field json-field">
            <label class="field-label" class:visually-hidden=!visible_label for=id.clone()>
                {move || label.get()}
            </label>
            <div class="editor" class:bad=move || bad.get()>
                <div class="gutter" aria-hidden="true">
                    {move || {
                        let wrong = wrong.get();
                        (1..=count.get())
                            .map(|n| view! { <span class:wrong={wrong == Some(n)}>{n}</span> })
                            .collect_view()
                    }}
                </div>
                // The colours are a copy that lies under the text, which itself has none.
                <pre class="code ink" aria-hidden="true" node_ref=colours>
                    {move || text.with(|t| {
                        ink(t)
                            .into_iter()
                            .map(|(piece, part)| view! { <span class=piece.class()>{part.to_owned()}</span> })
                            .collect_view()
                    })}
                    // A last line break needs something behind it to take up its line.
                    <span>" "</span>
                </pre>
                <textarea
                    id=id
                    class="code"
                    wrap="off"
                    spellcheck="false"
                    autocomplete="off"
                    autocapitalize="off"
                    rows=move || count.get().max(rows).to_string()
                    aria-invalid=move || bad.get().then_some("true")
                    aria-describedby=described
                    prop:value=move || text.get()
                    on:input=move |event| text.set(event_target_value(&event))
                    on:scroll=move |event| {
                        if let Some(copy) = colours.get_untracked() {
                            copy.set_scroll_left(event_target::<web_sys::Element>(&event).scroll_left());
                        }
                    }
                ></textarea>
            </div>
            <div class="field-note" class:bad=move || bad.get() id=note_id aria-live="polite">
                {move || note().or_else(|| hint.map(|hint| hint.get()))}
            </div>
        </div>
    }
}
