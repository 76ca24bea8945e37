//! Scheduling a job in steps: which devices, what, when, and a look at all of it before anything
//! happens. The address holds step and condition, so that a query can be handed over as a link.

mod action;
mod draft;
mod review;
mod target;
mod time;

use crate::api::{jobs as api, query};
use crate::components::button::{Button, Weight};
use crate::components::icon::Icon;
use crate::components::page_title::PageTitle;
use crate::i18n::{t, tr, word, wording};
use crate::live::live;
use crate::logic::job_filter::JobFilter;
use crate::logic::url_state::{query_value, with_value};
use crate::reactive::{Callback, Memo, derive, memo, part};
use crate::routes;
use crate::session::Permission;
use draft::{Draft, Step};
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};

/// The page.
#[component]
pub fn SchedulePage() -> impl IntoView {
    let search = use_location().search;
    let condition = memo(move || query_value(&search.get(), "condition").unwrap_or_default());
    let target = live(
        move || condition.get(),
        None,
        |condition| async move {
            if condition.is_empty() {
                return Ok(None);
            }
            query::target(&condition).await.map(Some)
        },
    );
    let draft = Draft::new(condition, target);
    let navigate = use_navigate();
    let write = {
        let navigate = navigate.clone();
        Callback::new(move |condition: String| {
            let query = with_value(&search.get_untracked(), "condition", &condition);
            let address = format!("{}{query}", routes::schedule());
            navigate(&address, routes::same_screen());
        })
    };
    copy_from(draft, search.get_untracked(), write);
    // Never further than the first step with something wrong: after a reload, what was typed is
    // gone.
    let step = memo(move || {
        let wanted = query_value(&search.get(), "step");
        let wanted = wanted.unwrap_or_else(|| Step::Target.name().to_owned());
        Step::ALL
            .into_iter()
            .find(|step| step.name() == wanted || draft.problem(*step).is_some())
            .unwrap_or(Step::Target)
    });
    let go = Callback::new(move |step: Step| {
        let query = with_value(&search.get_untracked(), "step", step.name());
        let address = format!("{}{query}", routes::schedule());
        navigate(
            &address,
            NavigateOptions {
                replace: false,
                ..routes::same_screen()
            },
        );
    });
    view! {
        <PageTitle text=wording(word!(schedule.title))/>
        <div class="pagehead">
            <div class="grow">
                <nav class="crumbs" aria-label=tr!(jobs.title)>
                    <a href=routes::jobs(&JobFilter::default())>{tr!(jobs.title)}</a>
                </nav>
                <h1>{tr!(schedule.title)}</h1>
                <p class="lead">{tr!(schedule.explained)}</p>
            </div>
        </div>
        <Stepper draft step go/>
        {move || match step.get() {
            Step::Target => view! { <target::TargetStep draft write/> }.into_any(),
            Step::Action => view! { <action::ActionStep draft/> }.into_any(),
            Step::Time => view! { <time::TimeStep draft/> }.into_any(),
            Step::Review => view! { <review::ReviewStep draft/> }.into_any(),
        }}
        <Foot draft step go/>
    }
}

/// Fills the fields from another job, if the address names one.
fn copy_from(draft: Draft, search: String, write: Callback<String>) {
    let Some(id) = query_value(&search, "like") else {
        return;
    };
    let named = query_value(&search, "condition").is_some();
    spawn_local(async move {
        if let Ok(job) = api::get(&id).await
            && !job.job_id.is_empty()
        {
            draft.copy(&job);
            if !named {
                write.run(job.query_condition);
            }
        }
    });
}

#[component]
fn Stepper(draft: Draft, step: Memo<Step>, go: Callback<Step>) -> impl IntoView {
    let items = Step::ALL
        .into_iter()
        .enumerate()
        .map(|(place, one)| {
            let words = move || {
                let words = &t().schedule;
                match one {
                    Step::Target => words.step_target,
                    Step::Action => words.step_action,
                    Step::Time => words.step_time,
                    Step::Review => words.step_review,
                }
            };
            let passed = memo(move || step.get() > one);
            let reachable = memo(move || {
                Step::ALL
                    .into_iter()
                    .take(place)
                    .all(|before| draft.problem(before).is_none())
            });
            view! {
                <li>
                    <button
                        type="button"
                        class="step"
                        class:done=move || passed.get()
                        aria-current=move || (step.get() == one).then_some("step")
                        aria-disabled=move || (!reachable.get()).then_some("true")
                        on:click=move |_| if reachable.get_untracked() {
                            go.run(one);
                        }
                    >
                        <span class="step-number">{place + 1}</span>
                        <span>{part(words)}</span>
                    </button>
                </li>
            }
        })
        .collect_view();
    view! { <nav aria-label=tr!(schedule.steps)><ol class="stepper">{items}</ol></nav> }
}

/// Back and on; the last step has its own button instead of the latter.
#[component]
fn Foot(draft: Draft, step: Memo<Step>, go: Callback<Step>) -> impl IntoView {
    let beside = move |by: isize| {
        let place = Step::ALL
            .iter()
            .position(|one| *one == step.get_untracked());
        let other = place.and_then(|place| place.checked_add_signed(by));
        if let Some(other) = other.and_then(|place| Step::ALL.get(place)) {
            go.run(*other);
        }
    };
    let obstacle = derive(move || draft.problem(step.get()));
    view! {
        <div class="step-foot">
            {move || (step.get() != Step::Target).then(|| view! {
                <Button label=wording(word!(schedule.back)) icon=Icon::Left on_press=move |()| beside(-1)/>
            })}
            <span class="grow"></span>
            {move || if step.get() == Step::Review {
                view! { <review::Submit draft/> }.into_any()
            } else {
                view! {
                    <Button
                        label=wording(word!(schedule.next))
                        weight=Weight::Primary
                        permission=Permission::JobsWrite
                        obstacle
                        on_press=move |()| beside(1)
                    />
                }
                .into_any()
            }}
        </div>
    }
}
