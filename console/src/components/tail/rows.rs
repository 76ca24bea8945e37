//! The rows of the live tail: newest first, one line each, opened for the whole event.

use super::{RUNNING, Rows, TailRow};
use crate::api::events::HubEvent;
use crate::components::badge::{Badge, Tone};
use crate::components::json_view::JsonView;
use crate::i18n::{fill, t, tr};
use crate::logic::number::bytes;
use crate::logic::telemetry_buffer::TelemetryBuffer;
use crate::logic::time::clock_time;
use crate::preferences::offset_minutes;
use crate::reactive::{For, Memo, RwSignal, derive, memo, part};
use leptos::prelude::*;
use serde_json::{Value, json};
use shared::letter_case;
use std::sync::Arc;

/// Characters of a body shown on its line.
const PREVIEW: usize = 220;

/// The list.
#[component]
pub fn Tail(
    /// All rows.
    rows: Rows,
    /// Leave the hub's own events out.
    telemetry_only: Memo<bool>,
    /// Leave those out that do not hold this text.
    text: Memo<String>,
    /// Say which device each is about.
    #[prop(optional)]
    devices: bool,
) -> impl IntoView {
    let shown = move || {
        let only = telemetry_only.get();
        let text = letter_case::lower(&text.get());
        rows.with(|r| {
            let most = if r.is_paused() { usize::MAX } else { RUNNING };
            r.rows()
                .rev()
                .filter(|row| !only || row.event.is_telemetry())
                .filter(|row| row.holds(&text))
                .take(most)
                .cloned()
                .collect::<Vec<_>>()
        })
    };
    let none = memo(move || {
        let wanted = letter_case::lower(&text.get());
        let holds = |row: &Arc<TailRow>| row.holds(&wanted);
        !wanted.is_empty() && rows.with(|rows| !rows.rows().any(holds))
    });
    view! {
        <div class="tail" class:with-devices=devices tabindex="0" role="group" aria-labelledby="tail-title">
            <div class="tail-head" aria-hidden="true">
                <span>{tr!(telemetry.column_time)}</span>
                {devices.then(|| view! { <span>{tr!(events.column_device)}</span> })}
                <span>{tr!(telemetry.column_source)}</span>
                <span>{tr!(telemetry.column_body)}</span>
                <span class="num">{tr!(telemetry.column_size)}</span>
            </div>
            <For each=shown key=|row| row.key let(row)><Row row devices/></For>
            {move || none.get().then(|| view! { <p class="tail-none dim">{tr!(events.no_match)}</p> })}
        </div>
    }
}

/// What kind of event, in words.
fn kind(event: &HubEvent) -> (&'static str, Tone) {
    let words = &t().telemetry;
    match event.source.to_ascii_lowercase().as_str() {
        "telemetry" => (words.source_telemetry, Tone::Neutral),
        "twinchangeevents" | "digitaltwinchangeevents" => (words.source_twin, Tone::Info),
        "devicelifecycleevents" => (words.source_lifecycle, Tone::Warn),
        "devicejoblifecycleevents" => (t().routing.source_jobs, Tone::Neutral),
        "deviceconnectionstateevents" => (words.source_connection, Tone::Ok),
        _ => (t().common.unknown, Tone::Neutral),
    }
}

/// Bytes of a body: of the JSON text, or decoded from base64.
fn size(event: &HubEvent) -> u64 {
    match (&event.body, &event.body_base64) {
        (Some(body), _) => body.to_string().len() as u64,
        (None, Some(text)) => (text.trim_end_matches('=').len() * 3 / 4) as u64,
        (None, None) => 0,
    }
}

#[component]
fn Row(row: Arc<TailRow>, devices: bool) -> impl IntoView {
    let open = RwSignal::new(false);
    let size = size(&row.event);
    let preview: String = match &row.event.body {
        Some(body) => body.to_string().chars().take(PREVIEW).collect(),
        None => String::new(),
    };
    let binary = row.event.body_base64.is_some();
    let at = row.at;
    let device = devices.then(|| row.event.device().to_owned());
    let (for_tone, for_text, for_label, for_detail) = (row.clone(), row.clone(), row.clone(), row);
    let body = move || {
        if !preview.is_empty() {
            return view! { <code>{preview.clone()}</code> }.into_any();
        }
        let words = if binary {
            fill(t().telemetry.binary_body, &[("size", &bytes(size))])
        } else {
            t().telemetry.empty_body.to_owned()
        };
        view! { <span class="dim">{words}</span> }.into_any()
    };
    view! {
        <details class="event" on:toggle=move |_| open.update(|o| *o = !*o)>
            <summary data-row="" aria-label=move || fill(t().telemetry.expand, &[("id", &for_label.event.id)])>
                <time class="mono">{move || clock_time(at, offset_minutes(at))}</time>
                {device.map(|id| view! { <span class="mono event-device" title=id.clone()>{id.clone()}</span> })}
                <span>
                    <Badge
                        plain=true
                        tone=derive(move || kind(&for_tone.event).1)
                        text=derive(move || kind(&for_text.event).0.to_owned())
                    />
                </span>
                <span class="event-body">{part(body)}</span>
                <span class="num dim">{bytes(size)}</span>
            </summary>
            {move || open.get().then(|| view! { <Detail row=for_detail.clone()/> })}
        </details>
    }
}

#[component]
fn Detail(row: Arc<TailRow>) -> impl IntoView {
    let event = &row.event;
    let body = match (&event.body, &event.body_base64) {
        (Some(body), _) => Some(body.clone()),
        (None, Some(text)) => Some(Value::String(text.clone())),
        (None, None) => None,
    };
    let application = (!event.application_properties.is_empty())
        .then(|| Value::Object(event.application_properties.clone()));
    let system = (!event.system_properties.is_empty())
        .then(|| Value::Object(event.system_properties.clone()));
    let block =
        |title: fn() -> &'static str, value: Option<Value>| {
            value.map(|value| view! {
            <div>
                <h3>{title}</h3>
                <JsonView value=Signal::stored(value) label=derive(move || title().to_owned())/>
            </div>
        })
        };
    view! {
        <div class="event-detail">
            {block(|| t().telemetry.body, body)}
            {block(|| t().telemetry.properties, application)}
            {block(|| t().telemetry.system_properties, system)}
        </div>
    }
}

/// Events as one JSON document a line, oldest first: those that hold a text.
pub fn saved(rows: &TelemetryBuffer<Arc<TailRow>>, text: &str) -> Vec<String> {
    let text = letter_case::lower(text);
    let wanted = rows.rows().filter(|row| row.holds(&text));
    wanted
        .map(|row| {
            let event = &row.event;
            let document = json!({
                "id": event.id,
                "enqueuedTime": event.enqueued_time,
                "source": event.source,
                "systemProperties": event.system_properties,
                "applicationProperties": event.application_properties,
                "body": event.body,
                "bodyBase64": event.body_base64,
            });
            format!("{document}\n")
        })
        .collect()
}
