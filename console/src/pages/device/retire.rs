//! Retiring a device: why, what takes its place and when the identity goes; then, in plain words,
//! what will happen. Ends on the archive's page, which shows how the retirement stands.

use super::Shared;
use crate::api::ApiError;
use crate::api::retirement as api;
use crate::components::dialog::Confirm;
use crate::components::field::{SelectField, TextField, unique_id};
use crate::components::state_view::ErrorNote;
use crate::components::toast;
use crate::i18n::{Word, count, fill, t, t_once, tr, word, wording};
use crate::live::undisturbed;
use crate::logic::retirement::{Plan, PlanProblem};
use crate::pages::devices::id_problem;
use crate::reactive::{RwSignal, derive, effect, memo, part};
use crate::routes;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_navigate;
use serde_json::Value;

/// What is chosen in the dialog.
#[derive(Clone, Copy)]
struct Choices {
    shared: Shared,
    reason: RwSignal<String>,
    replaces: RwSignal<bool>,
    replacement: RwSignal<String>,
    waits: RwSignal<bool>,
    days: RwSignal<String>,
}

impl Choices {
    fn new(shared: Shared) -> Self {
        Self {
            shared,
            reason: RwSignal::new("endOfLife".to_owned()),
            replaces: RwSignal::new(false),
            replacement: RwSignal::new(String::new()),
            waits: RwSignal::new(false),
            days: RwSignal::new("30".to_owned()),
        }
    }

    fn restart(self) {
        self.reason.set("endOfLife".to_owned());
        self.replaces.set(false);
        self.replacement.set(String::new());
        self.waits.set(false);
        self.days.set("30".to_owned());
    }

    /// Tracked.
    fn plan(self) -> Plan {
        Plan {
            device: self.shared.id.get_value(),
            reason: self.reason.get(),
            replaces: self.replaces.get(),
            replacement: self.replacement.get().trim().to_owned(),
            waits: self.waits.get(),
            days: self.days.get(),
        }
    }
}

/// The dialog.
#[component]
pub fn RetireDevice(
    /// The device.
    shared: Shared,
    /// Whether it shows.
    open: RwSignal<bool>,
) -> impl IntoView {
    let choices = Choices::new(shared);
    let busy = RwSignal::new(false);
    let failure = RwSignal::new(None::<ApiError>);
    effect(move |_| {
        if open.get() {
            choices.restart();
            failure.set(None);
        }
    });
    let body = memo(move || choices.plan().body());
    let id = derive(move || shared.id.get_value());
    let navigate = StoredValue::new_local(use_navigate());
    let confirm = move |()| {
        let Some(body) = body.get_untracked() else {
            return;
        };
        busy.set(true);
        failure.set(None);
        let id = shared.id.get_value();
        let go = navigate.get_value();
        spawn_local(undisturbed(async move {
            let outcome = api::retire(&id, &body).await;
            let _ = busy.try_set(false);
            match outcome {
                Ok(retirement) => {
                    let _ = open.try_set(false);
                    toast::success(fill(t_once().retirement.done, &[("id", &id)]));
                    let there =
                        routes::retired(&id, &retirement.generation_id, &retirement.operation_id);
                    go(&there, routes::to_screen());
                }
                Err(error) => {
                    let _ = failure.try_set(Some(error));
                }
            }
        }));
    };
    view! {
        <Confirm
            open
            title=derive(move || fill(t().retirement.title, &[("id", &id.get())]))
            text=wording(word!(retirement.text))
            action=wording(word!(retirement.retire))
            must_type=id
            keeps_focus=true
            busy=derive(move || busy.get() || body.with(Option::is_none))
            on_confirm=confirm
        >
            <Fields choices/>
            <Steps choices/>
            <ErrorNote error=failure/>
        </Confirm>
    }
}

#[component]
fn Fields(choices: Choices) -> impl IntoView {
    let Choices {
        reason,
        replaces,
        replacement,
        waits,
        days,
        ..
    } = choices;
    let words = |read: Word| derive(move || read.of(t()).to_owned());
    let replacement_error = derive(move || {
        let plan = choices.plan();
        match plan.replacement_problem()? {
            PlanProblem::Replacement(_) if plan.replacement.is_empty() => None,
            PlanProblem::Replacement(problem) => Some(id_problem(problem)),
            PlanProblem::Itself => Some(t().retirement.replacement_itself.to_owned()),
            PlanProblem::Days => None,
        }
    });
    let days_error = derive(move || {
        choices
            .plan()
            .days_problem()
            .map(|_| t().retirement.days_hint.to_owned())
    });
    view! {
        <SelectField
            first=true
            label=words(word!(retirement.reason))
            value=reason
            on_change=move |name: String| reason.set(name)
            options=vec![
                ("endOfLife", words(word!(retirement.reason_end_of_life))),
                ("failure", words(word!(retirement.reason_failure))),
                ("upgrade", words(word!(retirement.reason_upgrade))),
                ("lost", words(word!(retirement.reason_lost))),
                ("compromised", words(word!(retirement.reason_compromised))),
            ]
        />
        <Pair
            legend=words(word!(retirement.successor))
            second=replaces
            texts=[
                (words(word!(retirement.successor_none)), words(word!(retirement.successor_none_hint))),
                (words(word!(retirement.successor_device)), words(word!(retirement.successor_device_hint))),
            ]
        />
        <Show when=move || replaces.get()>
            <TextField
                label=words(word!(retirement.replacement))
                hint=words(word!(retirement.replacement_hint))
                value=replacement
                error=replacement_error
                mono=true
            />
        </Show>
        <Pair
            legend=words(word!(retirement.deletion))
            second=waits
            texts=[
                (words(word!(retirement.deletion_now)), words(word!(retirement.deletion_now_hint))),
                (words(word!(retirement.deletion_later)), words(word!(retirement.deletion_later_hint))),
            ]
        />
        <Show when=move || waits.get()>
            <TextField
                label=words(word!(retirement.days))
                hint=words(word!(retirement.days_hint))
                value=days
                error=days_error
                kind="number"
            />
        </Show>
    }
}

/// Two choices side by side.
#[component]
fn Pair(
    legend: Signal<String>,
    /// Whether the second is chosen.
    second: RwSignal<bool>,
    /// Name and explanation of each.
    texts: [(Signal<String>, Signal<String>); 2],
) -> impl IntoView {
    let group = unique_id("choice");
    let radios = texts
        .into_iter()
        .zip([false, true])
        .map(|((name, hint), mine)| {
            view! {
                <label class="choice">
                    <input type="radio" name=group.clone()
                        prop:checked=move || second.get() == mine
                        on:change=move |_| second.set(mine)/>
                    <span><b>{move || name.get()}</b><span class="dim">{move || hint.get()}</span></span>
                </label>
            }
        })
        .collect_view();
    view! {
        <fieldset class="choices pair">
            <legend class="field-label">{move || legend.get()}</legend>
            {radios}
        </fieldset>
    }
}

/// What will happen, step by step, as it is chosen.
#[component]
fn Steps(choices: Choices) -> impl IntoView {
    let waiting = memo(move || {
        choices.shared.identity.data.with(|identity| {
            identity
                .as_ref()
                .and_then(|i| {
                    i.raw
                        .get("cloudToDeviceMessageCount")
                        .and_then(Value::as_f64)
                })
                .map_or(0, |n| n as u64)
        })
    });
    let steps = move || {
        let words = &t().retirement;
        let plan = choices.plan();
        let mut steps = vec![
            words.step_credentials.to_owned(),
            words.step_archive.to_owned(),
        ];
        if waiting.get() > 0 {
            steps.push(count(
                waiting.get(),
                words.step_messages_one,
                words.step_messages_other,
            ));
        }
        if plan.replaces && plan.replacement_problem().is_none() {
            steps.push(fill(words.step_replacement, &[("id", &plan.replacement)]));
        }
        match plan.days().filter(|_| plan.waits) {
            Some(days) => steps.push(count(
                u64::from(days),
                words.step_later_one,
                words.step_later_other,
            )),
            None if !plan.waits => steps.push(words.step_now.to_owned()),
            None => {}
        }
        steps
            .into_iter()
            .map(|step| view! { <li>{step}</li> })
            .collect_view()
    };
    view! {
        <section class="steps">
            <h3>{tr!(retirement.what_happens)}</h3>
            <ol aria-live="polite">{part(steps)}</ol>
        </section>
    }
}
