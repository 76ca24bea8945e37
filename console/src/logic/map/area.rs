//! An area that somebody draws around points.

use super::mercator::{Spot, near};

/// Two corners nearer than this, in pixels, are one.
pub const CORNER: f64 = 3.0;

/// Whether a place lies within the corners of an area. The area is drawn on the world as it is
/// looked at, so a place across the date line is taken for the one next to it.
pub fn contains(corners: &[Spot], spot: Spot) -> bool {
    let Some(first) = corners.first() else {
        return false;
    };
    let x = near(spot.x, first.x);
    let mut inside = false;
    let mut before = corners.last().unwrap_or(first);
    for corner in corners {
        // Each side that is crossed on the way to the left turns outside and inside.
        if (corner.y > spot.y) != (before.y > spot.y) {
            let share = (spot.y - corner.y) / (before.y - corner.y);
            if x < corner.x + share * (before.x - corner.x) {
                inside = !inside;
            }
        }
        before = corner;
    }
    inside
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spots(corners: &[(f64, f64)]) -> Vec<Spot> {
        corners.iter().map(|(x, y)| Spot { x: *x, y: *y }).collect()
    }

    #[test]
    fn a_place_is_inside_or_outside() {
        // An L.
        let area = spots(&[
            (0.1, 0.1),
            (0.2, 0.1),
            (0.2, 0.3),
            (0.4, 0.3),
            (0.4, 0.4),
            (0.1, 0.4),
        ]);
        for (x, y, inside) in [
            (0.15, 0.2, true),
            (0.3, 0.35, true),
            (0.3, 0.2, false),
            (0.05, 0.2, false),
            (0.15, 0.5, false),
        ] {
            assert_eq!(contains(&area, Spot { x, y }), inside, "{x} {y}");
        }
    }

    #[test]
    fn an_area_without_extent_has_nothing_in_it() {
        let spot = Spot { x: 0.5, y: 0.5 };
        assert!(!contains(&[], spot));
        assert!(!contains(&spots(&[(0.5, 0.5)]), spot));
        assert!(!contains(&spots(&[(0.4, 0.5), (0.6, 0.5)]), spot));
    }

    #[test]
    fn an_area_across_the_date_line_holds_both_sides() {
        let area = spots(&[(0.98, 0.4), (1.02, 0.4), (1.02, 0.6), (0.98, 0.6)]);
        assert!(contains(&area, Spot { x: 0.99, y: 0.5 }));
        assert!(contains(&area, Spot { x: 0.01, y: 0.5 }));
        assert!(!contains(&area, Spot { x: 0.5, y: 0.5 }));
    }
}
