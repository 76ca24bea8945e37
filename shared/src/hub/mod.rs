//! The actors: gateway, registry, events and hub.
//!
//! Each is a plain state machine: an input comes with the time, the storage and a place
//! for effects; nothing blocks, nothing awaits. Whoever runs the actors (the worker's
//! Durable Objects, or the simulation) carries the effects out and reports back. An actor
//! reads, decides and writes within one call, which a Durable Object makes atomic.
//!
//! What an actor must never do: keep something only in memory that a device or a caller
//! was told is done.

pub mod administration;
pub mod audit;
pub mod counters;
pub mod effects;
pub mod events;
pub mod gateway;
pub mod job_event;
pub mod operations;
pub mod outbox;
pub mod records;
pub mod registry;
pub mod segment;
pub mod settings;
mod usage;
