//! IoT Hub's topics, one file per family: what a device publishes, what it may subscribe
//! to, and what the hub publishes to it.
//!
//! Pure text rules. Which answer a topic gets is decided by the hub's actors.

mod delivery;
mod filter;
mod publish;
mod subscriptions;

pub use delivery::{
    HubTopic, TopicTooLong, desired_topic, devicebound_topic, method_call_topic, parse_delivery,
    twin_response_topic,
};
pub use filter::{Filter, parse_filter};
pub use publish::{DeviceTopic, MAX_REQUEST_ID_LENGTH, TopicError, parse_publish};
pub use subscriptions::{MAX_SUBSCRIPTIONS, REFUSED, Subscriptions};

use crate::ids::Identity;

/// Takes `devices/{d}/` or `devices/{d}/modules/{m}/` of exactly this identity off a topic.
fn strip_identity<'a>(topic: &'a str, identity: &Identity) -> Option<&'a str> {
    let rest = topic
        .strip_prefix("devices/")?
        .strip_prefix(identity.device.as_str())?;
    let rest = rest.strip_prefix('/')?;
    match &identity.module {
        None => Some(rest),
        Some(module) => rest
            .strip_prefix("modules/")?
            .strip_prefix(module.as_str())?
            .strip_prefix('/'),
    }
}

/// The first value of a key in a query that is not percent-decoded (`device.md` §5.1).
fn raw_query_value<'a>(query: &'a str, key: &str) -> Option<&'a str> {
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(name, _)| *name == key)
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests;
