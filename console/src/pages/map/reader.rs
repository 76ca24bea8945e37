//! Reads where devices are, page by page, through the query that everybody may ask. It can be
//! stopped at any moment and goes on from there, also after a failure; what was read stays shown.
//! Never keeps more than `place::MOST` places.

use crate::api::ApiError;
use crate::api::query as api;
use crate::clock;
use crate::logic::device_query::named;
use crate::logic::job_order::count_query;
use crate::logic::map::cluster::Ordered;
use crate::logic::map::place::{self, Found, Place};
use crate::logic::time::Millis;
use crate::reactive::RwSignal;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// Between two readings of a fleet that is read fast.
const PERIOD: Duration = Duration::from_secs(30);
/// Places that are read again by themselves: five pages.
const CHEAP: u64 = 500;
/// By how much more is shown at a time while places come in: each showing sorts all of them.
const GROWTH: f64 = 1.3;

/// Places that were read.
#[derive(Debug, Default)]
pub struct Fleet {
    /// By id.
    pub places: Vec<Place>,
    /// In the order in which clusters are found.
    pub ordered: Ordered,
    /// Another one with each showing: numbers of places mean something within one only.
    pub number: u64,
}

/// How far reading is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Under way.
    Reading,
    /// Somebody stopped it.
    Stopped,
    /// The hub did not give it all.
    Failed,
    /// Everything is there, or as much as is kept.
    Done,
}

/// What is known of a reading.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// How far it is.
    pub phase: Phase,
    /// Positions read.
    pub read: u64,
    /// Positions that there are.
    pub total: Option<u64>,
    /// Devices of the filter without a position.
    pub without: u64,
    /// Positions that are none on earth.
    pub nowhere: u64,
    /// For behind `WHERE`: the devices that have those, if they are few.
    pub nowhere_named: Option<String>,
    /// Why it failed.
    pub error: Option<ApiError>,
    /// When the last whole reading ended.
    pub at: Option<Millis>,
}

/// A reading that is not at its end.
#[derive(Debug, Default)]
struct Rest {
    filter: String,
    places: Vec<Place>,
    nowhere: Vec<String>,
    from: Option<String>,
    counted: bool,
    /// Whether places are shown as they come, or all together at the end.
    shows: bool,
}

/// Reads, and holds what was read.
#[derive(Clone, Copy)]
pub struct Reader {
    /// What was read.
    pub fleet: RwSignal<Arc<Fleet>>,
    /// How far it is.
    pub told: RwSignal<Told>,
    turn: StoredValue<u64>,
    rest: StoredValue<Rest>,
}

impl Reader {
    /// One that has read nothing yet, and that reads small fleets again by itself.
    pub fn new() -> Self {
        let this = Self {
            fleet: RwSignal::new(Arc::default()),
            told: RwSignal::new(Told {
                phase: Phase::Reading,
                read: 0,
                total: None,
                without: 0,
                nowhere: 0,
                nowhere_named: None,
                error: None,
                at: None,
            }),
            turn: StoredValue::new(0),
            rest: StoredValue::new(Rest::default()),
        };
        let again = move || {
            let cheap = this.told.try_with_untracked(|told| {
                told.phase == Phase::Done && told.total.is_some_and(|total| total <= CHEAP)
            });
            if cheap == Some(true) && !document().hidden() {
                this.again();
            }
        };
        if let Ok(timer) = set_interval_with_handle(again, PERIOD) {
            on_cleanup(move || timer.clear());
        }
        this
    }

    /// Reads the devices of another filter. Old places belong to something else.
    pub fn begin(self, filter: String) {
        if self.fleet.with_untracked(|fleet| !fleet.places.is_empty()) {
            self.rest.set_value(Rest {
                shows: true,
                ..Rest::default()
            });
            self.show();
        }
        self.told.update(|told| {
            (told.total, told.at) = (None, None);
            (told.without, told.nowhere) = (0, 0);
        });
        self.start(Rest {
            filter,
            shows: true,
            ..Rest::default()
        });
    }

    /// Reads everything again. Old places stay until the new ones are there.
    pub fn again(self) {
        let shows = self.fleet.with_untracked(|fleet| fleet.places.is_empty());
        let filter = self.rest.with_value(|rest| rest.filter.clone());
        self.start(Rest {
            filter,
            shows,
            ..Rest::default()
        });
    }

    /// Reads no further. Who has read everything before keeps that.
    pub fn stop(self) {
        self.turn.update_value(|turn| *turn += 1);
        let shows = self.show();
        self.told.update(|told| {
            told.phase = if shows { Phase::Stopped } else { Phase::Done };
        });
    }

    fn start(self, rest: Rest) {
        self.rest.set_value(rest);
        self.go_on();
    }

    /// Goes on where it was stopped.
    pub fn go_on(self) {
        self.turn.update_value(|turn| *turn += 1);
        let mine = self.turn.get_value();
        let read = self.rest.with_value(Rest::read);
        self.told.update(|told| {
            told.phase = Phase::Reading;
            told.error = None;
            told.read = read;
        });
        spawn_local(async move {
            if let Err(error) = self.read(mine).await
                && self.is_current(mine)
            {
                self.show();
                self.told.update(|told| {
                    told.phase = Phase::Failed;
                    told.error = Some(error);
                });
            }
        });
    }

    /// Another reading may be under way by now, or the page may be gone.
    fn is_current(self, mine: u64) -> bool {
        self.turn.try_get_value() == Some(mine)
    }

    async fn read(self, mine: u64) -> Result<(), ApiError> {
        let (filter, counted) = self
            .rest
            .with_value(|rest| (rest.filter.clone(), rest.counted));
        if !counted {
            let total = api::count(&count_query(&place::positioned(&filter))).await?;
            let without = api::count(&count_query(&place::without_position(&filter))).await?;
            if !self.is_current(mine) {
                return Ok(());
            }
            self.rest.update_value(|rest| rest.counted = true);
            self.told.update(|told| {
                told.total = Some(total);
                told.without = without;
            });
        }
        let query = place::query(&filter);
        let mut shown = 0;
        loop {
            let from = self.rest.with_value(|rest| rest.from.clone());
            let page = api::page::<Value>(&query, api::MOST, from.as_deref()).await?;
            if !self.is_current(mine) {
                return Ok(());
            }
            let last = page.continuation.is_none();
            self.rest.update_value(|rest| {
                rest.take(&page.value);
                rest.from = page.continuation;
            });
            let read = self.rest.with_value(Rest::read);
            self.told.update(|told| told.read = read);
            if last || read >= place::MOST as u64 {
                break;
            }
            if read as f64 >= shown as f64 * GROWTH {
                shown = read;
                self.show();
            }
        }
        self.rest.update_value(|rest| rest.shows = true);
        self.show();
        self.told.update(|told| {
            told.phase = Phase::Done;
            // Some may have come since they were counted.
            told.total = told.total.map(|total| total.max(told.read));
            told.at = Some(clock::now_once());
        });
        self.rest.update_value(|rest| {
            *rest = Rest {
                filter: std::mem::take(&mut rest.filter),
                ..Rest::default()
            };
        });
        Ok(())
    }

    /// Shows what was read so far, unless something whole is shown; tells whether it does.
    fn show(self) -> bool {
        let shows = self.rest.with_value(|rest| rest.shows);
        if shows {
            let places = self.rest.with_value(|rest| rest.places.clone());
            let ordered = Ordered::of(&places);
            let number = self.fleet.with_untracked(|fleet| fleet.number) + 1;
            self.fleet.set(Arc::new(Fleet {
                places,
                ordered,
                number,
            }));
            let (nowhere, named) = self.rest.with_value(|rest| {
                let ids = rest.nowhere.iter().map(String::as_str);
                (rest.nowhere.len() as u64, named(ids))
            });
            self.told.update(|told| {
                told.nowhere = nowhere;
                told.nowhere_named = named;
            });
        }
        shows
    }
}

impl Rest {
    fn read(&self) -> u64 {
        (self.places.len() + self.nowhere.len()) as u64
    }

    fn take(&mut self, rows: &[Value]) {
        for row in rows {
            match Found::read(row) {
                Found::Place(place) => self.places.push(place),
                Found::Nowhere(id) => self.nowhere.push(id),
            }
        }
    }
}
