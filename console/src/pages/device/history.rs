//! History tab: every change of the twin that is kept. The address holds the filter, the page
//! and the version that is open.

use super::Shared;
use super::history_version::Version;
use crate::api::history::{self as api, Change, ChangePage};
use crate::components::button::{Button, Weight};
use crate::components::field::SelectField;
use crate::components::icon::{Icon, IconView};
use crate::components::keyboard::list_keys;
use crate::components::pager::{Pager, page_number};
use crate::components::state_view::{EmptyState, live_view};
use crate::i18n::{fill, t, tr, word, wording};
use crate::live::{Live, live};
use crate::logic::history_filter::{HistoryFilter, SECTIONS};
use crate::logic::time;
use crate::pages::audit::names;
use crate::preferences::offset_minutes;
use crate::reactive::{Callback, For, Memo, derive, memo, part};
use crate::routes;
use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_navigate};
use std::time::Duration;

/// Others may change the twin while somebody looks.
const PERIOD: Duration = Duration::from_secs(5);

const COLUMNS: &str = "6";

/// The word for a section. Tracked.
fn section_words(section: &str) -> &'static str {
    let words = &t().history;
    match section {
        "tags" => words.section_tags,
        "desired" => words.section_desired,
        "reported" => words.section_reported,
        _ => t().common.unknown,
    }
}

/// The word for what a change came through. Tracked.
fn cause_words(cause: &str) -> String {
    let words = &t().history;
    match cause {
        "service" => words.cause_service,
        "device" => words.cause_device,
        "job" => words.cause_job,
        "configuration" => words.cause_configuration,
        "import" => words.cause_import,
        "hub" => words.cause_hub,
        other => other,
    }
    .to_owned()
}

/// The tab.
#[component]
pub fn HistoryTab(
    /// The device.
    shared: Shared,
) -> impl IntoView {
    let search = use_location().search;
    let filter = memo(move || HistoryFilter::read(&search.get()));
    let page = live(
        move || {
            let mut asked = filter.get();
            asked.version = None;
            asked.against = Default::default();
            (shared.id.get_value(), asked)
        },
        Some(PERIOD),
        |(id, filter)| async move { api::page(&id, &filter).await },
    );
    let navigate = use_navigate();
    let change = Callback::new(move |filter: HistoryFilter| {
        let address = shared.id.with_value(|id| routes::history(id, &filter));
        navigate(&address, routes::same_screen());
    });
    let mut sections = vec![("", wording(word!(history.all_sections)))];
    sections.extend(SECTIONS.map(|section| {
        let words = derive(move || section_words(section).to_owned());
        (section, words)
    }));
    list_keys();
    view! {
        <section class="card" aria-labelledby="changes-title">
            <header>
                <div>
                    <h2 id="changes-title">{tr!(history.title)}</h2>
                    <p class="sub">{tr!(history.explained)}</p>
                </div>
            </header>
            <div class="filter" role="search" aria-label=tr!(history.title)>
                <SelectField
                    inline=true
                    label=wording(word!(history.filter_section))
                    value=derive(move || filter.with(|f| f.section.clone()))
                    on_change=move |section| change.run(HistoryFilter {
                        section,
                        ..HistoryFilter::default()
                    })
                    options=sections
                />
                <span class="grow"></span>
                <Button
                    label=wording(word!(history.refresh))
                    icon=Icon::Refresh
                    weight=Weight::Quiet
                    on_press=move |()| page.refresh()
                />
            </div>
            {live_view(page, 5, move |data| listed(shared, data, page, filter, change))}
        </section>
    }
}

fn listed(
    shared: Shared,
    data: Memo<ChangePage>,
    page: Live<ChangePage>,
    filter: Memo<HistoryFilter>,
    change: Callback<HistoryFilter>,
) -> impl IntoView {
    let empty = memo(move || data.with(|page| page.items.is_empty()));
    part(move || {
        if empty.get() {
            return view! {
                <EmptyState
                    icon=Icon::Clock
                    title=wording(word!(history.empty_title))
                    text=wording(word!(history.empty_text))
                />
            }
            .into_any();
        }
        view! {
            <div class="table-scroll" tabindex="0" role="group" aria-labelledby="changes-title">
                <table class="records">
                    <thead><tr>
                        <th scope="col">{tr!(history.column_when)}</th>
                        <th scope="col" class="num">{tr!(history.column_version)}</th>
                        <th scope="col">{tr!(history.column_who)}</th>
                        <th scope="col">{tr!(history.column_why)}</th>
                        <th scope="col">{tr!(history.column_sections)}</th>
                        <th scope="col" class="grow">{tr!(history.column_what)}</th>
                    </tr></thead>
                    <tbody>
                        <For each=move || data.with(|page| page.items.clone()) key=|change| change.version let(one)>
                            <Row shared one page filter change/>
                        </For>
                    </tbody>
                </table>
            </div>
            <Pager
                label=wording(word!(history.pages))
                place=derive(move || page_number(filter.with(|f| f.cursors.len())))
                cursors=derive(move || filter.with(|f| f.cursors.clone()))
                next=derive(move || data.with(|page| page.before.map(|n| n.to_string())))
                on_change=move |cursors| change.run(HistoryFilter {
                    cursors,
                    version: None,
                    ..filter.get_untracked()
                })
            />
        }
        .into_any()
    })
}

#[component]
fn Row(
    shared: Shared,
    one: Change,
    page: Live<ChangePage>,
    filter: Memo<HistoryFilter>,
    change: Callback<HistoryFilter>,
) -> impl IntoView {
    let version = one.version;
    let open = memo(move || filter.with(|f| f.version == Some(version)));
    let toggle = move |_| {
        let mut next = filter.get_untracked();
        next.version = (!open.get_untracked()).then_some(version);
        change.run(next);
    };
    let at = one.time.clone();
    let when = {
        let at = at.clone();
        move || time::parse(&at).map(|at| time::date_time(at, offset_minutes(at)))
    };
    let spoken = move || fill(t().history.show_version, &[("n", &version.to_string())]);
    let actor = one.actor.unwrap_or_default();
    let by_configuration = one.cause == "configuration";
    let who = move || {
        if actor.is_empty() {
            return view! { <span class="dim">"–"</span> }.into_any();
        }
        if by_configuration {
            let address = routes::configuration(&actor);
            return view! { <a class="mono" href=address>{actor.clone()}</a> }.into_any();
        }
        let (kind, name) = names::actor(&actor);
        view! {
            {kind.map(|kind| view! { <span class="dim">{kind}</span> " " })}
            <b>{name}</b>
        }
        .into_any()
    };
    let cause = one.cause;
    let sections = one.sections;
    let what = one.patch.to_string();
    let detail_id = format!("version-{version}");
    let controls = detail_id.clone();
    view! {
        <tr class="record" class:open=move || open.get()>
            <th scope="row">
                <button type="button" class="disclosure" data-row=""
                    aria-expanded=move || if open.get() { "true" } else { "false" }
                    aria-controls=move || open.get().then(|| controls.clone())
                    on:click=toggle>
                    <IconView icon=Icon::Right/>
                    <time datetime=at>{when}</time>
                    <span class="visually-hidden">" " {part(spoken)}</span>
                </button>
            </th>
            <td class="num">{version}</td>
            <td>{part(who)}</td>
            <td>{move || cause_words(&cause)}</td>
            <td>{move || sections.iter().map(|section| view! {
                <span class="tag">{section_words(section)}</span>
            }).collect_view()}</td>
            <td class="grow mono dim" title=what.clone()>{what.clone()}</td>
        </tr>
        {move || open.get().then(|| view! {
            <tr class="record-detail" id=detail_id.clone()>
                <td colspan=COLUMNS><Version shared version page filter change/></td>
            </tr>
        })}
    }
}
