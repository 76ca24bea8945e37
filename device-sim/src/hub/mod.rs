//! Reaching the hub: address, streams, WebSockets, REST and credentials.

pub mod access;
pub mod dial;
pub mod endpoint;
pub mod identities;
pub mod open_files;
pub mod rest;
pub mod signal;
pub mod websocket;
