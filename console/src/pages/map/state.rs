//! What the map shows and what was done with it: the one value that all parts of the page share.

use super::reader::Reader;
use crate::logic::map::camera::{Camera, MAX_ZOOM, Size};
use crate::logic::map::mercator::Spot;
use crate::logic::map::place::Bounds;
use crate::logic::map::selection::Selected;
use crate::reactive::{Memo, RwSignal, memo};
use leptos::prelude::*;
use std::time::Duration;

/// How long the map must stand still for the table and the address to follow.
const STILL: Duration = Duration::from_millis(250);

/// What is shown, and what was done with it.
#[derive(Clone, Copy)]
pub struct MapState {
    /// Where devices are.
    pub reader: Reader,
    /// What is looked at.
    pub camera: RwSignal<Camera>,
    /// The same once it stands still.
    pub settled: RwSignal<Camera>,
    /// Pixels of the drawing.
    pub size: RwSignal<Size>,
    /// Numbers of the places that were in sight when the map stood still.
    pub in_view: Memo<Vec<usize>>,
    /// Ids of selected devices.
    pub selected: RwSignal<Selected>,
    /// Ids of the devices on the card.
    pub opened: RwSignal<Vec<String>>,
    /// The outline of the land.
    pub land: RwSignal<String>,
    /// Whether a person, or the address, has said what to look at.
    pub chosen: StoredValue<bool>,
    timer: StoredValue<Option<TimeoutHandle>>,
}

impl MapState {
    /// With nothing read; looks where an address says.
    pub fn new(reader: Reader, search: &str) -> Self {
        let known = Camera::read(search);
        let camera = known.unwrap_or_default();
        let settled = RwSignal::new(camera);
        let size = RwSignal::new(Size {
            width: 1.0,
            height: 1.0,
        });
        let in_view = memo(move || {
            let bounds = settled.get().bounds(size.get(), 0.0);
            reader.fleet.with(|fleet| {
                let places = fleet.places.iter().enumerate();
                let seen = places.filter(|(_, place)| bounds.contains(place.spot));
                seen.map(|(index, _)| index).collect::<Vec<_>>()
            })
        });
        Self {
            reader,
            camera: RwSignal::new(camera),
            settled,
            size,
            in_view,
            selected: RwSignal::new(Selected::new()),
            opened: RwSignal::new(Vec::new()),
            land: RwSignal::new(String::new()),
            chosen: StoredValue::new(known.is_some()),
            timer: StoredValue::new(None),
        }
    }

    /// What stands at a point of the drawing.
    pub fn world(self, at: (f64, f64)) -> Spot {
        let camera = self.camera.get_untracked();
        camera.to_world(at.0, at.1, self.size.get_untracked())
    }

    /// Where a place stands in the drawing.
    pub fn screen(self, spot: Spot) -> (f64, f64) {
        let camera = self.camera.get_untracked();
        camera.to_screen(spot, self.size.get_untracked())
    }

    /// Moves by pixels.
    pub fn move_by(self, across: f64, down: f64) {
        let size = self.size.get_untracked();
        self.look(self.camera.get_untracked().moved(across, down, size));
    }

    /// Comes nearer to a point of the drawing.
    pub fn nearer(self, by: f64, at: (f64, f64)) {
        let size = self.size.get_untracked();
        self.look(self.camera.get_untracked().zoomed(by, at, size));
    }

    /// Comes nearer to the middle.
    pub fn zoom_by(self, by: f64) {
        let size = self.size.get_untracked();
        self.nearer(by, (size.width / 2.0, size.height / 2.0));
    }

    /// Looks at all devices.
    pub fn fit_all(self) {
        if let Some(camera) = self.overview() {
            self.look(camera);
        }
    }

    fn overview(self) -> Option<Camera> {
        let fleet = self.reader.fleet.get_untracked();
        let bounds = Bounds::of(fleet.places.iter().map(|place| place.spot))?;
        Some(Camera::overview(bounds, self.size.get_untracked()))
    }

    /// The drawing has another size.
    pub fn resize(self, size: Size) {
        if self.size.get_untracked() == size {
            return;
        }
        self.size.set(size);
        if !self.chosen.get_value() {
            self.follow();
        } else {
            self.show(self.camera.get_untracked().held(size));
        }
    }

    /// Looks at all devices as they come in, as long as nobody has looked elsewhere.
    pub fn follow(self) {
        if !self.chosen.get_value()
            && self.size.with_untracked(|size| size.width > 1.0)
            && let Some(camera) = self.overview()
        {
            self.show(camera);
        }
    }

    fn look(self, camera: Camera) {
        self.chosen.set_value(true);
        self.show(camera);
    }

    fn show(self, camera: Camera) {
        if self.camera.get_untracked() != camera {
            self.camera.set(camera);
        }
        if let Some(running) = self.timer.try_update_value(Option::take).flatten() {
            running.clear();
        }
        let settle = move || {
            let now = self.camera.try_get_untracked();
            if let Some(now) = now.filter(|now| self.settled.get_untracked() != *now) {
                self.settled.set(now);
            }
        };
        self.timer
            .set_value(set_timeout_with_handle(settle, STILL).ok());
    }

    /// Devices are selected, beside those that were or in their place.
    pub fn select(self, ids: Selected, beside: bool) {
        self.selected.update(|selected| {
            if !beside {
                selected.clear();
            }
            selected.extend(ids);
        });
    }

    /// Somebody pressed a point or a cluster: comes nearer until it falls apart, or says what it
    /// is.
    pub fn press(self, members: &[usize]) {
        let fleet = self.reader.fleet.get_untracked();
        let members = members.iter().filter_map(|index| fleet.places.get(*index));
        let Some(bounds) = Bounds::of(members.clone().map(|place| place.spot)) else {
            return;
        };
        let zoom = self.camera.with_untracked(|camera| camera.zoom);
        let camera = Camera::fit(bounds, self.size.get_untracked(), MAX_ZOOM);
        let (across, down) = (bounds.to.x - bounds.from.x, bounds.to.y - bounds.from.y);
        let falls_apart = across.max(down) > 1e-9 && zoom < MAX_ZOOM - 0.5;
        if falls_apart {
            let zoom = camera.zoom.max((zoom + 1.0).min(MAX_ZOOM));
            self.look(Camera { zoom, ..camera });
        } else {
            self.opened
                .set(members.map(|place| place.id.clone()).collect());
        }
    }
}
