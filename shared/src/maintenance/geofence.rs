//! A circle on the earth, inside or outside of which a device must be.

use std::f64::consts::{FRAC_PI_2, TAU};

/// Mean radius of the earth, in metres.
const EARTH: f64 = 6_371_008.8;

/// A circle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Geofence {
    /// Degrees north, and east.
    pub(super) center: (f64, f64),
    pub(super) radius_meters: f64,
    /// Whether the device has to be in it.
    pub(super) inside: bool,
}

impl Geofence {
    /// How far a place is from the centre, in metres along the ground.
    pub(super) fn distance(&self, place: (f64, f64)) -> f64 {
        let (north, east) = (self.center.0.to_radians(), self.center.1.to_radians());
        let (to_north, to_east) = (place.0.to_radians(), place.1.to_radians());
        let half = |angle: f64| sine(angle / 2.0).powi(2);
        let cosine = |angle: f64| sine(angle + FRAC_PI_2);
        let chord =
            half(to_north - north) + cosine(north) * cosine(to_north) * half(to_east - east);
        2.0 * EARTH * chord.sqrt().min(1.0).asin()
    }

    /// Whether a place is where the device has to be.
    pub(super) fn accepts(&self, place: (f64, f64)) -> bool {
        (self.distance(place) <= self.radius_meters) == self.inside
    }
}

/// The sine, to a few parts in 10^15: the standard library's can reduce any angle there is,
/// for which the worker would carry 10 kB of tables. Places on earth need none of that.
fn sine(angle: f64) -> f64 {
    let angle = angle - (angle / TAU).round() * TAU;
    let (mut term, mut sum) = (angle, angle);
    for pair in 1..=13 {
        let even = f64::from(2 * pair);
        term *= -angle * angle / (even * (even + 1.0));
        sum += term;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sine_is_the_sine() {
        for hundredth in -1000..1000 {
            let angle = f64::from(hundredth) / 100.0;
            assert!((sine(angle) - angle.sin()).abs() < 1e-14, "{angle}");
        }
    }

    #[test]
    fn distances_are_those_of_the_globe() {
        let oslo = Geofence {
            center: (59.9139, 10.7522),
            radius_meters: 500.0,
            inside: true,
        };
        // Bergen is some 305 km away; a thousandth of a degree north is 111 m.
        assert!((oslo.distance((60.3913, 5.3221)) - 305_000.0).abs() < 2_000.0);
        assert!((oslo.distance((59.9149, 10.7522)) - 111.0).abs() < 1.0);
        assert!(oslo.accepts((59.9149, 10.7522)));
        assert!(!oslo.accepts((59.9239, 10.7522)));
        let outside = Geofence {
            inside: false,
            ..oslo
        };
        assert!(outside.accepts((60.3913, 5.3221)));
        // Across the date line.
        let line = Geofence {
            center: (0.0, 179.999),
            ..oslo
        };
        assert!(line.accepts((0.0, -179.999)));
    }
}
