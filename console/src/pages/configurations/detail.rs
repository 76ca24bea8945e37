//! One configuration: how far it is, what it writes, and deleting it.

use super::{condition_view, reach};
use crate::api::configurations::{self as api, Configuration};
use crate::components::button::{Button, Weight};
use crate::components::dialog::Confirm;
use crate::components::icon::{Icon, IconView};
use crate::components::json_view::JsonView;
use crate::components::page_title::PageTitle;
use crate::components::question::Question;
use crate::components::state_view::{EmptyState, ErrorNote, live_view};
use crate::components::time_text::Moment;
use crate::components::toast;
use crate::i18n::{Word, fill, shown, t, t_once, tr, word, wording};
use crate::live::live;
use crate::logic::number::grouped;
use crate::pages::not_found::NotFound;
use crate::reactive::{Memo, derive, memo, part};
use crate::routes;
use crate::session::{Permission, may};
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::{use_location, use_navigate};
use std::time::Duration;

/// Counting costs the hub queries.
const PERIOD: Duration = Duration::from_secs(5);

/// The page.
#[component]
pub fn ConfigurationPage() -> impl IntoView {
    let path = use_location().pathname;
    let id = memo(move || routes::read_configuration(&path.get()));
    part(move || match id.get() {
        Some(id) => view! { <One id/> }.into_any(),
        None => view! { <NotFound/> }.into_any(),
    })
}

#[component]
fn One(id: String) -> impl IntoView {
    let id = StoredValue::new(id);
    let one = live(
        move || id.get_value(),
        Some(PERIOD),
        |id| async move { api::get(&id).await },
    );
    let gone = memo(move || {
        let status = one
            .fresh
            .error
            .with(|e| e.as_ref().and_then(|e| e.status()));
        status == Some(404)
    });
    view! {
        <PageTitle text=derive(move || id.get_value())/>
        {move || if gone.get() {
            view! { <Gone id=id.get_value()/> }.into_any()
        } else {
            view! { {live_view(one, 8, move |data| view! { <Known id data/> })} }.into_any()
        }}
    }
}

#[component]
fn Known(id: StoredValue<String>, data: Memo<Configuration>) -> impl IntoView {
    let content = memo(move || data.with(|one| one.content.clone()));
    let edit = move || {
        if may(Permission::ConfigurationsWrite) {
            view! {
                <a class="btn" href=id.with_value(|id| routes::edit_configuration(id))>
                    <IconView icon=Icon::Settings/><span>{tr!(configurations.edit)}</span>
                </a>
            }
            .into_any()
        } else {
            view! {
                <Button label=wording(word!(configurations.edit)) icon=Icon::Settings
                    permission=Permission::ConfigurationsWrite on_press=|()| ()/>
            }
            .into_any()
        }
    };
    view! {
        <div class="pagehead">
            <div class="grow">
                <nav class="crumbs" aria-label=tr!(configurations.title)>
                    <a href=routes::configurations()>{tr!(configurations.title)}</a>
                </nav>
                <h1 class="mono">{id.get_value()}</h1>
            </div>
            <div class="actions">{part(edit)}<Delete id data/></div>
        </div>
        <div class="grid g21">
            <div class="stack">
                <Reach data/>
                <Metrics data/>
            </div>
            <div class="stack">
                <Facts data/>
                <section class="card" aria-labelledby="content-title">
                    <header><h2 id="content-title">{tr!(configurations.content)}</h2></header>
                    <JsonView value=content label=wording(word!(configurations.content))/>
                    <p class="card-note dim">{tr!(configurations.content_fixed)}</p>
                </section>
            </div>
        </div>
    }
}

#[component]
fn Reach(data: Memo<Configuration>) -> impl IntoView {
    let counts = memo(move || data.with(|one| (one.targeted(), one.applied())));
    let edge = memo(move || {
        data.with(|one| {
            let result = |name: &str| one.system_metrics.results.get(name).copied();
            (
                result("reportedSuccessfulCount"),
                result("reportedFailedCount"),
            )
        })
    });
    let figure = |n: Option<u64>, words: Word| {
        n.map(|n| view! { <li><b>{grouped(n)}</b> <span>{shown(words)}</span></li> })
    };
    view! {
        <section class="card" aria-labelledby="reach-title">
            <header><h2 id="reach-title">{tr!(configurations.reach)}</h2></header>
            <div class="body stack">
                {move || {
                    let ((targeted, applied), (good, bad)) = (counts.get(), edge.get());
                    view! {
                        <ul class="figures">
                            {figure(targeted, word!(configurations.targeted))}
                            {figure(applied, word!(configurations.applied))}
                            {figure(good, word!(configurations.reported_ok))}
                            {figure(bad, word!(configurations.reported_bad))}
                        </ul>
                        {reach(targeted, applied)}
                    }
                }}
                <p class="sub">{tr!(configurations.reach_note)}</p>
            </div>
        </section>
    }
}

#[component]
fn Metrics(data: Memo<Configuration>) -> impl IntoView {
    let metrics = memo(move || data.with(|one| one.metrics.clone()));
    view! {
        <section class="card" aria-labelledby="metrics-title">
            <header><h2 id="metrics-title">{tr!(configurations.metrics)}</h2></header>
            {move || {
                let metrics = metrics.get();
                if metrics.queries.is_empty() {
                    return view! { <p class="body sub">{tr!(configurations.metrics_none)}</p> }.into_any();
                }
                let rows = metrics
                    .queries
                    .into_iter()
                    .map(|(name, query)| {
                        let n = metrics.results.get(&name).map_or_else(|| "–".to_owned(), |n| grouped(*n));
                        view! {
                            <tr>
                                <th scope="row">{name}</th>
                                <td class="wrapping"><code class="wrap">{query}</code></td>
                                <td class="num"><b>{n}</b></td>
                            </tr>
                        }
                    })
                    .collect_view();
                view! {
                    <div class="table-scroll" tabindex="0" role="group" aria-labelledby="metrics-title">
                        <table>
                            <thead><tr>
                                <th scope="col">{tr!(configurations.column_metric)}</th>
                                <th scope="col" class="grow">{tr!(configurations.column_query)}</th>
                                <th scope="col" class="num">{tr!(configurations.column_count)}</th>
                            </tr></thead>
                            <tbody>{rows}</tbody>
                        </table>
                    </div>
                }
                .into_any()
            }}
        </section>
    }
}

#[component]
fn Facts(data: Memo<Configuration>) -> impl IntoView {
    let time = move |read: fn(&Configuration) -> Option<String>| derive(move || data.with(read));
    let condition = memo(move || data.with(|one| one.target_condition.clone()));
    let labels = memo(move || data.with(|one| one.settings().labels));
    view! {
        <section class="card" aria-labelledby="facts-title">
            <header><h2 id="facts-title">{tr!(configurations.facts)}</h2></header>
            <dl class="kv body">
                <dt>{tr!(configurations.column_priority)}</dt>
                <dd>{move || data.with(|one| one.priority)}</dd>
                <dt>{tr!(configurations.column_condition)}</dt>
                <dd>{move || condition_view(condition.get())}</dd>
                <dt>{tr!(configurations.labels)}</dt>
                <dd>{move || {
                    let labels = labels.get();
                    if labels.is_empty() {
                        return view! { <span class="dim">{tr!(common.none)}</span> }.into_any();
                    }
                    labels
                        .into_iter()
                        .map(|(name, value)| view! { <span class="tag mono">{name} "=" {value}</span> })
                        .collect_view()
                        .into_any()
                }}</dd>
                <dt>{tr!(configurations.created)}</dt>
                <dd><Moment at=time(|one| one.created_time_utc.clone())/></dd>
                <dt>{tr!(configurations.changed)}</dt>
                <dd><Moment at=time(|one| one.last_updated_time_utc.clone())/></dd>
            </dl>
        </section>
    }
}

#[component]
fn Delete(id: StoredValue<String>, data: Memo<Configuration>) -> impl IntoView {
    let question = Question::new();
    let navigate = use_navigate();
    let named =
        move |read: Word| derive(move || id.with_value(|id| fill(read.of(t()), &[("id", id)])));
    let confirm = move |()| {
        if !question.begin() {
            return;
        }
        let navigate = navigate.clone();
        let (id, etag) = (id.get_value(), data.with_untracked(|one| one.etag.clone()));
        spawn_local(async move {
            if question.settle(api::delete(&id, &etag).await).is_some() {
                toast::success(fill(t_once().configurations.deleted, &[("id", &id)]));
                navigate(&routes::configurations(), routes::to_screen());
            }
        });
    };
    view! {
        <Button
            label=wording(word!(configurations.delete))
            icon=Icon::Delete
            weight=Weight::Danger
            permission=Permission::ConfigurationsWrite
            on_press=move |()| question.ask()
        />
        <Confirm
            open=question.open
            title=named(word!(configurations.delete_title))
            text=wording(word!(configurations.delete_text))
            action=wording(word!(configurations.delete))
            busy=question.busy
            on_confirm=confirm
        >
            <ErrorNote error=question.failure/>
        </Confirm>
    }
}

#[component]
pub(super) fn Gone(id: String) -> impl IntoView {
    let title = derive(move || fill(t().configurations.gone_title, &[("id", &id)]));
    view! {
        <h1 class="visually-hidden">{move || title.get()}</h1>
        <section class="card">
            <EmptyState icon=Icon::Layers title text=wording(word!(configurations.gone_text))>
                <a class="btn" href=routes::configurations()>{tr!(configurations.to_list)}</a>
            </EmptyState>
        </section>
    }
}
