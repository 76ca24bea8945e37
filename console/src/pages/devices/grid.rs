//! The device list as one long grid: all rows can be scrolled to, only those in sight are in the
//! document. It must never do work for rows that nobody sees, and never move what somebody looks
//! at: rows that come in above shift the scroll position with them.

use super::actions::{DeleteDevice, DisableDevice};
use super::reader::Reader;
use super::row::{RowActs, bones, heads, row};
use crate::api::devices::DeviceRow;
use crate::components::keyboard::{focus, is_jumping, on_page_key};
use crate::i18n::tr;
use crate::logic::device_columns::Columns;
use crate::logic::device_order::DeviceOrder;
use crate::logic::device_selection::Selection;
use crate::logic::number::decimals;
use crate::logic::row_reveal::{RowName, reveal};
use crate::logic::row_window::{ROW, RowWindow};
use crate::reactive::{Callback, For, Memo, RwSignal, effect, memo};
use leptos::html;
use leptos::prelude::*;
use shared::ordered::OrderedSet;
use std::sync::Arc;
use std::time::Duration;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

/// How long one must stand still for the place to go into the address.
const STILL: Duration = Duration::from_millis(400);

/// Rows built with one frame: each costs up to a millisecond.
const AT_ONCE: usize = 8;

/// A row in sight.
#[derive(Debug, Clone)]
pub struct Slot {
    /// Its number.
    pub index: u64,
    /// Its device, if it is known.
    pub row: Option<Arc<DeviceRow>>,
}

impl PartialEq for Slot {
    fn eq(&self, other: &Self) -> bool {
        let same = match (&self.row, &other.row) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other) || one == other,
            (None, None) => true,
            _ => false,
        };
        same && self.index == other.index
    }
}

/// The list that a grid shows.
#[derive(Clone, Copy)]
pub struct List {
    /// Where rows come from.
    pub reader: Reader,
    /// What is shown of each.
    pub columns: Memo<Columns>,
    /// In which order.
    pub order: Memo<DeviceOrder>,
    /// What is picked.
    pub picked: RwSignal<Selection>,
    /// Shows another order.
    pub sort: Callback<DeviceOrder>,
    /// Told of the first row in sight when one stands still.
    pub on_place: Callback<u64>,
}

/// Where the grid stands.
#[derive(Clone, Copy)]
struct Place {
    node: NodeRef<html::Div>,
    window: Memo<RowWindow>,
    offset: RwSignal<f64>,
}

/// The grid with the dialogs of its rows.
#[component]
pub fn DeviceGrid(
    /// What it shows.
    list: List,
) -> impl IntoView {
    let List {
        reader,
        columns,
        picked,
        on_place,
        ..
    } = list;
    let acts = RowActs {
        disabling: RwSignal::new(None),
        deleting: RwSignal::new(None),
        changed: Callback::new(move |()| reader.page.refresh()),
        picked,
    };
    let total = memo(move || reader.rows.with(|rows| rows.total()));
    let opening = RwSignal::new(window_height());
    let offset = RwSignal::new(0.0);
    let resized = window_event_listener(leptos::ev::resize, move |_| opening.set(window_height()));
    on_cleanup(move || resized.remove());
    let window = memo(move || RowWindow {
        total: total.get(),
        opening: opening.get(),
        offset: offset.get(),
    });
    let range = memo(move || window.with(RowWindow::rows));
    let top = memo(move || window.with(RowWindow::top));
    let height = memo(move || window.with(RowWindow::height));
    let slots = memo(move || {
        let range = range.get();
        let mut seen = OrderedSet::new();
        reader.rows.with(|rows| {
            let slot = |index| Slot {
                index,
                // Twice the same device: one of the two is not there any more.
                row: rows
                    .row(index)
                    .filter(|row| seen.insert(row.device_id.clone()))
                    .cloned(),
            };
            range.map(slot).collect::<Vec<_>>()
        })
    });
    let names = memo(move || {
        let name = |slot: &Slot| match &slot.row {
            Some(row) => RowName::Known(row.device_id.clone()),
            None => RowName::Outline(slot.index),
        };
        slots.with(|slots| slots.iter().map(name).collect::<Vec<_>>())
    });
    effect(move |_| reader.want(range.get()));
    let built = RwSignal::new(Vec::<RowName>::new());
    let frame = RwSignal::new(());
    effect(move |_| {
        frame.track();
        let seen = window.with_untracked(RowWindow::first);
        let begin = range.with_untracked(|range| range.start);
        let (now, more) = names
            .with(|names| built.with_untracked(|built| reveal(names, built, begin, seen, AT_ONCE)));
        if built.with_untracked(|built| *built != now) {
            built.set(now);
        }
        if more {
            request_animation_frame(move || {
                let _ = frame.try_set(());
            });
        }
    });

    let place = Place {
        node: NodeRef::new(),
        window,
        offset,
    };
    place.open_at(reader.begin);
    place.follow(reader.moved);
    place.keys(slots, picked);

    let told = StoredValue::new(None::<TimeoutHandle>);
    let stop = move || {
        if let Some(running) = told.try_update_value(Option::take).flatten() {
            running.clear();
        }
    };
    on_cleanup(stop);
    let scrolled = move |_| {
        place.read();
        stop();
        let tell = move || on_place.run(window.with_untracked(RowWindow::first));
        told.set_value(set_timeout_with_handle(tell, STILL).ok());
    };
    let build = move |name: RowName| match name {
        RowName::Outline(index) => bones(index),
        RowName::Known(id) => {
            let wanted = id.clone();
            // Keeps the last row while the list lets go of it.
            let slot = Memo::new(move |before: Option<&Option<Slot>>| {
                let is_it = |slot: &&Slot| {
                    let row = slot.row.as_ref();
                    row.is_some_and(|row| row.device_id == wanted)
                };
                slots
                    .with(|slots| slots.iter().find(is_it).cloned())
                    .or_else(|| before.cloned().flatten())
            });
            row(id, slot, columns, acts)
        }
    };
    view! {
        <div
            node_ref=place.node
            class="device-grid"
            role="grid"
            tabindex="0"
            aria-label=tr!(devices.table)
            aria-multiselectable="true"
            aria-rowcount=move || (total.get() + 1).to_string()
            aria-colcount=move || columns.with(|columns| (columns.0.len() + 2).to_string())
            style=("--columns", move || columns.with(Columns::widths))
            style=("--least", move || format!("{}px", columns.with(Columns::least)))
            on:scroll=scrolled
            on:click=move |event| pick_pressed(&event, picked)
        >
            <div class="grid-head" role="rowgroup">{heads(list)}</div>
            <div class="grid-body" role="rowgroup" style:height=move || format!("{}px", decimals(height.get(), 1))>
                <div class="grid-rows" style:transform=move || format!("translateY({}px)", decimals(top.get(), 1))>
                    <For each=move || built.get() key=RowName::to_string let(name)>{build(name)}</For>
                </div>
            </div>
        </div>
        <DisableDevice target=acts.disabling on_done=acts.changed/>
        <DeleteDevice target=acts.deleting on_done=acts.changed/>
    }
}

/// A press on what stands before a name picks the device: one listener for all rows.
fn pick_pressed(event: &leptos::ev::MouseEvent, picked: RwSignal<Selection>) {
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok());
    let row = target
        .and_then(|target| target.closest(".pick").ok().flatten())
        .and_then(|pick| pick.closest("[aria-rowindex]").ok().flatten());
    if let Some(id) = row.and_then(|row| id_of(&row)) {
        picked.update(|picked| picked.toggle(&id));
    }
}

/// The device of a row.
fn id_of(row: &Element) -> Option<String> {
    let name = row.query_selector("[data-row]").ok().flatten()?;
    name.text_content()
}

/// No opening is taller than the window.
fn window_height() -> f64 {
    let height = leptos::prelude::window().inner_height().ok();
    height.and_then(|height| height.as_f64()).unwrap_or(1_000.0)
}

/// The number of the row that has the focus.
fn focused_row(grid: &Element) -> Option<u64> {
    let active = document()
        .active_element()
        .filter(|active| grid.contains(Some(active)))?;
    let row = active.closest("[aria-rowindex]").ok()??;
    let number: u64 = row.get_attribute("aria-rowindex")?.parse().ok()?;
    number.checked_sub(2)
}

impl Place {
    /// Takes over where it was scrolled to.
    fn read(self) {
        let Some(grid) = self.node.get_untracked() else {
            return;
        };
        self.offset.set(f64::from(grid.scroll_top()));
        // A row that goes takes its focus with it; the keys go on where one looks.
        let shown = self.window.with_untracked(RowWindow::rows);
        if focused_row(&grid).is_some_and(|row| !shown.contains(&row)) {
            let _ = grid.focus();
        }
    }

    /// Scrolls to a row once the grid is there.
    fn open_at(self, begin: StoredValue<u64>) {
        effect(move |_| {
            let Some(grid) = self.node.get() else {
                return;
            };
            let row = begin.get_value();
            if row > 0 {
                request_animation_frame(move || {
                    let Some(offset) = self.window_offset(row) else {
                        return;
                    };
                    grid.set_scroll_top(offset as i32);
                    self.read();
                });
            }
        });
    }

    fn window_offset(self, row: u64) -> Option<f64> {
        self.offset.try_get_untracked()?;
        Some(self.window.with_untracked(|window| window.offset_of(row)))
    }

    /// Keeps in sight what was in sight when rows above come or go.
    fn follow(self, moved: RwSignal<i64>) {
        effect(move |before: Option<i64>| {
            let now = moved.get();
            let by = now - before.unwrap_or(now);
            if let Some(grid) = self.node.get_untracked().filter(|_| by != 0) {
                let offset = f64::from(grid.scroll_top()) + by as f64 * ROW;
                grid.set_scroll_top(offset as i32);
                self.read();
            }
            now
        });
    }

    /// `j` and `k` and the arrows move from row to row, `x` picks, `/` goes to the filter.
    fn keys(self, slots: Memo<Vec<Slot>>, picked: RwSignal<Selection>) {
        let pending = RwSignal::new(None::<u64>);
        // A row that was still to come takes the focus when it is there.
        effect(move |_| {
            slots.with(|_| ());
            if let Some(row) = pending.get_untracked() {
                request_animation_frame(move || {
                    if self.focus_row(row) {
                        let _ = pending.try_set(None);
                    }
                });
            }
        });
        let step = move |by: i64| {
            let Some(grid) = self.node.get_untracked() else {
                return false;
            };
            let (first, total) = self
                .window
                .with_untracked(|window| (window.first(), window.total));
            let wanted = match focused_row(&grid) {
                Some(row) => row.saturating_add_signed(by),
                None => first,
            };
            let wanted = wanted.min(total.saturating_sub(1));
            if !self.focus_row(wanted) {
                pending.set(Some(wanted));
            }
            true
        };
        on_page_key(move |key| {
            let within = || {
                let grid = self.node.get_untracked();
                grid.is_some_and(|grid| focused_row(&grid).is_some())
            };
            match key {
                _ if is_jumping() => false,
                "j" => step(1),
                "k" => step(-1),
                "ArrowDown" if within() => step(1),
                "ArrowUp" if within() => step(-1),
                "x" => {
                    let active = document().active_element();
                    let row =
                        active.and_then(|active| active.closest("[aria-rowindex]").ok().flatten());
                    let id = row.filter(|_| within()).and_then(|row| id_of(&row));
                    if let Some(id) = &id {
                        picked.update(|picked| picked.toggle(id));
                    }
                    id.is_some()
                }
                "/" => focus("[data-filter]"),
                _ => false,
            }
        });
    }

    /// Focuses the name in a row, if it is there.
    fn focus_row(self, row: u64) -> bool {
        let Some(grid) = self.node.get_untracked() else {
            return false;
        };
        let name = format!("[aria-rowindex='{}'] [data-row]", row + 2);
        let found = grid.query_selector(&name).ok().flatten();
        let found = found.and_then(|found| found.dyn_into::<HtmlElement>().ok());
        found.is_some_and(|found| found.focus().is_ok())
    }
}
