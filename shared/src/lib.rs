//! The product: what an IoT hub decides, in pure Rust.
//!
//! Nothing in this crate does I/O, reads a clock or a random source, or knows
//! wasm: time, random bytes and storage are arguments, so the whole hub runs
//! natively in one test process under virtual time (`docs/ARCHITECTURE.md`). The one
//! exception are tables that the JavaScript runtime has already (`letter_case`).
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::todo,
        clippy::unimplemented
    )
)]

pub mod alert;
pub mod auth;
pub mod blob;
pub mod configuration;
pub mod delivery;
pub mod doctor;
pub mod error;
pub mod http;
pub mod hub;
pub mod ids;
pub mod import;
pub mod ipc;
pub mod json_literal;
pub mod letter_case;
pub mod maintenance;
pub mod mqtt;
pub mod ordered;
pub mod pattern;
pub mod percent;
pub mod query;
pub mod reading;
pub mod routing;
pub mod sorting;
pub mod sql;
pub mod throttle;
pub mod time;
pub mod together;
pub mod transfer;
pub mod twin;
pub mod writing;
pub mod x509;
