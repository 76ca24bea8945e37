//! The queue of waiting cloud-to-device messages, live, with a purge that says how many go.

use super::Shared;
use crate::api::ApiError;
use crate::api::messages::{self as api, QueuedMessage};
use crate::clock;
use crate::components::badge::{Badge, Tone};
use crate::components::button::{Button, Weight};
use crate::components::dialog::Confirm;
use crate::components::icon::Icon;
use crate::components::state_view::{EmptyState, ErrorNote, live_view};
use crate::components::time_text::Ago;
use crate::components::toast;
use crate::i18n::{count, fill, lasting, t, t_once, tr, word, wording};
use crate::live::Live;
use crate::logic::number::bytes;
use crate::logic::time;
use crate::reactive::{For, Memo, RwSignal, derive, effect, memo, part};
use crate::session::Permission;
use leptos::prelude::*;
use leptos::task::spawn_local;

/// The card.
#[component]
pub fn QueueCard(
    /// The device.
    shared: Shared,
    /// The queue.
    queue: Live<Vec<QueuedMessage>>,
) -> impl IntoView {
    let purging = RwSignal::new(false);
    let waiting = memo(move || queue.data.with(|q| q.as_ref().map_or(0, Vec::len) as u64));
    view! {
        <section class="card" aria-labelledby="queue-title">
            <header>
                <h2 id="queue-title">{tr!(messages.queue_title)}</h2>
                <span class="dim" role="status">{move || count(waiting.get(), t().messages.queue_count_one, t().messages.queue_count_other)}</span>
                <span class="more">
                    <Button
                        label=wording(word!(messages.purge))
                        weight=Weight::Danger
                        permission=Permission::MessagesWrite
                        disabled=derive(move || waiting.get() == 0)
                        on_press=move |()| purging.set(true)
                    />
                </span>
            </header>
            {live_view(queue, 4, listed)}
        </section>
        <Purge shared queue open=purging waiting/>
    }
}

fn listed(messages: Memo<Vec<QueuedMessage>>) -> impl IntoView {
    let empty = memo(move || messages.with(Vec::is_empty));
    part(move || {
        if empty.get() {
            return view! {
                <EmptyState
                    icon=Icon::Tray
                    title=wording(word!(messages.queue_empty_title))
                    text=wording(word!(messages.queue_empty_text))
                />
            }
            .into_any();
        }
        view! {
            <div class="table-scroll" tabindex="0" role="group" aria-labelledby="queue-title">
                <table>
                    <thead><tr>
                        <th scope="col" class="num">{tr!(messages.column_sequence)}</th>
                        <th scope="col">{tr!(messages.column_id)}</th>
                        <th scope="col">{tr!(messages.column_state)}</th>
                        <th scope="col">{tr!(messages.column_enqueued)}</th>
                        <th scope="col">{tr!(messages.column_expires)}</th>
                        <th scope="col" class="num">{tr!(messages.column_deliveries)}</th>
                        <th scope="col">{tr!(messages.column_ack)}</th>
                        <th scope="col" class="num">{tr!(messages.column_size)}</th>
                    </tr></thead>
                    <tbody>
                        <For
                            each=move || messages.get()
                            key=|m| format!("{} {} {}", m.sequence_number, m.state, m.delivery_count)
                            let(message)
                        >
                            <Row message/>
                        </For>
                    </tbody>
                </table>
            </div>
        }
        .into_any()
    })
}

#[component]
fn Row(message: QueuedMessage) -> impl IntoView {
    let locked = message.state == "locked";
    let number = message.number();
    let expiry = message.expiry_time.as_deref().and_then(time::parse);
    let left = move || match expiry {
        None => "–".to_owned(),
        Some(at) if at <= clock::now() => t().messages.expired.to_owned(),
        Some(at) => lasting(time::distance(clock::now(), at)),
    };
    let state = derive(move || {
        (if locked {
            t().messages.state_locked
        } else {
            t().messages.state_enqueued
        })
        .to_owned()
    });
    let ack = message.ack.unwrap_or_default();
    let ack_words = move || match ack.as_str() {
        "positive" => t().messages.ack_positive,
        "negative" => t().messages.ack_negative,
        "full" => t().messages.ack_full,
        _ => "–",
    };
    let id = message
        .message_id
        .filter(|id| !id.is_empty())
        .unwrap_or_else(|| "–".to_owned());
    view! {
        <tr>
            <td class="num mono">{number}</td>
            <td class="clip"><code title=id.clone()>{id.clone()}</code></td>
            <td><Badge tone=Signal::stored(if locked { Tone::Info } else { Tone::Neutral }) text=state/></td>
            <td class="dim"><Ago at=Signal::stored(message.enqueued_time)/></td>
            <td class="dim">{part(left)}</td>
            <td class="num">{message.delivery_count}</td>
            <td>{part(ack_words)}</td>
            <td class="num dim">{bytes(message.size)}</td>
        </tr>
    }
}

#[component]
fn Purge(
    shared: Shared,
    queue: Live<Vec<QueuedMessage>>,
    open: RwSignal<bool>,
    waiting: Memo<u64>,
) -> impl IntoView {
    let busy = RwSignal::new(false);
    let failure = RwSignal::new(None::<ApiError>);
    effect(move |_| {
        if open.get() {
            failure.set(None);
        }
    });
    let confirm = move |()| {
        busy.set(true);
        let id = shared.id.get_value();
        spawn_local(async move {
            let outcome = api::purge(&id).await;
            let _ = busy.try_set(false);
            match outcome {
                Ok(purged) => {
                    let _ = open.try_set(false);
                    let words = &t_once().messages;
                    toast::success(count(
                        purged.total_messages_purged,
                        words.purged_one,
                        words.purged_other,
                    ));
                    queue.refresh();
                }
                Err(error) => {
                    let _ = failure.try_set(Some(error));
                }
            }
        });
    };
    view! {
        <Confirm
            open
            title=derive(move || shared.id.with_value(|id| fill(t().messages.purge_title, &[("id", id)])))
            text=derive(move || count(waiting.get(), t().messages.purge_text_one, t().messages.purge_text_other))
            action=wording(word!(messages.purge))
            busy
            on_confirm=confirm
        >
            <ErrorNote error=failure/>
        </Confirm>
    }
}
