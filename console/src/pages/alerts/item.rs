//! One alert: what happened, to whom, since when, who looks after it, and what can be done.

use super::actions::{Acting, acknowledge};
use super::words;
use crate::api::alerts::Alert;
use crate::components::badge::{Badge, Tone};
use crate::components::button::{Button, Weight};
use crate::components::icon::Icon;
use crate::components::time_text::{Ago, exact};
use crate::i18n::{Word, fill, t, tr, word, wording};
use crate::logic::job_filter::RowFilter;
use crate::logic::number::grouped;
use crate::pages::audit::names::actor;
use crate::reactive::derive;
use crate::routes::{self, Tab};
use crate::session::Permission;
use leptos::prelude::*;
use serde_json::Value;

/// Devices of a group that are named.
const NAMED: usize = 5;

/// What makes a row another one: everything that shows.
pub(super) fn key(alert: &Alert) -> String {
    format!(
        "{} {} {} {} {}",
        alert.id, alert.state, alert.attention, alert.last_seen_at, alert.summary
    )
}

/// The row.
#[component]
pub(super) fn Item(
    /// Which.
    alert: Alert,
    /// What can be done.
    acting: Acting,
) -> impl IntoView {
    let tone = words::tone(&alert.severity);
    let resolved = alert.state == "resolved";
    let severity = alert.severity.clone();
    let stands = alert.clone();
    let id = alert.id.clone();
    let buttons = (!resolved).then(|| buttons(alert.clone(), acting));
    let quiet = matches!(alert.state.as_str(), "open") && alert.attention;
    view! {
        <li class="alert" class:over=resolved data-alert=id>
            <Badge
                tone=Signal::stored(if resolved { Tone::Neutral } else { tone })
                text=derive(move || words::severity(&severity).to_owned())
            />
            <div class="grow">
                <p class="alert-summary">{alert.summary.clone()}</p>
                {alert.hint.clone().map(|hint| view! { <p class="sub">{hint}</p> })}
                <p class="facts">
                    {subject(&alert)}
                    <span>{alert_rule(&alert.rule)}</span>
                    <span><Ago at=Signal::stored(Some(alert.opened_at.clone()))/></span>
                    {(alert.count > 1).then(|| {
                        let n = grouped(alert.count);
                        view! { <span>{move || fill(t().alerts.times, &[("n", &n)])}</span> }
                    })}
                    {alert.flapping.then(|| view! { <span>{tr!(alerts.flapping)}</span> })}
                    {(!quiet).then(|| view! { <span class="stands"><b>{move || words::state(&stands)}</b></span> })}
                    {handled(&alert)}
                </p>
                {group(&alert)}
            </div>
            {buttons}
        </li>
    }
}

fn alert_rule(id: &str) -> AnyView {
    let known = words::rule(id);
    let id = id.to_owned();
    match known {
        Some(words) => view! { <span title=id>{move || words.of(t())}</span> }.into_any(),
        None => view! { <code>{id}</code> }.into_any(),
    }
}

/// Whom it is about, with the way there.
fn subject(alert: &Alert) -> AnyView {
    let parts = alert.subject.iter().map(|(kind, value)| {
        let name = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let link = match kind.as_str() {
            "deviceId" => Some(routes::device(&name, Tab::Identity)),
            "jobId" => Some(routes::job(&name, &RowFilter::default())),
            "configuration" => Some(routes::configuration(&name)),
            _ => None,
        };
        match link {
            Some(href) => view! { <a class="mono" data-row="" href=href>{name}</a> }.into_any(),
            None => view! { <span class="mono">{format!("{kind} {name}")}</span> }.into_any(),
        }
    });
    parts.collect_view().into_any()
}

/// Who looks after it, and until when.
fn handled(alert: &Alert) -> impl IntoView + use<> {
    let who = alert.handled_by.clone().filter(|_| alert.state != "open");
    let until = alert.until.clone();
    view! {
        {who.map(|who| view! {
            <span>{move || match who.as_str() {
                "auto" => t().alerts.by_itself.to_owned(),
                who => fill(t().alerts.by, &[("who", &actor(who).1)]),
            }}</span>
        })}
        {until.map(|until| view! {
            <span>{move || exact(&until).map(|time| fill(t().alerts.until, &[("time", &time)]))}</span>
        })}
    }
}

/// The devices of a group, as far as they are named.
fn group(alert: &Alert) -> Option<impl IntoView + use<>> {
    let all = alert.device_count?;
    let named: Vec<String> = alert.devices.iter().take(NAMED).cloned().collect();
    let more = all.saturating_sub(named.len() as u64);
    let links = named.into_iter().map(|id| {
        view! { <a class="mono" href=routes::device(&id, Tab::Identity)>{id.clone()}</a> " " }
    });
    Some(view! {
        <p class="facts">
            <span>{move || words::devices(all)}</span>
            <span>
                {links.collect_view()}
                {(more > 0).then(|| view! {
                    <span class="dim">{move || fill(t().alerts.more_devices, &[("n", &grouped(more))])}</span>
                })}
            </span>
        </p>
    })
}

fn buttons(alert: Alert, acting: Acting) -> impl IntoView {
    let named = |words: Word| {
        let summary = alert.summary.clone();
        derive(move || {
            fill(
                t().alerts.action_named,
                &[("action", words.of(t())), ("summary", &summary)],
            )
        })
    };
    let (snooze, resolve, ack) = (
        named(word!(alerts.snooze)),
        named(word!(alerts.resolve)),
        named(word!(alerts.acknowledge)),
    );
    let taken = alert.state == "acknowledged";
    let (for_ack, for_snooze, for_resolve) = (alert.id.clone(), alert.id.clone(), alert.id);
    view! {
        <div class="actions">
            {(!taken).then(|| view! {
                <Button
                    label=wording(word!(alerts.acknowledge))
                    described=ack
                    icon=Icon::Check
                    permission=Permission::AlertsHandle
                    on_press=move |()| acknowledge(acting, &for_ack)
                />
            })}
            <Button
                label=wording(word!(alerts.snooze))
                described=snooze
                icon=Icon::Clock
                weight=Weight::Quiet
                permission=Permission::AlertsHandle
                on_press=move |()| acting.snooze(&for_snooze)
            />
            <Button
                label=wording(word!(alerts.resolve))
                described=resolve
                weight=Weight::Quiet
                permission=Permission::AlertsHandle
                on_press=move |()| acting.resolve(&for_resolve)
            />
        </div>
    }
}
