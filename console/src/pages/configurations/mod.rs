//! Configurations as a ladder: the highest priority on top, because that is who wins.

mod detail;
mod draft;
mod form;

pub use detail::ConfigurationPage;
pub use form::{ConfigurePage, EditConfigurationPage};

use crate::api::configurations::{self as api, Configuration};
use crate::components::button::{Button, Weight};
use crate::components::icon::{Icon, IconView};
use crate::components::keyboard::list_keys;
use crate::components::meter::StackedBar;
use crate::components::page_title::PageTitle;
use crate::components::state_view::{EmptyState, live_view};
use crate::components::time_text::Ago;
use crate::i18n::{count, fill, t, tr, word, wording};
use crate::live::live;
use crate::logic::number::grouped;
use crate::reactive::{Memo, derive, part};
use crate::routes;
use crate::session::{Permission, may};
use leptos::prelude::*;
use std::time::Duration;

/// Counting costs the hub a query for each: not as often as other lists.
const PERIOD: Duration = Duration::from_secs(15);

/// The list.
#[component]
pub fn ConfigurationsPage() -> impl IntoView {
    let all = live(|| (), Some(PERIOD), |()| api::list());
    let shown = move || {
        let words = &t().configurations;
        let n = all.data.with(|all| all.as_ref().map(Vec::len))?;
        Some(count(n as u64, words.shown_one, words.shown_other))
    };
    list_keys();
    view! {
        <PageTitle text=wording(word!(configurations.title))/>
        <div class="pagehead">
            <div class="grow">
                <h1>{tr!(configurations.title)}</h1>
                <p class="lead">{tr!(configurations.explained)}</p>
            </div>
            <div class="actions"><CreateLink/></div>
        </div>
        <section class="card" aria-label=tr!(configurations.table)>
            <div class="list-head">
                <span class="dim grow" role="status">{part(shown)}</span>
                <Button
                    label=wording(word!(configurations.refresh))
                    icon=Icon::Refresh
                    weight=Weight::Quiet
                    on_press=move |()| all.refresh()
                />
            </div>
            {live_view(all, 5, listed)}
        </section>
    }
}

/// Leads to a new one; a role that may not sees why.
#[component]
fn CreateLink() -> impl IntoView {
    part(move || {
        if may(Permission::ConfigurationsWrite) {
            view! {
                <a class="btn primary" href=routes::configure()>
                    <IconView icon=Icon::Plus/><span>{tr!(configurations.create)}</span>
                </a>
            }
            .into_any()
        } else {
            view! {
                <Button
                    label=wording(word!(configurations.create))
                    icon=Icon::Plus
                    weight=Weight::Primary
                    permission=Permission::ConfigurationsWrite
                    on_press=|()| ()
                />
            }
            .into_any()
        }
    })
}

fn listed(data: Memo<Vec<Configuration>>) -> impl IntoView {
    part(move || {
        let all = data.get();
        if all.is_empty() {
            return view! {
                <EmptyState
                    icon=Icon::Layers
                    title=wording(word!(configurations.empty_title))
                    text=wording(word!(configurations.empty_text))
                >
                    <CreateLink/>
                </EmptyState>
            }
            .into_any();
        }
        view! {
            <div class="table-scroll" tabindex="0" role="group" aria-label=tr!(configurations.table)>
                <table>
                    <thead>
                        <tr>
                            <th scope="col" class="num">{tr!(configurations.column_priority)}</th>
                            <th scope="col">{tr!(configurations.column_id)}</th>
                            <th scope="col" class="grow">{tr!(configurations.column_condition)}</th>
                            <th scope="col">{tr!(configurations.column_reach)}</th>
                            <th scope="col">{tr!(configurations.column_changed)}</th>
                        </tr>
                    </thead>
                    <tbody>{all.into_iter().map(row).collect_view()}</tbody>
                </table>
            </div>
        }
        .into_any()
    })
}

fn row(one: Configuration) -> impl IntoView {
    let (targeted, applied) = (one.targeted(), one.applied());
    view! {
        <tr>
            <td class="num"><b>{one.priority}</b></td>
            <th scope="row"><a class="mono" data-row="" href=routes::configuration(&one.id)>{one.id.clone()}</a></th>
            <td class="grow">{condition_view(one.target_condition)}</td>
            <td>{reach(targeted, applied)}</td>
            <td><Ago at=Signal::stored(one.last_updated_time_utc)/></td>
        </tr>
    }
}

/// A condition as it is written; the two that are no text have words.
fn condition_view(condition: String) -> AnyView {
    match condition.trim() {
        "" => view! { <span class="dim">{tr!(configurations.nobody)}</span> }.into_any(),
        "*" => view! { <span>{tr!(configurations.everybody)}</span> }.into_any(),
        _ => view! { <code class="wrap">{condition}</code> }.into_any(),
    }
}

/// How many of those it is about have it.
fn reach(targeted: Option<u64>, applied: Option<u64>) -> AnyView {
    let (Some(targeted), Some(applied)) = (targeted, applied) else {
        return view! { <span class="dim">{tr!(configurations.not_counted)}</span> }.into_any();
    };
    let filled = move |text: &str| {
        let (applied, targeted) = (grouped(applied), grouped(targeted));
        fill(text, &[("applied", &applied), ("targeted", &targeted)])
    };
    let parts = vec![
        ("part-ok", applied),
        ("part-faint", targeted.saturating_sub(applied)),
    ];
    view! {
        <div class="reach">
            <StackedBar
                parts=Signal::stored(parts)
                label=derive(move || filled(t().configurations.reach_bar))
            />
            <span>{move || filled(t().configurations.reach_of)}</span>
        </div>
    }
    .into_any()
}
