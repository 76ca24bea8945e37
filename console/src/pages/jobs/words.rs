//! What jobs and their devices are called, and how their states look.

use crate::api::jobs::Job;
use crate::components::badge::{Badge, Tone};
use crate::components::meter::StackedBar;
use crate::i18n::{fill, t};
use crate::logic::job_filter::ROW_STATES;
use crate::logic::job_order::lifetime_words;
use crate::logic::job_state::Counts;
use crate::logic::number::grouped;
use crate::reactive::derive;
use leptos::prelude::*;

/// `Twin change`, or the method that is called. Tracked.
pub fn action_words(job: &Job) -> String {
    let words = &t().jobs;
    if job.writes_twins() {
        words.kind_twin.to_owned()
    } else {
        fill(words.method_named, &[("name", job.method())])
    }
}

/// The word for a state of a job. Tracked.
pub fn state_words(status: &str) -> &'static str {
    let words = &t().jobs;
    match status {
        "queued" => words.state_queued,
        "scheduled" => words.state_scheduled,
        "running" => words.state_running,
        "completed" => words.state_completed,
        "failed" => words.state_failed,
        "cancelled" => words.state_cancelled,
        _ => t().common.unknown,
    }
}

/// The word for a state of a device. Tracked.
pub fn row_words(status: &str) -> &'static str {
    let words = &t().jobs;
    match status {
        "pending" | "scheduled" => words.row_pending,
        "running" => words.row_running,
        "completed" => words.row_completed,
        "failed" => words.row_failed,
        "canceled" => words.row_canceled,
        _ => t().common.unknown,
    }
}

/// The colour of a state in bars and legends.
pub fn part_class(status: &str) -> &'static str {
    match status {
        "completed" => "part-ok",
        "failed" => "part-bad",
        "canceled" => "part-neutral",
        "running" => "part-info",
        _ => "part-faint",
    }
}

/// A time such as `1 h`. Tracked.
pub fn lifetime_text(seconds: u64) -> String {
    let words = &t().jobs;
    let (n, unit) = lifetime_words(seconds);
    let text = match unit {
        "days" => words.days,
        "hours" => words.hours,
        _ => words.minutes,
    };
    fill(text, &[("n", &grouped(n))])
}

/// The state of a job as a word with a dot.
#[component]
pub fn StateBadge(
    /// The job.
    #[prop(into)]
    job: Signal<Job>,
) -> impl IntoView {
    let tone = derive(move || {
        job.with(|job| match job.status.as_str() {
            "running" if job.paused => Tone::Warn,
            "completed" if job.device_job_statistics.of("failed") > 0 => Tone::Warn,
            "completed" => Tone::Ok,
            "failed" => Tone::Bad,
            "running" | "scheduled" => Tone::Info,
            _ => Tone::Neutral,
        })
    });
    let text = derive(move || {
        job.with(|job| {
            if job.paused && job.is_under_way() {
                t().jobs.state_paused
            } else {
                state_words(&job.status)
            }
            .to_owned()
        })
    });
    view! { <Badge tone text/> }
}

/// The devices of a job by state.
#[component]
pub fn CountsBar(
    /// How they stand.
    #[prop(into)]
    counts: Signal<Counts>,
) -> impl IntoView {
    let parts = derive(move || {
        let counts = counts.get();
        ROW_STATES
            .iter()
            .map(|state| (part_class(state), counts.of(state)))
            .collect::<Vec<_>>()
    });
    let label = derive(move || {
        let counts = counts.get();
        let n = |state: &str| grouped(counts.of(state));
        fill(
            t().jobs.bar,
            &[
                ("done", &n("completed")),
                ("failed", &n("failed")),
                ("out", &n("canceled")),
                ("running", &n("running")),
                ("waiting", &n("pending")),
            ],
        )
    });
    view! { <StackedBar parts label/> }
}
