//! What helps to find one's way where no coast is in sight: lines of latitude and longitude at
//! round degrees, and a scale.

use super::camera::{Camera, Size};
use super::mercator::{self, metres_a_pixel, project};

/// Pixels between two lines, at least.
const APART: f64 = 110.0;
/// Pixels of the scale, at most.
const SCALE: f64 = 110.0;
/// Degrees between lines far away; nearer it is twos, ones and halves of smaller and smaller decimals.
const COARSE: [f64; 6] = [90.0, 45.0, 30.0, 15.0, 10.0, 5.0];

/// A line across the drawing.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Pixels from the left or from the top.
    pub at: f64,
    /// Degrees north or east.
    pub degrees: f64,
}

/// The lines in sight.
#[derive(Debug, Clone, PartialEq)]
pub struct Lines {
    /// Of latitude, from the top.
    pub latitudes: Vec<Line>,
    /// Of longitude, from the left.
    pub longitudes: Vec<Line>,
    /// Decimals that their degrees have.
    pub decimals: usize,
}

/// The lines of what is looked at.
pub fn lines(camera: Camera, size: Size) -> Lines {
    let (step, decimals) = step(camera);
    let bounds = camera.bounds(size, 0.0);
    let east = |x: f64| x * 360.0 - 180.0;
    let longitudes = multiples(east(bounds.from.x), east(bounds.to.x), step)
        .map(|degrees| {
            let x = (degrees + 180.0) / 360.0 - camera.centre.x;
            Line {
                at: x * mercator::pixels(camera.zoom) + size.width / 2.0,
                degrees: degrees - (degrees / 360.0).round() * 360.0,
            }
        })
        .collect();
    let south = mercator::latitude(bounds.to.y.min(1.0));
    let north = mercator::latitude(bounds.from.y.max(0.0));
    let latitudes = multiples(south, north, step)
        .map(|degrees| {
            let spot = project(degrees, 0.0);
            Line {
                at: camera.to_screen(spot, size).1,
                degrees,
            }
        })
        .collect();
    Lines {
        latitudes,
        longitudes,
        decimals,
    }
}

/// Degrees from line to line, and decimals that it takes to write them.
fn step(camera: Camera) -> (f64, usize) {
    let least = APART * 360.0 / mercator::pixels(camera.zoom);
    let coarse = COARSE.into_iter().rev().find(|step| *step >= least);
    let mut finest = (coarse.unwrap_or(90.0), 0);
    let mut unit = 1.0;
    for decimals in 0..5 {
        for step in [2.0 * unit, unit, 0.5 * unit] {
            if step >= least {
                let finer = usize::from(step < unit);
                finest = (step, decimals + finer);
            }
        }
        unit /= 10.0;
    }
    finest
}

/// Round degrees from one to another; not many, whatever is asked for.
fn multiples(from: f64, to: f64, step: f64) -> impl Iterator<Item = f64> {
    let first = (from / step).ceil() as i64;
    let last = (to / step).floor() as i64;
    (first..=last).take(64).map(move |n| n as f64 * step)
}

/// A length that is easy to read, in pixels and in metres.
pub fn scale(camera: Camera) -> (f64, f64) {
    let metre = 1.0 / metres_a_pixel(camera.centre.y, camera.zoom);
    let mut best = 1.0;
    let mut unit = 1.0;
    while unit < 1e8 {
        for metres in [unit, 2.0 * unit, 5.0 * unit] {
            if metres * metre <= SCALE {
                best = metres;
            }
        }
        unit *= 10.0;
    }
    (best * metre, best)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size {
        width: 1000.0,
        height: 500.0,
    };

    fn over(north: f64, east: f64, zoom: f64) -> Camera {
        let centre = project(north, east);
        Camera { centre, zoom }
    }

    #[test]
    fn lines_are_round_and_not_too_close() {
        for tenths in 10..180 {
            let camera = over(60.0, 179.0, f64::from(tenths) / 10.0);
            let found = lines(camera, SIZE);
            for pair in found.longitudes.windows(2) {
                assert!(pair[1].at - pair[0].at >= APART - 1e-6, "{tenths}");
            }
            assert!(found.longitudes.len() < 10 && found.latitudes.len() < 12);
            for line in found.latitudes.iter().chain(&found.longitudes) {
                let shown = format!("{:.*}", found.decimals, line.degrees);
                let read: f64 = shown.parse().unwrap();
                assert!((read - line.degrees).abs() < 1e-6, "{shown} {tenths}");
            }
        }
    }

    #[test]
    fn a_line_stands_where_its_degree_is() {
        let camera = over(60.0, 5.0, 6.0);
        let found = lines(camera, SIZE);
        let five = found.longitudes.iter().find(|line| line.degrees == 5.0);
        assert!((five.unwrap().at - 500.0).abs() < 1e-6);
        let sixty = found.latitudes.iter().find(|line| line.degrees == 60.0);
        assert!((sixty.unwrap().at - 250.0).abs() < 1e-6);
    }

    #[test]
    fn the_scale_is_a_round_length() {
        let (long, metres) = scale(over(0.0, 0.0, 5.0));
        // 4.9 km a pixel.
        assert_eq!(metres, 500_000.0);
        assert!((long - 102.2).abs() < 0.1);
        assert_eq!(scale(over(60.0, 0.0, 18.0)).1, 20.0);
    }
}
