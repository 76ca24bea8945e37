//! An opened job: its facts, its file, and the lines that an import refused.

use super::refused::RefusedTable;
use crate::api::blobs;
use crate::api::transfers::Job;
use crate::components::button::{Button, Weight};
use crate::components::copy::CopyButton;
use crate::components::icon::{Icon, IconView};
use crate::components::state_view::live_view;
use crate::components::time_text::Moment;
use crate::components::toast;
use crate::i18n::{fill, t, tr, word, wording};
use crate::live::live;
use crate::logic::dry_run::read_log;
use crate::logic::number::grouped;
use crate::logic::transfer::{LOG, saved_name};
use crate::reactive::{Memo, derive, memo, part};
use crate::save;
use crate::session::{Permission, may};
use leptos::prelude::*;
use leptos::task::spawn_local;

/// The job.
#[component]
pub fn Detail(
    /// Which.
    job: Memo<Job>,
) -> impl IntoView {
    let failure = memo(move || job.with(|job| job.failure_reason.clone()));
    let over = memo(move || !job.with(Job::is_under_way));
    let id = move || job.with(|job| job.job_id.clone());
    view! {
        <div class="record-body">
            <dl class="kv">
                <dt>{tr!(transfers.job_id)}</dt>
                <dd class="with-action">
                    <code class="wrap">{part(id)}</code>
                    <CopyButton text=derive(id) label=wording(word!(transfers.copy_job_id)) icon_only=true weight=Weight::Quiet/>
                </dd>
                <dt>{tr!(transfers.started)}</dt>
                <dd><Moment at=derive(move || job.with(|job| job.start_time_utc.clone()))/></dd>
                {move || over.get().then(|| view! {
                    <dt>{tr!(transfers.ended)}</dt>
                    <dd><Moment at=derive(move || job.with(|job| job.end_time_utc.clone()))/></dd>
                })}
                <dt>{tr!(transfers.file)}</dt>
                <dd><code class="wrap">{move || job.with(|job| job.file().to_owned())}</code></dd>
                {move || (!job.with(Job::is_import)).then(|| view! {
                    <dt>{tr!(transfers.keys)}</dt>
                    <dd>{move || if job.with(|job| job.exclude_keys_in_export) { t().transfers.keys_out } else { t().transfers.keys_in }}</dd>
                })}
            </dl>
            <div class="stack">
                {move || failure.get().map(|why| view! {
                    <div class="notice bad" role="note">
                        <IconView icon=Icon::Warning/>
                        <div><b>{tr!(transfers.failure)}</b><div>{why}</div></div>
                    </div>
                })}
                <Files job over/>
            </div>
        </div>
    }
}

/// What the job left in the store.
#[component]
fn Files(job: Memo<Job>, over: Memo<bool>) -> impl IntoView {
    let container = job.with_untracked(|job| job.container().map(str::to_owned));
    let is_import = job.with_untracked(Job::is_import);
    let Some(container) = container else {
        return view! { <p class="dim">{tr!(transfers.elsewhere)}</p> }.into_any();
    };
    let container = StoredValue::new(container);
    let complete = memo(move || job.with(|job| job.status == "completed"));
    let no_line = memo(move || job.with(|job| job.failed_count) as u64 == 0);
    if !is_import {
        let label = derive(move || {
            (if job.with(|job| job.exclude_keys_in_export) {
                t().transfers.download
            } else {
                t().transfers.download_keys
            })
            .to_owned()
        });
        let file = job.with_untracked(|job| job.file().to_owned());
        let press = StoredValue::new((file, saved_name(&container.get_value())));
        return view! {
            {move || complete.get().then(|| view! {
                <div>
                    <Button label icon=Icon::Download permission=Permission::HubManage
                        on_press=move |()| press.with_value(|(file, name)| {
                            container.with_value(|container| fetch(container, file, name));
                        })/>
                </div>
            })}
        }
        .into_any();
    }
    view! {
        {move || match (over.get(), no_line.get()) {
            (false, _) => view! { <p class="dim">{tr!(transfers.log_later)}</p> }.into_any(),
            (true, true) => view! { <p class="dim">{tr!(transfers.log_none)}</p> }.into_any(),
            (true, false) => view! { <Log container=container.get_value() job/> }.into_any(),
        }}
    }
    .into_any()
}

/// The lines that an import refused.
#[component]
fn Log(container: String, job: Memo<Job>) -> impl IntoView {
    let name = StoredValue::new(container.clone());
    let lines = live(
        move || (container.clone(), may(Permission::HubManage)),
        None,
        |(container, allowed)| async move {
            if !allowed {
                return Ok(None);
            }
            let text = blobs::text(&container, LOG).await?;
            Ok(Some(read_log(&text)))
        },
    );
    let total = memo(move || job.with(|job| job.failed_count) as u64);
    view! {
        <section class="record-change">
            <h2>{tr!(transfers.log_title)}</h2>
            {live_view(lines, 3, move |lines| part(move || match lines.get() {
                None => view! { <p class="dim">{tr!(transfers.log_forbidden)}</p> }.into_any(),
                Some(lines) => {
                    let n = lines.len() as u64;
                    view! {
                        <RefusedTable lines label=wording(word!(transfers.log_title))/>
                        <div class="card-foot">
                            <span class="dim grow">{move || (n < total.get()).then(|| {
                                fill(t().transfers.log_first, &[("n", &grouped(n)), ("total", &grouped(total.get()))])
                            })}</span>
                            <Button label=wording(word!(transfers.log_download)) icon=Icon::Download
                                on_press=move |()| name.with_value(|container| fetch(container, LOG, LOG))/>
                        </div>
                    }
                    .into_any()
                }
            }))}
        </section>
    }
}

/// Has the browser save a file of the store by a URL that is good for a few minutes.
fn fetch(container: &str, file: &str, saved_as: &str) {
    let (container, file, name) = (container.to_owned(), file.to_owned(), saved_as.to_owned());
    spawn_local(async move {
        match blobs::readable(&container, &file).await {
            Ok(url) => save::save(&url, &name),
            Err(error) => toast::failed_call(&error),
        }
    });
}
