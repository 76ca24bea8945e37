//! What the connection doctor says of a device: what is wrong, what to do, and how its last
//! sessions ended.

use crate::api::devices::Connection;
use crate::components::badge::{Badge, Tone};
use crate::components::time_text::Moment;
use crate::i18n::{Word, fill, lasting, t, tr, word};
use crate::logic::json_document::text;
use crate::logic::time;
use crate::reactive::{Memo, derive, memo, part};
use leptos::prelude::*;
use serde_json::Value;

/// What a finding is called, what to do about it, and how it looks.
fn words(code: &str) -> (Tone, Word, Option<Word>) {
    match code {
        "healthy" => (Tone::Ok, word!(device.doctor_healthy), None),
        "disabled" => (
            Tone::Warn,
            word!(device.doctor_disabled),
            Some(word!(device.doctor_disabled_hint)),
        ),
        "identityClash" => (
            Tone::Bad,
            word!(device.doctor_clash),
            Some(word!(device.doctor_clash_hint)),
        ),
        "wrongCredential" => (
            Tone::Bad,
            word!(device.doctor_credential),
            Some(word!(device.doctor_credential_hint)),
        ),
        "tokenExpires" => (
            Tone::Warn,
            word!(device.doctor_token),
            Some(word!(device.doctor_token_hint)),
        ),
        "certificateExpires" => (
            Tone::Warn,
            word!(device.doctor_certificate),
            Some(word!(device.doctor_certificate_hint)),
        ),
        "protocolError" => (
            Tone::Bad,
            word!(device.doctor_protocol),
            Some(word!(device.doctor_protocol_hint)),
        ),
        "throttled" => (
            Tone::Warn,
            word!(device.doctor_throttled),
            Some(word!(device.doctor_throttled_hint)),
        ),
        "keepAlive" => (
            Tone::Warn,
            word!(device.doctor_silence),
            Some(word!(device.doctor_silence_hint)),
        ),
        "flapping" => (
            Tone::Warn,
            word!(device.doctor_flapping),
            Some(word!(device.doctor_flapping_hint)),
        ),
        "neverConnected" => (
            Tone::Neutral,
            word!(device.doctor_never),
            Some(word!(device.doctor_never_hint)),
        ),
        _ => (
            Tone::Neutral,
            word!(device.doctor_away),
            Some(word!(device.doctor_away_hint)),
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
            <Badge tone=Signal::stored(tone) text=derive(move || name.of(t()).to_owned())/>
            {particular.map(|particular| view! { " " <code>{particular}</code> })}
            {hint.map(|hint| view! { <p class="sub">{move || hint.of(t())}</p> })}
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
