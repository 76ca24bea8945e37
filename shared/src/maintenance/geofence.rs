//! A circle on the earth, inside or outside of which a device must be.

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
        let half = |angle: f64| (angle / 2.0).sin().powi(2);
        let chord = half(to_north - north) + north.cos() * to_north.cos() * half(to_east - east);
        2.0 * EARTH * chord.sqrt().min(1.0).asin()
    }

    /// Whether a place is where the device has to be.
    pub(super) fn accepts(&self, place: (f64, f64)) -> bool {
        (self.distance(place) <= self.radius_meters) == self.inside
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
