//! The overview: what is connected, what flows, and the first steps on an empty hub. Every count
//! leads to the list behind it.

use crate::api::devices::{self as api, Overview};
use crate::components::button::Weight;
use crate::components::chart::Sparkline;
use crate::components::copy::CopyButton;
use crate::components::meter::StackedBar;
use crate::components::page_title::PageTitle;
use crate::components::state_view::live_view;
use crate::i18n::{count, fill, t, tr, word, wording};
use crate::live::{PERIOD, live};
use crate::logic::number::{grouped, percent, rate};
use crate::logic::url_state::DeviceFilter;
use crate::pages::absent::AbsentDevices;
use crate::pages::at_a_glance::AtAGlance;
use crate::pages::issues::CurrentIssues;
use crate::pages::snippets::Snippets;
use crate::reactive::{Memo, RwSignal, derive, effect, memo};
use crate::routes;
use leptos::prelude::*;
use std::cell::RefCell;
use std::collections::VecDeque;

/// Samples kept for the lines under the figures; at one every two seconds, four minutes.
const SAMPLES: usize = 120;

#[derive(Debug, Clone, Copy)]
struct Sample {
    connected: u64,
    rate: f64,
    devices: u64,
    events: u64,
}

thread_local! {
    /// Outlives the page, so that coming back shows the line that was there.
    static HISTORY: RefCell<VecDeque<Sample>> = const { RefCell::new(VecDeque::new()) };
}

/// The page.
#[component]
pub fn OverviewPage() -> impl IntoView {
    let data = live(|| (), Some(PERIOD), |()| api::overview());
    let samples = RwSignal::new(HISTORY.with(|h| h.borrow().clone()));
    effect(move |_| {
        if data.fresh.at.get().is_none() {
            return;
        }
        let Some(now) = data.data.get_untracked() else {
            return;
        };
        let latest = HISTORY.with(|history| {
            let mut history = history.borrow_mut();
            history.push_back(Sample {
                connected: now.devices.connected,
                rate: now.events.per_second,
                devices: now.devices.total,
                events: now.events.total,
            });
            if history.len() > SAMPLES {
                history.pop_front();
            }
            history.clone()
        });
        samples.set(latest);
    });
    view! {
        <PageTitle text=wording(word!(overview.title))/>
        <div class="pagehead">
            <div>
                <h1>{tr!(overview.title)}</h1>
                <div class="sub">{move || data.data.get().map(|o| fill(
                    &count(o.devices.total, t().overview.subtitle_one, t().overview.subtitle_other),
                    &[("host", &o.hub.host_name)],
                ))}</div>
            </div>
        </div>
        {live_view(data, 6, move |overview| view! { <Figures overview samples/> <Details overview/> })}
    }
}

#[component]
fn Figures(overview: Memo<Overview>, samples: RwSignal<VecDeque<Sample>>) -> impl IntoView {
    let line = move |pick: fn(&Sample) -> f64| {
        derive(move || samples.with(|all| all.iter().map(pick).collect::<Vec<f64>>()))
    };
    let spoken = move |text: fn() -> &'static str, now: Signal<String>| {
        derive(move || {
            let n = samples.with(VecDeque::len).to_string();
            fill(text(), &[("n", &n), ("now", &now.get())])
        })
    };
    let with = move |read: fn(&Overview) -> String| derive(move || overview.with(read));
    let connected = with(|o| grouped(o.devices.connected));
    let per_second = with(|o| rate(o.events.per_second));
    let devices = with(|o| grouped(o.devices.total));
    let events = with(|o| grouped(o.events.total));
    let to = |connection: &str| {
        routes::devices(&DeviceFilter {
            connection: connection.to_owned(),
            ..Default::default()
        })
    };
    view! {
        <div class="grid g4">
            <a class="card stat" href=to("connected")>
                <span class="label">{tr!(overview.connected)}</span>
                <span class="value">{move || connected.get()}</span>
                <span class="delta">{move || overview.with(|o| (o.devices.total > 0).then(|| fill(
                    t().overview.connected_share,
                    &[("share", &percent(o.devices.connected, o.devices.total))],
                )))}</span>
                <Sparkline colour=1 values=line(|s| s.connected as f64) label=spoken(|| t().overview.spark_connected, connected)/>
            </a>
            <div class="card stat">
                <span class="label">{tr!(overview.rate)}</span>
                <span class="value">{move || per_second.get()}</span>
                <span class="delta">{tr!(overview.rate_note)}</span>
                <Sparkline colour=2 values=line(|s| s.rate) label=spoken(|| t().overview.spark_rate, per_second)/>
            </div>
            <a class="card stat" href=routes::devices(&DeviceFilter::default())>
                <span class="label">{tr!(overview.devices)}</span>
                <span class="value">{move || devices.get()}</span>
                <span class="delta">{move || overview.with(|o| fill(
                    t().overview.devices_note,
                    &[("n", &grouped(o.devices.disabled))],
                ))}</span>
                <Sparkline colour=3 values=line(|s| s.devices as f64) label=spoken(|| t().overview.spark_devices, devices)/>
            </a>
            <div class="card stat">
                <span class="label">{tr!(overview.events)}</span>
                <span class="value">{move || events.get()}</span>
                <span class="delta">{tr!(overview.events_note)}</span>
                <Sparkline colour=4 values=line(|s| s.events as f64) label=spoken(|| t().overview.spark_events, events)/>
            </div>
        </div>
    }
}

#[component]
fn Details(overview: Memo<Overview>) -> impl IntoView {
    let empty = memo(move || overview.with(|o| o.devices.total == 0));
    let host = derive(move || overview.with(|o| o.hub.host_name.clone()));
    let absent =
        memo(move || overview.with(|o| o.devices.total.saturating_sub(o.devices.connected)));
    view! {
        {move || empty.get().then(|| view! {
            <section class="card start" aria-labelledby="start-title">
                <header><h2 id="start-title">{tr!(overview.start_title)}</h2></header>
                <div class="body">
                    <p class="lead">{tr!(overview.start_text)}</p>
                    <p><a class="btn primary" href=format!("{}?create=1", routes::devices(&DeviceFilter::default()))>
                        {tr!(overview.start_create)}
                    </a></p>
                    <Snippets host_name=host/>
                </div>
            </section>
        })}
        {move || (!empty.get()).then(|| view! { <CurrentIssues/> <AtAGlance/> })}
        <div class="grid g21 even">
            <FleetState overview/>
            <HubCard overview/>
        </div>
        {move || (!empty.get()).then(|| view! {
            <AbsentDevices absent/>
            <details class="card fold-card">
                <summary><h2>{tr!(overview.start_more)}</h2></summary>
                <div class="body">
                    <p class="lead">{tr!(overview.start_text)}</p>
                    <Snippets host_name=host/>
                </div>
            </details>
        })}
    }
}

#[component]
fn FleetState(overview: Memo<Overview>) -> impl IntoView {
    let counts = memo(move || {
        overview.with(|o| {
            let d = &o.devices;
            let disconnected = d
                .total
                .saturating_sub(d.connected)
                .saturating_sub(d.never_connected);
            (
                d.total,
                d.connected,
                disconnected,
                d.never_connected,
                d.disabled,
            )
        })
    });
    let parts = derive(move || {
        let (_, connected, disconnected, never, _) = counts.get();
        vec![
            ("part-ok", connected),
            ("part-neutral", disconnected),
            ("part-faint", never),
        ]
    });
    let label = derive(move || {
        let (_, connected, disconnected, never, _) = counts.get();
        fill(
            t().overview.state_bar,
            &[
                ("connected", &grouped(connected)),
                ("disconnected", &grouped(disconnected)),
                ("never", &grouped(never)),
            ],
        )
    });
    let by_connection = |name: &str| {
        routes::devices(&DeviceFilter {
            connection: name.to_owned(),
            ..Default::default()
        })
    };
    let by_status = |name: &str| {
        routes::devices(&DeviceFilter {
            status: name.to_owned(),
            ..Default::default()
        })
    };
    view! {
        <section class="card" aria-labelledby="state-title">
            <header>
                <h2 id="state-title">{tr!(overview.state_title)}</h2>
                <a class="more" href=routes::devices(&DeviceFilter::default())>{tr!(overview.state_all)}</a>
            </header>
            <div class="body stack">
                <StackedBar parts label/>
                <ul class="legend">
                    <li><a href=by_connection("connected")><i class="swatch part-ok"></i>{tr!(common.connected)}</a><b>{move || grouped(counts.get().1)}</b></li>
                    <li><a href=by_connection("disconnected")><i class="swatch part-neutral"></i>{tr!(common.disconnected)}</a><b>{move || grouped(counts.get().2)}</b></li>
                    <li><span><i class="swatch part-faint"></i>{tr!(common.never_seen)}</span><b>{move || grouped(counts.get().3)}</b></li>
                    <li><a href=by_status("disabled")><i class="swatch part-bad"></i>{tr!(common.disabled)}</a><b>{move || grouped(counts.get().4)}</b></li>
                </ul>
            </div>
        </section>
    }
}

#[component]
fn HubCard(overview: Memo<Overview>) -> impl IntoView {
    let host = derive(move || overview.with(|o| o.hub.host_name.clone()));
    view! {
        <section class="card" aria-labelledby="hub-title">
            <header><h2 id="hub-title">{tr!(overview.hub_title)}</h2></header>
            <dl class="kv body">
                <dt>{tr!(overview.host_name)}</dt>
                <dd class="with-action">
                    <code>{move || host.get()}</code>
                    <CopyButton text=host label=wording(word!(common.copy)) icon_only=true weight=Weight::Quiet/>
                </dd>
                <dt>{tr!(overview.version)}</dt>
                <dd>{move || overview.with(|o| o.hub.version.clone())}</dd>
                <dt>{tr!(overview.layout)}</dt>
                <dd>{move || overview.with(|o| fill(t().overview.layout_value, &[
                    ("shards", &o.hub.shards.to_string()),
                    ("gateways", &o.hub.gateways.to_string()),
                    ("partitions", &o.hub.partitions.to_string()),
                ]))}</dd>
            </dl>
        </section>
    }
}
