//! How endpoints stand, over all partitions (`query-routing-events.md` §3.9).

use crate::ipc::routing::{Endpoint, EndpointSort};
use crate::json;
use serde_json::{Map, Value};

/// From the best to the worst.
const STATES: [&str; 4] = ["unknown", "healthy", "unhealthy", "dead"];

/// One endpoint of what the partitions told.
pub fn of_endpoint(endpoint: &Endpoint, told: &[Value]) -> Value {
    let standings = told.iter().filter_map(|partition| {
        let mut all = partition.get("endpoints")?.as_array()?.iter();
        all.find(|one| one.get("id").and_then(Value::as_u64) == Some(u64::from(endpoint.id)))
    });
    let standings: Vec<&Value> = standings.collect();
    let worst = standings.iter().filter_map(|standing| {
        let status = standing.get("healthStatus")?.as_str()?;
        STATES.iter().position(|known| *known == status)
    });
    let worst = worst.max().and_then(|place| STATES.get(place).copied());
    let mut health = Map::new();
    health.insert("endpointId".to_owned(), json!(endpoint.name));
    health.insert(
        "endpointType".to_owned(),
        json!(match endpoint.sort {
            EndpointSort::Webhook => "webhooks",
            EndpointSort::StorageContainer => "storageContainers",
            EndpointSort::Subscription => "subscriptions",
            EndpointSort::Queue => "queues",
        }),
    );
    health.insert("healthStatus".to_owned(), json!(worst.unwrap_or("unknown")));
    let text = |standing: &Value, name: &str| {
        standing
            .get(name)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    // The newest error with its time, and the newest of the other times.
    let newest_error = standings
        .iter()
        .max_by_key(|standing| text(standing, "lastKnownErrorTime"));
    for name in ["lastKnownError", "lastKnownErrorTime"] {
        let value = newest_error.and_then(|standing| text(standing, name));
        health.insert(name.to_owned(), json!(value));
    }
    for name in ["lastSuccessfulSendAttemptTime", "lastSendAttemptTime"] {
        let newest = standings
            .iter()
            .filter_map(|standing| text(standing, name))
            .max();
        health.insert(name.to_owned(), json!(newest));
    }
    for name in ["nextAttemptTime", "waitingSince"] {
        let oldest = standings
            .iter()
            .filter_map(|standing| text(standing, name))
            .min();
        health.insert(name.to_owned(), json!(oldest));
    }
    for name in ["delivered", "dropped", "invalid", "bytes", "deadLetters"] {
        let sum: u64 = standings
            .iter()
            .filter_map(|standing| standing.get(name).and_then(Value::as_u64))
            .sum();
        health.insert(name.to_owned(), json!(sum));
    }
    Value::Object(health)
}

/// What belongs to no endpoint.
pub fn of_hub(told: &[Value]) -> Value {
    let sum = |name: &str| -> u64 {
        told.iter()
            .filter_map(|partition| partition.get(name).and_then(Value::as_u64))
            .sum()
    };
    let mut undefined = told
        .iter()
        .filter_map(|partition| partition.get("undefinedRoute"));
    json!({
        "orphaned": sum("orphaned"),
        "fallback": sum("fallback"),
        "undefinedRoute": undefined.find(|value| !value.is_null()),
    })
}
