//! What a crash leaves behind (`device.md` §2.6): the registry believes in sessions whose
//! sockets are gone without a close event.
//!
//! No row tells of a single connection, since two commits more would halve the connects a
//! second. Instead the gateway tells each shard which of its connections live, and the shard
//! ends the others. Censuses are numbered, every CONNECT carries the number of the last one,
//! and a shard judges only sessions that are older than the census: one that arrives late
//! cannot end what began after it was taken.

use super::calls::PendingCall;
use super::connection::{Connection, Phase};
use super::{Context, Gateway, Sockets};
use crate::error::HubError;
use crate::hub::effects::Outgoing;
use crate::ids::Identity;
use crate::ipc::{Address, ConnectionId, registry};
use crate::ordered::OrderedSet;
use crate::reading;
use crate::sorting;
use crate::sql::Sql;
use crate::time::Timestamp;

/// One row: the number of the last census, when it was taken, and which shards have not
/// confirmed it (a JSON array).
pub(super) const SCHEMA: &str = "CREATE TABLE census (
    number INTEGER PRIMARY KEY,
    taken INTEGER NOT NULL,
    unconfirmed TEXT NOT NULL
)";

/// An object that is reset within a living process loses its sockets too, and nothing says
/// so: this often they are counted anyway.
const INTERVAL_MILLISECONDS: i64 = 3_600_000;
/// When to try again with shards that could not be reached.
const RETRY_SECONDS: i64 = 5;

/// The last census; the table has the same.
#[derive(Debug)]
pub(super) struct Census {
    /// Goes with every CONNECT.
    pub number: u64,
    taken: Timestamp,
    unconfirmed: OrderedSet<u16>,
}

impl Census {
    pub(super) fn load(sql: &dyn Sql) -> Result<Self, HubError> {
        let rows = sql.query("SELECT number, taken, unconfirmed FROM census", &[])?;
        let Some(row) = rows.first() else {
            return Ok(Self {
                number: 0,
                taken: Timestamp::UNSET,
                unconfirmed: OrderedSet::new(),
            });
        };
        Ok(Self {
            number: row.integer(0).unwrap_or(0).unsigned_abs(),
            taken: Timestamp::from_milliseconds(row.integer(1).unwrap_or(0)),
            unconfirmed: reading::from_str(row.required_text(2)?).unwrap_or_default(),
        })
    }

    fn store(&self, sql: &dyn Sql) -> Result<(), HubError> {
        let unconfirmed = serde_json::to_string(&self.unconfirmed)
            .map_err(|error| HubError::internal(error.to_string()))?;
        sql.execute(
            "DELETE FROM census WHERE number <> ?",
            &[self.number.into()],
        )?;
        sql.execute(
            "INSERT INTO census (number, taken, unconfirmed) VALUES (?, ?, ?) \
             ON CONFLICT (number) DO UPDATE SET unconfirmed = excluded.unconfirmed",
            &[
                self.number.into(),
                self.taken.milliseconds().into(),
                unconfirmed.into(),
            ],
        )
    }
}

impl Gateway {
    /// Tells all shards which of their connections live here.
    pub(super) fn take_census(
        &mut self,
        context: &mut Context<'_>,
        sockets: &dyn Sockets,
    ) -> Result<(), HubError> {
        self.census.unconfirmed = sorting::set(0..self.layout.shards);
        self.census.taken = context.now;
        self.count_unconfirmed(context, sockets)
    }

    /// By alarm: tells shards that have not heard of the last census, or of the end of a
    /// connection; and everybody, if it is time or no socket is left.
    pub(super) fn census_due(
        &mut self,
        context: &mut Context<'_>,
        sockets: &dyn Sockets,
    ) -> Result<(), HubError> {
        let age = context.now.milliseconds() - self.census.taken.milliseconds();
        // Without a single connection there is no later alarm to wait for.
        let last_chance = self.connections.is_empty() && age >= 2_000 * RETRY_SECONDS;
        if age >= INTERVAL_MILLISECONDS || last_chance {
            return self.take_census(context, sockets);
        }
        let number = self.census.number;
        let under_way = self.calls.values().any(
            |call| matches!(call, PendingCall::Census { number: other, .. } if *other == number),
        );
        if self.census.unconfirmed.is_empty() || under_way {
            return Ok(());
        }
        self.count_unconfirmed(context, sockets)
    }

    fn count_unconfirmed(
        &mut self,
        context: &mut Context<'_>,
        sockets: &dyn Sockets,
    ) -> Result<(), HubError> {
        self.load_all(sockets);
        self.census.number += 1;
        self.census.store(context.sql)?;
        let unconfirmed = self.census.unconfirmed.iter();
        let mut live = sorting::map(unconfirmed.map(|shard| (*shard, Vec::<ConnectionId>::new())));
        for connection in self.connections.values() {
            let shard = identity(connection).map(|known| self.layout.shard_of(&known.device));
            if let Some(list) = shard.and_then(|shard| live.get_mut(&shard)) {
                list.push(connection.id.clone());
            }
        }
        let number = self.census.number;
        for (shard, mut live) in live {
            // In a fixed order, so that a simulated run can be repeated.
            sorting::sort(&mut live);
            let census = registry::Census {
                gateway: self.number,
                number,
                live,
            };
            self.call(
                Address::Registry(shard),
                Outgoing::Registry(registry::RegistryRequest::Census(census)),
                PendingCall::Census { shard, number },
                context,
            );
        }
        // Should this object die before the answers come, the alarm takes another one.
        context
            .out
            .common
            .alarm_at(context.now.plus_seconds(RETRY_SECONDS));
        Ok(())
    }

    pub(super) fn census_answered(
        &mut self,
        shard: u16,
        number: u64,
        told: bool,
        context: &mut Context<'_>,
    ) {
        if number != self.census.number {
            return;
        }
        let retry = context.now.plus_seconds(RETRY_SECONDS);
        if !told {
            context.out.common.alarm_at(retry);
            return;
        }
        self.census.unconfirmed.remove(&shard);
        // Only the last answer is worth a row: until then the alarm asks again.
        if self.census.unconfirmed.is_empty() && self.census.store(context.sql).is_err() {
            context.out.common.alarm_at(retry);
        }
    }

    /// A shard could not be told of the end of a connection.
    pub(super) fn end_untold(&mut self, shard: u16, context: &mut Context<'_>) {
        context
            .out
            .common
            .alarm_at(context.now.plus_seconds(RETRY_SECONDS));
        if self.census.unconfirmed.insert(shard) {
            // If this cannot be stored, memory knows, and a new life takes a census anyway.
            let _unstored = self.census.store(context.sql);
        }
    }
}

/// Whose session the registry may believe in.
fn identity(connection: &Connection) -> Option<&Identity> {
    match &connection.phase {
        Phase::Opened => None,
        Phase::Connecting(pending) => Some(&pending.identity),
        Phase::Established(session) => Some(&session.identity),
    }
}
