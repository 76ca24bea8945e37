//! What the connection doctor says of a device: what is wrong, what to do, and how its last
//! sessions ended.

use crate::api::devices::Connection;
use crate::components::badge::{Badge, Tone};
use crate::components::time_text::Moment;
use crate::i18n::{Read, fill, lasting, t, tr};
use crate::logic::json_document::text;
use crate::logic::time;
use crate::reactive::{Memo, memo, part};
use leptos::prelude::*;
use serde_json::Value;

/// What a finding is called, what to do about it, and how it looks.
fn words(code: &str) -> (Tone, Read, Option<Read>) {
    match code {
        "healthy" => (Tone::Ok, |t| t.device.doctor_healthy, None),
        "disabled" => (
            Tone::Warn,
            |t| t.device.doctor_disabled,
            Some(|t| t.device.doctor_disabled_hint),
        ),
        "identityClash" => (
            Tone::Bad,
            |t| t.device.doctor_clash,
            Some(|t| t.device.doctor_clash_hint),
        ),
        "wrongCredential" => (
            Tone::Bad,
            |t| t.device.doctor_credential,
            Some(|t| t.device.doctor_credential_hint),
        ),
        "tokenExpires" => (
            Tone::Warn,
            |t| t.device.doctor_token,
            Some(|t| t.device.doctor_token_hint),
        ),
        "certificateExpires" => (
            Tone::Warn,
            |t| t.device.doctor_certificate,
            Some(|t| t.device.doctor_certificate_hint),
        ),
        "protocolError" => (
            Tone::Bad,
            |t| t.device.doctor_protocol,
            Some(|t| t.device.doctor_protocol_hint),
        ),
        "throttled" => (
            Tone::Warn,
            |t| t.device.doctor_throttled,
            Some(|t| t.device.doctor_throttled_hint),
        ),
        "keepAlive" => (
            Tone::Warn,
            |t| t.device.doctor_silence,
            Some(|t| t.device.doctor_silence_hint),
        ),
        "flapping" => (
            Tone::Warn,
            |t| t.device.doctor_flapping,
            Some(|t| t.device.doctor_flapping_hint),
        ),
        "neverConnected" => (
            Tone::Neutral,
            |t| t.device.doctor_never,
            Some(|t| t.device.doctor_never_hint),
        ),
        _ => (
            Tone::Neutral,
            |t| t.device.doctor_away,
            Some(|t| t.device.doctor_away_hint),
        ),
    }
}

/// The card's content.
#[component]
pub(super) fn Doctor(
    /// What is known of the connection.
    connection: Memo<Connection>,
) -> impl IntoView {
    let findings = memo(move || connection.with(|c| c.diagnosis.clone()));
    let ends = memo(move || connection.with(|c| c.last_closes.clone()));
    view! {
        <ul class="findings" aria-label=tr!(device.doctor_title)>
            {move || findings.get().iter().map(finding).collect_view()}
        </ul>
        {move || (!ends.with(Vec::is_empty)).then(|| view! {
            <div class="table-scroll" tabindex="0" role="group" aria-label=tr!(device.doctor_ends)>
                <table>
                    <thead>
                        <tr>
                            <th scope="col">{tr!(device.doctor_ended)}</th>
                            <th scope="col" class="num">{tr!(device.doctor_lasted)}</th>
                            <th scope="col" class="grow">{tr!(device.doctor_reason)}</th>
                        </tr>
                    </thead>
                    <tbody>{ends.get().iter().map(end).collect_view()}</tbody>
                </table>
            </div>
        })}
    }
}

fn finding(found: &Value) -> impl IntoView + use<> {
    let (tone, name, hint) = words(text(found, "code"));
    // What the hub says in particular stands behind its own sentence.
    let summary = text(found, "summary").to_owned();
    let particular = summary
        .split_once(": ")
        .map(|(_, rest)| rest.trim_end_matches('.').to_owned());
    view! {
        <li>
            <Badge tone=Signal::stored(tone) text=Signal::derive(move || name(t()).to_owned())/>
            {particular.map(|particular| view! { " " <code>{particular}</code> })}
            {hint.map(|hint| view! { <p class="sub">{move || hint(t())}</p> })}
        </li>
    }
}

fn end(end: &Value) -> impl IntoView + use<> {
    let at = text(end, "time").to_owned();
    let detail = text(end, "detail").to_owned();
    let seconds = end.get("sessionSeconds").and_then(Value::as_f64);
    let lasted = move || match seconds {
        Some(seconds) => lasting(time::distance(0.0, seconds * 1000.0)),
        None => "–".to_owned(),
    };
    let packet = text(end, "packet").to_owned();
    view! {
        <tr>
            <th scope="row"><Moment at=Signal::stored(Some(at))/></th>
            <td class="num">{part(lasted)}</td>
            <td class="wrapping">
                <code class="wrap">{detail}</code>
                {(!packet.is_empty()).then(|| view! {
                    " " <span class="dim">{move || fill(t().device.doctor_packet, &[("packet", &packet)])}</span>
                })}
            </td>
        </tr>
    }
}
