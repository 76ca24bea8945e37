//! Where messages and events go, as the settings keep it (`query-routing-events.md` §3.1).
//!
//! Part of the settings: the hub object owns it, partitions act by it, shards learn from it
//! which events anybody wants.

use crate::routing::enrichment::Enrichment;
use serde::{Deserialize, Serialize};

/// The endpoint that is always there.
pub const BUILT_IN: &str = "events";

/// A route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Route {
    /// Its name.
    pub name: String,
    /// One of [`crate::routing::SOURCES`].
    pub source: String,
    /// A condition that compiles.
    pub condition: String,
    /// Switched on.
    pub is_enabled: bool,
    /// Where to: [`BUILT_IN`] or an endpoint of the hub.
    #[serde(default = "built_in")]
    pub endpoint: String,
}

fn built_in() -> String {
    BUILT_IN.to_owned()
}

/// Everything but the routes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Routing {
    /// Rises with every change of this or of the routes.
    #[serde(default)]
    pub version: u64,
    /// Custom endpoints and subscriptions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub endpoints: Vec<Endpoint>,
    /// Where telemetry goes that no route wants; `None`: to the built-in endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<Route>,
    /// What endpoints get besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub enrichments: Vec<Enrichment>,
    /// Keys of signatures by name; only the hub object and the partitions have them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<(String, String)>,
    /// The highest `Endpoint::id` there ever was.
    #[serde(default)]
    pub last_id: u32,
}

/// What an endpoint is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EndpointSort {
    /// Routes name it; requests go to its URL.
    Webhook,
    /// Routes name it; files go to its container.
    StorageContainer,
    /// Wants messages by itself; requests go to its URL.
    Subscription,
    /// Routes name it; events go into a queue of the deployment, which its URL names.
    Queue,
}

/// Begins the URL of a queue: `queue://alarms`.
pub const QUEUE_SCHEME: &str = "queue://";

/// A custom endpoint, or a subscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoint {
    /// Never given again.
    pub id: u32,
    /// Its bit in `segment::Routed::endpoints`, 1 to 52; may be given again.
    pub slot: u8,
    /// Unique among endpoints, or among subscriptions.
    pub name: String,
    /// What it is.
    pub sort: EndpointSort,
    /// Requests go here.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub url: String,
    /// Which secret signs them.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub secret_ref: String,
    /// `hub`, `eventGrid` or `cloudEvents`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub format: String,
    /// Most events of a request.
    #[serde(default)]
    pub max_events: u32,
    /// How long an event may wait for others; of a storage container, for its file.
    #[serde(default)]
    pub max_seconds: u32,
    /// The receiver has shown that it wants requests.
    #[serde(default)]
    pub is_validated: bool,
    /// Switched on.
    #[serde(default)]
    pub is_enabled: bool,
    /// Of a subscription: what it wants, of [`crate::routing::SOURCES`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
    /// Of a subscription: a condition that compiles.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub condition: String,
    /// Of a storage container: where its files are.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub container: String,
    /// Of a storage container.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub file_name_format: String,
    /// Of a storage container: a file has no more bytes.
    #[serde(default)]
    pub max_bytes: u64,
}

impl Endpoint {
    /// Nothing but its sort.
    pub fn of(sort: EndpointSort) -> Self {
        Self {
            id: 0,
            slot: 0,
            name: String::new(),
            sort,
            url: String::new(),
            secret_ref: String::new(),
            format: String::new(),
            max_events: 0,
            max_seconds: 0,
            is_validated: false,
            is_enabled: false,
            sources: Vec::new(),
            condition: String::new(),
            container: String::new(),
            file_name_format: String::new(),
            max_bytes: 0,
        }
    }

    /// Its bit.
    pub fn mask(&self) -> u64 {
        1u64.checked_shl(u32::from(self.slot)).unwrap_or(0)
    }

    /// The queue that it puts events into.
    pub fn queue(&self) -> Option<&str> {
        self.url
            .strip_prefix(QUEUE_SCHEME)
            .filter(|_| self.sort == EndpointSort::Queue)
    }

    /// Whether it is served with requests.
    pub fn is_pushed(&self) -> bool {
        self.sort != EndpointSort::StorageContainer
    }
}

impl Routing {
    /// The custom endpoint of that name.
    pub fn endpoint(&self, name: &str) -> Option<&Endpoint> {
        self.endpoints.iter().find(|endpoint| {
            endpoint.sort != EndpointSort::Subscription && endpoint.name.eq_ignore_ascii_case(name)
        })
    }

    /// The subscription of that name.
    pub fn subscription(&self, name: &str) -> Option<&Endpoint> {
        self.endpoints.iter().find(|endpoint| {
            endpoint.sort == EndpointSort::Subscription && endpoint.name.eq_ignore_ascii_case(name)
        })
    }

    /// The key of a signature.
    pub fn secret(&self, name: &str) -> Option<&str> {
        self.secrets
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}
