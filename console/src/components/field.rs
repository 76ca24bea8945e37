//! Labelled form fields: label above, hint or error below and tied to the input.

use crate::logic::time;
use crate::preferences::offset_minutes;
use crate::reactive::{Callback, RwSignal};
use leptos::prelude::*;
use std::cell::Cell;

thread_local! {
    static NEXT: Cell<u32> = const { Cell::new(0) };
}

/// A document-wide unique id.
pub fn unique_id(prefix: &str) -> String {
    let number = NEXT.with(|next| {
        next.set(next.get() + 1);
        next.get()
    });
    format!("{prefix}-{number}")
}

/// One line of text.
#[component]
pub fn TextField(
    /// Its name.
    #[prop(into)]
    label: Signal<String>,
    /// What is typed.
    value: RwSignal<String>,
    /// Explains it.
    #[prop(optional, into)]
    hint: Option<Signal<String>>,
    /// What is wrong with it; replaces the hint.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
    /// Shows code rather than prose.
    #[prop(optional)]
    mono: bool,
    /// Gets the focus when its dialog opens.
    #[prop(optional)]
    first: bool,
    /// `text`, `number` or `password`.
    #[prop(default = "text")]
    kind: &'static str,
) -> impl IntoView {
    let id = unique_id("field");
    let note = format!("{id}-note");
    let has_note = hint.is_some();
    let described = note.clone();
    view! {
        <div class="field">
            <label class="field-label" for=id.clone()>{move || label.get()}</label>
            <input
                id=id
                type=kind
                class="input"
                class:mono=mono
                data-first=first.then_some("")
                autocomplete="off"
                spellcheck="false"
                autocapitalize="off"
                aria-invalid=move || error.get().is_some().then_some("true")
                aria-describedby=move || (has_note || error.get().is_some()).then(|| described.clone())
                prop:value=move || value.get()
                on:input=move |event| value.set(event_target_value(&event))
            />
            <div class="field-note" id=note class:bad=move || error.get().is_some()>
                {move || error.get().or_else(|| hint.map(|hint| hint.get()))}
            </div>
        </div>
    }
}

/// Several lines of text.
#[component]
pub fn AreaField(
    /// Its name.
    #[prop(into)]
    label: Signal<String>,
    /// What is typed.
    value: RwSignal<String>,
    /// Explains it.
    #[prop(optional, into)]
    hint: Option<Signal<String>>,
    /// What is wrong with it; replaces the hint.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
    /// Lines that show.
    rows: u8,
    /// Shows code rather than prose.
    #[prop(optional)]
    mono: bool,
) -> impl IntoView {
    let id = unique_id("area");
    let note = format!("{id}-note");
    let has_note = hint.is_some();
    let described = note.clone();
    view! {
        <div class="field">
            <label class="field-label" for=id.clone()>{move || label.get()}</label>
            <textarea
                id=id
                class="input code-area"
                class:mono=mono
                rows=rows.to_string()
                autocomplete="off"
                spellcheck="false"
                autocapitalize="off"
                aria-invalid=move || error.get().is_some().then_some("true")
                aria-describedby=move || (has_note || error.get().is_some()).then(|| described.clone())
                prop:value=move || value.get()
                on:input=move |event| value.set(event_target_value(&event))
            ></textarea>
            <div class="field-note" id=note class:bad=move || error.get().is_some()>
                {move || error.get().or_else(|| hint.map(|hint| hint.get()))}
            </div>
        </div>
    }
}

/// A choice of a few named values.
#[component]
pub fn SelectField(
    /// Its name.
    #[prop(into)]
    label: Signal<String>,
    /// The chosen value.
    #[prop(into)]
    value: Signal<String>,
    /// Told of a new choice.
    #[prop(into)]
    on_change: Callback<String>,
    /// Values and their words.
    options: Vec<(&'static str, Signal<String>)>,
    /// Label before instead of above.
    #[prop(optional)]
    inline: bool,
    /// Gets the focus when its dialog opens.
    #[prop(optional)]
    first: bool,
) -> impl IntoView {
    let id = unique_id("select");
    let options = options
        .into_iter()
        .map(|(name, words)| {
            view! {
                <option value=name selected=move || value.get() == name>{move || words.get()}</option>
            }
        })
        .collect_view();
    view! {
        <div class=if inline { "field inline" } else { "field" }>
            <label class="field-label" for=id.clone()>{move || label.get()}</label>
            <select
                id=id
                class="input select"
                data-first=first.then_some("")
                prop:value=move || value.get()
                on:change=move |event| on_change.run(event_target_value(&event))
            >
                {options}
            </select>
        </div>
    }
}

/// A small set of choices side by side, one pressed.
#[component]
pub fn Segmented(
    /// Name of the group.
    #[prop(into)]
    label: Signal<String>,
    /// The chosen value.
    #[prop(into)]
    value: Signal<String>,
    /// Told of a new choice.
    #[prop(into)]
    on_change: Callback<String>,
    /// Values and their words.
    options: Vec<(&'static str, Signal<String>)>,
) -> impl IntoView {
    let buttons = options
        .into_iter()
        .map(|(name, words)| {
            view! {
                <button
                    type="button"
                    class="segment"
                    aria-pressed=move || if value.get() == name { "true" } else { "false" }
                    on:click=move |_| on_change.run(name.to_owned())
                >
                    {move || words.get()}
                </button>
            }
        })
        .collect_view();
    view! { <div class="segmented" role="group" aria-label=move || label.get()>{buttons}</div> }
}

/// A moment in the chosen time zone; told on as the hub's timestamp.
#[component]
pub fn MomentField(
    /// Its name.
    label: Signal<String>,
    /// The hub's timestamp; empty if none is chosen.
    value: Signal<String>,
    /// Told of a new one.
    #[prop(into)]
    on_change: Callback<String>,
) -> impl IntoView {
    let id = unique_id("moment");
    let shown = move || {
        time::parse(&value.get())
            .map(|at| time::wall_time(at, offset_minutes(at)))
            .unwrap_or_default()
    };
    let changed = move |text: String| {
        let at = time::from_wall_time(&text, 0).map(|rough| {
            let offset = untrack(|| offset_minutes(rough));
            rough - f64::from(offset) * 60_000.0
        });
        on_change.run(at.map(time::timestamp).unwrap_or_default());
    };
    view! {
        <div class="field inline">
            <label class="field-label" for=id.clone()>{move || label.get()}</label>
            <input
                id=id
                type="datetime-local"
                class="input moment"
                prop:value=shown
                on:change=move |event| changed(event_target_value(&event))
            />
        </div>
    }
}
