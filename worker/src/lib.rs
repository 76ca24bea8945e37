//! The worker: binds what `shared` decides to Cloudflare's platform.
//!
//! Durable Objects around the actors, KV for the settings mirror, static assets for the
//! console, and the HTTP entry point. No rule about IoT Hub belongs here.
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod backend;
mod blobs;
mod console;
mod entry;
mod events;
mod gateway;
mod hub;
mod object;
mod outbound;
mod pieces;
mod platform;
mod queues;
mod registry;
mod remote;
mod settings_mirror;
mod storage;
