//! Identity tab: how the device is connected, what the registry holds, and its keys.

use super::Shared;
use super::doctor::Doctor;
use super::keys::Keys;
use crate::api::devices::{Connection, Identity};
use crate::components::state_view::live_view;
use crate::components::time_text::Moment;
use crate::i18n::{fill, t, tr};
use crate::logic::operations_filter::OperationsFilter;
use crate::logic::time;
use crate::reactive::{Memo, derive, memo, part};
use crate::routes;
use leptos::prelude::*;
use serde_json::Value;

/// The tab.
#[component]
pub fn IdentityTab(
    /// The device.
    shared: Shared,
) -> impl IntoView {
    let Shared {
        identity,
        connection,
        ..
    } = shared;
    view! {
        <div class="grid g2">
            <section class="card" aria-labelledby="connection-title">
                <header>
                    <h2 id="connection-title">{tr!(device.connection_title)}</h2>
                    <a class="more" href=shared.id.with_value(|id| refused(id))>{tr!(operations.of_device)}</a>
                </header>
                {live_view(connection, 6, |connection| view! { <ConnectionFacts connection/> })}
            </section>
            <section class="card" aria-labelledby="keys-title">
                <header><h2 id="keys-title">{tr!(device.keys_title)}</h2></header>
                <div class="body"><Keys shared/></div>
            </section>
        </div>
        <section class="card" aria-labelledby="doctor-title">
            <header><h2 id="doctor-title">{tr!(device.doctor_title)}</h2></header>
            {live_view(connection, 2, |connection| view! { <Doctor connection/> })}
        </section>
        <section class="card" aria-labelledby="identity-title">
            <header>
                <h2 id="identity-title">{tr!(device.identity_title)}</h2>
                <a class="more" href=shared.id.with_value(|id| routes::audit_of(id))>{tr!(device.history)}</a>
            </header>
            {live_view(identity, 6, |identity| view! { <IdentityFacts identity/> })}
        </section>
    }
}

/// Where the attempts of one device that were refused stand.
fn refused(id: &str) -> String {
    routes::operations(&OperationsFilter {
        device: id.to_owned(),
        ..OperationsFilter::default()
    })
}

#[component]
fn ConnectionFacts(connection: Memo<Connection>) -> impl IntoView {
    let with = move |read: fn(&Connection) -> Option<String>| {
        derive(move || connection.with(read).filter(|text| !text.is_empty()))
    };
    let fact =
        |value: Signal<Option<String>>| move || value.get().unwrap_or_else(|| "–".to_owned());
    let connected =
        memo(move || connection.with(|c| c.connection_state.eq_ignore_ascii_case("connected")));
    let never = memo(move || {
        connection.with(|c| {
            c.since.as_deref().and_then(time::parse).is_none() && c.last_disconnect_time.is_none()
        }) && !connected.get()
    });
    let session = move || {
        connection.with(|c| c.clean_session).map(|clean| {
            (if clean {
                t().device.session_clean
            } else {
                t().device.session_stored
            })
            .to_owned()
        })
    };
    let subscriptions = memo(move || connection.with(|c| c.subscriptions.clone()));
    view! {
        {move || if never.get() {
            view! { <p class="body sub">{tr!(device.not_connected_yet)}</p> }.into_any()
        } else {
            view! {
                <dl class="kv body">
                    <dt>{tr!(device.state)}</dt>
                    <dd>{move || if connected.get() { t().common.connected } else { t().common.disconnected }}</dd>
                    <dt>{tr!(device.state_since)}</dt>
                    <dd><Moment at=with(|c| c.since.clone())/></dd>
                    {move || connected.get().then(|| view! {
                        <dt>{tr!(device.protocol)}</dt>
                        <dd>{fact(with(|c| c.protocol.clone()))}</dd>
                        <dt>{tr!(device.client)}</dt>
                        <dd class="wrap">{fact(with(|c| c.client_type.clone()))}</dd>
                        <dt>{tr!(device.gateway)}</dt>
                        <dd>{fact(with(|c| c.gateway.as_ref().and_then(plain)))}</dd>
                        <dt>{tr!(device.keep_alive)}</dt>
                        <dd>{move || connection.with(|c| c.keep_alive_seconds).map_or_else(
                            || "–".to_owned(),
                            |n| fill(t().common.seconds, &[("n", &n.to_string())]),
                        )}</dd>
                        <dt>{tr!(device.token_until)}</dt>
                        <dd><Moment at=with(|c| c.token_expiry.as_ref().and_then(moment))/></dd>
                        <dt>{tr!(device.session_kind)}</dt>
                        <dd>{move || session().unwrap_or_else(|| "–".to_owned())}</dd>
                        <dt>{tr!(device.subscriptions)}</dt>
                        <dd>{move || {
                            let all = subscriptions.get();
                            if all.is_empty() {
                                view! { <span class="dim">{tr!(common.none)}</span> }.into_any()
                            } else {
                                let items = all.into_iter().map(|topic| view! { <li><code>{topic}</code></li> }).collect_view();
                                view! { <ul class="plain-list">{items}</ul> }.into_any()
                            }
                        }}</dd>
                    })}
                    {move || with(|c| c.last_disconnect_time.clone()).get().is_some().then(|| view! {
                        <dt>{tr!(device.last_disconnect)}</dt>
                        <dd>
                            <Moment at=with(|c| c.last_disconnect_time.clone())/>
                            {move || with(|c| c.last_disconnect_reason.clone()).get().map(|reason| view! {
                                <div class="dim">{reason}</div>
                            })}
                        </dd>
                    })}
                </dl>
            }
            .into_any()
        }}
    }
}

/// A scalar as text.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// A timestamp given as text or as seconds since 1970.
fn moment(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => {
            let seconds = number.as_f64()?;
            let text = time::date_time(seconds * 1000.0, 0);
            Some(format!("{}Z", text.replace(' ', "T")))
        }
        _ => None,
    }
}

#[component]
fn IdentityFacts(identity: Memo<Identity>) -> impl IntoView {
    let text = move |name: &'static str| derive(move || Some(identity.with(|i| i.text(name))));
    let waiting = move || {
        identity.with(|i| {
            i.raw
                .get("cloudToDeviceMessageCount")
                .and_then(Value::as_u64)
                .unwrap_or(0)
                .to_string()
        })
    };
    view! {
        <dl class="kv two body">
            <dt>{tr!(device.device_id)}</dt>
            <dd><code class="wrap">{move || identity.with(|i| i.text("deviceId"))}</code></dd>
            <dt>{tr!(device.status)}</dt>
            <dd>{move || if identity.with(|i| i.enabled()) { t().common.enabled } else { t().common.disabled }}</dd>
            <dt>{tr!(device.status_reason)}</dt>
            <dd>{move || match identity.with(|i| i.text("statusReason")) {
                reason if reason.is_empty() => "–".to_owned(),
                reason => reason,
            }}</dd>
            <dt>{tr!(device.status_since)}</dt>
            <dd><Moment at=text("statusUpdatedTime")/></dd>
            <dt>{tr!(device.last_activity)}</dt>
            <dd><Moment at=text("lastActivityTime")/></dd>
            <dt>{tr!(device.waiting_messages)}</dt>
            <dd>{part(waiting)}</dd>
            <dt>{tr!(device.generation)}</dt>
            <dd><code>{move || identity.with(|i| i.text("generationId"))}</code></dd>
            <dt>{tr!(device.etag)}</dt>
            <dd><code>{move || identity.with(|i| i.etag.clone())}</code></dd>
        </dl>
    }
}
