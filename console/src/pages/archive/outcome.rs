//! How a retirement stands, beside what it archived. The address names the operation, so that
//! the outcome can be looked at again, and by somebody else.

use crate::api::retirement::{self as api, Retirement};
use crate::components::icon::{Icon, IconView};
use crate::components::state_view::live_view;
use crate::components::time_text::exact;
use crate::i18n::{fill, t};
use crate::live::{PERIOD, live};
use crate::reactive::{Memo, memo, part};
use crate::routes::{self, Tab};
use leptos::prelude::*;

/// The notice above an entry.
#[component]
pub fn Outcome(
    /// Names the retirement.
    operation: String,
) -> impl IntoView {
    let stands = live(
        move || operation.clone(),
        Some(PERIOD),
        |operation| async move { api::get(&operation).await },
    );
    live_view(stands, 1, notice)
}

fn notice(stands: Memo<Retirement>) -> impl IntoView {
    let state = memo(move || stands.with(|r| r.state.clone()));
    let words = move || {
        let words = &t().retirement;
        match state.get().as_str() {
            "waitingForDeletion" => words.outcome_waiting,
            "copyingToReplacement" => words.outcome_copying,
            _ => words.outcome_completed,
        }
    };
    let deletion = move || {
        (state.get() == "waitingForDeletion")
            .then(|| stands.with(|r| r.deletion_time.clone()))
            .flatten()
            .and_then(|at| exact(&at))
            .map(|time| fill(t().retirement.outcome_deletion, &[("time", &time)]))
    };
    let open = |id: String| {
        let href = routes::device(&id, Tab::Identity);
        view! { <a class="btn" href=href>{move || fill(t().retirement.open_device, &[("id", &id)])}</a> }
    };
    let waiting = move || {
        (state.get() == "waitingForDeletion").then(|| open(stands.with(|r| r.device_id.clone())))
    };
    let replacement = move || stands.with(|r| r.replacement_id.clone()).map(open);
    view! {
        <div class="notice" class:ok=move || state.get() == "completed" role="status">
            <IconView icon=Icon::Check/>
            <div class="grow"><b>{part(words)}</b> " " <span class="dim">{part(deletion)}</span></div>
            {part(waiting)}
            {part(replacement)}
        </div>
    }
}
