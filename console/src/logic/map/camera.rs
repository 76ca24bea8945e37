//! What of the world is looked at: its centre and how near one is. Written into the address, so
//! that a link shows a colleague the same.

use super::mercator::{self, Spot, between, near, pixels, project, zoom_of};
use super::place::Bounds;
use crate::logic::number::decimal;
use crate::logic::number::decimals;
use crate::logic::url_state::query_value;

/// The nearest one comes: a pixel is half a metre.
pub const MAX_ZOOM: f64 = 18.0;
/// Coming closer to a single place by itself would show nothing but it.
const FIT_ZOOM: f64 = 8.0;
/// Pixels around what is made to fit.
const PADDING: f64 = 56.0;

/// Pixels of the drawing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Size {
    /// Across.
    pub width: f64,
    /// Down.
    pub height: f64,
}

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Camera {
    /// In the middle of the drawing.
    pub centre: Spot,
    /// How near.
    pub zoom: f64,
}

impl Default for Camera {
    /// All of the world.
    fn default() -> Self {
        Self {
            centre: Spot { x: 0.5, y: 0.42 },
            zoom: 1.0,
        }
    }
}

impl Camera {
    /// What an address says; `None` if it says nothing that can be looked at.
    pub fn read(search: &str) -> Option<Self> {
        let at = query_value(search, "at")?;
        let (north, east) = at.split_once(',')?;
        let zoom = query_value(search, "zoom").and_then(|zoom| decimal(&zoom))?;
        let (north, east) = (decimal(north)?, decimal(east)?);
        let known = (-90.0..=90.0).contains(&north) && (-180.0..=180.0).contains(&east);
        known.then(|| Self {
            centre: project(north, east),
            zoom: between(zoom, 0.0, MAX_ZOOM),
        })
    }

    /// Centre and zoom as an address has them.
    pub fn write(&self) -> (String, String) {
        let north = mercator::latitude(self.centre.y);
        let east = mercator::longitude(self.centre.x);
        (
            format!("{},{}", decimals(north, 5), decimals(east, 5)),
            decimals(self.zoom, 2),
        )
    }

    /// Where a place stands in the drawing.
    pub fn to_screen(self, spot: Spot, size: Size) -> (f64, f64) {
        let scale = pixels(self.zoom);
        let x = (near(spot.x, self.centre.x) - self.centre.x) * scale;
        let y = (spot.y - self.centre.y) * scale;
        (x + size.width / 2.0, y + size.height / 2.0)
    }

    /// What stands at a point of the drawing. May be a turn of the earth away.
    pub fn to_world(self, x: f64, y: f64, size: Size) -> Spot {
        let scale = pixels(self.zoom);
        Spot {
            x: self.centre.x + (x - size.width / 2.0) / scale,
            y: self.centre.y + (y - size.height / 2.0) / scale,
        }
    }

    /// Moves by pixels of the drawing.
    #[must_use]
    pub fn moved(self, across: f64, down: f64, size: Size) -> Self {
        let scale = pixels(self.zoom);
        let centre = Spot {
            x: self.centre.x + across / scale,
            y: self.centre.y + down / scale,
        };
        Self { centre, ..self }.held(size)
    }

    /// Comes nearer by so many steps, each twice as near; what stands at a point stays there.
    #[must_use]
    pub fn zoomed(self, by: f64, at: (f64, f64), size: Size) -> Self {
        let fixed = self.to_world(at.0, at.1, size);
        let least = least_zoom(size);
        let zoom = between(self.zoom + by, least, MAX_ZOOM);
        let scale = pixels(zoom);
        let centre = Spot {
            x: fixed.x - (at.0 - size.width / 2.0) / scale,
            y: fixed.y - (at.1 - size.height / 2.0) / scale,
        };
        Self { centre, zoom }.held(size)
    }

    /// Shows all of an area, from not too near.
    pub fn fit(bounds: Bounds, size: Size, nearest: f64) -> Self {
        let (from, to) = (bounds.from, bounds.to);
        let room = |pixels: f64| (pixels - 2.0 * PADDING).max(40.0);
        // A point has no extent that could fill the drawing.
        let across = room(size.width) / (to.x - from.x).max(1e-12);
        let down = room(size.height) / (to.y - from.y).max(1e-12);
        let zoom = zoom_of(across.min(down)).min(nearest);
        let centre = Spot {
            x: f64::midpoint(from.x, to.x),
            y: f64::midpoint(from.y, to.y),
        };
        let zoom = between(zoom, least_zoom(size), MAX_ZOOM);
        Self { centre, zoom }.held(size)
    }

    /// Shows all of an area, as one comes to it without having asked to be near.
    pub fn overview(bounds: Bounds, size: Size) -> Self {
        Self::fit(bounds, size, FIT_ZOOM)
    }

    /// What is in the drawing, with a margin in pixels.
    pub fn bounds(self, size: Size, margin: f64) -> Bounds {
        Bounds {
            from: self.to_world(-margin, -margin, size),
            to: self.to_world(size.width + margin, size.height + margin, size),
        }
    }

    /// Neither further away than all of the world, nor beyond its northern and southern ends.
    #[must_use]
    pub fn held(self, size: Size) -> Self {
        let zoom = self.zoom.max(least_zoom(size));
        let half = size.height / 2.0 / pixels(zoom);
        let centre = Spot {
            x: self.centre.x - self.centre.x.floor(),
            y: between(self.centre.y, half, 1.0 - half),
        };
        Self { centre, zoom }
    }
}

/// The world fills the drawing, so that no place is in it twice.
fn least_zoom(size: Size) -> f64 {
    zoom_of(size.height.max(size.width)).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size {
        width: 1000.0,
        height: 500.0,
    };

    fn over(north: f64, east: f64, zoom: f64) -> Camera {
        Camera {
            centre: project(north, east),
            zoom,
        }
    }

    #[test]
    fn the_address_reads_back() {
        let camera = over(63.43, -10.39, 5.25);
        let (at, zoom) = camera.write();
        let read = Camera::read(&format!("?at={at}&zoom={zoom}")).unwrap();
        assert!((read.centre.x - camera.centre.x).abs() < 1e-6);
        assert!((read.centre.y - camera.centre.y).abs() < 1e-6);
        assert_eq!(read.zoom, 5.25);
        for nonsense in [
            "",
            "?at=1,2",
            "?at=1&zoom=2",
            "?at=91,0&zoom=2",
            "?at=a,b&zoom=c",
        ] {
            assert_eq!(Camera::read(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn what_is_pointed_at_stays_when_one_comes_nearer() {
        let camera = over(60.0, 5.0, 6.0);
        let at = (120.0, 400.0);
        let fixed = camera.to_world(at.0, at.1, SIZE);
        let nearer = camera.zoomed(1.5, at, SIZE);
        let (x, y) = nearer.to_screen(fixed, SIZE);
        assert!((x - at.0).abs() < 1e-6 && (y - at.1).abs() < 1e-6);
        assert_eq!(nearer.zoom, 7.5);
        assert_eq!(camera.zoomed(50.0, at, SIZE).zoom, MAX_ZOOM);
    }

    #[test]
    fn nothing_beyond_the_ends_of_the_world_is_shown() {
        let far = over(60.0, 5.0, 0.0).held(SIZE);
        assert!((pixels(far.zoom) - 1000.0).abs() < 1e-6);
        assert!(far.bounds(SIZE, 0.0).from.y > -1e-9);
        let north = over(60.0, 5.0, 4.0).moved(0.0, -100_000.0, SIZE);
        assert!(north.bounds(SIZE, 0.0).from.y.abs() < 1e-9);
        // To the east the world goes on.
        let turned = over(0.0, 179.0, 4.0).moved(pixels(4.0) / 4.0, 0.0, SIZE);
        assert!((mercator::longitude(turned.centre.x) - -91.0).abs() < 1e-9);
    }

    #[test]
    fn places_across_the_date_line_stand_beside_each_other() {
        let camera = over(0.0, 179.0, 6.0);
        let (left, _) = camera.to_screen(project(0.0, 178.0), SIZE);
        let (right, _) = camera.to_screen(project(0.0, -178.0), SIZE);
        assert!(left < 500.0 && right > 500.0 && right < 1000.0);
    }

    #[test]
    fn an_area_that_is_made_to_fit_does() {
        let spots = [project(58.0, 4.0), project(71.0, 31.0)];
        let bounds = Bounds::of(spots.into_iter()).unwrap();
        let camera = Camera::overview(bounds, SIZE);
        for spot in spots {
            let (x, y) = camera.to_screen(spot, SIZE);
            assert!(
                (PADDING - 1.0..=SIZE.width - PADDING + 1.0).contains(&x),
                "{x}"
            );
            assert!(
                (PADDING - 1.0..=SIZE.height - PADDING + 1.0).contains(&y),
                "{y}"
            );
        }
        let point = Bounds::of([project(60.0, 5.0)].into_iter()).unwrap();
        assert_eq!(Camera::overview(point, SIZE).zoom, FIT_ZOOM);
    }
}
