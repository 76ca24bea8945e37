//! Progress: how far the fleet is with an operation, in all and by group, as it changes. The
//! address holds operation, condition and grouping.

use crate::api::operations as api;
use crate::components::badge::{Badge, Tone};
use crate::components::field::unique_id;
use crate::components::icon::Icon;
use crate::components::meter::StackedBar;
use crate::components::page_title::PageTitle;
use crate::components::search_field::SearchField;
use crate::components::state_view::{EmptyState, live_view};
use crate::components::time_text::Ago;
use crate::i18n::{Word, count as counted, fill, t, tr, word, wording};
use crate::live::live;
use crate::logic::number::grouped;
use crate::logic::progress::{Asked, PHASES, count, parts, total};
use crate::reactive::{Callback, Memo, RwSignal, derive, memo, part};
use crate::routes::{self, Tab};
use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_navigate};
use serde_json::Value;
use std::time::Duration;

/// Between two looks.
const PERIOD: Duration = Duration::from_secs(3);

fn phase_words(phase: &str) -> Word {
    match phase {
        "succeeded" => word!(progress.phase_succeeded),
        "rebooting" => word!(progress.phase_rebooting),
        "applying" => word!(progress.phase_applying),
        "downloading" => word!(progress.phase_downloading),
        "waiting" => word!(progress.phase_waiting),
        "stalled" => word!(progress.phase_stalled),
        "failed" => word!(progress.phase_failed),
        "unknown" => word!(progress.phase_unknown),
        _ => word!(progress.phase_not_started),
    }
}

/// The page.
#[component]
pub fn ProgressPage() -> impl IntoView {
    let search = use_location().search;
    let asked = memo(move || Asked::read(&search.get()));
    let progress = live(
        move || asked.get(),
        Some(PERIOD),
        |asked: Asked| async move { api::progress(&asked).await },
    );
    let navigate = use_navigate();
    let change = Callback::new(move |next: Asked| {
        navigate(&routes::progress(&next), routes::same_screen());
    });
    view! {
        <PageTitle text=wording(word!(progress.title))/>
        <div class="pagehead">
            <div class="grow">
                <h1>{tr!(progress.title)}</h1>
                <p class="lead">{tr!(progress.explained)}</p>
            </div>
        </div>
        <section class="card" aria-labelledby="progress-all">
            <Filters asked change/>
            <h2 id="progress-all" class="visually-hidden">{tr!(progress.all)}</h2>
            {live_view(progress, 6, move |data| view! { <All data/> })}
        </section>
        {live_groups(progress.data)}
    }
}

#[component]
fn Filters(asked: Memo<Asked>, change: Callback<Asked>) -> impl IntoView {
    let patterns = live(|| (), None, |()| api::patterns());
    let id = unique_id("pattern");
    let options = move || {
        let chosen = asked.with(|asked| asked.pattern.clone());
        let mut known = patterns.data.get().unwrap_or_default();
        if !known.contains(&chosen) {
            known.push(chosen.clone());
        }
        let shown = known.into_iter().map(|pattern| {
            let is_chosen = pattern == chosen;
            let value = pattern.clone();
            view! { <option value=value selected=is_chosen>{pattern}</option> }
        });
        shown.collect_view()
    };
    let apply = move |set: &dyn Fn(&mut Asked)| {
        let mut next = asked.get_untracked();
        set(&mut next);
        if next != asked.get_untracked() {
            change.run(next);
        }
    };
    view! {
        <div class="filter" role="search" aria-label=tr!(progress.filters)>
            <div class="field inline">
                <label class="field-label" for=id.clone()>{tr!(progress.pattern)}</label>
                <select id=id class="input select" on:change=move |event| {
                    let pattern = event_target_value(&event);
                    apply(&|asked| asked.pattern.clone_from(&pattern));
                }>{part(options)}</select>
            </div>
            <SearchField
                main=true
                icon=Icon::Search
                label=wording(word!(progress.condition))
                value=derive(move || asked.with(|asked| asked.condition.clone()))
                on_change=move |text: String| apply(&|asked| asked.condition.clone_from(&text))
            />
            <SearchField
                icon=Icon::Layers
                label=wording(word!(progress.group_by))
                value=derive(move || asked.with(|asked| asked.group_by.clone()))
                on_change=move |text: String| apply(&|asked| asked.group_by.clone_from(&text))
            />
        </div>
    }
}

#[component]
fn All(data: Memo<Value>) -> impl IntoView {
    let empty = memo(move || data.with(total) == 0);
    let devices = move || {
        let words = &t().progress;
        counted(data.with(total), words.devices_one, words.devices_other)
    };
    let named =
        |pointer: &'static str| memo(move || data.with(|data| names(data.pointer(pointer))));
    let (stalled, oldest) = (named("/stalled"), named("/oldestInProgress"));
    part(move || {
        if empty.get() {
            return view! {
                <EmptyState icon=Icon::Search title=wording(word!(progress.none_title)) text=wording(word!(progress.none_text))/>
            }
            .into_any();
        }
        let phases = PHASES.iter().map(|(phase, class)| {
            let name = phase_words(phase);
            view! {
                <li>
                    <span><i class=format!("swatch {class}")></i> {move || name.of(t())}</span>
                    <b>{move || grouped(data.with(|data| count(data, phase)))}</b>
                </li>
            }
        });
        view! {
            <div class="body stack">
                <p class="lead" role="status">{part(devices)}</p>
                <Bar counts=data/>
                <ul class="legend">{phases.collect_view()}</ul>
                {move || listed(stalled.get(), word!(progress.stalled_title), Tone::Bad)}
                {move || listed(oldest.get(), word!(progress.oldest), Tone::Info)}
            </div>
        }
        .into_any()
    })
}

#[component]
fn Bar(#[prop(into)] counts: Signal<Value>) -> impl IntoView {
    let label = derive(move || {
        counts.with(|counts| {
            let n = |phase: &str| grouped(count(counts, phase));
            fill(
                t().progress.bar,
                &[
                    ("done", &n("succeeded")),
                    ("total", &grouped(total(counts))),
                    ("failed", &n("failed")),
                    ("stalled", &n("stalled")),
                ],
            )
        })
    });
    view! { <StackedBar parts=derive(move || counts.with(parts)) label/> }
}

/// Devices that are named: id, phase, since when.
type Named = Vec<(String, String, Option<String>)>;

fn names(found: Option<&Value>) -> Named {
    let one = |device: &Value| {
        let text = |name: &str| device.get(name).and_then(Value::as_str).map(str::to_owned);
        Some((text("deviceId")?, text("phase")?, text("since")))
    };
    match found {
        Some(Value::Array(all)) => all.iter().filter_map(one).collect(),
        Some(device) => one(device).into_iter().collect(),
        None => Vec::new(),
    }
}

fn listed(devices: Named, title: Word, tone: Tone) -> Option<impl IntoView> {
    (!devices.is_empty()).then(|| {
        let items = devices.into_iter().map(|(id, phase, since)| {
            let name = phase_words(&phase);
            view! {
                <li>
                    <a class="mono" data-row="" href=routes::device(&id, Tab::Twin)>{id.clone()}</a>
                    <Badge tone=Signal::stored(tone) text=derive(move || name.of(t()).to_owned())/>
                    <Ago at=Signal::stored(since)/>
                </li>
            }
        });
        view! {
            <div>
                <h3>{move || title.of(t())}</h3>
                <ul class="named">{items.collect_view()}</ul>
            </div>
        }
    })
}

/// The groups, once there are any.
fn live_groups(data: RwSignal<Option<Value>>) -> impl IntoView {
    let groups = memo(move || {
        data.with(|data| {
            let groups = data.as_ref().and_then(|data| data.get("groups"));
            groups.and_then(Value::as_array).cloned()
        })
        .unwrap_or_default()
    });
    let any = memo(move || !groups.with(Vec::is_empty));
    part(move || {
        any.get().then(|| view! {
            <section class="card" aria-labelledby="progress-groups">
                <header><h2 id="progress-groups">{tr!(progress.groups)}</h2></header>
                <div class="table-scroll" tabindex="0" role="group" aria-label=tr!(progress.groups)>
                    <table>
                        <thead>
                            <tr>
                                <th scope="col">{tr!(progress.column_group)}</th>
                                <th scope="col" class="num">{tr!(progress.column_devices)}</th>
                                <th scope="col" class="grow">{tr!(progress.column_progress)}</th>
                                <th scope="col" class="num">{tr!(progress.column_done)}</th>
                                <th scope="col" class="num">{tr!(progress.column_trouble)}</th>
                            </tr>
                        </thead>
                        <tbody>{move || groups.get().into_iter().map(group).collect_view()}</tbody>
                    </table>
                </div>
            </section>
        })
    })
}

fn group(group: Value) -> impl IntoView {
    let key = match group.get("key") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text.clone()),
        Some(other) => Some(other.to_string()),
    };
    let done = count(&group, "succeeded");
    let trouble = count(&group, "failed") + count(&group, "stalled");
    view! {
        <tr>
            <th scope="row">{match key {
                Some(key) => view! { <span class="mono">{key}</span> }.into_any(),
                None => view! { <span class="dim">{tr!(progress.no_value)}</span> }.into_any(),
            }}</th>
            <td class="num">{grouped(total(&group))}</td>
            <td class="job-bar"><Bar counts=Signal::stored(group)/></td>
            <td class="num">{grouped(done)}</td>
            <td class="num">{match trouble {
                0 => view! { <span class="dim">"0"</span> }.into_any(),
                n => view! { <b class="bad-text">{grouped(n)}</b> }.into_any(),
            }}</td>
        </tr>
    }
}
