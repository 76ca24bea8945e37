//! Metrics by Azure's names, as JSON and as Prometheus text, and what the hub uses of its
//! limits (`device-management.md` §9.2, `service.md` §16).
//!
//! Everything is asked for when somebody looks: counters that objects keep in memory, the ends
//! of the logs, counts of the registry. Nothing is gathered where devices send.

use super::console::events_since;
use super::events::partition_infos;
use super::{Failure, ask_all_shards, settings, statistics, unexpected};
use crate::http::backend::Backend;
use crate::http::message::Response;
use crate::hub::counters::NAMES;
use crate::ipc::events::{EventsReply, EventsRequest, PartitionInfo};
use crate::ipc::gateway::{GatewayReply, GatewayRequest};
use crate::ipc::hub::{HubReply, HubRequest, ThrottleSettings};
use crate::ipc::registry::{RegistryReply, RegistryRequest, Statistics};
use crate::json;
use crate::throttle::{self, OperationClass, Throttles};
use crate::time::Timestamp;
use serde_json::{Map, Value};

/// What all objects say of themselves.
struct Gathered {
    /// Each with the name of its object.
    reports: Vec<(String, Value)>,
    partitions: Vec<PartitionInfo>,
    /// How routes and endpoints stand in each partition.
    routing: Vec<Value>,
    messages_today: u64,
}

/// One after the other: nobody waits for it, and a reader of many answers at a time is a
/// large one.
async fn gather<B: Backend>(backend: &B) -> Result<Gathered, Failure> {
    let mut reports = Vec::new();
    match backend.hub(HubRequest::Report).await? {
        HubReply::Report(report) => reports.push(("hub".to_owned(), report)),
        _ => return Err(unexpected("the hub")),
    }
    for number in 0..backend.layout().gateways {
        match backend.gateway(number, GatewayRequest::Report).await? {
            GatewayReply::Report(report) => reports.push((format!("gateway-{number}"), report)),
            _ => return Err(unexpected("a gateway")),
        }
    }
    let shards = ask_all_shards(backend, &RegistryRequest::Report).await?;
    for (shard, reply) in shards.into_iter().enumerate() {
        let RegistryReply::Explained(report) = reply else {
            return Err(unexpected("the registry"));
        };
        reports.push((format!("registry-{shard}"), report));
    }
    let partitions = partition_infos(backend).await?;
    let mut routing = Vec::new();
    for partition in 0..backend.layout().partitions {
        match backend
            .events(partition, EventsRequest::EndpointHealth)
            .await?
        {
            EventsReply::Document(told) => routing.push(told),
            _ => return Err(unexpected("a partition")),
        }
    }
    let since = Timestamp::of_day(backend.now().day());
    Ok(Gathered {
        messages_today: events_since(backend, &partitions, since).await?,
        reports,
        partitions,
        routing,
    })
}

impl Gathered {
    /// A number of every report that has it, added up.
    fn sum(&self, name: &str) -> u64 {
        let reports = self.reports.iter();
        reports
            .filter_map(|(_, report)| report.get(name)?.as_u64())
            .sum()
    }
}

/// `GET /api/v1/metrics`, and `GET /metrics` as text for Prometheus
pub async fn read<B: Backend>(backend: &B, as_text: bool) -> Result<Response, Failure> {
    let gathered = gather(backend).await?;
    let devices = statistics::total(backend).await?;
    Ok(written(&gathered, &devices, as_text, backend.now()))
}

/// All metrics, of which counters only rise.
fn written(gathered: &Gathered, devices: &Statistics, as_text: bool, now: Timestamp) -> Response {
    let (mut messages, mut bytes) = (0, 0);
    for partition in &gathered.partitions {
        messages += partition.last_sequence_number;
        bytes += partition.total_bytes;
    }
    let told = |name: &str| -> u64 {
        let told = gathered.routing.iter();
        told.filter_map(|told| told.get(name)?.as_u64()).sum()
    };
    let (delivered, elsewhere) = (sum(gathered, "delivered", None), told("elsewhere"));
    let sum = |name: &str, is_storage| sum(gathered, name, is_storage);
    let mut items = Vec::new();
    let mut text = String::new();
    let mut tell = |name: &str, kind: &str, value: u64| {
        if as_text {
            let name = prometheus_name(name, kind == COUNTER);
            let value = value.to_string();
            for part in ["# TYPE ", &name, " ", kind, "\n", &name, " ", &value, "\n"] {
                text.push_str(part);
            }
        } else {
            items.push(json!({ "name": name, "type": kind, "value": value }));
        }
    };
    for (name, kind, value) in [
        (
            "d2c.telemetry.ingress.allProtocol",
            COUNTER,
            messages + elsewhere,
        ),
        (
            "d2c.telemetry.ingress.success",
            COUNTER,
            messages + elsewhere,
        ),
        (
            "d2c.telemetry.egress.success",
            COUNTER,
            messages + delivered,
        ),
        (
            "d2c.telemetry.egress.dropped",
            COUNTER,
            sum("dropped", None),
        ),
        (
            "d2c.telemetry.egress.invalid",
            COUNTER,
            sum("invalid", None),
        ),
        ("d2c.telemetry.egress.orphaned", COUNTER, told("orphaned")),
        ("d2c.telemetry.egress.fallback", COUNTER, told("fallback")),
        ("d2c.endpoints.egress.builtIn.events", COUNTER, messages),
        (
            "d2c.endpoints.egress.storage",
            COUNTER,
            sum("delivered", Some(true)),
        ),
        (
            "d2c.endpoints.egress.storage.bytes",
            COUNTER,
            sum("bytes", Some(true)),
        ),
        ("RoutingDeliveries", COUNTER, delivered),
        (
            "RoutingDataSizeInBytesDelivered",
            COUNTER,
            sum("bytes", None),
        ),
        (
            "EventGridDeliveries",
            COUNTER,
            sum("delivered", Some(false)),
        ),
        ("deviceDataUsage", COUNTER, bytes),
        ("dailyMessageQuotaUsed", GAUGE, gathered.messages_today),
        ("totalDeviceCount", GAUGE, devices.total),
        ("connectedDeviceCount", GAUGE, devices.connected),
        ("configurations", GAUGE, gathered.sum("configurations")),
    ] {
        tell(name, kind, value);
    }
    for name in NAMES {
        let counted = gathered.reports.iter().filter_map(|(_, report)| {
            let counters = report.get("counters")?;
            counters.get(name)?.as_u64()
        });
        tell(name, COUNTER, counted.sum());
    }
    if as_text {
        let kind = "text/plain; version=0.0.4; charset=utf-8";
        return Response::bytes(200, kind, text.into_bytes());
    }
    Response::json(200, &json!({ "time": now, "metrics": items }))
}

/// A number of all endpoints, or of those that are storage, or are not.
fn sum(gathered: &Gathered, name: &str, is_storage: Option<bool>) -> u64 {
    let told = gathered.routing.iter();
    let endpoints = told.filter_map(|told| told.get("endpoints")?.as_array());
    let endpoints = endpoints.flatten().filter(|endpoint| {
        let known = endpoint.get("isStorage").and_then(Value::as_bool);
        is_storage.is_none() || known == is_storage
    });
    endpoints
        .filter_map(|endpoint| endpoint.get(name)?.as_u64())
        .sum()
}

const COUNTER: &str = "counter";
const GAUGE: &str = "gauge";

/// `d2c.telemetry.ingress.allProtocol` is `iothub_d2c_telemetry_ingress_all_protocol_total`.
fn prometheus_name(name: &str, counts: bool) -> String {
    let mut written = String::from("iothub");
    let mut before = '.';
    let mut characters = name.chars().peekable();
    while let Some(character) = characters.next() {
        // A word begins with a capital behind a small letter, or before one: C2D is one word.
        let lower_next = characters.peek().is_some_and(char::is_ascii_lowercase);
        let begins = character.is_ascii_uppercase()
            && (before.is_ascii_lowercase() || (lower_next && before != '.'));
        if before == '.' || begins {
            written.push('_');
        }
        if character != '.' {
            written.push(character.to_ascii_lowercase());
        }
        before = character;
    }
    if counts {
        written.push_str("_total");
    }
    written
}

/// `GET /api/v1/usage`: limits and what is used of them
pub async fn usage<B: Backend>(backend: &B) -> Result<Response, Failure> {
    let gathered = gather(backend).await?;
    let settings = settings(backend).await?;
    let own = backend.throttles();
    let document = used(&gathered, &settings.throttles, &own.borrow(), backend.now());
    Ok(Response::json(200, &document))
}

fn used(
    gathered: &Gathered,
    settings: &ThrottleSettings,
    own: &Throttles,
    now: Timestamp,
) -> Value {
    // Requests are counted by this process, devices by each gateway.
    let mut counted = vec![own.usage(now)];
    let gateways = gathered.reports.iter();
    counted.extend(gateways.filter_map(|(_, report)| report.get("throttles").cloned()));
    let mut classes = Map::new();
    for class in OperationClass::ALL {
        let name = class.name();
        let sum = |place: usize| -> u64 {
            let values = counted
                .iter()
                .filter_map(|usage| usage.get(name)?.get(place)?.as_u64());
            values.sum()
        };
        let limit = throttle::limit(settings, class);
        classes.insert(
            name.to_owned(),
            json!({
                "perMinute": limit.per_minute,
                "burst": limit.burst,
                "lastMinute": sum(0),
                "refusedLastHour": sum(1),
                "refused": sum(2),
            }),
        );
    }
    let callers: Vec<Value> = own
        .refused_callers()
        .iter()
        .map(|(caller, times)| json!({ "caller": caller, "refused": times }))
        .collect();
    let mut objects = Map::new();
    let mut rows_written = gathered.sum("rowsWritten");
    for (name, report) in &gathered.reports {
        objects.insert(
            name.clone(),
            report.get("bytes").cloned().unwrap_or_default(),
        );
    }
    for partition in &gathered.partitions {
        rows_written += partition.rows_written;
        let name = format!("events-{}", partition.id);
        objects.insert(name, json!(partition.database_bytes));
    }
    let bytes: u64 = objects.values().filter_map(Value::as_u64).sum();
    json!({
            "time": now,
            "throttles": classes,
            "refusedCallers": callers,
            "messages": {
                "today": gathered.messages_today,
                "dailyQuota": throttle::daily_quota(settings),
            },
            "sockets": {
                "now": gathered.sum("sockets"),
                "most": gathered.sum("mostSockets"),
            },
            "storage": { "bytes": bytes, "objects": objects },
            "rowsWritten": rows_written,
    })
}

#[cfg(test)]
#[path = "metrics_tests.rs"]
mod tests;
