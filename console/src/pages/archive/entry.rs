//! One archived device: its document, whether that is whole, and what may still be done with it.

use super::actions::Actions;
use super::outcome::Outcome;
use super::words::{DocumentBadge, reason_words};
use crate::api::archive::{self as api, ArchiveEntry};
use crate::components::button::Weight;
use crate::components::copy::CopyButton;
use crate::components::icon::{Icon, IconView};
use crate::components::json_view::JsonView;
use crate::components::page_title::PageTitle;
use crate::components::state_view::{EmptyState, live_view};
use crate::components::time_text::Moment;
use crate::i18n::{tr, word, wording};
use crate::live::{Live, live};
use crate::logic::archive_filter::ArchiveFilter;
use crate::logic::number::grouped;
use crate::logic::url_state::query_value;
use crate::pages::not_found::NotFound;
use crate::reactive::{Memo, derive, memo, part};
use crate::routes::{self, Tab};
use leptos::prelude::*;
use leptos_router::hooks::use_location;
use serde_json::Value;

/// The page.
#[component]
pub fn ArchivedPage() -> impl IntoView {
    let path = use_location().pathname;
    let named = memo(move || routes::read_archived(&path.get()));
    part(move || match named.get() {
        Some((id, generation)) => view! { <OneEntry id generation/> }.into_any(),
        None => view! { <NotFound/> }.into_any(),
    })
}

#[component]
fn OneEntry(id: String, generation: String) -> impl IntoView {
    let search = use_location().search;
    let operation = memo(move || query_value(&search.get(), "retirement"));
    let (name, key) = (id.clone(), (id, generation));
    let entry = live(
        move || key.clone(),
        None,
        |(id, generation)| async move { api::entry(&id, &generation).await },
    );
    let absent = memo(move || {
        entry
            .fresh
            .error
            .with(|error| error.as_ref().and_then(|error| error.status()) == Some(404))
    });
    let title = StoredValue::new(name);
    part(move || {
        if absent.get() {
            return view! { <Absent/> }.into_any();
        }
        view! {
            <PageTitle text=derive(move || title.get_value())/>
            <div class="pagehead">
                <div class="grow">
                    <nav class="crumbs" aria-label=tr!(archive.title)>
                        <a href=routes::archive(&ArchiveFilter::default())>{tr!(archive.title)}</a>
                    </nav>
                    <div class="device-name">
                        <h1 class="mono">{title.get_value()}</h1>
                        {move || entry.data.get().map(|found| view! { <DocumentBadge entry=Signal::stored(found)/> })}
                    </div>
                </div>
                <Actions entry/>
            </div>
            {move || operation.get().map(|operation| view! { <Outcome operation/> })}
            {live_view(entry, 8, move |found| view! { <Kept found entry/> })}
        }
        .into_any()
    })
}

#[component]
fn Absent() -> impl IntoView {
    let title = wording(word!(archive.not_found_title));
    view! {
        <PageTitle text=title/>
        <h1 class="visually-hidden">{move || title.get()}</h1>
        <section class="card">
            <EmptyState icon=Icon::Archive title text=wording(word!(archive.not_found_text))>
                <a class="btn" href=routes::archive(&ArchiveFilter::default())>{tr!(archive.to_list)}</a>
            </EmptyState>
        </section>
    }
}

/// What is kept of the device.
#[component]
fn Kept(found: Memo<ArchiveEntry>, entry: Live<ArchiveEntry>) -> impl IntoView {
    let erased = memo(move || found.with(ArchiveEntry::erased));
    let changed = memo(move || found.with(|e| !e.erased() && e.intact == Some(false)));
    let document = derive(move || found.with(|e| e.document.clone()));
    let stale = memo(move || entry.fresh.error.with(Option::is_some));
    view! {
        {move || changed.get().then(|| view! {
            <div class="notice bad" role="alert"><IconView icon=Icon::Warning/><div>{tr!(archive.changed_text)}</div></div>
        })}
        {move || erased.get().then(|| view! {
            <div class="notice" role="status"><IconView icon=Icon::Delete/><div>{tr!(archive.erased_text)}</div></div>
        })}
        <div class="grid g12" class:stale=move || stale.get()>
            <section class="card" aria-labelledby="facts-title">
                <header>
                    <h2 id="facts-title">{tr!(archive.facts_title)}</h2>
                    <a class="more" href=move || found.with(|e| routes::audit_of(&e.device_id))>{tr!(archive.show_audit)}</a>
                </header>
                <Facts found/>
            </section>
            {move || (!erased.get()).then(|| view! {
                <section class="card" aria-labelledby="document-title">
                    <header><h2 id="document-title">{tr!(archive.document_title)}</h2></header>
                    <JsonView value=document label=wording(word!(archive.document_label))/>
                </section>
            })}
        </div>
    }
}

#[component]
fn Facts(found: Memo<ArchiveEntry>) -> impl IntoView {
    let text = move |name: &'static str| {
        derive(move || found.with(|e| Some(e.text(name)).filter(|t| !t.is_empty())))
    };
    let or_dash = |value: Signal<Option<String>>| move || value.get().unwrap_or_else(|| "–".into());
    let erased = memo(move || found.with(ArchiveEntry::erased));
    let whole = memo(move || found.with(|e| !e.erased() && e.intact != Some(false)));
    let modules = move || {
        found.with(|e| {
            let modules = e.document.get("modules").and_then(Value::as_array);
            let names: Vec<&str> = modules
                .into_iter()
                .flatten()
                .filter_map(|module| module.get("moduleId")?.as_str())
                .collect();
            if names.is_empty() {
                "–".to_owned()
            } else {
                names.join(", ")
            }
        })
    };
    let purged = move || {
        found.with(|e| {
            let number = e.document.get("purgedMessages").and_then(Value::as_f64);
            grouped(number.unwrap_or(0.0) as u64)
        })
    };
    let replacement = move || match text("replacementId").get() {
        Some(id) => {
            view! { <a class="mono" href=routes::device(&id, Tab::Identity)>{id.clone()}</a> }
                .into_any()
        }
        None => view! { <span>"–"</span> }.into_any(),
    };
    view! {
        <dl class="kv body">
            <dt>{tr!(archive.archived_time)}</dt>
            <dd><Moment at=derive(move || found.with(|e| e.archived_time.clone()))/></dd>
            {move || erased.get().then(|| view! {
                <dt>{tr!(archive.erased_time)}</dt>
                <dd><Moment at=derive(move || found.with(|e| e.erased_time.clone()))/></dd>
            })}
            {move || (!erased.get()).then(|| view! {
                <dt>{tr!(archive.reason)}</dt>
                <dd>{move || found.with(|e| reason_words(&e.text("reason")))}</dd>
                <dt>{tr!(archive.actor)}</dt>
                <dd><code class="wrap">{or_dash(text("actor"))}</code></dd>
                <dt>{tr!(archive.replacement)}</dt>
                <dd>{part(replacement)}</dd>
                <dt>{tr!(archive.last_activity)}</dt>
                <dd><Moment at=text("lastActivityTime")/></dd>
                <dt>{tr!(archive.modules)}</dt>
                <dd class="wrap">{part(modules)}</dd>
                <dt>{tr!(archive.purged)}</dt>
                <dd>{part(purged)}</dd>
            })}
            <dt>{tr!(archive.generation)}</dt>
            <dd><code class="wrap">{move || found.with(|e| e.generation_id.clone())}</code></dd>
            <dt>{tr!(archive.checksum)}</dt>
            <dd>
                <div class="checksum">
                    <code class="wrap">{move || found.with(|e| e.sha256.clone())}</code>
                    <CopyButton
                        text=derive(move || found.with(|e| e.sha256.clone()))
                        label=wording(word!(archive.copy_checksum))
                        icon_only=true
                        weight=Weight::Quiet
                    />
                </div>
                {move || whole.get().then(|| view! { <div class="dim">{tr!(archive.intact_text)}</div> })}
            </dd>
        </dl>
    }
}
