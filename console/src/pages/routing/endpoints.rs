//! Endpoints and subscriptions: how each stands, and what can be done about it.

use super::letters::Opened;
use crate::api::routing::{self as api, Health, Routing};
use crate::components::badge::{Badge, Tone};
use crate::components::button::{Button, Weight};
use crate::components::icon::Icon;
use crate::components::time_text::{Ago, exact};
use crate::components::toast;
use crate::i18n::{fill, t, t_once, tr, word, wording};
use crate::logic::json_document::text;
use crate::logic::number::grouped;
use crate::reactive::{Callback, Memo, derive, memo, part};
use crate::session::Permission;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::Value;

/// The table.
#[component]
pub(super) fn Endpoints(
    /// Everything about routes.
    data: Memo<Routing>,
    /// The dead letters that are looked at.
    opened: Opened,
    /// Reads again.
    refresh: Callback<()>,
) -> impl IntoView {
    let rows = memo(move || {
        data.with(|routing| {
            let all = routing.health.iter();
            let pending = |health: &Health| {
                status_of(routing, &health.endpoint_id) == Some("pending".to_owned())
            };
            all.map(|health| (health.clone(), pending(health)))
                .collect::<Vec<_>>()
        })
    });
    part(move || {
        if rows.with(Vec::is_empty) {
            return view! { <p class="body dim">{tr!(routing.no_endpoints)}</p> }.into_any();
        }
        view! {
            <div class="table-scroll" tabindex="0" role="group" aria-label=tr!(routing.endpoints)>
                <table>
                    <thead>
                        <tr>
                            <th scope="col">{tr!(routing.column_name)}</th>
                            <th scope="col">{tr!(routing.column_kind)}</th>
                            <th scope="col" class="grow">{tr!(routing.column_state)}</th>
                            <th scope="col" class="num">{tr!(routing.column_delivered)}</th>
                            <th scope="col" class="num">{tr!(routing.column_invalid)}</th>
                            <th scope="col" class="num">{tr!(routing.column_dropped)}</th>
                            <th scope="col">{tr!(routing.column_last)}</th>
                            <th scope="col"><span class="visually-hidden">{tr!(routing.column_actions)}</span></th>
                        </tr>
                    </thead>
                    <tbody>{rows.get().into_iter().map(|(health, pending)| row(health, pending, opened, refresh)).collect_view()}</tbody>
                </table>
            </div>
        }
        .into_any()
    })
}

/// `active` or `pending`, of what is served with requests.
fn status_of(routing: &Routing, name: &str) -> Option<String> {
    let sorts = routing.document.get("endpoints").and_then(Value::as_object);
    let endpoints = sorts
        .into_iter()
        .flat_map(|sorts| sorts.values())
        .filter_map(Value::as_array)
        .flatten();
    let mut all = endpoints.chain(&routing.subscriptions);
    let known = all.find(|endpoint| text(endpoint, "name") == name)?;
    known
        .get("status")
        .and_then(Value::as_str)
        .map(str::to_owned)
}

fn kind(name: &str) -> &'static str {
    let words = &t().routing;
    match name {
        "storageContainers" => words.kind_storage,
        "queues" => words.kind_queue,
        "subscriptions" => words.kind_subscription,
        _ => words.kind_webhook,
    }
}

fn state(status: &str, pending: bool) -> (Tone, fn() -> &'static str) {
    match status {
        _ if pending => (Tone::Warn, || t().routing.state_pending),
        "healthy" => (Tone::Ok, || t().routing.state_healthy),
        "unhealthy" => (Tone::Warn, || t().routing.state_unhealthy),
        "dead" => (Tone::Bad, || t().routing.state_dead),
        _ => (Tone::Neutral, || t().routing.state_unknown),
    }
}

fn row(health: Health, pending: bool, opened: Opened, refresh: Callback<()>) -> impl IntoView {
    let name = health.endpoint_id.clone();
    let sort = health.endpoint_type.clone();
    let (tone, words) = state(&health.health_status, pending);
    let failing = health.health_status != "healthy";
    let error = health.last_known_error.clone().filter(|_| failing);
    let timed = |at: Option<String>, text: fn() -> &'static str| {
        at.map(|at| {
            view! { <p class="sub">{move || exact(&at).map(|time| fill(text(), &[("time", &time)]))}</p> }
        })
    };
    let waits = timed(health.waiting_since.clone().filter(|_| failing), || {
        t().routing.waits_since
    });
    let next = timed(health.next_attempt_time.clone(), || t().routing.next_try);
    let number = |n: u64| match n {
        0 => view! { <span class="dim">"0"</span> }.into_any(),
        n => view! { <b>{grouped(n)}</b> }.into_any(),
    };
    let ask = {
        let name = name.clone();
        move |()| validate(name.clone(), refresh)
    };
    let pushed = health.endpoint_type != "storageContainers";
    let of_letters = name.clone();
    let described = {
        let name = name.clone();
        derive(move || fill(t().routing.letters_title, &[("name", &name)]))
    };
    view! {
        <tr>
            <th scope="row"><code>{name}</code></th>
            <td>{move || kind(&sort)}</td>
            <td class="wrapping">
                <Badge tone=Signal::stored(tone) text=derive(move || words().to_owned())/>
                {error.map(|error| view! { <p class="sub">{error}</p> })}
                {waits} {next}
            </td>
            <td class="num">{grouped(health.delivered)}</td>
            <td class="num">{number(health.invalid)}</td>
            <td class="num">{number(health.dropped)}</td>
            <td><Ago at=Signal::stored(health.last_successful_send_attempt_time)/></td>
            <td class="row-actions always">
                {pending.then(|| view! {
                    <Button
                        label=wording(word!(routing.validate))
                        weight=Weight::Quiet
                        permission=Permission::ConfigurationsWrite
                        on_press=ask
                    />
                })}
                {pushed.then(|| view! {
                    <Button
                        label=wording(word!(routing.letters))
                        described
                        icon=Icon::Tray
                        weight=Weight::Quiet
                        on_press=move |()| opened.open(&of_letters)
                    />
                })}
            </td>
        </tr>
    }
}

fn validate(name: String, refresh: Callback<()>) {
    spawn_local(async move {
        match api::validate(&name).await {
            Ok(()) => {
                toast::success(fill(t_once().routing.validated, &[("name", &name)]));
                refresh.try_run(());
            }
            Err(error) => toast::failed_call(&error),
        }
    });
}
