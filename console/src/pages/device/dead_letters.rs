//! Messages to the device that died: what they held, sending them again, forgetting them. The
//! hub keeps the newest of them for some days.

use super::Shared;
use crate::api::messages::{self as api, QueuedMessage};
use crate::components::badge::{Badge, Tone};
use crate::components::button::{Button, Weight};
use crate::components::dialog::Confirm;
use crate::components::icon::{Icon, IconView};
use crate::components::question::Question;
use crate::components::state_view::{ErrorNote, live_view};
use crate::components::time_text::Ago;
use crate::components::toast;
use crate::i18n::{Word, count, fill, t, t_once, tr, word, wording};
use crate::live::{Live, live};
use crate::logic::number::bytes;
use crate::reactive::{Callback, For, Memo, RwSignal, derive, memo, part};
use crate::session::Permission;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::Value;

const COLUMNS: &str = "6";

/// What can be done with the letters of a card.
#[derive(Clone, Copy)]
struct Card {
    shared: Shared,
    letters: Live<Vec<QueuedMessage>>,
    /// The number of the letter that is open.
    open: RwSignal<String>,
    forget: Question,
    /// The number of the letter to be forgotten; empty: all of them.
    forgotten: RwSignal<String>,
    on_sent: Callback<()>,
}

/// The card.
#[component]
pub(super) fn DeadLetterCard(
    /// The device.
    shared: Shared,
    /// What died.
    letters: Live<Vec<QueuedMessage>>,
    /// Called when one was put into the queue again.
    #[prop(into)]
    on_sent: Callback<()>,
) -> impl IntoView {
    let card = Card {
        shared,
        letters,
        open: RwSignal::new(String::new()),
        forget: Question::new(),
        forgotten: RwSignal::new(String::new()),
        on_sent,
    };
    let Card {
        forget, forgotten, ..
    } = card;
    let dead = memo(move || letters.data.with(|q| q.as_ref().map_or(0, Vec::len) as u64));
    let confirm = move |()| {
        if !forget.begin() {
            return;
        }
        let (id, number) = (shared.id.get_value(), forgotten.get_untracked());
        spawn_local(async move {
            let outcome = api::forget(&id, &number).await;
            if forget.settle(outcome).is_some() {
                toast::success(t_once().messages.dead_forgotten.to_owned());
                letters.refresh();
            }
        });
    };
    let text = derive(move || {
        let words = &t().messages;
        match forgotten.with(String::is_empty) {
            true => count(dead.get(), words.dead_forget_one, words.dead_forget_other),
            false => count(1, words.dead_forget_one, words.dead_forget_other),
        }
    });
    view! {
        <section class="card" aria-labelledby="dead-title">
            <header>
                <div>
                    <h2 id="dead-title">{tr!(messages.dead_title)}</h2>
                    <p class="sub">{tr!(messages.dead_explained)}</p>
                </div>
                <span class="dim nowrap" role="status">{move || count(dead.get(), t().messages.queue_count_one, t().messages.queue_count_other)}</span>
                <span class="more">
                    <Button
                        label=wording(word!(messages.dead_forget_all))
                        weight=Weight::Danger
                        permission=Permission::MessagesWrite
                        disabled=derive(move || dead.get() == 0)
                        on_press=move |()| card.ask_to_forget("")
                    />
                </span>
            </header>
            {live_view(letters, 2, move |data| listed(card, data))}
        </section>
        <Confirm
            open=forget.open
            title=wording(word!(messages.dead_forget_title))
            text
            action=wording(word!(messages.dead_forget))
            busy=forget.busy
            on_confirm=confirm
        >
            <ErrorNote error=forget.failure/>
        </Confirm>
    }
}

impl Card {
    fn ask_to_forget(self, number: &str) {
        self.forgotten.set(number.to_owned());
        self.forget.ask();
    }

    fn resend(self, number: String) {
        let id = self.shared.id.get_value();
        spawn_local(async move {
            match api::resend(&id, &number).await {
                Ok(()) => {
                    toast::success(fill(t_once().messages.sent, &[("id", &id)]));
                    self.on_sent.try_run(());
                }
                Err(error) => toast::failed_call(&error),
            }
            self.letters.refresh();
        });
    }
}

fn listed(card: Card, letters: Memo<Vec<QueuedMessage>>) -> impl IntoView {
    let empty = memo(move || letters.with(Vec::is_empty));
    part(move || {
        if empty.get() {
            return view! { <p class="body dim">{tr!(messages.dead_none)}</p> }.into_any();
        }
        view! {
            <div class="table-scroll" tabindex="0" role="group" aria-labelledby="dead-title">
                <table class="records">
                    <thead><tr>
                        <th scope="col">{tr!(messages.column_id)}</th>
                        <th scope="col">{tr!(messages.column_reason)}</th>
                        <th scope="col">{tr!(messages.column_died)}</th>
                        <th scope="col" class="num">{tr!(messages.column_deliveries)}</th>
                        <th scope="col" class="num">{tr!(messages.column_size)}</th>
                        <th scope="col"><span class="visually-hidden">{tr!(messages.column_actions)}</span></th>
                    </tr></thead>
                    <tbody>
                        <For each=move || letters.get() key=QueuedMessage::number let(letter)>
                            <Letter card letter/>
                        </For>
                    </tbody>
                </table>
            </div>
        }
        .into_any()
    })
}

/// How a reason is called, and how bad it is.
fn reason(name: &str) -> (Tone, Word) {
    match name {
        "Expired" => (Tone::Warn, word!(messages.reason_expired)),
        "DeliveryCountExceeded" => (Tone::Bad, word!(messages.reason_given_up)),
        "Rejected" => (Tone::Bad, word!(messages.reason_rejected)),
        "Purged" => (Tone::Neutral, word!(messages.reason_purged)),
        _ => (Tone::Neutral, word!(common.unknown)),
    }
}

#[component]
fn Letter(card: Card, letter: QueuedMessage) -> impl IntoView {
    let number = StoredValue::new(letter.number());
    let open = memo(move || number.with_value(|number| card.open.with(|open| open == number)));
    let toggle = move |_| {
        card.open.set(match open.get_untracked() {
            true => String::new(),
            false => number.get_value(),
        });
    };
    let (tone, words) = reason(&letter.reason);
    let id = letter.message_id.clone().filter(|id| !id.is_empty());
    let id = id.unwrap_or_else(|| format!("#{}", number.get_value()));
    let detail = format!("letter-{}", number.get_value());
    let controls = detail.clone();
    let properties = StoredValue::new(letter.properties);
    view! {
        <tr class="record" class:open=move || open.get()>
            <th scope="row" class="clip">
                <button type="button" class="disclosure"
                    aria-expanded=move || if open.get() { "true" } else { "false" }
                    aria-controls=move || open.get().then(|| controls.clone())
                    on:click=toggle>
                    <IconView icon=Icon::Right/>
                    <code title=id.clone()>{id.clone()}</code>
                </button>
            </th>
            <td><Badge tone=Signal::stored(tone) text=wording(words)/></td>
            <td class="dim"><Ago at=Signal::stored(letter.time)/></td>
            <td class="num">{letter.delivery_count}</td>
            <td class="num dim">{bytes(letter.size)}</td>
            <td class="row-actions">
                <Button
                    label=wording(word!(messages.resend))
                    weight=Weight::Quiet
                    permission=Permission::MessagesWrite
                    on_press=move |()| card.resend(number.get_value())
                />
                <Button
                    label=wording(word!(messages.dead_forget))
                    weight=Weight::Quiet
                    permission=Permission::MessagesWrite
                    on_press=move |()| number.with_value(|number| card.ask_to_forget(number))
                />
            </td>
        </tr>
        {move || open.get().then(|| view! {
            <tr class="record-detail" id=detail.clone()>
                <td colspan=COLUMNS>{content(card.shared, number.get_value(), properties.get_value())}</td>
            </tr>
        })}
    }
}

/// What a letter holds.
fn content(shared: Shared, number: String, properties: Value) -> impl IntoView {
    let body = live(
        move || (shared.id.get_value(), number.clone()),
        None,
        |(id, number)| async move { api::dead_letter(&id, &number).await },
    );
    let named = properties.as_object().cloned().unwrap_or_default();
    let named = named.into_iter().map(|(name, value)| {
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        view! { <dt><code>{name}</code></dt><dd><code class="wrap">{value}</code></dd> }
    });
    let named = named.collect_view();
    view! {
        <div class="letter-body">
            <dl class="kv">{named}</dl>
            {live_view(body, 1, |body| view! { <pre class="mono">{move || body.get()}</pre> })}
        </div>
    }
}
