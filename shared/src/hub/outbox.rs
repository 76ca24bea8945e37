//! Messages that must reach another object although the call may fail.
//!
//! A row is written in the same block as the state that it tells of, sent at once and
//! again by alarm until the receiver has answered. Receivers are idempotent: a gateway
//! closes a connection once, a partition skips numbers below its high-water mark, a shard
//! marks the device that replaced another, the hub object skips numbers as partitions do.

use super::effects::{Call, Correlation, Effects, Outgoing};
use crate::error::HubError;
use crate::ids::placement;
use crate::ipc::alert::{AlertReport, RaiseAlert};
use crate::ipc::events::{EventsRequest, HubEvent};
use crate::ipc::gateway::GatewayRequest;
use crate::ipc::hub::HubRequest;
use crate::ipc::registry::{RegistryRequest, Succeed};
use crate::ipc::stored::Stored;
use crate::ipc::{Address, ConnectionId, Layout};
use crate::ordered::OrderedMap;
use crate::reading;
use crate::sql::Sql;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Table of the outbox; AUTOINCREMENT because a number must never come twice.
pub const SCHEMA: &str = "CREATE TABLE outbox (number INTEGER PRIMARY KEY AUTOINCREMENT, \
     target TEXT NOT NULL, message TEXT NOT NULL)";

/// How long to wait before sending again what was not answered.
const RETRY_MILLISECONDS: i64 = 5_000;
/// Most rows sent in one go.
const BATCH: i64 = 200;

/// Where alerts go.
const HUB: &str = "hub/0";

/// What a gateway is surely told.
#[derive(Debug, Serialize, Deserialize)]
pub enum ToGateway {
    /// As `GatewayRequest::Close`.
    Close {
        /// Which.
        connection: ConnectionId,
        /// The stable word of `registry::Disconnected::reason`.
        reason: String,
    },
}

/// The sending side; holds nothing that the table does not.
#[derive(Debug, Default)]
pub struct Outbox {
    /// Calls under way: to whom, and which rows each of them carries.
    sending: OrderedMap<Correlation, (String, Vec<i64>)>,
}

impl Outbox {
    /// Writes an event for the partition of its device; those of a whole job stay together.
    pub fn put_event(sql: &dyn Sql, layout: &Layout, event: &HubEvent) -> Result<(), HubError> {
        let partition = match &event.identity {
            Some(identity) => layout.partition_of(&identity.device),
            None => placement(event.job.as_deref().unwrap_or_default(), layout.partitions),
        };
        put(sql, &format!("events/{partition}"), &to_json(event)?)
    }

    /// Writes a request for a gateway.
    pub fn put_gateway(sql: &dyn Sql, gateway: u16, request: &ToGateway) -> Result<(), HubError> {
        put(sql, &format!("gateway/{gateway}"), &to_json(request)?)
    }

    /// Writes a request for another registry shard.
    pub fn put_registry(sql: &dyn Sql, shard: u16, request: &Succeed) -> Result<(), HubError> {
        put(sql, &format!("registry/{shard}"), &to_json(request)?)
    }

    /// Writes alerts for the hub object, raised or cleared: one row, however many they are.
    pub fn put_alerts(sql: &dyn Sql, alerts: &[RaiseAlert]) -> Result<(), HubError> {
        if alerts.is_empty() {
            return Ok(());
        }
        put(sql, HUB, &to_json(&alerts)?)
    }

    /// Sends every row that is not already on its way. `origin` names this object to
    /// partitions and the hub object; `last` is the newest correlation that it has handed out.
    ///
    /// A partition, or the hub object, gets one call at a time: its high-water mark would skip a failed call's
    /// rows if a later one overtook it.
    pub fn send<Reply>(
        &mut self,
        now: Timestamp,
        origin: &str,
        last: &mut Correlation,
        sql: &dyn Sql,
        effects: &mut Effects<Reply>,
    ) -> Result<(), HubError> {
        self.gather(origin, last, sql, &mut effects.calls)?;
        if !self.sending.is_empty() {
            // Should this object die before the answer comes, the alarm sends again.
            effects.alarm_at(now.plus_milliseconds(RETRY_MILLISECONDS));
        }
        Ok(())
    }

    /// The calls that carry what is not on its way. Not generic: compiled once.
    #[inline(never)]
    fn gather(
        &mut self,
        origin: &str,
        last: &mut Correlation,
        sql: &dyn Sql,
        calls: &mut Vec<Call>,
    ) -> Result<(), HubError> {
        let mut next = || {
            *last += 1;
            *last
        };
        let rows = sql.query(
            "SELECT number, target, message FROM outbox ORDER BY number LIMIT ?",
            &[BATCH.into()],
        )?;
        let mut events: OrderedMap<u16, Vec<(u64, Stored<HubEvent>)>> = OrderedMap::new();
        let mut alerts = Vec::new();
        for row in rows {
            let number = row.integer(0).unwrap_or(0);
            let (target, message) = (row.required_text(1)?, row.required_text(2)?);
            let Some((kind, index)) = target.split_once('/') else {
                continue;
            };
            let Ok(index) = index.parse::<u16>() else {
                continue;
            };
            let busy = self.sending.values().any(|(to, numbers)| {
                to == target && (kind == "events" || kind == "hub" || numbers.contains(&number))
            });
            if busy {
                continue;
            }
            match kind {
                "events" => {
                    let event = (number.unsigned_abs(), Stored::from_row(message));
                    events.or_default(index).push(event);
                }
                "hub" => {
                    alerts.push((number.unsigned_abs(), Stored::from_row(message)));
                }
                "registry" => {
                    let request = Stored::from_row(message);
                    let correlation = next();
                    self.sending
                        .insert(correlation, (target.to_owned(), vec![number]));
                    calls.push(Call {
                        to: Address::Registry(index),
                        request: Outgoing::Registry(RegistryRequest::Succeed(request)),
                        correlation,
                    });
                }
                _ => {
                    let ToGateway::Close { connection, reason } =
                        reading::from_str(message).map_err(unreadable)?;
                    let correlation = next();
                    self.sending
                        .insert(correlation, (target.to_owned(), vec![number]));
                    calls.push(Call {
                        to: Address::Gateway(index),
                        request: Outgoing::Gateway(GatewayRequest::Close { connection, reason }),
                        correlation,
                    });
                }
            }
        }
        if !alerts.is_empty() {
            let correlation = next();
            let numbers = alerts.iter().map(|(number, _)| number.cast_signed());
            self.sending
                .insert(correlation, (HUB.to_owned(), numbers.collect()));
            let origin = origin.to_owned();
            let report = AlertReport { origin, alerts };
            calls.push(Call {
                to: Address::Hub,
                request: Outgoing::Hub(Box::new(HubRequest::ReportAlerts(Box::new(report)))),
                correlation,
            });
        }
        for (partition, events) in events {
            let correlation = next();
            let numbers = events.iter().map(|(number, _)| number.cast_signed());
            self.sending.insert(
                correlation,
                (format!("events/{partition}"), numbers.collect()),
            );
            calls.push(Call {
                to: Address::Events(partition),
                request: Outgoing::Events(EventsRequest::AppendHubEvents {
                    origin: origin.to_owned(),
                    events,
                }),
                correlation,
            });
        }
        Ok(())
    }

    /// Takes the outcome of a call made by [`Outbox::send`]; `false` if it is none of ours.
    pub fn finished(
        &mut self,
        correlation: Correlation,
        delivered: bool,
        sql: &dyn Sql,
    ) -> Result<bool, HubError> {
        let Some((_, numbers)) = self.sending.remove(&correlation) else {
            return Ok(false);
        };
        if delivered {
            for number in numbers {
                sql.execute("DELETE FROM outbox WHERE number = ?", &[number.into()])?;
            }
        }
        Ok(true)
    }

    /// Whether rows wait to be sent (again).
    pub fn has_rows(sql: &dyn Sql) -> Result<bool, HubError> {
        Ok(!sql.query("SELECT 1 FROM outbox LIMIT 1", &[])?.is_empty())
    }
}

fn put(sql: &dyn Sql, target: &str, message: &str) -> Result<(), HubError> {
    sql.execute(
        "INSERT INTO outbox (target, message) VALUES (?, ?)",
        &[target.into(), message.into()],
    )
}

fn to_json<T: serde::Serialize>(value: &T) -> Result<String, HubError> {
    serde_json::to_string(value).map_err(|error| HubError::internal(error.to_string()))
}

fn unreadable(error: serde_json::Error) -> HubError {
    HubError::internal(format!("an outbox row cannot be read: {error}"))
}
