//! The second step: a change of twins, or a method.

use super::draft::Draft;
use crate::components::field::TextField;
use crate::components::json_editor::{JsonEditor, parsed};
use crate::i18n::{fill, t, tr, word, wording};
use crate::logic::device_rules::is_method_name;
use crate::logic::job_order::whole;
use crate::reactive::derive;
use leptos::prelude::*;

/// The step.
#[component]
pub fn ActionStep(
    /// What is written so far.
    draft: Draft,
) -> impl IntoView {
    let twins = draft.writes_twins;
    view! {
        <section class="card">
            <div class="body stack">
                <fieldset class="choices pair">
                    <legend class="field-label">{tr!(schedule.what)}</legend>
                    <label class="choice">
                        <input type="radio" name="what" prop:checked=move || twins.get() on:change=move |_| twins.set(true)/>
                        <span><b>{tr!(schedule.twin)}</b><span class="dim">{tr!(schedule.twin_hint)}</span></span>
                    </label>
                    <label class="choice">
                        <input type="radio" name="what" prop:checked=move || !twins.get() on:change=move |_| twins.set(false)/>
                        <span><b>{tr!(schedule.method)}</b><span class="dim">{tr!(schedule.method_hint)}</span></span>
                    </label>
                </fieldset>
                {move || if twins.get() {
                    view! { <Patch draft/> }.into_any()
                } else {
                    view! { <Method draft/> }.into_any()
                }}
            </div>
        </section>
    }
}

#[component]
fn Patch(draft: Draft) -> impl IntoView {
    // A text that is no JSON is the editor's own complaint.
    let complaint = derive(move || {
        let reads = draft.patch.with(|text| parsed(text, false).is_ok());
        draft.patch_problem().filter(|_| reads)
    });
    view! {
        <JsonEditor
            label=wording(word!(schedule.patch))
            hint=wording(word!(schedule.patch_hint))
            text=draft.patch
            complaint
            visible_label=true
            rows=10
        />
    }
}

#[component]
fn Method(draft: Draft) -> impl IntoView {
    let name_error = derive(move || {
        let wrong = draft
            .method
            .with(|name| !name.is_empty() && !is_method_name(name));
        wrong.then(|| t().methods.name_invalid.to_owned())
    });
    let range =
        |low: &str, high: &str| fill(t().methods.timeout_range, &[("low", low), ("high", high)]);
    let response_error = derive(move || {
        let wrong = draft.response.with(|text| whole(text, 5, 300).is_none());
        wrong.then(|| range("5", "300"))
    });
    let connect_error = derive(move || {
        let wrong = draft.connect.with(|text| whole(text, 0, 300).is_none());
        if wrong {
            Some(range("0", "300"))
        } else {
            (response_error.with(Option::is_none) && draft.timeouts().is_none())
                .then(|| t().methods.connect_longer.to_owned())
        }
    });
    view! {
        <TextField
            label=wording(word!(methods.name))
            hint=wording(word!(methods.name_hint))
            value=draft.method
            error=name_error
            mono=true
        />
        <JsonEditor
            label=wording(word!(methods.payload))
            hint=wording(word!(methods.payload_hint))
            text=draft.payload
            optional=true
            visible_label=true
            rows=6
        />
        <div class="field-row">
            <TextField label=wording(word!(methods.response_timeout)) value=draft.response error=response_error/>
            <TextField label=wording(word!(methods.connect_timeout)) value=draft.connect error=connect_error/>
        </div>
    }
}
