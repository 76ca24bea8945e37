//! All routes of a hub, compiled: where a message goes (`query-routing-events.md` §3.1, §3.3,
//! §3.8).
//!
//! An endpoint is a bit: 0 is the one that is built in, the others are `Endpoint::slot`. It
//! must never decide by anything but the message, the twin and the settings.

use super::{ALERTS, Condition, Enrichment, Message, Outcome, SOURCES};
use crate::ipc::hub::Settings;
use crate::ipc::routing::{BUILT_IN, EndpointSort};
use crate::json;
use crate::writing::JsonText;
use serde_json::Value;

/// The bit of the built-in endpoint.
pub const BUILT_IN_MASK: u64 = 1;
/// Place of telemetry in [`SOURCES`].
pub const TELEMETRY: usize = 0;

/// A route, the fallback or a subscription.
#[derive(Debug)]
struct Way {
    /// Bits of places in [`SOURCES`].
    sources: u32,
    condition: Condition,
    endpoints: u64,
}

/// What the hub's settings say of where messages go.
#[derive(Debug, Default)]
pub struct Table {
    routes: Vec<(String, Way)>,
    fallback: Option<Way>,
    subscriptions: Vec<Way>,
    enrichments: Vec<(Enrichment, u64)>,
    hub_name: String,
}

/// Where a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Decision {
    /// A bit each.
    pub endpoints: u64,
    /// No route wanted it, and the fallback took it.
    pub is_fallback: bool,
    /// Nobody wanted it.
    pub is_orphaned: bool,
    /// The place of a route whose condition was undefined.
    pub undefined: Option<usize>,
}

/// The place of a source in [`SOURCES`], by the name in routes or in events.
pub fn source(name: &str) -> Option<usize> {
    if name.eq_ignore_ascii_case("Telemetry") {
        return Some(TELEMETRY);
    }
    if name.eq_ignore_ascii_case(ALERTS) {
        return Some(SOURCES.len());
    }
    SOURCES
        .iter()
        .position(|known| known.eq_ignore_ascii_case(name))
}

fn source_bit(name: &str) -> u32 {
    source(name).map_or(0, |place| 1 << place)
}

impl Table {
    /// Compiles what is stored, all of which compiles; what does not is left out.
    pub fn new(settings: &Settings) -> Self {
        let routing = &settings.routing;
        let mask = |name: &str| {
            if name.eq_ignore_ascii_case(BUILT_IN) {
                BUILT_IN_MASK
            } else {
                routing.endpoint(name).map_or(0, |endpoint| endpoint.mask())
            }
        };
        let way = |route: &crate::ipc::routing::Route| {
            let condition = Condition::compile(&route.condition, &route.source).ok()?;
            Some(Way {
                sources: source_bit(&route.source),
                condition,
                endpoints: mask(&route.endpoint),
            })
        };
        let enabled = settings.routes.iter().filter(|route| route.is_enabled);
        let routes = enabled.filter_map(|route| Some((route.name.clone(), way(route)?)));
        let built_in = || {
            Some(Way {
                sources: 1 << TELEMETRY,
                condition: Condition::compile("true", SOURCES[TELEMETRY]).ok()?,
                endpoints: BUILT_IN_MASK,
            })
        };
        let subscriptions = routing
            .endpoints
            .iter()
            .filter(|endpoint| endpoint.sort == EndpointSort::Subscription && endpoint.is_enabled);
        let subscriptions = subscriptions.filter_map(|endpoint| {
            let named = endpoint.sources.first().map_or("", String::as_str);
            Some(Way {
                sources: endpoint.sources.iter().map(|name| source_bit(name)).sum(),
                condition: Condition::compile(&endpoint.condition, named).ok()?,
                endpoints: endpoint.mask(),
            })
        });
        let enrichments = routing.enrichments.iter().map(|enrichment| {
            let names = enrichment.endpoint_names.iter();
            let endpoints = names.fold(0, |all, name| all | mask(name));
            (enrichment.clone(), endpoints)
        });
        Self {
            routes: routes.collect(),
            fallback: match &routing.fallback {
                None => built_in(),
                Some(route) if route.is_enabled => way(route),
                Some(_) => None,
            },
            subscriptions: subscriptions.collect(),
            enrichments: enrichments.collect(),
            hub_name: settings.hub_name().to_owned(),
        }
    }

    fn ways(&self) -> impl Iterator<Item = &Way> {
        let routes = self.routes.iter().map(|(_, way)| way);
        routes.chain(&self.fallback).chain(&self.subscriptions)
    }

    /// Whether all telemetry goes to the built-in endpoint as it is, so that nobody has to look
    /// at it.
    pub fn is_plain(&self) -> bool {
        let wanted = |way: &Way| way.sources & (1 << TELEMETRY) != 0;
        !self.routes.iter().any(|(_, way)| wanted(way))
            && !self.subscriptions.iter().any(wanted)
            && self.enrichments.is_empty()
            && self.fallback.as_ref().is_some_and(|fallback| {
                fallback.condition.is_always() && fallback.endpoints == BUILT_IN_MASK
            })
    }

    /// Whether the twin of the sender matters for messages of this source.
    pub fn reads_twin(&self, source: usize) -> bool {
        self.ways()
            .any(|way| way.sources & (1 << source) != 0 && way.condition.reads_twin())
            || self
                .enrichments
                .iter()
                .any(|(enrichment, _)| enrichment.reads_twin())
    }

    /// Where a message of this source goes. Each endpoint gets it once, however many routes
    /// name it.
    pub fn decide(&self, source: usize, message: &dyn Message) -> Decision {
        let bit = 1u32 << source;
        let mut decision = Decision::default();
        let mut is_wanted = false;
        for (place, (_, way)) in self.routes.iter().enumerate() {
            let has_it = way.endpoints != 0 && decision.endpoints & way.endpoints == way.endpoints;
            if way.sources & bit == 0 || has_it {
                continue;
            }
            match way.condition.evaluate(message) {
                Outcome::True => {
                    is_wanted = true;
                    decision.endpoints |= way.endpoints;
                }
                Outcome::False => {}
                Outcome::Undefined => decision.undefined = Some(place),
            }
        }
        if source == TELEMETRY && !is_wanted {
            let taken = self
                .fallback
                .as_ref()
                .filter(|way| way.condition.evaluate(message) == Outcome::True);
            decision.is_fallback = taken.is_some();
            decision.is_orphaned = taken.is_none();
            decision.endpoints |= taken.map_or(0, |way| way.endpoints);
        }
        for way in &self.subscriptions {
            if way.sources & bit != 0 && way.condition.evaluate(message) == Outcome::True {
                decision.endpoints |= way.endpoints;
            }
        }
        decision
    }

    /// The name of the route at a place.
    pub fn route_name(&self, place: usize) -> &str {
        self.routes.get(place).map_or("", |(name, _)| name.as_str())
    }

    /// What these endpoints get besides, as `segment::Routed::stamps`: empty for nothing.
    pub fn stamps(&self, source: usize, endpoints: u64, twin: Option<&Value>) -> String {
        // Digital twin changes are JSON Patch, and have none (§3.8).
        let is_patch = SOURCES
            .get(source)
            .is_some_and(|name| *name == "DigitalTwinChangeEvents");
        if is_patch
            || !self
                .enrichments
                .iter()
                .any(|(_, mask)| mask & endpoints != 0)
        {
            return String::new();
        }
        let wanted = self
            .enrichments
            .iter()
            .filter(|(_, mask)| mask & endpoints != 0);
        let stamps: Vec<Value> = wanted
            .map(|(enrichment, mask)| {
                json!([
                    enrichment.key,
                    enrichment.stamp(&self.hub_name, twin),
                    mask & endpoints
                ])
            })
            .collect();
        Value::Array(stamps).json_text()
    }
}

/// The endpoints that have an enrichment among [`Table::stamps`].
pub fn stamped(stamps: &str) -> u64 {
    let all: Vec<Value> = serde_json::from_str(stamps).unwrap_or_default();
    let masks = all
        .iter()
        .filter_map(|stamp| stamp.get(2).and_then(Value::as_u64));
    masks.fold(0, |all, mask| all | mask)
}

/// Enrichments of one endpoint among [`Table::stamps`].
pub fn stamps_of(stamps: &str, endpoint: u64) -> Vec<(String, String)> {
    if stamps.is_empty() {
        return Vec::new();
    }
    let all: Vec<Value> = serde_json::from_str(stamps).unwrap_or_default();
    let own = all.iter().filter_map(|stamp| {
        let mask = stamp.get(2)?.as_u64()?;
        let text = |place: usize| Some(stamp.get(place)?.as_str()?.to_owned());
        (mask & endpoint != 0).then_some((text(0)?, text(1)?))
    });
    own.collect()
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
