//! Rules of the map: places on a flat world, what of it is looked at, which points become one,
//! and what an area picks. Nothing here draws or asks the hub.

pub mod area;
pub mod camera;
pub mod cluster;
pub mod mercator;
pub mod place;
pub mod scale;
pub mod selection;
