//! The outline of the land behind the console's map: Natural Earth's coast at 1:50 million, as the
//! npm package `world-atlas` brings it, simplified to a thirteenth and drawn once and for all as the
//! path of an SVG.
//!
//! The browser reads such a path by itself, so the console has no code for it. The drawing is in
//! Web Mercator, as the map is (`console/src/logic/map/mercator.rs`). Islands that reach over the
//! date line go on behind it: the map draws the world once more on either side.

use std::f64::consts::PI;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::failure::{Explain, Failure, Outcome};

/// Units from one end of the world to the other; `console/src/api/land.rs` says the same.
const UNITS: f64 = 4096.0;
/// Where Web Mercator ends: there the world is a square.
const MAX_LATITUDE: f64 = 85.051_128_779_806_59;
/// Degrees by which the outline may be off.
const TOLERANCE: f64 = 0.16;
/// The same where nearly nobody lives, which is half of the world's coast.
const POLAR_TOLERANCE: f64 = 0.8;
/// The latitudes where that begins, in the south and in the north.
const POLAR: (f64, f64) = (-60.0, 72.0);
/// Square degrees of an island that is drawn.
const LEAST_AREA: f64 = 0.15;

/// What is used of a TopoJSON file: lines in steps on a grid, and areas made of them.
#[derive(Debug, Deserialize)]
struct Topology {
    arcs: Vec<Vec<(f64, f64)>>,
    transform: Transform,
    objects: Objects,
}

/// How steps on the grid become degrees.
#[derive(Debug, Deserialize)]
struct Transform {
    scale: (f64, f64),
    translate: (f64, f64),
}

#[derive(Debug, Deserialize)]
struct Objects {
    land: Collection,
}

#[derive(Debug, Deserialize)]
struct Collection {
    geometries: Vec<Areas>,
}

/// Areas, each of an outline and its holes, each of them of lines; `-1` is the first line
/// backwards.
#[derive(Debug, Deserialize)]
struct Areas {
    arcs: Vec<Vec<Vec<i64>>>,
}

/// Degrees east and north.
type Corner = (f64, f64);

/// The file's land as the path of an SVG.
pub fn path_of(file: &Path) -> Outcome<String> {
    let text = fs::read_to_string(file).explain(|| format!("cannot read {}", file.display()))?;
    let topology: Topology = serde_json::from_str(&text)
        .explain(|| format!("{} is no outline of land", file.display()))?;
    let path = topology.path();
    if path.is_empty() {
        return Err(Failure::broken(format!("{} is empty", file.display())));
    }
    Ok(path)
}

impl Topology {
    fn path(&self) -> String {
        let areas = self.objects.land.geometries.iter();
        let rings = areas.flat_map(|areas| areas.arcs.iter().flatten());
        rings.fold(String::new(), |mut path, ring| {
            let ring = unwound(self.ring(ring));
            if area(&ring) >= LEAST_AREA {
                write_ring(&mut path, &simplified(&ring));
            }
            path
        })
    }

    fn ring(&self, lines: &[i64]) -> Vec<Corner> {
        let mut corners: Vec<Corner> = Vec::new();
        for index in lines {
            let backwards = *index < 0;
            let index = if backwards { !index } else { *index };
            let arc = usize::try_from(index).ok().and_then(|i| self.arcs.get(i));
            let mut line = self.line(arc.map(Vec::as_slice).unwrap_or_default());
            if backwards {
                line.reverse();
            }
            corners.extend(line);
        }
        // Where lines meet.
        corners.dedup();
        corners
    }

    fn line(&self, steps: &[(f64, f64)]) -> Vec<Corner> {
        let ((width, height), (left, bottom)) = (self.transform.scale, self.transform.translate);
        let (mut x, mut y) = (0.0, 0.0);
        let corner = |(across, up): &(f64, f64)| {
            x += across;
            y += up;
            (x * width + left, y * height + bottom)
        };
        steps.iter().map(corner).collect()
    }
}

/// A ring that goes on behind the date line instead of jumping to the other end of the world. One
/// around a pole, which then does not close, is led along the end of the drawing.
fn unwound(mut ring: Vec<Corner>) -> Vec<Corner> {
    let Some(first) = ring.first().copied() else {
        return ring;
    };
    let mut before = first.0;
    for (east, _) in &mut ring {
        *east -= ((*east - before) / 360.0).round() * 360.0;
        before = *east;
    }
    if (before - first.0).abs() > 180.0 {
        let pole = 90.0_f64.copysign(first.1);
        ring.extend([(before, pole), (first.0, pole), first]);
    }
    ring
}

/// Square degrees, each as large as at the equator.
fn area(ring: &[Corner]) -> f64 {
    let twice: f64 = ring
        .windows(2)
        .map(|pair| pair[0].0 * pair[1].1 - pair[1].0 * pair[0].1)
        .sum();
    let north = ring.first().map_or(0.0, |corner| corner.1);
    twice.abs() / 2.0 * north.to_radians().cos()
}

/// Only the corners without which the outline would be off (Douglas and Peucker).
fn simplified(ring: &[Corner]) -> Vec<Corner> {
    let Some(last) = ring.len().checked_sub(1) else {
        return Vec::new();
    };
    let mut kept = vec![false; ring.len()];
    kept[0] = true;
    kept[last] = true;
    let mut open = vec![(0, last)];
    while let Some((from, to)) = open.pop() {
        let off = |index: usize| distance(ring[index], ring[from], ring[to]);
        let farthest = (from + 1..to).max_by(|one, other| off(*one).total_cmp(&off(*other)));
        if let Some(index) = farthest.filter(|index| off(*index) > tolerance(ring[*index].1)) {
            kept[index] = true;
            open.extend([(from, index), (index, to)]);
        }
    }
    let corners = ring.iter().zip(kept).filter(|(_, kept)| *kept);
    corners.map(|(corner, _)| *corner).collect()
}

fn tolerance(north: f64) -> f64 {
    if (POLAR.0..=POLAR.1).contains(&north) {
        TOLERANCE
    } else {
        POLAR_TOLERANCE
    }
}

/// Degrees from a corner to the line between two others, each as long as at the equator.
fn distance(corner: Corner, from: Corner, to: Corner) -> f64 {
    let shrunk = corner.1.to_radians().cos();
    let by = |(east, north): Corner| ((east - from.0) * shrunk, north - from.1);
    let ((x, y), (across, up)) = (by(corner), by(to));
    let length = across * across + up * up;
    let share = if length > 0.0 {
        ((x * across + y * up) / length).clamp(0.0, 1.0)
    } else {
        0.0
    };
    (x - share * across).hypot(y - share * up)
}

/// A place on the drawing's grid, counted from the upper left.
fn on_grid((east, north): Corner) -> (i64, i64) {
    let north = north.clamp(-MAX_LATITUDE, MAX_LATITUDE).to_radians();
    let x = (east + 180.0) / 360.0;
    let y = 0.5 - north.tan().asinh() / (2.0 * PI);
    ((x * UNITS).round() as i64, (y * UNITS).round() as i64)
}

/// Writes a ring in steps from corner to corner: `M10 20l5-5 0 10z`. One that has become a line
/// on the grid is left out.
fn write_ring(path: &mut String, ring: &[Corner]) {
    let mut corners: Vec<(i64, i64)> = ring.iter().map(|corner| on_grid(*corner)).collect();
    corners.dedup();
    let [first, rest @ ..] = &corners[..] else {
        return;
    };
    if rest.len() < 3 {
        return;
    }
    let _ = write!(path, "M{} {}l", first.0, first.1);
    let mut before = *first;
    for (index, (x, y)) in rest.iter().enumerate() {
        let (across, down) = (x - before.0, y - before.1);
        // A minus sign parts numbers too.
        let gap = if index == 0 || across < 0 { "" } else { " " };
        let between = if down < 0 { "" } else { " " };
        let _ = write!(path, "{gap}{across}{between}{down}");
        before = (*x, *y);
    }
    path.push('z');
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A square around the origin out of two lines, the second one backwards, with a corner in the
    /// middle of a side; and an island of no extent.
    const SQUARE: &str = r#"{
        "type": "Topology",
        "transform": { "scale": [45, 45], "translate": [-45, -45] },
        "arcs": [
            [[0, 0], [2, 0], [0, 1], [0, 1]],
            [[0, 0], [0, 2], [2, 0]],
            [[1, 1], [0, 0]]
        ],
        "objects": { "land": { "type": "GeometryCollection", "geometries": [
            { "type": "MultiPolygon", "arcs": [[[0, -2]], [[2]]] }
        ] } }
    }"#;

    #[test]
    fn rings_are_joined_of_lines_in_both_directions() {
        let topology: Topology = serde_json::from_str(SQUARE).unwrap();
        let ring = topology.ring(&[0, -2]);
        let corners = [
            (-45.0, -45.0),
            (45.0, -45.0),
            (45.0, 0.0),
            (45.0, 45.0),
            (-45.0, 45.0),
            (-45.0, -45.0),
        ];
        assert_eq!(ring, corners);
        // 45 degrees are 575 units from the equator; the corner in the middle of a side is none.
        assert_eq!(topology.path(), "M1536 2623l1024 0 0-1150-1024 0 0 1150z");
    }

    #[test]
    fn only_what_is_off_is_kept() {
        let ring = [(0.0, 0.0), (5.0, 0.1), (10.0, 0.0), (10.0, 8.0), (0.0, 0.0)];
        let left_out = |ring: &[Corner]| ring.len() - simplified(ring).len();
        assert_eq!(left_out(&ring), 1);
        // Nearer to a pole more is left out.
        let moved = |by: f64| ring.map(|(east, north)| (east, north + north * 4.0 + by));
        assert_eq!(left_out(&moved(0.0)), 0);
        assert_eq!(left_out(&moved(73.0)), 1);
        assert!(simplified(&[]).is_empty());
    }

    #[test]
    fn a_ring_goes_on_behind_the_date_line() {
        let island = vec![
            (179.0, 1.0),
            (-179.0, 1.0),
            (-179.0, 2.0),
            (179.0, 2.0),
            (179.0, 1.0),
        ];
        let easts: Vec<f64> = unwound(island).iter().map(|corner| corner.0).collect();
        assert_eq!(easts, [179.0, 181.0, 181.0, 179.0, 179.0]);
        let around = vec![
            (-180.0, -80.0),
            (-60.0, -70.0),
            (60.0, -70.0),
            (179.0, -80.0),
            (-180.0, -80.0),
        ];
        let closed = unwound(around);
        assert_eq!(
            closed[3..],
            [
                (179.0, -80.0),
                (180.0, -80.0),
                (180.0, -90.0),
                (-180.0, -90.0),
                (-180.0, -80.0)
            ]
        );
    }

    #[test]
    fn the_poles_are_at_the_edges() {
        assert_eq!(on_grid((-180.0, 90.0)), (0, 0));
        assert_eq!(on_grid((180.0, -90.0)), (4096, 4096));
        assert_eq!(on_grid((0.0, 0.0)), (2048, 2048));
    }

    #[test]
    fn a_line_number_that_is_not_there_is_no_panic() {
        let topology: Topology = serde_json::from_str(SQUARE).unwrap();
        assert!(topology.ring(&[99, -99]).is_empty());
    }
}
