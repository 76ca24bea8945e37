//! Messages tab: send a cloud-to-device message and watch the queue (`service.md §8`).

use super::Shared;
use super::dead_letters::DeadLetterCard;
use super::queue::QueueCard;
use crate::api::ApiError;
use crate::api::messages::{self as api, Outgoing};
use crate::clock;
use crate::components::button::{Button, Weight};
use crate::components::field::{SelectField, TextField, unique_id};
use crate::components::icon::Icon;
use crate::components::state_view::ErrorNote;
use crate::components::toast;
use crate::i18n::{fill, t, t_once, tr, word, wording};
use crate::live::{PERIOD, live};
use crate::logic::device_rules::{is_property_name, is_property_value};
use crate::logic::number::decimal;
use crate::logic::time::date_time;
use crate::reactive::{Callback, For, RwSignal, derive, memo};
use crate::session::Permission;
use leptos::prelude::*;
use leptos::task::spawn_local;

/// Largest message with its properties (`service.md §8.1`).
const LARGEST: usize = 64 * 1024;
/// Properties a form takes.
const MOST_PROPERTIES: usize = 20;

/// A property under construction.
#[derive(Clone, Copy)]
struct Property {
    key: u32,
    name: RwSignal<String>,
    value: RwSignal<String>,
}

impl Property {
    fn fits(&self) -> bool {
        self.name.with(|name| is_property_name(name))
            && self.value.with(|value| is_property_value(value))
    }
}

/// The tab.
#[component]
pub fn MessagesTab(
    /// The device.
    shared: Shared,
) -> impl IntoView {
    let id = shared.id;
    let queue = live(
        move || id.get_value(),
        Some(PERIOD),
        |id| async move { api::queue(&id).await },
    );
    let letters = live(
        move || id.get_value(),
        Some(PERIOD),
        |id| async move { api::dead_letters(&id).await },
    );
    view! {
        <div class="grid g12">
            <SendCard shared on_sent=move |()| queue.refresh()/>
            <div class="stack">
                <QueueCard shared queue/>
                <DeadLetterCard shared letters on_sent=move |()| queue.refresh()/>
            </div>
        </div>
    }
}

#[component]
fn SendCard(shared: Shared, #[prop(into)] on_sent: Callback<()>) -> impl IntoView {
    let body = RwSignal::new(String::new());
    let content_type = RwSignal::new("application/json".to_owned());
    let message_id = RwSignal::new(String::new());
    let ack = RwSignal::new("none".to_owned());
    let expiry = RwSignal::new(String::new());
    let properties = RwSignal::new(Vec::<Property>::new());
    let next = StoredValue::new(0u32);
    let busy = RwSignal::new(false);
    let failure = RwSignal::new(None::<ApiError>);

    let size = memo(move || {
        body.with(String::len)
            + properties.with(|all| {
                all.iter()
                    .map(|p| p.name.with(String::len) + p.value.with(String::len))
                    .sum::<usize>()
            })
    });
    let bad_property = memo(move || properties.with(|all| all.iter().any(|p| !p.fits())));
    let id_error = derive(move || {
        message_id
            .with(|id| !is_property_value(id))
            .then(|| t().messages.property_invalid.to_owned())
    });
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let refused = bad_property.get_untracked()
            || size.get_untracked() > LARGEST
            || id_error.get_untracked().is_some();
        if busy.get_untracked() || refused {
            return;
        }
        let minutes = expiry.with_untracked(|e| decimal(e));
        let message = Outgoing {
            body: body.get_untracked(),
            content_type: content_type.get_untracked(),
            properties: properties.with_untracked(|all| {
                all.iter()
                    .map(|p| (p.name.get_untracked(), p.value.get_untracked()))
                    .collect()
            }),
            message_id: message_id.get_untracked(),
            ack: ack.get_untracked(),
            expiry: minutes.map(|m| {
                let at = date_time(clock::now_once() + m * 60_000.0, 0);
                format!("{}Z", at.replace(' ', "T"))
            }),
        };
        busy.set(true);
        failure.set(None);
        let id = shared.id.get_value();
        spawn_local(async move {
            match api::send(&id, &message).await {
                Ok(()) => {
                    toast::success(fill(t_once().messages.sent, &[("id", &id)]));
                    let _ = message_id.try_set(String::new());
                    on_sent.try_run(());
                }
                Err(error) => {
                    let _ = failure.try_set(Some(error));
                }
            }
            let _ = busy.try_set(false);
        });
    };
    let area = unique_id("message");
    let area_note = format!("{area}-note");
    let fixed = |name: &'static str| Signal::stored(name.to_owned());
    let minutes = |n: &'static str| derive(move || fill(t().messages.expiry_minutes, &[("n", n)]));
    let hours = |n: &'static str| derive(move || fill(t().messages.expiry_hours, &[("n", n)]));
    view! {
        <section class="card" aria-labelledby="send-title">
            <header><h2 id="send-title">{tr!(messages.send_title)}</h2></header>
            <form class="body stack" on:submit=submit>
                <div class="field">
                    <label class="field-label" for=area.clone()>{tr!(messages.body)}</label>
                    <textarea
                        id=area
                        class="input code-area mono"
                        rows="6"
                        spellcheck="false"
                        aria-describedby=area_note.clone()
                        prop:value=move || body.get()
                        on:input=move |event| body.set(event_target_value(&event))
                    ></textarea>
                    <div class="field-note" id=area_note class:bad=move || { size.get() > LARGEST }>
                        {move || if size.get() > LARGEST { t().messages.body_too_large } else { t().messages.body_hint }}
                    </div>
                </div>
                <div class="field-row">
                    <SelectField
                        label=wording(word!(messages.content_type))
                        value=content_type
                        on_change=move |value: String| content_type.set(value)
                        options=vec![("application/json", fixed("application/json")), ("text/plain", fixed("text/plain"))]
                    />
                    <SelectField
                        label=wording(word!(messages.expiry))
                        value=expiry
                        on_change=move |value: String| expiry.set(value)
                        options=vec![
                            ("", wording(word!(messages.expiry_default))),
                            ("5", minutes("5")),
                            ("60", hours("1")),
                            ("1440", hours("24")),
                            ("2880", hours("48")),
                        ]
                    />
                </div>
                <div class="field-row">
                    <TextField
                        label=wording(word!(messages.message_id))
                        hint=wording(word!(messages.message_id_hint))
                        value=message_id
                        error=id_error
                        mono=true
                    />
                    <SelectField
                        label=wording(word!(messages.ack))
                        value=ack
                        on_change=move |value: String| ack.set(value)
                        options=vec![
                            ("none", wording(word!(messages.ack_none))),
                            ("positive", wording(word!(messages.ack_positive))),
                            ("negative", wording(word!(messages.ack_negative))),
                            ("full", wording(word!(messages.ack_full))),
                        ]
                    />
                </div>
                <fieldset class="choices">
                    <legend class="field-label">{tr!(messages.properties)}</legend>
                    <For each=move || properties.get() key=|p| p.key let(property)>
                        <PropertyRow property properties/>
                    </For>
                    <Button
                        label=wording(word!(messages.add_property))
                        icon=Icon::Plus
                        weight=Weight::Quiet
                        disabled=derive(move || properties.with(|all| all.len() >= MOST_PROPERTIES))
                        on_press=move |()| {
                            let key = next.get_value();
                            next.set_value(key + 1);
                            let property = Property { key, name: RwSignal::new(String::new()), value: RwSignal::new(String::new()) };
                            properties.update(|all| all.push(property));
                        }
                    />
                    <div class="field-note bad" role="status">
                        {move || bad_property.get().then(|| t().messages.property_invalid)}
                    </div>
                </fieldset>
                <ErrorNote error=failure/>
                <div>
                    <Button
                        label=wording(word!(messages.send))
                        weight=Weight::Primary
                        permission=Permission::MessagesWrite
                        disabled=busy
                        submit=true
                        on_press=|()| ()
                    />
                </div>
            </form>
        </section>
    }
}

#[component]
fn PropertyRow(property: Property, properties: RwSignal<Vec<Property>>) -> impl IntoView {
    let place = memo(move || {
        properties.with(|all| {
            all.iter()
                .position(|p| p.key == property.key)
                .map_or(0, |i| i + 1)
        })
    });
    view! {
        <div class="property-row">
            <input
                class="input mono"
                aria-label=tr!(messages.property_name)
                placeholder=tr!(messages.property_name)
                autocomplete="off"
                spellcheck="false"
                prop:value=move || property.name.get()
                on:input=move |event| property.name.set(event_target_value(&event))
            />
            <input
                class="input mono"
                aria-label=tr!(messages.property_value)
                placeholder=tr!(messages.property_value)
                autocomplete="off"
                spellcheck="false"
                prop:value=move || property.value.get()
                on:input=move |event| property.value.set(event_target_value(&event))
            />
            <Button
                label=derive(move || fill(t().messages.remove_property, &[("n", &place.get().to_string())]))
                icon=Icon::Close
                icon_only=true
                weight=Weight::Quiet
                on_press=move |()| properties.update(|all| all.retain(|p| p.key != property.key))
            />
        </div>
    }
}
