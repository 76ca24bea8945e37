//! The overview's answer to "who is missing?": the first few devices that are not connected, with
//! when they were last heard of. A look, not a list: whoever wants more follows the link.

use crate::api::devices::{self as api, DevicePage, DeviceRow};
use crate::components::badge::{ConnectionBadge, StatusBadge};
use crate::components::state_view::live_view;
use crate::components::time_text::Ago;
use crate::i18n::{count, t, tr};
use crate::live::live;
use crate::logic::time;
use crate::logic::url_state::DeviceFilter;
use crate::reactive::{Memo, effect, part};
use crate::routes::{self, Tab};
use leptos::prelude::*;
use std::time::Duration;

/// Rows shown.
const ROWS: usize = 6;

/// Pause between two reads: the figures above are fresher, and this read costs the hub more.
const PERIOD: Duration = Duration::from_secs(10);

fn filter() -> DeviceFilter {
    DeviceFilter {
        connection: "disconnected".to_owned(),
        ..Default::default()
    }
}

/// The card.
#[component]
pub fn AbsentDevices(
    /// How many are absent by the overview's count; a change reads the rows again at once.
    absent: Memo<u64>,
) -> impl IntoView {
    let page = live(|| (), Some(PERIOD), |()| api::first(filter(), ROWS));
    effect(move |before: Option<u64>| {
        let now = absent.get();
        if before.is_some_and(|before| before != now) {
            page.refresh();
        }
        now
    });
    view! {
        <section class="card" aria-labelledby="absent-title">
            <header>
                <h2 id="absent-title">{tr!(overview.absent_title)}</h2>
                <span class="dim">{move || page.data.with(|p| p.as_ref().filter(|p| p.total > 0).map(|p| {
                    count(p.total, t().devices.match_all_one, t().devices.match_all_other)
                }))}</span>
                <a class="more" href=routes::devices(&filter())>{tr!(overview.absent_all)}</a>
            </header>
            {live_view(page, 3, rows)}
        </section>
    }
}

fn rows(page: Memo<DevicePage>) -> impl IntoView {
    part(move || {
        let items = page.with(|p| p.items.clone());
        if items.is_empty() {
            return view! { <p class="body dim">{tr!(overview.absent_none)}</p> }.into_any();
        }
        view! {
            <div class="table-scroll" tabindex="0" role="group" aria-label=tr!(overview.absent_title)>
                <table>
                    <thead>
                        <tr>
                            <th scope="col">{tr!(devices.column_device)}</th>
                            <th scope="col">{tr!(devices.column_connection)}</th>
                            <th scope="col">{tr!(devices.column_activity)}</th>
                            <th scope="col">{tr!(devices.column_status)}</th>
                            <th scope="col">{tr!(devices.reason)}</th>
                        </tr>
                    </thead>
                    <tbody>{items.into_iter().map(row).collect_view()}</tbody>
                </table>
            </div>
        }
        .into_any()
    })
}

fn row(device: DeviceRow) -> impl IntoView {
    let seen = [
        &device.connection_state_updated_time,
        &device.last_activity_time,
    ]
    .into_iter()
    .any(|at| at.as_deref().and_then(time::parse).is_some());
    view! {
        <tr>
            <th scope="row" class="id">
                <a class="mono" href=routes::device(&device.device_id, Tab::Identity)>{device.device_id.clone()}</a>
            </th>
            <td><ConnectionBadge state=Signal::stored(device.connection_state) seen=Signal::stored(seen)/></td>
            <td class="dim"><Ago at=Signal::stored(device.last_activity_time)/></td>
            <td><StatusBadge enabled=Signal::stored(device.status != "disabled")/></td>
            <td class="dim clip">{device.status_reason}</td>
        </tr>
    }
}
