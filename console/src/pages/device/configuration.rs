//! Configuration tab: which configuration has each leaf of the desired properties, what wanted
//! it too, and what somebody wrote by hand.

use super::Shared;
use crate::api::configurations::{self as api, Effective, Leaf, Loser, Matching};
use crate::components::badge::{Badge, Tone};
use crate::components::icon::Icon;
use crate::components::state_view::{EmptyState, live_view};
use crate::i18n::{fill, t, tr, word, wording};
use crate::live::live;
use crate::logic::configuration::value_text;
use crate::reactive::{derive, part};
use crate::routes;
use leptos::prelude::*;
use std::time::Duration;

const PERIOD: Duration = Duration::from_secs(5);

/// The tab.
#[component]
pub fn ConfigurationTab(
    /// The device.
    shared: Shared,
) -> impl IntoView {
    let effective = live(
        move || shared.id.get_value(),
        Some(PERIOD),
        |id| async move { api::effective(&id).await },
    );
    live_view(effective, 5, |data| part(move || parts(data.get())))
}

fn parts(effective: Effective) -> AnyView {
    let modules = effective
        .modules
        .into_iter()
        .map(|(id, part)| {
            let title = derive(move || fill(t().configurations.module, &[("id", &id)]));
            twin(title, part.configurations, part.desired)
        })
        .collect_view();
    if effective.configurations.is_empty() && effective.desired.is_empty() {
        return view! {
            <section class="card">
                <EmptyState
                    icon=Icon::Layers
                    title=wording(word!(configurations.effective_empty_title))
                    text=wording(word!(configurations.effective_empty_text))
                >
                    <a class="btn" href=routes::configurations()>{tr!(configurations.to_list)}</a>
                </EmptyState>
            </section>
            {modules}
        }
        .into_any();
    }
    let own = twin(
        wording(word!(configurations.effective)),
        effective.configurations,
        effective.desired,
    );
    view! { {own}{modules} }.into_any()
}

/// What configurations do to one twin.
fn twin(title: Signal<String>, matching: Vec<Matching>, leaves: Vec<Leaf>) -> AnyView {
    let ladder = matching.into_iter().map(rung).collect_view();
    let rows = leaves.into_iter().map(row).collect_view();
    view! {
        <section class="card" aria-label=move || title.get()>
            <header>
                <div>
                    <h2>{move || title.get()}</h2>
                    <p class="sub">{tr!(configurations.effective_explained)}</p>
                </div>
            </header>
            <ol class="ladder" aria-label=tr!(configurations.matching)>{ladder}</ol>
            <div class="table-scroll" tabindex="0" role="group" aria-label=move || title.get()>
                <table>
                    <thead><tr>
                        <th scope="col">{tr!(configurations.column_path)}</th>
                        <th scope="col" class="grow">{tr!(configurations.column_value)}</th>
                        <th scope="col">{tr!(configurations.column_set_by)}</th>
                        <th scope="col">{tr!(configurations.column_lost)}</th>
                    </tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}

fn rung(one: Matching) -> impl IntoView {
    let applied = one.status.as_deref() == Some("Applied");
    let tone = if applied { Tone::Ok } else { Tone::Neutral };
    let words = derive(move || {
        (if applied {
            t().configurations.status_applied
        } else {
            t().configurations.status_targeted
        })
        .to_owned()
    });
    view! {
        <li>
            <b class="num">{one.priority}</b>
            <a class="mono" href=routes::configuration(&one.id)>{one.id.clone()}</a>
            <Badge tone=Signal::stored(tone) text=words/>
        </li>
    }
}

fn row(leaf: Leaf) -> impl IntoView {
    let path = leaf.path.strip_prefix("properties.desired.");
    let path = path.unwrap_or(&leaf.path).to_owned();
    let drifted = leaf.configuration.is_some()
        && leaf.value.as_ref() != Some(&leaf.wanted)
        && !(leaf.wanted.is_null() && leaf.value.is_none());
    let wanted = value_text(&leaf.wanted);
    let value = leaf
        .value
        .as_ref()
        .map_or_else(|| "–".to_owned(), value_text);
    let set_by = match leaf.configuration {
        Some(id) => {
            let address = routes::configuration(&id);
            view! { <a class="mono" href=address>{id}</a> }.into_any()
        }
        None => view! { <span class="dim">{tr!(configurations.by_hand)}</span> }.into_any(),
    };
    view! {
        <tr>
            <th scope="row" class="mono">{path}</th>
            <td class="wrapping">
                <code class="wrap">{value}</code>
                {drifted.then(|| view! {
                    <div class="warn-text">{move || fill(t().configurations.drifted, &[("value", &wanted)])}</div>
                })}
            </td>
            <td>{set_by}</td>
            <td class="wrapping">{leaf.lost.into_iter().map(loser).collect_view()}</td>
        </tr>
    }
}

fn loser(one: Loser) -> impl IntoView {
    let reason = one.reason;
    let why = move || {
        let words = &t().configurations;
        match reason.as_str() {
            "priority" => words.lost_priority,
            "createdTimeUtc" => words.lost_created,
            _ => words.lost_id,
        }
    };
    view! {
        <div class="loser">
            <a class="mono" href=routes::configuration(&one.configuration)>{one.configuration.clone()}</a>
            <code class="sub wrap">{value_text(&one.wanted)}</code>
            <span class="dim">{part(why)}</span>
        </div>
    }
}
