//! The one place that talks to the hub: the public REST API of the same origin and nothing else.
//! One file per group of calls; only `client` knows about fetch.

pub mod alerts;
pub mod archive;
pub mod audit;
pub mod blobs;
pub mod client;
pub mod configurations;
pub mod developers;
pub mod devices;
pub mod error;
pub mod events;
pub mod groups;
pub mod history;
pub mod jobs;
pub mod land;
pub mod messages;
pub mod methods;
pub mod modules;
pub mod operations;
pub mod query;
pub mod resources;
pub mod retirement;
pub mod routing;
pub mod session;
pub mod throttles;
pub mod timeline;
pub mod transfers;
pub mod twins;

pub use error::ApiError;
