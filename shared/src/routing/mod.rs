//! Conditions of routes, enrichments, and trying them out (`query-routing-events.md` §3).
//!
//! [`Condition`] is a text that was compiled once; it is asked about one [`Message`] at a time
//! and allocates nothing for plain comparisons. [`Enrichment`] is what is stamped onto messages
//! on their way to an endpoint. [`test_route`] shapes the two test calls. Pure: nothing here
//! knows where messages come from, which endpoints exist, or when a route is asked. The
//! language looks like that of twin queries (`crate::query`) and is another one: names are
//! greedy, types are checked before anything is stored, and `NOT` binds tightly.

pub mod body;
mod check;
pub mod condition;
#[cfg(test)]
mod differential_tests;
pub mod document;
pub mod enrichment;
pub mod error;
mod evaluate;
pub mod event;
mod expression;
mod function;
pub mod health;
mod lexer;
pub mod message;
mod parser;
mod path;
pub mod table;
pub mod test_route;

pub use body::json_body;
pub use condition::{Condition, Outcome};
pub use enrichment::Enrichment;
pub use error::CompilationError;
pub use event::EventMessage;
pub use message::Message;

/// Where messages come from; a route is about one of these (§3.1).
pub const SOURCES: [&str; 6] = [
    DEVICE_MESSAGES,
    TWIN_CHANGE_EVENTS,
    "DeviceLifecycleEvents",
    "DeviceJobLifecycleEvents",
    DIGITAL_TWIN_CHANGE_EVENTS,
    "DeviceConnectionStateEvents",
];
/// Alerts; subscriptions can ask for these, routes cannot.
pub const ALERTS: &str = "alerts";
/// What devices send; only these can take the fallback route.
pub const DEVICE_MESSAGES: &str = "DeviceMessages";
/// Changes of twins; only here can a condition ask what a change includes.
pub const TWIN_CHANGE_EVENTS: &str = "TwinChangeEvents";
/// Changes of digital twins; nothing is stamped onto these.
pub const DIGITAL_TWIN_CHANGE_EVENTS: &str = "DigitalTwinChangeEvents";

/// A source as documents name it, from any case.
pub fn source(name: &str) -> Option<&'static str> {
    SOURCES
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(name))
}
