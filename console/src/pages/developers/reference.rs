//! The reference of the API: operations of the OpenAPI document by group, with a search. What one
//! of them takes and answers is shown when it is opened.

use super::Addressed;
use super::operation::{Details, role_words};
use crate::api::developers::{self as api, DOCUMENT};
use crate::components::button::Button;
use crate::components::icon::{Icon, IconView};
use crate::components::keyboard::list_keys;
use crate::components::search_field::SearchField;
use crate::components::state_view::{EmptyState, live_view};
use crate::i18n::{Language, count, t, tr, word, wording};
use crate::live::live;
use crate::logic::api_reference::{Group, Operation, Reference};
use crate::logic::developers_place::DevelopersPlace;
use crate::preferences::preferences;
use crate::reactive::{Memo, derive, memo, part};
use leptos::prelude::*;
use std::sync::Arc;

/// The tab.
pub(super) fn reference(addressed: Addressed) -> AnyView {
    let document = live(|| (), None, |()| api::reference());
    list_keys();
    view! {
        <section class="card reference" aria-label=tr!(developers.tab_reference)>
            <div class="filter" role="search" aria-label=tr!(developers.search)>
                <SearchField
                    main=true
                    label=wording(word!(developers.search))
                    value=derive(move || addressed.place.with(|place| place.search.clone()))
                    on_change=move |search: String| addressed.edit(|place| place.search = search)
                />
                <span class="more">
                    <a class="btn" href=DOCUMENT download="openapi.json" rel="external">
                        <IconView icon=Icon::Download/>
                        <span>{tr!(developers.download)}</span>
                    </a>
                </span>
            </div>
            {live_view(document, 14, move |data| listed(data, addressed))}
        </section>
    }
    .into_any()
}

fn listed(data: Memo<Arc<Reference>>, addressed: Addressed) -> AnyView {
    // An operation that the address opens from the beginning comes into sight.
    let arrived = StoredValue::new(
        addressed
            .place
            .with_untracked(|place| place.operation.clone()),
    );
    let wanted = memo(move || {
        addressed
            .place
            .with(|place| (place.group.clone(), place.search.clone()))
    });
    let shown = memo(move || {
        let (group, search) = wanted.get();
        data.with(|reference| reference.shown(&group, &search))
    });
    let empty = memo(move || shown.with(Vec::is_empty));
    let found = move || {
        let n = shown.with(|groups| {
            groups
                .iter()
                .map(|group| group.operations.len())
                .sum::<usize>()
        });
        count(
            n as u64,
            t().developers.shown_one,
            t().developers.shown_other,
        )
    };
    let in_english = move || {
        (preferences().language.get() != Language::English)
            .then(|| view! { <p class="card-note dim">{tr!(developers.in_english)}</p> })
    };
    view! {
        {part(in_english)}
        <div class="reference-parts">
            {part(move || groups(data, addressed))}
            <div class="operations">
                <p class="visually-hidden" role="status">{part(found)}</p>
                {part(move || if empty.get() {
                    view! {
                        <EmptyState
                            icon=Icon::Search
                            title=wording(word!(developers.no_match_title))
                            text=wording(word!(developers.no_match_text))
                        >
                            <Button
                                label=wording(word!(developers.clear))
                                on_press=move |()| addressed.change.run(DevelopersPlace::default())
                            />
                        </EmptyState>
                    }
                    .into_any()
                } else {
                    let shown = shown.get().into_iter();
                    shown.map(|group| section(group, data, addressed, arrived)).collect_view().into_any()
                })}
            </div>
        </div>
    }
    .into_any()
}

/// Groups to choose from, with how many operations each has.
fn groups(data: Memo<Arc<Reference>>, addressed: Addressed) -> AnyView {
    let choice = move |name: String, words: AnyView, n: usize| {
        let chosen = {
            let name = name.clone();
            memo(move || addressed.place.with(|place| place.group == name))
        };
        view! {
            <li>
                <button
                    type="button"
                    aria-pressed=move || if chosen.get() { "true" } else { "false" }
                    on:click=move |_| addressed.edit(|place| place.group.clone_from(&name))
                >
                    {words}
                    <span class="dim">{n}</span>
                </button>
            </li>
        }
        .into_any()
    };
    data.with(|reference| {
        let all = choice(
            String::new(),
            part(|| tr!(developers.all_groups)),
            reference.count(),
        );
        let others = reference.groups.iter().map(|group| {
            let words = view! { <span lang="en">{group.name.clone()}</span> }.into_any();
            choice(group.name.clone(), words, group.operations.len())
        });
        view! {
            <div class="reference-groups" role="group" aria-label=tr!(developers.groups)>
                <ul>
                    {all}
                    {others.collect_view()}
                </ul>
            </div>
        }
        .into_any()
    })
}

fn section(
    group: Group,
    data: Memo<Arc<Reference>>,
    addressed: Addressed,
    arrived: StoredValue<String>,
) -> AnyView {
    let rows = group
        .operations
        .into_iter()
        .map(|operation| row(operation, data, addressed, arrived));
    let name = group.name.clone();
    view! {
        <section class="operation-group" aria-label=name>
            <header lang="en">
                <h2>{group.name}</h2>
                <p class="sub">{group.description}</p>
            </header>
            <ul>{rows.collect_view()}</ul>
        </section>
    }
    .into_any()
}

fn row(
    operation: Operation,
    data: Memo<Arc<Reference>>,
    addressed: Addressed,
    arrived: StoredValue<String>,
) -> AnyView {
    let id = StoredValue::new(operation.id.clone());
    let open = memo(move || {
        addressed
            .place
            .with(|place| id.with_value(|id| place.operation == *id))
    });
    let press = move |_| {
        arrived.set_value(String::new());
        let next = if open.get_untracked() {
            String::new()
        } else {
            id.get_value()
        };
        addressed.edit(|place| place.operation = next);
    };
    let role = operation.role.clone();
    let verb = format!("verb {}", operation.method);
    let (method, path, summary) = (
        operation.method.clone(),
        operation.path.clone(),
        operation.summary.clone(),
    );
    let operation = StoredValue::new(operation);
    view! {
        <li class="operation" class:open=move || open.get()>
            <h3>
                <button
                    type="button"
                    data-row=""
                    aria-expanded=move || if open.get() { "true" } else { "false" }
                    on:click=press
                >
                    <span class=verb>{method}</span>
                    <code>{breakable(&path)}</code>
                    <span class="summary" lang="en">{summary}</span>
                    <span class="role">{part(move || role_words(&role))}</span>
                </button>
            </h3>
            {part(move || open.get().then(|| {
                let came = arrived.with_value(|arrived| id.with_value(|id| arrived == id));
                view! { <Details operation data comes_into_sight=came/> }
            }))}
        </li>
    }
    .into_any()
}

/// A path that may go on in the next line before any slash.
fn breakable(path: &str) -> impl IntoView + use<> {
    let segments = path.split('/').skip(1);
    segments
        .map(|segment| view! { <wbr/> {format!("/{segment}")} })
        .collect_view()
}
