//! A row of the device list. It keeps its place and its focus while its figures change.

use super::actions::{Target, enable};
use super::grid::{List, Slot};
use crate::api::devices::DeviceRow;
use crate::components::badge::{ConnectionBadge, StatusBadge};
use crate::components::button::{Button, Weight};
use crate::components::icon::Icon;
use crate::components::time_text::Ago;
use crate::i18n::{fill, t, tr, word, wording};
use crate::logic::device_columns::{Column, Columns, leaves};
use crate::logic::device_order::sorts;
use crate::logic::device_selection::Selection;
use crate::logic::number::grouped;
use crate::logic::time;
use crate::reactive::{Callback, Memo, RwSignal, derive, memo, part};
use crate::routes::{self, Tab};
use crate::session::Permission;
use leptos::prelude::*;
use std::sync::Arc;

/// Tags shown per row.
const TAGS: usize = 3;

/// The dialogs that a row opens.
#[derive(Clone, Copy)]
pub struct RowActs {
    /// The device to disable.
    pub disabling: RwSignal<Option<Target>>,
    /// The device to delete.
    pub deleting: RwSignal<Option<Target>>,
    /// Called after something was done to a device.
    pub changed: Callback<()>,
    /// What is picked.
    pub picked: RwSignal<Selection>,
}

/// A row that is still to come.
pub fn bones(index: u64) -> AnyView {
    view! {
        <div class="grid-row waiting" role="row" aria-rowindex=(index + 2).to_string() aria-busy="true">
            <div role="gridcell" aria-colindex="1"><span class="bone" aria-hidden="true"></span></div>
        </div>
    }
    .into_any()
}

/// A known row.
pub fn row(id: String, slot: Memo<Option<Slot>>, columns: Memo<Columns>, acts: RowActs) -> AnyView {
    let device = memo(move || slot.with(|slot| slot.as_ref().and_then(|slot| slot.row.clone())));
    let index = memo(move || slot.with(|slot| slot.as_ref().map_or(0, |slot| slot.index)));
    let name = id.clone();
    let pickable = id.clone();
    let is_picked = memo(move || acts.picked.with(|picked| picked.has(&pickable)));
    let href = routes::device(&id, Tab::Identity);
    let cells = move || {
        let shown = columns.get().0.into_iter().zip(2..);
        shown
            .map(|(column, place)| cell(column, place, device))
            .collect_view()
    };
    let last = move || columns.with(|columns| (columns.0.len() + 2).to_string());
    // Buttons are half of what a row costs, and they show only where somebody points or stands.
    let near = RwSignal::new(cannot_hover());
    let come_near = move || {
        if !near.get_untracked() {
            near.set(true);
        }
    };
    let buttons = move || {
        let id = id.clone();
        near.get().then(|| view! { <RowButtons id device acts/> })
    };
    view! {
        <div
            class="grid-row"
            role="row"
            aria-rowindex=move || (index.get() + 2).to_string()
            aria-selected=move || if is_picked.get() { "true" } else { "false" }
            on:pointerenter=move |_| come_near()
            on:focusin=move |_| come_near()
        >
            <div role="rowheader" aria-colindex="1" class="id">
                <span class="pick" aria-hidden="true"></span>
                <a data-row="" class="mono" href=href title=name.clone()>{name.clone()}</a>
            </div>
            {part(cells)}
            <div role="gridcell" aria-colindex=last class="num row-actions">
                {part(buttons)}
            </div>
        </div>
    }
    .into_any()
}

/// Whether there is nothing to point with, so that whatever can be done has to show at once.
fn cannot_hover() -> bool {
    let asked = window().match_media("(hover: none)").ok().flatten();
    asked.is_some_and(|answer| answer.matches())
}

/// What is known of a device.
type Device = Memo<Option<Arc<DeviceRow>>>;

fn field(device: Device, read: fn(&DeviceRow) -> String) -> Signal<String> {
    derive(move || device.with(|row| row.as_deref().map(read).unwrap_or_default()))
}

fn cell(column: Column, place: usize, device: Device) -> AnyView {
    let index = place.to_string();
    match column {
        Column::Connection => {
            let seen = move |row: &DeviceRow| {
                [&row.connection_state_updated_time, &row.last_activity_time]
                    .into_iter()
                    .any(|at| at.as_deref().and_then(time::parse).is_some())
            };
            let seen = derive(move || device.with(|row| row.as_deref().is_some_and(seen)));
            view! {
                <div role="gridcell" aria-colindex=index>
                    <ConnectionBadge state=field(device, |row| row.connection_state.clone()) seen/>
                </div>
            }
            .into_any()
        }
        Column::Status => view! {
            <div role="gridcell" aria-colindex=index><StatusBadge enabled=may_connect(device)/></div>
        }
        .into_any(),
        Column::Activity => {
            let at = derive(move || {
                device.with(|row| row.as_ref().and_then(|row| row.last_activity_time.clone()))
            });
            view! { <div role="gridcell" aria-colindex=index class="dim"><Ago at/></div> }.into_any()
        }
        Column::Tags => {
            let tags = move || {
                let shown = device.with(|row| row.as_ref().map(|row| leaves(&row.tags, TAGS)));
                let shown = shown.unwrap_or_default().into_iter();
                shown
                    .map(|(path, value)| view! {
                        <span class="tag"><span class="dim">{path}</span> " " {value}</span>
                    })
                    .collect_view()
            };
            view! { <div role="gridcell" aria-colindex=index>{part(tags)}</div> }.into_any()
        }
        Column::Pending => {
            let text = field(device, |row| match row.cloud_to_device_message_count {
                0 => "–".to_owned(),
                n => grouped(n),
            });
            view! { <div role="gridcell" aria-colindex=index class="num">{move || text.get()}</div> }
                .into_any()
        }
        Column::Path(path) => {
            let text = memo(move || {
                device.with(|row| row.as_ref().map(|row| row.text_at(&path)).unwrap_or_default())
            });
            view! {
                <div role="gridcell" aria-colindex=index class="mono" title=move || text.get()>{move || text.get()}</div>
            }
            .into_any()
        }
    }
}

fn may_connect(device: Device) -> Signal<bool> {
    derive(move || device.with(|row| row.as_ref().is_none_or(|row| row.status != "disabled")))
}

#[component]
fn RowButtons(id: String, device: Device, acts: RowActs) -> impl IntoView {
    let enabled = memo(move || may_connect(device).get());
    let target = StoredValue::new(id.clone());
    let described = derive(move || fill(t().devices.actions_for, &[("id", &id)]));
    let label = derive(move || {
        let words = &t().devices;
        let word = if enabled.get() {
            words.disable
        } else {
            words.enable
        };
        word.to_owned()
    });
    let spoken =
        move |word: Signal<String>| derive(move || format!("{}: {}", described.get(), word.get()));
    let delete = wording(word!(devices.delete));
    let toggle = move |()| {
        let id = target.get_value();
        if enabled.get_untracked() {
            acts.disabling.set(Some(Target { id }));
        } else {
            enable(id, acts.changed);
        }
    };
    let remove = move |()| {
        let id = target.get_value();
        acts.deleting.set(Some(Target { id }));
    };
    view! {
        <Button
            label
            described=spoken(label)
            weight=Weight::Quiet
            permission=Permission::DevicesWrite
            on_press=toggle
        />
        <Button
            label=delete
            described=spoken(delete)
            icon=Icon::Delete
            icon_only=true
            weight=Weight::Quiet
            permission=Permission::DevicesDelete
            on_press=remove
        />
    }
}

/// The names of all columns; a press on one sorts by it.
pub fn heads(list: List) -> AnyView {
    let List {
        columns,
        order,
        sort,
        ..
    } = list;
    let shown = move || {
        let heads = columns.get().0.into_iter().zip(2..);
        heads
            .map(|(column, place): (Column, usize)| {
                let sorted = order.with(|order| order.of(&column));
                let is_number = column == Column::Pending;
                view! {
                    <div
                        role="columnheader"
                        aria-colindex=place.to_string()
                        aria-sort=sorted
                        class:num=is_number
                    >
                        {if sorts(&column) {
                            let name = name_of(&column);
                            let press = move |_| sort.run(order.with_untracked(|order| order.pressed(&column)));
                            view! { <button type="button" class="sort" on:click=press>{name}</button> }.into_any()
                        } else {
                            name_of(&column)
                        }}
                    </div>
                }
            })
            .collect_view()
    };
    let last = move || columns.with(|columns| (columns.0.len() + 2).to_string());
    view! {
        <div class="grid-row" role="row" aria-rowindex="1">
            <div role="columnheader" aria-colindex="1">{tr!(devices.column_device)}</div>
            {part(shown)}
            <div role="columnheader" aria-colindex=last>
                <span class="visually-hidden">{tr!(devices.column_actions)}</span>
            </div>
        </div>
    }
    .into_any()
}

/// What a column is called.
pub fn name_of(column: &Column) -> AnyView {
    match column {
        Column::Connection => tr!(devices.column_connection).into_any(),
        Column::Status => tr!(devices.column_status).into_any(),
        Column::Activity => tr!(devices.column_activity).into_any(),
        Column::Tags => tr!(devices.column_tags).into_any(),
        Column::Pending => tr!(devices.column_pending).into_any(),
        Column::Path(path) => {
            let short = Column::short(path).to_owned();
            view! { <code title=path.clone()>{short}</code> }.into_any()
        }
    }
}
