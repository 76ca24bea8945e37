//! What can be done to a job, each after a question. What is impossible now says why.

use crate::api::ApiError;
use crate::api::jobs::{self as api, Failures, Job};
use crate::components::button::{Button, Weight};
use crate::components::dialog::Confirm;
use crate::components::icon::{Icon, IconView};
use crate::components::question::Question;
use crate::components::state_view::ErrorNote;
use crate::components::toast;
use crate::i18n::{Word, fill, t, t_once, tr, word};
use crate::live::Live;
use crate::logic::job_state::{Action, Obstacle, obstacle};
use crate::logic::number::grouped;
use crate::reactive::{Memo, derive, memo, part};
use crate::routes;
use crate::session::{Permission, may};
use leptos::prelude::*;
use leptos::task::spawn_local;

/// The texts of one action.
struct Words {
    label: Word,
    title: Word,
    text: Word,
    done: Word,
}

fn words(action: Action) -> Words {
    match action {
        Action::Stop => Words {
            label: word!(jobs.stop),
            title: word!(jobs.stop_title),
            text: word!(jobs.stop_text),
            done: word!(jobs.stopped),
        },
        Action::Pause => Words {
            label: word!(jobs.pause),
            title: word!(jobs.pause_title),
            text: word!(jobs.pause_text),
            done: word!(jobs.paused),
        },
        Action::Resume => Words {
            label: word!(jobs.resume),
            title: word!(jobs.resume_title),
            text: word!(jobs.resume_text),
            done: word!(jobs.resumed),
        },
        Action::NextWave => Words {
            label: word!(jobs.next_wave),
            title: word!(jobs.next_wave_title),
            text: word!(jobs.next_wave_text),
            done: word!(jobs.resumed),
        },
        Action::Retry => Words {
            label: word!(jobs.retry),
            title: word!(jobs.retry_title),
            text: word!(jobs.retry_text),
            done: word!(jobs.retried),
        },
    }
}

/// What stands against an action, in words. Tracked.
fn obstacle_words(obstacle: Obstacle) -> String {
    let words = &t().jobs;
    match obstacle {
        Obstacle::NotBegun => words.obstacle_not_begun,
        Obstacle::Over => words.obstacle_over,
        Obstacle::UnderWay => words.obstacle_under_way,
        Obstacle::NothingFailed => words.obstacle_nothing_failed,
        Obstacle::WaveBegins => words.obstacle_wave_begins,
    }
    .to_owned()
}

/// The buttons.
#[component]
pub fn Actions(
    /// The job.
    data: Memo<Job>,
    /// Where it comes from.
    job: Live<Job>,
    /// Which devices failed.
    failures: Live<Failures>,
) -> impl IntoView {
    let paused = memo(move || data.with(|job| job.paused && job.is_under_way()));
    let has_next = memo(move || {
        data.with(|job| job.is_under_way() && job.rollout.as_ref().is_some_and(|r| r.has_next()))
    });
    let running = memo(move || data.with(|job| job.status == "running"));
    let one = move |action, force| view! { <Act action force data job failures/> };
    let again = move || {
        may(Permission::JobsWrite).then(|| {
            view! {
                <a class="btn" href=data.with_untracked(|job| routes::schedule_like(&job.job_id))>
                    <IconView icon=Icon::Copy/><span>{tr!(jobs.again)}</span>
                </a>
            }
        })
    };
    view! {
        <div class="actions">
            {part(again)}
            {one(Action::Retry, false)}
            {move || (has_next.get() && !paused.get()).then(|| one(Action::NextWave, false))}
            {move || one(if paused.get() { Action::Resume } else { Action::Pause }, false)}
            // A job that runs is stopped by other people than one that waits.
            {move || one(Action::Stop, running.get())}
        </div>
    }
}

/// One button with its question.
#[component]
fn Act(
    action: Action,
    force: bool,
    data: Memo<Job>,
    job: Live<Job>,
    failures: Live<Failures>,
) -> impl IntoView {
    let question = Question::new();
    let stops = action == Action::Stop;
    let permission = if stops && force {
        Permission::JobsForce
    } else {
        Permission::JobsWrite
    };
    let words = words(action);
    let (label, title, text, done) = (words.label, words.title, words.text, words.done);
    let against = derive(move || {
        let failed = failures.data.with(|f| f.as_ref().map(|f| f.seen));
        data.with(|job| obstacle(action, &job.status, job.rollout.as_ref(), failed))
            .map(obstacle_words)
    });
    let filled = move |read: Word| {
        derive(move || {
            data.with(|job| {
                let waits = job.device_job_statistics.of("pending");
                let n = match &job.rollout {
                    Some(rollout) if action == Action::NextWave => rollout.wave as u64 + 1,
                    _ => waits,
                };
                fill(read.of(t()), &[("id", &job.job_id), ("n", &grouped(n))])
            })
        })
    };
    let text: Word = if stops && !force {
        word!(jobs.stop_before_text)
    } else {
        text
    };
    let icon = match action {
        Action::Stop => Icon::Stop,
        Action::Pause => Icon::Pause,
        Action::Resume | Action::NextWave => Icon::Play,
        Action::Retry => Icon::Refresh,
    };
    let weight = if stops {
        Weight::Danger
    } else {
        Weight::Normal
    };
    let confirm = move |()| {
        if !question.begin() {
            return;
        }
        let id = data.with_untracked(|job| job.job_id.clone());
        spawn_local(async move {
            if question.settle(perform(action, &id, force).await).is_some() {
                toast::success(done.of(t_once()).to_owned());
                job.refresh();
            }
        });
    };
    view! {
        <Button label=filled(label) icon weight permission obstacle=against on_press=move |()| question.ask()/>
        <Confirm
            open=question.open
            title=filled(title)
            text=filled(text)
            action=filled(label)
            harmless=!stops
            busy=question.busy
            on_confirm=confirm
        >
            <ErrorNote error=question.failure/>
        </Confirm>
    }
}

async fn perform(action: Action, id: &str, force: bool) -> Result<(), ApiError> {
    match action {
        Action::Stop => api::stop(id, force).await,
        Action::Pause => api::change(id, "pause").await,
        Action::Resume | Action::NextWave => api::change(id, "resume").await,
        Action::Retry => api::change(id, "retry").await,
    }
}
