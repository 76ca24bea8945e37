//! The third step: the job's name, when it starts, how long it may take, and whether it goes in
//! waves.

use super::draft::Draft;
use crate::components::field::{MomentField, SelectField, TextField};
use crate::i18n::{Word, t, tr, word, wording};
use crate::logic::job_order::{is_job_id, read_waves, share};
use crate::reactive::derive;
use leptos::prelude::*;

/// A complaint while something is wrong.
fn when(wrong: impl Fn() -> bool + Send + Sync + 'static, words: Word) -> Signal<Option<String>> {
    derive(move || wrong().then(|| words.of(t()).to_owned()))
}

/// The step.
#[component]
pub fn TimeStep(
    /// What is written so far.
    draft: Draft,
) -> impl IntoView {
    let (later, waves) = (draft.later, draft.in_waves);
    let units = vec![
        ("minutes", wording(word!(schedule.unit_minutes))),
        ("hours", wording(word!(schedule.unit_hours))),
        ("days", wording(word!(schedule.unit_days))),
    ];
    let name_error = when(
        move || !draft.id.with(|id| is_job_id(id)),
        word!(schedule.name_wrong),
    );
    let lifetime_error = when(
        move || draft.lifetime().is_none(),
        word!(schedule.lifetime_wrong),
    );
    view! {
        <div class="grid g2">
            <section class="card">
                <div class="body stack">
                    <TextField label=wording(word!(schedule.name)) value=draft.id error=name_error mono=true/>
                    <fieldset class="choices pair">
                        <legend class="field-label">{tr!(schedule.when)}</legend>
                        <label class="choice">
                            <input type="radio" name="when" prop:checked=move || !later.get() on:change=move |_| later.set(false)/>
                            <span><b>{tr!(schedule.at_once)}</b></span>
                        </label>
                        <label class="choice">
                            <input type="radio" name="when" prop:checked=move || later.get() on:change=move |_| later.set(true)/>
                            <span><b>{tr!(schedule.at_time)}</b><span class="dim">{tr!(schedule.start_hint)}</span></span>
                        </label>
                    </fieldset>
                    {move || later.get().then(|| view! { <Start draft/> })}
                    <div class="field-row">
                        <TextField
                            label=wording(word!(schedule.lifetime))
                            hint=wording(word!(schedule.lifetime_hint))
                            value=draft.amount
                            error=lifetime_error
                        />
                        <SelectField
                            label=wording(word!(schedule.unit))
                            value=draft.unit
                            on_change=move |unit| draft.unit.set(unit)
                            options=units
                        />
                    </div>
                </div>
            </section>
            <section class="card">
                <div class="body stack">
                    <fieldset class="choices">
                        <legend class="field-label">{tr!(schedule.how)}</legend>
                        <label class="choice">
                            <input type="radio" name="how" prop:checked=move || !waves.get() on:change=move |_| waves.set(false)/>
                            <span><b>{tr!(schedule.together)}</b></span>
                        </label>
                        <label class="choice">
                            <input type="radio" name="how" prop:checked=move || waves.get() on:change=move |_| waves.set(true)/>
                            <span><b>{tr!(schedule.in_waves)}</b><span class="dim">{tr!(schedule.in_waves_hint)}</span></span>
                        </label>
                    </fieldset>
                    {move || waves.get().then(|| view! { <WaveFields draft/> })}
                </div>
            </section>
        </div>
    }
}

#[component]
fn Start(draft: Draft) -> impl IntoView {
    view! {
        <div>
            <MomentField
                label=wording(word!(schedule.start))
                value=draft.start.into()
                on_change=move |at| draft.start.set(at)
            />
            <div class="field-note bad" role="alert">{move || {
                let chosen = !draft.start.with(String::is_empty);
                (chosen && draft.start_is_wrong()).then_some(t().schedule.start_wrong)
            }}</div>
        </div>
    }
}

#[component]
fn WaveFields(draft: Draft) -> impl IntoView {
    let shares_error = when(
        move || draft.shares.with(|text| read_waves(text).is_none()),
        word!(schedule.shares_wrong),
    );
    let success_error = when(
        move || draft.success.with(|text| share(text).is_none()),
        word!(schedule.percent_wrong),
    );
    let pause_error = when(
        move || draft.pause_minutes().is_none(),
        word!(schedule.pause_wrong),
    );
    let stop_error = when(
        move || {
            draft
                .stop_at
                .with(|text| !text.trim().is_empty() && share(text).is_none())
        },
        word!(schedule.percent_wrong),
    );
    let least_error = when(
        move || stop_error.with(Option::is_none) && draft.stop_rule().is_none(),
        word!(schedule.stop_wrong),
    );
    view! {
        <TextField
            label=wording(word!(schedule.shares))
            hint=wording(word!(schedule.shares_hint))
            value=draft.shares
            error=shares_error
        />
        <div class="field-row">
            <TextField label=wording(word!(schedule.success)) value=draft.success error=success_error/>
            <TextField
                label=wording(word!(schedule.pause))
                hint=wording(word!(schedule.pause_hint))
                value=draft.pause
                error=pause_error
            />
        </div>
        <div class="field-row">
            <TextField
                label=wording(word!(schedule.stop_at))
                hint=wording(word!(schedule.stop_hint))
                value=draft.stop_at
                error=stop_error
            />
            <TextField label=wording(word!(schedule.stop_least)) value=draft.stop_least error=least_error/>
        </div>
    }
}
