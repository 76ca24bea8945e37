//! Web Mercator: the earth as a square, `0..1` from west to east and from north to south.
//! `xtask/src/build/land.rs` draws the land in the same projection.

use std::f64::consts::{LN_2, PI, TAU};

/// Where the square ends to the north and to the south.
pub const MAX_LATITUDE: f64 = 85.051_128_779_806_59;
/// Pixels of the square at zoom 0.
const TILE: f64 = 256.0;
/// Metres around the equator.
const EQUATOR: f64 = 40_075_016.686;

/// A place on the square.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Spot {
    /// From west to east. Behind 1 it begins anew.
    pub x: f64,
    /// From north to south.
    pub y: f64,
}

/// Where a place stands on the square.
pub fn project(latitude: f64, longitude: f64) -> Spot {
    let latitude = between(latitude, -MAX_LATITUDE, MAX_LATITUDE);
    let half = half_tangent(latitude.to_radians());
    Spot {
        x: (longitude + 180.0) / 360.0,
        y: 0.5 - ((1.0 + half) / (1.0 - half)).ln() / TAU,
    }
}

/// Degrees north of a place on the square.
pub fn latitude(y: f64) -> f64 {
    let grown = ((0.5 - y) * TAU).exp();
    (2.0 * ((grown - 1.0) / (grown + 1.0)).atan()).to_degrees()
}

/// Degrees east of a place on the square, within a turn of the earth.
pub fn longitude(x: f64) -> f64 {
    (x - x.floor()) * 360.0 - 180.0
}

/// The same meridian, as near to another one as it comes.
pub fn near(x: f64, other: f64) -> f64 {
    x - (x - other).round()
}

/// Pixels of the whole square.
pub fn pixels(zoom: f64) -> f64 {
    TILE * 2f64.powf(zoom)
}

/// The zoom at which the square has so many pixels.
pub fn zoom_of(pixels: f64) -> f64 {
    (pixels / TILE).ln() / LN_2
}

/// Metres that a pixel stands for.
pub fn metres_a_pixel(y: f64, zoom: f64) -> f64 {
    let grown = ((0.5 - y) * TAU).exp();
    let cosine = 2.0 * grown / (grown * grown + 1.0);
    EQUATOR * cosine / pixels(zoom)
}

/// The nearest number that is neither below nor above two others. The standard library's says with
/// both in digits when they are the wrong way round, for which it would bring a writer of floats.
pub fn between(number: f64, least: f64, most: f64) -> f64 {
    number.min(most).max(least)
}

/// The tangent of half an angle of at most a right one, as a continued fraction: the standard
/// library's reduces any angle there is, for which the console would carry tables.
fn half_tangent(angle: f64) -> f64 {
    let half = between(angle, -PI / 2.0, PI / 2.0) / 2.0;
    let below = (0..12).rev().fold(25.0, |below, step| {
        f64::from(2 * step + 1) - half * half / below
    });
    half / below
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_survives_the_projection() {
        for north in -85..=85 {
            for east in -180..180 {
                let (north, east) = (f64::from(north) + 0.0371, f64::from(east) + 0.5);
                let spot = project(north, east);
                assert!(
                    (latitude(spot.y) - north.min(MAX_LATITUDE)).abs() < 1e-9,
                    "{north}"
                );
                assert!((longitude(spot.x) - east).abs() < 1e-9, "{east}");
                assert!((0.0..=1.0).contains(&spot.y));
            }
        }
    }

    #[test]
    fn the_world_is_a_square() {
        assert_eq!(project(0.0, 0.0), Spot { x: 0.5, y: 0.5 });
        assert!(project(90.0, -180.0).y.abs() < 1e-12);
        assert!((project(-90.0, 180.0).y - 1.0).abs() < 1e-12);
        // By the textbook.
        let oslo = 59.913_9_f64.to_radians();
        let textbook = 0.5 - (oslo.tan() + 1.0 / oslo.cos()).ln() / TAU;
        assert!((project(59.913_9, 10.752_2).y - textbook).abs() < 1e-14);
    }

    #[test]
    fn the_nearest_turn_is_chosen() {
        assert!((near(0.99, 0.01) - -0.01).abs() < 1e-12);
        assert!((near(0.01, 0.99) - 1.01).abs() < 1e-12);
        assert_eq!(near(0.4, 0.6), 0.4);
        assert!((longitude(1.25) - -90.0).abs() < 1e-12);
        assert!((longitude(-0.25) - 90.0).abs() < 1e-12);
    }

    #[test]
    fn zoom_and_pixels_are_each_others_inverse() {
        assert_eq!(pixels(3.0), 2048.0);
        assert!((zoom_of(pixels(7.3)) - 7.3).abs() < 1e-12);
        assert!((metres_a_pixel(0.5, 0.0) - 156_543.034).abs() < 0.01);
        // Half as long at sixty degrees.
        let north = project(60.0, 0.0).y;
        assert!((metres_a_pixel(north, 0.0) - 78_271.517).abs() < 0.01);
    }
}
