//! One module per screen.

pub mod absent;
pub mod alerts;
pub mod archive;
pub mod at_a_glance;
pub mod audit;
pub mod configurations;
pub mod developers;
pub mod device;
pub mod devices;
pub mod events;
pub mod issues;
pub mod jobs;
pub mod limits;
pub mod map;
pub mod not_found;
pub mod operations;
pub mod overview;
pub mod progress;
pub mod query;
pub mod resources;
pub mod routing;
pub mod sign_in;
pub mod snippets;
pub mod transfers;
