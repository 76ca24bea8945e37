//! Methods tab: call a method, see the device's answer with status and time, and the calls made
//! so far in this window.

use super::Shared;
use crate::api::ApiError;
use crate::api::methods::{self as api, MethodResult};
use crate::clock;
use crate::components::badge::{Badge, Tone};
use crate::components::button::{Button, Weight};
use crate::components::field::TextField;
use crate::components::icon::{Icon, IconView};
use crate::components::json_editor::{JsonEditor, parsed};
use crate::components::json_view::JsonView;
use crate::components::state_view::{EmptyState, ErrorNote};
use crate::i18n::{fill, t, tr, word, wording};
use crate::logic::device_rules::is_method_name;
use crate::logic::number::grouped;
use crate::logic::time::{Millis, clock_seconds};
use crate::preferences::offset_minutes;
use crate::reactive::{For, RwSignal, derive, memo, part};
use crate::session::Permission;
use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::ordered::OrderedMap;
use std::cell::RefCell;

/// Calls kept per device.
const MOST_CALLS: usize = 20;

/// A call that was made.
#[derive(Debug, Clone, PartialEq)]
struct CallRecord {
    key: u64,
    at: Millis,
    name: String,
    payload: String,
    took: u64,
    outcome: Result<MethodResult, ApiError>,
}

type History = ArcRwSignal<Vec<CallRecord>>;

thread_local! {
    /// Calls by device, for as long as the window lives: payloads may be confidential, so they
    /// are not written to storage.
    static HISTORY: RefCell<OrderedMap<String, History>> = RefCell::new(OrderedMap::default());
}

fn history(id: &str) -> History {
    HISTORY.with(|all| all.borrow_mut().or_default(id.to_owned()).clone())
}

/// The fields of the form.
#[derive(Clone, Copy)]
struct Form {
    name: RwSignal<String>,
    payload: RwSignal<String>,
    response: RwSignal<String>,
    connect: RwSignal<String>,
}

/// A whole number of seconds within a range.
fn seconds(text: &str, low: u32, high: u32) -> Option<u32> {
    text.trim()
        .parse()
        .ok()
        .filter(|n| (low..=high).contains(n))
}

/// The tab.
#[component]
pub fn MethodsTab(
    /// The device.
    shared: Shared,
) -> impl IntoView {
    let calls = shared.id.with_value(|id| history(id));
    let form = Form {
        name: RwSignal::new(String::new()),
        payload: RwSignal::new(String::new()),
        response: RwSignal::new("30".to_owned()),
        connect: RwSignal::new("0".to_owned()),
    };
    let shown = calls.clone();
    let last = memo(move || shown.with(|all| all.first().cloned()));
    view! {
        <div class="grid g2">
            <CallForm shared form calls=calls.clone()/>
            <section class="card" aria-labelledby="answer-title" aria-live="polite">
                <header><h2 id="answer-title">{tr!(methods.result_title)}</h2></header>
                {move || match last.get() {
                    Some(record) => view! { <Answer record/> }.into_any(),
                    None => view! { <p class="body sub">{tr!(methods.no_result)}</p> }.into_any(),
                }}
            </section>
        </div>
        <CallHistory calls form/>
    }
}

#[component]
fn CallForm(shared: Shared, form: Form, calls: History) -> impl IntoView {
    let tried = RwSignal::new(false);
    let started = RwSignal::new(None::<Millis>);
    let name_error = derive(move || {
        let (name, tried) = (form.name.get(), tried.get());
        ((tried || !name.is_empty()) && !is_method_name(&name))
            .then(|| t().methods.name_invalid.to_owned())
    });
    let range = |low: u32, high: u32| {
        fill(
            t().methods.timeout_range,
            &[("low", &low.to_string()), ("high", &high.to_string())],
        )
    };
    let response_error = derive(move || {
        form.response
            .with(|r| seconds(r, 5, 300))
            .is_none()
            .then(|| range(5, 300))
    });
    let connect_error = derive(move || {
        match (
            form.connect.with(|c| seconds(c, 0, 300)),
            form.response.with(|r| seconds(r, 5, 300)),
        ) {
            (None, _) => Some(range(0, 300)),
            (Some(connect), Some(response)) if connect > response => {
                Some(t().methods.connect_longer.to_owned())
            }
            _ => None,
        }
    });
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        tried.set(true);
        let name = form.name.get_untracked();
        let text = form.payload.get_untracked();
        let timeouts = (
            form.response.with_untracked(|r| seconds(r, 5, 300)),
            form.connect.with_untracked(|c| seconds(c, 0, 300)),
        );
        let (Ok(payload), (Some(response), Some(connect))) = (parsed(&text, true), timeouts) else {
            return;
        };
        if !is_method_name(&name) || connect > response || started.get_untracked().is_some() {
            return;
        }
        let begin = clock::now_once();
        started.set(Some(begin));
        let calls = calls.clone();
        let id = shared.id.get_value();
        spawn_local(async move {
            let outcome = api::invoke(&id, &name, payload.as_ref(), response, connect).await;
            let took = (clock::now_once() - begin).max(0.0) as u64;
            calls.update(|all| {
                let key = all.first().map_or(0, |record| record.key + 1);
                all.insert(
                    0,
                    CallRecord {
                        key,
                        at: begin,
                        name,
                        payload: text,
                        took,
                        outcome,
                    },
                );
                all.truncate(MOST_CALLS);
            });
            let _ = started.try_set(None);
        });
    };
    let label = derive(move || match started.get() {
        Some(begin) => {
            let waited = ((clock::now() - begin) / 1000.0).max(0.0) as u64;
            fill(t().methods.calling, &[("n", &waited.to_string())])
        }
        None => t().methods.call.to_owned(),
    });
    let offline = memo(move || {
        shared.connection.data.with(Option::is_some)
            && !shared.connected()
            && form.connect.with(|c| c.trim() == "0")
    });
    view! {
        <section class="card" aria-labelledby="call-title">
            <header><h2 id="call-title">{tr!(methods.title)}</h2></header>
            <form class="body stack" on:submit=submit>
                {move || offline.get().then(|| view! {
                    <div class="notice warn" role="status">
                        <IconView icon=Icon::Offline/>
                        <div>{tr!(methods.offline_hint)}</div>
                    </div>
                })}
                <TextField
                    label=wording(word!(methods.name))
                    hint=wording(word!(methods.name_hint))
                    value=form.name
                    error=name_error
                    mono=true
                />
                <JsonEditor
                    label=wording(word!(methods.payload))
                    hint=wording(word!(methods.payload_hint))
                    text=form.payload
                    optional=true
                    visible_label=true
                    rows=5
                />
                <div class="field-row">
                    <TextField label=wording(word!(methods.response_timeout)) value=form.response error=response_error/>
                    <TextField label=wording(word!(methods.connect_timeout)) value=form.connect error=connect_error/>
                </div>
                <div>
                    <Button
                        label
                        weight=Weight::Primary
                        permission=Permission::MethodsInvoke
                        disabled=derive(move || started.get().is_some())
                        submit=true
                        on_press=|()| ()
                    />
                </div>
            </form>
        </section>
    }
}

/// A status with its tone: the device's own convention is HTTP-like.
fn status_tone(status: i64) -> Tone {
    match status {
        200..=299 => Tone::Ok,
        400.. => Tone::Bad,
        _ => Tone::Info,
    }
}

#[component]
fn Answer(record: CallRecord) -> impl IntoView {
    let took = record.took;
    let name = record.name.clone();
    let head = move |badge: AnyView| {
        view! {
            <div class="answer-head">
                <code>{name.clone()}</code>
                {badge}
                <span class="dim">{move || fill(t().methods.took, &[("n", &grouped(took))])}</span>
            </div>
        }
    };
    match record.outcome {
        Ok(result) => {
            let status = result.status;
            let payload = result.payload;
            view! {
                {head(view! {
                    <Badge
                        tone=Signal::stored(status_tone(status))
                        text=derive(move || fill(t().methods.status, &[("n", &status.to_string())]))
                    />
                }.into_any())}
                {if payload.is_null() {
                    view! { <p class="body dim">{tr!(methods.no_payload)}</p> }.into_any()
                } else {
                    view! { <JsonView value=Signal::stored(payload) label=wording(word!(methods.result_title))/> }.into_any()
                }}
            }
            .into_any()
        }
        Err(error) => {
            let plain = plain_words(&error);
            view! {
                {head(view! {
                    <Badge tone=Signal::stored(Tone::Bad) text=wording(word!(methods.failed))/>
                }.into_any())}
                <div class="body stack">
                    {plain.map(|words| view! { <p><b>{words}</b></p> })}
                    <ErrorNote error=Signal::stored(Some(error))/>
                </div>
            }
            .into_any()
        }
    }
}

/// The two failures everybody meets, in plain words beside the hub's own.
fn plain_words(error: &ApiError) -> Option<impl Fn() -> &'static str + Clone + 'static> {
    let ApiError::Refused { status, code, .. } = error else {
        return None;
    };
    let online = matches!(code.as_deref(), Some("DeviceNotOnline" | "404103"));
    let late = *status == 504;
    (online || late).then_some(move || {
        if late {
            t().methods.error_no_answer
        } else {
            t().methods.error_not_online
        }
    })
}

#[component]
fn CallHistory(calls: History, form: Form) -> impl IntoView {
    let read = calls.clone();
    let empty = memo(move || read.with(Vec::is_empty));
    view! {
        <section class="card" aria-labelledby="history-title">
            <header><h2 id="history-title">{tr!(methods.history)}</h2></header>
            {move || {
                if empty.get() {
                    return view! {
                        <EmptyState
                            icon=Icon::Tray
                            title=wording(word!(methods.history))
                            text=wording(word!(methods.history_empty))
                        />
                    }
                    .into_any();
                }
                let calls = calls.clone();
                view! {
                    <div class="table-scroll" tabindex="0" role="group" aria-labelledby="history-title">
                        <table>
                            <thead><tr>
                                <th scope="col">{tr!(methods.column_time)}</th>
                                <th scope="col">{tr!(methods.column_method)}</th>
                                <th scope="col" class="grow">{tr!(methods.column_result)}</th>
                                <th scope="col" class="num">{tr!(methods.column_took)}</th>
                                <th scope="col"><span class="visually-hidden">{tr!(methods.column_again)}</span></th>
                            </tr></thead>
                            <tbody>
                                <For each=move || calls.get() key=|record| record.key let(record)>
                                    <HistoryRow record form/>
                                </For>
                            </tbody>
                        </table>
                    </div>
                }
                .into_any()
            }}
        </section>
    }
}

#[component]
fn HistoryRow(record: CallRecord, form: Form) -> impl IntoView {
    let at = record.at;
    let clock = move || clock_seconds(at, offset_minutes(at));
    let took = record.took;
    let (tone, status) = match &record.outcome {
        Ok(result) => (status_tone(result.status), Some(result.status)),
        Err(_) => (Tone::Bad, None),
    };
    let words = derive(move || match status {
        Some(n) => fill(t().methods.status, &[("n", &n.to_string())]),
        None => t().methods.failed.to_owned(),
    });
    let name = record.name.clone();
    let described = derive(move || {
        fill(
            t().methods.use_again_for,
            &[("name", &name), ("time", &clock())],
        )
    });
    let shown = record.name.clone();
    let again = move |()| {
        form.name.set(record.name.clone());
        form.payload.set(record.payload.clone());
    };
    view! {
        <tr>
            <td class="mono">{part(clock)}</td>
            <td><code>{shown}</code></td>
            <td class="grow"><Badge tone=Signal::stored(tone) text=words/></td>
            <td class="num">{move || fill(t().methods.took, &[("n", &grouped(took))])}</td>
            <td class="num">
                <Button label=wording(word!(methods.use_again)) described weight=Weight::Quiet on_press=again/>
            </td>
        </tr>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_whole_numbers_in_range() {
        assert_eq!(seconds(" 30 ", 5, 300), Some(30));
        for bad in ["4", "301", "", "5.5", "-5", "abc"] {
            assert_eq!(seconds(bad, 5, 300), None, "{bad}");
        }
    }
}
