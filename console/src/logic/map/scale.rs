//! How long something on the map is.

use super::camera::Camera;
use super::mercator::metres_a_pixel;

/// Pixels that the scale may have.
const SCALE: f64 = 110.0;

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
    use super::super::mercator::project;
    use super::*;

    fn over(north: f64, east: f64, zoom: f64) -> Camera {
        let centre = project(north, east);
        Camera { centre, zoom }
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
