//! What must hold when a run has settled.

use crate::simulation::Simulation;
use serde_json::Value;
use shared::ipc::Address;
use shared::sql::Sql;
use std::collections::{BTreeMap, BTreeSet};

/// Every broken invariant, in words.
pub fn all(simulation: &mut Simulation) -> Vec<String> {
    let operator = simulation.operator();
    let events = simulation.finish(async move { operator.all_events().await });
    let mut problems = simulation.world().ledger.violations.clone();
    log_is_sound(&events, &mut problems);
    acknowledged_is_stored(simulation, &events, &mut problems);
    one_session_each(simulation, &mut problems);
    nothing_is_left(simulation, &mut problems);
    problems
}

/// Sequence numbers are dense, offsets and times never go back.
fn log_is_sound(events: &[Value], problems: &mut Vec<String>) {
    let mut last: BTreeMap<u64, (u64, i64, String)> = BTreeMap::new();
    for event in events {
        let partition = event["partition"].as_u64().unwrap_or(u64::MAX);
        let sequence = event["sequenceNumber"].as_u64().unwrap_or(0);
        let offset = event["offset"]
            .as_str()
            .and_then(|text| text.parse().ok())
            .unwrap_or(-1);
        let time = event["enqueuedTime"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let (before, old_offset, old_time) =
            last.get(&partition)
                .cloned()
                .unwrap_or((0, -1, String::new()));
        if sequence != before + 1 || offset <= old_offset || time < old_time {
            problems.push(format!(
                "partition {partition}: event {sequence} at {offset}, {time} follows {before} at {old_offset}, {old_time}"
            ));
        }
        last.insert(partition, (sequence, offset, time));
    }
}

/// Every acknowledged message is in the log, and in the order of publishing.
fn acknowledged_is_stored(simulation: &Simulation, events: &[Value], problems: &mut Vec<String>) {
    let mut stored: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for event in events.iter().filter(|event| event["source"] == "Telemetry") {
        let device = event["deviceId"].as_str().unwrap_or_default();
        stored
            .entry(device)
            .or_default()
            .extend(event["body"]["tag"].as_u64());
    }
    for device in &simulation.world().devices {
        let id = device.identity.device.as_str();
        let mut log = stored.get(id).map(Vec::as_slice).unwrap_or_default().iter();
        let acknowledged = device
            .diary
            .telemetry
            .iter()
            .filter(|(_, acknowledged)| **acknowledged);
        for (tag, _) in acknowledged {
            if !log.any(|stored| stored == tag) {
                problems.push(format!(
                    "{id}: acknowledged message {tag} is not stored, or out of order"
                ));
                break;
            }
        }
        let pending: Vec<u64> = device
            .diary
            .telemetry
            .iter()
            .filter(|(_, acknowledged)| !**acknowledged)
            .map(|(tag, _)| *tag)
            .collect();
        if device.habits.reconnects && !device.is_ready() {
            problems.push(format!("{id} cannot connect any more"));
        }
        if device.is_ready() && !pending.is_empty() {
            problems.push(format!("{id}: messages {pending:?} are never acknowledged"));
        }
        problems.extend(
            device
                .diary
                .complaints
                .iter()
                .map(|text| format!("{id}: {text}")),
        );
    }
}

/// Each identity has at most one live session, and the registry knows exactly those.
fn one_session_each(simulation: &Simulation, problems: &mut Vec<String>) {
    let world = simulation.world();
    let live: BTreeSet<&str> = world
        .sockets
        .open
        .values()
        .map(|socket| socket.connection.0.as_str())
        .collect();
    let mut held = BTreeSet::new();
    for (address, node) in &world.nodes {
        let Address::Registry(_) = address else {
            continue;
        };
        let rows = node
            .actor
            .sql
            .query("SELECT device_id, gateway, connection FROM identity", &[])
            .expect("identities can be read");
        for row in rows {
            let id = row.text(0).unwrap_or_default();
            let connection = row.text(2);
            if row.integer(1).is_some() != connection.is_some() {
                problems.push(format!("{id}: gateway and connection disagree"));
            }
            let device = world
                .devices
                .iter()
                .rev()
                .find(|device| device.identity.device.as_str() == id);
            let slot = device.and_then(|device| device.slot);
            let real = slot
                .filter(|_| device.is_some_and(super::device::Device::is_ready))
                .and_then(|slot| world.sockets.open.get(&slot))
                .map(|socket| socket.connection.0.as_str());
            if device.is_some() && connection != real {
                problems.push(format!(
                    "{id}: the registry says {connection:?}, in fact {real:?}"
                ));
            }
            if let Some(connection) = connection {
                held.insert(connection.to_owned());
                if !live.contains(connection) {
                    problems.push(format!("{id}: connection {connection} has no socket"));
                }
            }
        }
    }
    for (slot, socket) in &world.sockets.open {
        if socket.device.is_some() && !held.contains(&socket.connection.0) {
            problems.push(format!(
                "socket {slot} of device {:?} is open, but nobody's session (closing: {}, abandoned: {})",
                socket.device, socket.closing, socket.abandoned
            ));
        }
    }
}

/// Outboxes are empty, settings are delivered, censuses are confirmed.
fn nothing_is_left(simulation: &Simulation, problems: &mut Vec<String>) {
    let world = simulation.world();
    for (address, node) in &world.nodes {
        let count = |table: &str| {
            node.actor
                .sql
                .number(&format!("SELECT count(*) FROM {table}"), &[])
                .unwrap_or(-1)
        };
        match address {
            Address::Registry(_) if count("outbox") != 0 => {
                problems.push(format!(
                    "{address:?}: {} outbox rows are left",
                    count("outbox")
                ));
            }
            Address::Hub if count("push") != 0 => {
                problems.push(format!("{} objects never got the settings", count("push")));
            }
            Address::Gateway(_) if node.actor.has_tables() => {
                let unconfirmed = node
                    .actor
                    .sql
                    .number("SELECT count(*) FROM census WHERE unconfirmed <> '[]'", &[])
                    .unwrap_or(-1);
                if unconfirmed != 0 {
                    problems.push(format!("{address:?}: a census was never confirmed"));
                }
            }
            _ => {}
        }
    }
}

/// Connected devices know the newest desired properties.
pub fn devices_know_their_twins(simulation: &Simulation) -> Vec<String> {
    let mut problems = Vec::new();
    let world = simulation.world();
    for (number, device) in world.devices.iter().enumerate() {
        let id = device.identity.device.as_str();
        let newer = world
            .devices
            .iter()
            .skip(number + 1)
            .any(|other| other.identity == device.identity);
        if !device.is_ready() || newer {
            continue;
        }
        let shard = Address::Registry(world.layout.shard_of(&device.identity.device));
        let newest = world.nodes[&shard].actor.sql.number(
            "SELECT json_extract(desired, '$.version') FROM twin WHERE device_id = ? AND module_id = ''",
            &[id.into()],
        );
        let known = device
            .diary
            .desired
            .and_then(|version| i64::try_from(version).ok());
        if newest != known {
            problems.push(format!(
                "{id} knows desired {known:?}, the newest is {newest:?}"
            ));
        }
    }
    problems
}
