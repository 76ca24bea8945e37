//! Alerts: what needs a person, first; what somebody does about it; and the rules by which
//! something becomes one. The address holds the filter and the page.

mod actions;
mod item;
mod rule_form;
mod rules;
pub(crate) mod words;

use crate::api::alerts::{self as api, AlertPage};
use crate::components::button::{Button, Weight};
use crate::components::field::{Segmented, SelectField};
use crate::components::icon::Icon;
use crate::components::keyboard::list_keys;
use crate::components::page_title::PageTitle;
use crate::components::pager::{Pager, page_number};
use crate::components::search_field::SearchField;
use crate::components::state_view::{EmptyState, live_view};
use crate::i18n::{tr, word, wording};
use crate::live::live;
use crate::logic::alert_filter::{AlertFilter, Show};
use crate::reactive::{Callback, For, Memo, derive, memo, part};
use crate::routes;
use actions::{Acting, Questions};
use item::Item;
use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_navigate};
use std::time::Duration;

pub use rules::AlertRulesPage;

/// Between two reads of the list.
const PERIOD: Duration = Duration::from_secs(4);

/// The page.
#[component]
pub fn AlertsPage() -> impl IntoView {
    let search = use_location().search;
    let filter = memo(move || AlertFilter::read(&search.get()));
    let page = live(move || filter.get(), Some(PERIOD), api::page);
    let navigate = use_navigate();
    let change = Callback::new(move |filter: AlertFilter| {
        let options = routes::page_of(&filter.cursors);
        navigate(&routes::alerts(&filter), options);
    });
    let acting = Acting::new(Callback::new(move |()| page.refresh()));
    list_keys();
    view! {
        <PageTitle text=wording(word!(alerts.title))/>
        <div class="pagehead">
            <div class="grow">
                <h1>{tr!(alerts.title)}</h1>
                <p class="lead">{tr!(alerts.explained)}</p>
            </div>
        </div>
        <Tabs rules=false/>
        <section class="card" aria-label=tr!(alerts.list)>
            <Filters filter change/>
            {live_view(page, 5, move |data| listed(data, filter, change, acting))}
        </section>
        <Questions acting/>
    }
}

/// Alerts and their rules, side by side.
#[component]
pub(super) fn Tabs(
    /// Which of them shows.
    rules: bool,
) -> impl IntoView {
    view! {
        <nav class="tabs" aria-label=tr!(alerts.tabs)>
            <a href=routes::alerts(&AlertFilter::default()) aria-current=(!rules).then_some("page")>{tr!(alerts.tab_alerts)}</a>
            <a href=routes::alert_rules() aria-current=rules.then_some("page")>{tr!(alerts.tab_rules)}</a>
        </nav>
    }
}

#[component]
fn Filters(filter: Memo<AlertFilter>, change: Callback<AlertFilter>) -> impl IntoView {
    let apply = move |set: &dyn Fn(&mut AlertFilter)| {
        let now = filter.get_untracked();
        let mut next = AlertFilter {
            cursors: Vec::new(),
            ..now.clone()
        };
        set(&mut next);
        if next != now {
            change.run(next);
        }
    };
    let shown = Show::ALL
        .into_iter()
        .map(|show| (show.name(), words::show(show)))
        .collect();
    let mut severities = vec![("", wording(word!(alerts.any_severity)))];
    severities.extend(
        words::SEVERITIES.map(|name| (name, derive(move || words::severity(name).to_owned()))),
    );
    view! {
        <div class="filter" role="search" aria-label=tr!(alerts.filters)>
            <Segmented
                label=wording(word!(alerts.show))
                value=derive(move || filter.with(|f| f.show.name().to_owned()))
                on_change=move |name: String| apply(&|f| f.show = Show::from_name(&name))
                options=shown
            />
            <SelectField
                inline=true
                label=wording(word!(alerts.severity))
                value=derive(move || filter.with(|f| f.severity.clone()))
                on_change=move |name: String| apply(&|f| f.severity.clone_from(&name))
                options=severities
            />
            <SearchField
                main=true
                icon=Icon::Search
                label=wording(word!(alerts.subject))
                value=derive(move || filter.with(|f| f.subject.clone()))
                on_change=move |text: String| apply(&|f| f.subject.clone_from(&text))
            />
            {move || filter.with(AlertFilter::narrows).then(|| view! {
                <Button
                    label=wording(word!(devices.clear))
                    weight=Weight::Quiet
                    icon=Icon::Close
                    on_press=move |()| apply(&|f| {
                        f.severity.clear();
                        f.subject.clear();
                    })
                />
            })}
        </div>
    }
}

fn listed(
    data: Memo<AlertPage>,
    filter: Memo<AlertFilter>,
    change: Callback<AlertFilter>,
    acting: Acting,
) -> impl IntoView {
    let empty = memo(move || data.with(|page| page.items.is_empty()));
    let paged = memo(move || {
        data.with(|page| page.cursor.is_some()) || filter.with(|f| !f.cursors.is_empty())
    });
    part(move || {
        if !empty.get() {
            return view! {
                <ul class="alerts">
                    <For each=move || data.get().items key=item::key let(alert)>
                        <Item alert acting/>
                    </For>
                </ul>
                {move || paged.get().then(|| view! {
                    <Pager
                        label=wording(word!(alerts.pages))
                        place=derive(move || page_number(filter.with(|f| f.cursors.len())))
                        cursors=derive(move || filter.with(|f| f.cursors.clone()))
                        next=derive(move || data.with(|page| page.cursor.clone()))
                        on_change=move |cursors| change.run(AlertFilter { cursors, ..filter.get_untracked() })
                    />
                })}
            }
            .into_any();
        }
        let calm = filter.with(|f| !f.narrows() && f.show != Show::Resolved);
        let (icon, title, text) = if calm {
            (
                Icon::Check,
                wording(word!(alerts.calm_title)),
                wording(word!(alerts.calm_text)),
            )
        } else {
            (
                Icon::Search,
                wording(word!(alerts.no_match_title)),
                wording(word!(alerts.no_match_text)),
            )
        };
        view! { <EmptyState icon title text/> }.into_any()
    })
}
