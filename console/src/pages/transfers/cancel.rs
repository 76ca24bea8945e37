//! Stopping a job that is under way.

use crate::api::transfers::{self as api, Job};
use crate::components::button::{Button, Weight};
use crate::components::dialog::Confirm;
use crate::components::question::Question;
use crate::components::state_view::ErrorNote;
use crate::components::toast;
use crate::i18n::{fill, t, t_once, word, wording};
use crate::live::Live;
use crate::logic::number::grouped;
use crate::reactive::{Memo, derive};
use crate::session::Permission;
use leptos::prelude::*;
use leptos::task::spawn_local;

/// The button with its question.
#[component]
pub fn CancelJob(
    /// The job.
    job: Memo<Job>,
    /// The list it is in.
    jobs: Live<Vec<Job>>,
) -> impl IntoView {
    let question = Question::new();
    let title = derive(move || {
        let words = &t().transfers;
        (if job.with(Job::is_import) {
            words.cancel_import_title
        } else {
            words.cancel_export_title
        })
        .to_owned()
    });
    let text = derive(move || {
        let words = &t().transfers;
        if job.with(Job::is_import) {
            let done = grouped(job.with(|job| job.succeeded_count) as u64);
            fill(words.cancel_import_text, &[("n", &done)])
        } else {
            words.cancel_export_text.to_owned()
        }
    });
    let confirm = move |()| {
        let id = job.with_untracked(|job| job.job_id.clone());
        if !question.begin() {
            return;
        }
        spawn_local(async move {
            if question.settle(api::cancel(&id).await).is_some() {
                toast::success(t_once().transfers.cancelled.to_owned());
                jobs.refresh();
            }
        });
    };
    view! {
        <div class="card-foot">
            <Button
                label=wording(word!(transfers.cancel))
                weight=Weight::Danger
                permission=Permission::HubManage
                on_press=move |()| question.ask()
            />
        </div>
        <Confirm
            open=question.open
            title
            text
            action=wording(word!(transfers.cancel))
            busy=question.busy
            on_confirm=confirm
        >
            <ErrorNote error=question.failure/>
        </Confirm>
    }
}
