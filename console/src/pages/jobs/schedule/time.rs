//! The third step: the job's name, when it starts, how long it may take, and whether it goes in
//! waves.

use super::draft::Draft;
use crate::components::field::{MomentField, SelectField, TextField};
use crate::i18n::{Read, t, tr, wording};
use crate::logic::job_order::{is_job_id, read_waves, share};
use leptos::prelude::*;

/// A complaint while something is wrong.
fn when(wrong: impl Fn() -> bool + Send + Sync + 'static, words: Read) -> Signal<Option<String>> {
    Signal::derive(move || wrong().then(|| words(t()).to_owned()))
}

/// The step.
#[component]
pub fn TimeStep(
    /// What is written so far.
    draft: Draft,
) -> impl IntoView {
    let (later, waves) = (draft.later, draft.in_waves);
    let units = vec![
        ("minutes", wording(|t| t.schedule.unit_minutes)),
        ("hours", wording(|t| t.schedule.unit_hours)),
        ("days", wording(|t| t.schedule.unit_days)),
    ];
    let name_error = when(
        move || !draft.id.with(|id| is_job_id(id)),
        |t| t.schedule.name_wrong,
    );
    let lifetime_error = when(
        move || draft.lifetime().is_none(),
        |t| t.schedule.lifetime_wrong,
    );
    view! {
        <div class="grid g2">
            <section class="card">
                <div class="body stack">
                    <TextField label=wording(|t| t.schedule.name) value=draft.id error=name_error mono=true/>
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
                            label=wording(|t| t.schedule.lifetime)
                            hint=wording(|t| t.schedule.lifetime_hint)
                            value=draft.amount
                            error=lifetime_error
                        />
                        <SelectField
                            label=wording(|t| t.schedule.unit)
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
                label=wording(|t| t.schedule.start)
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
        |t| t.schedule.shares_wrong,
    );
    let success_error = when(
        move || draft.success.with(|text| share(text).is_none()),
        |t| t.schedule.percent_wrong,
    );
    let pause_error = when(
        move || draft.pause_minutes().is_none(),
        |t| t.schedule.pause_wrong,
    );
    let stop_error = when(
        move || {
            draft
                .stop_at
                .with(|text| !text.trim().is_empty() && share(text).is_none())
        },
        |t| t.schedule.percent_wrong,
    );
    let least_error = when(
        move || stop_error.with(Option::is_none) && draft.stop_rule().is_none(),
        |t| t.schedule.stop_wrong,
    );
    view! {
        <TextField
            label=wording(|t| t.schedule.shares)
            hint=wording(|t| t.schedule.shares_hint)
            value=draft.shares
            error=shares_error
        />
        <div class="field-row">
            <TextField label=wording(|t| t.schedule.success) value=draft.success error=success_error/>
            <TextField
                label=wording(|t| t.schedule.pause)
                hint=wording(|t| t.schedule.pause_hint)
                value=draft.pause
                error=pause_error
            />
        </div>
        <div class="field-row">
            <TextField
                label=wording(|t| t.schedule.stop_at)
                hint=wording(|t| t.schedule.stop_hint)
                value=draft.stop_at
                error=stop_error
            />
            <TextField label=wording(|t| t.schedule.stop_least) value=draft.stop_least error=least_error/>
        </div>
    }
}
