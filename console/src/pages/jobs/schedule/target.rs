//! The first step: all devices or a condition, and whom that picks at this moment.

use super::draft::Draft;
use crate::api::query::Target;
use crate::components::badge::ConnectionBadge;
use crate::components::field::TextField;
use crate::components::icon::{Icon, IconView};
use crate::components::state_view::{explain, live_view};
use crate::i18n::{fill, t, tr, word, wording};
use crate::logic::number::grouped;
use crate::logic::time;
use crate::reactive::{Callback, RwSignal, derive, effect, part};
use leptos::prelude::*;
use serde_json::Value;
use std::time::Duration;

/// A pause in typing after which the hub is asked.
const TYPING: Duration = Duration::from_millis(400);

/// The step.
#[component]
pub fn TargetStep(
    /// What is written so far.
    draft: Draft,
    /// Writes a condition into the address.
    write: Callback<String>,
) -> impl IntoView {
    let condition = draft.condition;
    let everybody = RwSignal::new(condition.with_untracked(|c| c == "*"));
    let typed = RwSignal::new(
        condition.with_untracked(|c| if c == "*" { String::new() } else { c.clone() }),
    );
    let written = StoredValue::new(condition.get_untracked());
    // What came with another job or by going back in the browser. What was written here comes
    // back too, maybe when more is typed already.
    effect(move |_| {
        let now = condition.get();
        if now != written.get_value() {
            written.set_value(now.clone());
            everybody.set(now == "*");
            if now != "*" {
                typed.set(now);
            }
        }
    });
    let write = move |condition: String| {
        written.set_value(condition.clone());
        write.run(condition);
    };
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let stop_timer = move || {
        if let Some(running) = timer.try_get_value().flatten() {
            running.clear();
        }
    };
    on_cleanup(stop_timer);
    effect(move |before: Option<String>| {
        let text = typed.with(|text| text.trim().to_owned());
        if before.as_ref().is_some_and(|before| *before != text) {
            stop_timer();
            let asked = text.clone();
            let later = set_timeout_with_handle(move || write(asked), TYPING);
            timer.set_value(later.ok());
        }
        text
    });
    let choose = move |all: bool| {
        stop_timer();
        everybody.set(all);
        write(if all {
            "*".to_owned()
        } else {
            typed.with_untracked(|text| text.trim().to_owned())
        });
    };
    let wrong = derive(move || {
        let error = draft.target.fresh.error.get();
        error.map(|error| explain(&error).0)
    });
    view! {
        <div class="grid g2">
            <section class="card">
                <div class="body stack">
                    <fieldset class="choices">
                        <legend class="field-label">{tr!(schedule.who)}</legend>
                        <label class="choice">
                            <input type="radio" name="who" prop:checked=move || !everybody.get() on:change=move |_| choose(false)/>
                            <span><b>{tr!(schedule.some)}</b><span class="dim">{tr!(schedule.some_hint)}</span></span>
                        </label>
                        <label class="choice">
                            <input type="radio" name="who" prop:checked=move || everybody.get() on:change=move |_| choose(true)/>
                            <span><b>{tr!(schedule.everybody)}</b><span class="dim">{tr!(schedule.everybody_hint)}</span></span>
                        </label>
                    </fieldset>
                    {move || (!everybody.get()).then(|| view! {
                        <TextField label=wording(word!(schedule.condition)) value=typed error=wrong mono=true/>
                    })}
                    <p class="sub">{tr!(schedule.settled)}</p>
                </div>
            </section>
            <section class="card" aria-labelledby="matching-title" aria-live="polite">
                <header><h2 id="matching-title">{tr!(schedule.matching)}</h2></header>
                {live_view(draft.target, 4, |target| part(move || match target.get() {
                    Some(target) => matching(target),
                    None => view! { <p class="body sub">{tr!(schedule.condition_missing)}</p> }.into_any(),
                }))}
            </section>
        </div>
    }
}

fn matching(target: Target) -> AnyView {
    let more = target.count.saturating_sub(target.sample.len() as u64);
    view! {
        <ul class="figures body">
            <li><b>{grouped(target.count)}</b> <span>{tr!(schedule.counted)}</span></li>
            <li><b>{grouped(target.offline)}</b> <span>{tr!(schedule.offline)}</span></li>
        </ul>
        {(target.count == 0).then(|| view! {
            <div class="body-tight"><div class="notice warn" role="note">
                <IconView icon=Icon::Warning/><div>{tr!(schedule.nobody)}</div>
            </div></div>
        })}
        {(!target.sample.is_empty()).then(|| view! {
            <div class="table-scroll" tabindex="0" role="group" aria-label=tr!(schedule.sample)>
                <table>
                    <thead><tr>
                        <th scope="col">{tr!(schedule.column_device)}</th>
                        <th scope="col">{tr!(schedule.column_connection)}</th>
                        <th scope="col" class="grow">{tr!(schedule.column_tags)}</th>
                    </tr></thead>
                    <tbody>{target.sample.iter().map(row).collect_view()}</tbody>
                </table>
            </div>
        })}
        {(more > 0).then(|| view! {
            <p class="card-note dim">{move || fill(t().schedule.sample_more, &[("n", &grouped(more))])}</p>
        })}
    }
    .into_any()
}

fn row(twin: &Value) -> impl IntoView + use<> {
    let text = |name: &str| {
        let value = twin.get(name).and_then(Value::as_str);
        value.unwrap_or_default().to_owned()
    };
    let tags = match twin.get("tags") {
        Some(Value::Object(tags)) if !tags.is_empty() => Value::Object(tags.clone()).to_string(),
        _ => String::new(),
    };
    let seen = time::parse(&text("lastActivityTime")).is_some();
    view! {
        <tr>
            <th scope="row" class="mono">{text("deviceId")}</th>
            <td><ConnectionBadge state=Signal::stored(text("connectionState")) seen=Signal::stored(seen)/></td>
            <td class="grow mono dim">{tags}</td>
        </tr>
    }
}
