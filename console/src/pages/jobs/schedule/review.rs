//! The last step: the whole job in words, the change on one twin of the sample, the request as a
//! script would send it, and the question.

use super::draft::Draft;
use crate::api::jobs as api;
use crate::components::button::{Button, Weight};
use crate::components::dialog::Confirm;
use crate::components::diff_view::DiffView;
use crate::components::field::TextField;
use crate::components::json_view::JsonView;
use crate::components::question::Question;
use crate::components::state_view::ErrorNote;
use crate::components::time_text::exact;
use crate::components::toast;
use crate::i18n::{fill, t, t_once, tr, word, wording};
use crate::logic::history_filter::writable;
use crate::logic::job_filter::RowFilter;
use crate::logic::job_order::Order;
use crate::logic::json_document::pretty;
use crate::logic::merge_patch;
use crate::logic::number::grouped;
use crate::pages::jobs::words::lifetime_text;
use crate::reactive::{Memo, derive, memo, part};
use crate::routes;
use crate::session::{Permission, may};
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_navigate;
use serde_json::{Value, json};

/// How many devices are picked now, and how many of them are away. Tracked.
fn picked(draft: Draft) -> (u64, u64) {
    let target = draft.target.data.get().flatten();
    target.map_or((0, 0), |target| (target.count, target.offline))
}

/// The step.
#[component]
pub fn ReviewStep(
    /// What is written.
    draft: Draft,
) -> impl IntoView {
    // The count of this moment, not of when the condition was written.
    draft.target.refresh();
    let sentence = move || {
        let words = &t().schedule;
        let everybody = draft.condition.with(|c| c == "*");
        let text = match (draft.writes_twins.get(), everybody) {
            (true, true) => words.review_all_twin,
            (true, false) => words.review_some_twin,
            (false, true) => words.review_all_method,
            (false, false) => words.review_some_method,
        };
        let n = grouped(picked(draft).0);
        fill(text, &[("n", &n), ("method", &draft.method.get())])
    };
    let offline = move || {
        let words = &t().schedule;
        let away = picked(draft).1;
        let text = if draft.writes_twins.get() {
            words.review_offline_twin
        } else {
            words.review_offline_method
        };
        (away > 0).then(|| fill(text, &[("n", &grouped(away))]))
    };
    let start = move || match draft.order().and_then(|order| order.start) {
        Some(at) => exact(&crate::logic::time::timestamp(at)).unwrap_or_default(),
        None => t().schedule.at_once.to_owned(),
    };
    let everybody = memo(move || draft.condition.with(|c| c == "*"));
    let how = move || {
        let words = &t().schedule;
        if draft.in_waves.get() {
            fill(words.waves_at, &[("shares", &draft.shares.get())])
        } else {
            words.together.to_owned()
        }
    };
    let unfit = derive(move || {
        let letters = draft.why.with(|why| why.trim().chars().count());
        let fits = letters == 0 || (10..=256).contains(&letters);
        (!fits).then(|| t().schedule.why_wrong.to_owned())
    });
    let request = memo(move || {
        let body = draft.order().map(|order| order.body());
        body.unwrap_or_else(|| json!({}))
    });
    view! {
        <div class="grid g21">
            <div class="stack">
                <section class="card" aria-labelledby="review-title">
                    <header><h2 id="review-title">{tr!(schedule.review)}</h2></header>
                    <div class="body stack">
                        <div>
                            <p class="big-sentence">{part(sentence)}</p>
                            <p class="sub">{part(offline)}</p>
                        </div>
                        <dl class="kv">
                            <dt>{tr!(schedule.name)}</dt>
                            <dd><code class="wrap">{move || draft.id.get()}</code></dd>
                            <dt>{tr!(schedule.step_target)}</dt>
                            <dd>{move || if everybody.get() {
                                view! { {tr!(schedule.everybody)} }.into_any()
                            } else {
                                view! { <code class="wrap">{draft.condition.get()}</code> }.into_any()
                            }}</dd>
                            <dt>{tr!(schedule.when)}</dt>
                            <dd>{part(start)}</dd>
                            <dt>{tr!(schedule.lifetime)}</dt>
                            <dd>{move || lifetime_text(draft.lifetime().unwrap_or(0))}</dd>
                            <dt>{tr!(schedule.how)}</dt>
                            <dd>{part(how)}</dd>
                        </dl>
                        {move || may(Permission::JobsForce).then(|| view! {
                            <TextField
                                label=wording(word!(schedule.why))
                                hint=wording(word!(schedule.why_hint))
                                value=draft.why
                                error=unfit
                            />
                        })}
                    </div>
                </section>
                {move || draft.writes_twins.get().then(|| view! { <Sample draft/> })}
            </div>
            <section class="card" aria-labelledby="request-title">
                <header><h2 id="request-title">{tr!(schedule.as_request)}</h2></header>
                <p class="body"><code class="wrap">{move || format!("PUT /jobs/v2/{}", draft.id.get())}</code></p>
                <JsonView value=request label=wording(word!(schedule.as_request))/>
            </section>
        </div>
    }
}

/// What the patch changes in the first twin of the sample.
#[component]
fn Sample(draft: Draft) -> impl IntoView {
    let twin = memo(move || {
        let target = draft.target.data.get().flatten();
        target.and_then(|target| target.sample.into_iter().next())
    });
    let id = move || {
        twin.with(|twin| {
            let id = twin.as_ref().and_then(|twin| twin.get("deviceId"));
            id.and_then(Value::as_str).unwrap_or_default().to_owned()
        })
    };
    let before = memo(move || twin.with(|twin| twin.as_ref().map(writable)));
    let after = memo(move || {
        before
            .get()
            .map(|before| merge_patch::apply(&before, &flat(draft.patch_value())))
    });
    let same = memo(move || before.get() == after.get());
    let any = memo(move || twin.with(Option::is_some));
    let text = |value: Memo<Option<Value>>| {
        derive(move || value.with(|value| value.as_ref().map(pretty).unwrap_or_default()))
    };
    part(move || {
        any.get().then(|| view! {
            <section class="card" aria-labelledby="sample-title">
                <header><h2 id="sample-title">{move || fill(t().schedule.sample_diff, &[("id", &id())])}</h2></header>
                {move || if same.get() {
                    view! { <p class="body sub">{tr!(schedule.sample_same)}</p> }.into_any()
                } else {
                    view! { <DiffView old=text(before) new=text(after)/> }.into_any()
                }}
            </section>
        })
    })
}

/// A patch in the form in which twins are compared: desired properties beside tags.
fn flat(patch: Value) -> Value {
    json!({
        "tags": patch.get("tags").cloned().unwrap_or_else(|| json!({})),
        "desired": patch.pointer("/properties/desired").cloned().unwrap_or_else(|| json!({})),
    })
}

/// The button that does it, with its question.
#[component]
pub fn Submit(
    /// What is written.
    draft: Draft,
) -> impl IntoView {
    let question = Question::new();
    let navigate = use_navigate();
    let confirm = move |()| {
        let order: Option<Order> = untrack(|| draft.order());
        let Some(order) = order else {
            return;
        };
        if !question.begin() {
            return;
        }
        let navigate = navigate.clone();
        let id = draft.id.get_untracked();
        let why = draft.why.get_untracked().trim().to_owned();
        spawn_local(async move {
            if question
                .settle(api::schedule(&id, &order.body(), &why).await)
                .is_some()
            {
                toast::success(t_once().schedule.scheduled.to_owned());
                navigate(
                    &routes::job(&id, &RowFilter::default()),
                    routes::to_screen(),
                );
            }
        });
    };
    let title = derive(move || {
        let n = grouped(picked(draft).0);
        fill(
            t().schedule.confirm_title,
            &[("id", &draft.id.get()), ("n", &n)],
        )
    });
    view! {
        <Button
            label=wording(word!(schedule.start_job))
            weight=Weight::Primary
            permission=Permission::JobsWrite
            on_press=move |()| question.ask()
        />
        <Confirm
            open=question.open
            title
            text=wording(word!(schedule.confirm_text))
            action=wording(word!(schedule.start_job))
            harmless=true
            busy=question.busy
            on_confirm=confirm
        >
            <ErrorNote error=question.failure/>
        </Confirm>
    }
}
