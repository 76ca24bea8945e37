//! Counters of what an object does, by Azure's names of metrics (`device-management.md` §9.2).
//!
//! Counted in memory and written into one row some seconds later, so a counter costs no write
//! of its own and survives hibernation and restart; what a crash takes is the last seconds.
//! Nothing is counted where telemetry passes: the log itself knows how much came.

use crate::error::HubError;
use crate::hub::effects::Effects;
use crate::sql::Sql;
use crate::time::Timestamp;
use crate::writing::JsonText;
use serde_json::{Map, Value};

/// One row: all counters that are not zero, as an object.
pub const SCHEMA: &str = "CREATE TABLE counter (one INTEGER PRIMARY KEY, document TEXT NOT NULL)";

/// How long what was counted is in memory alone.
const PAUSE_SECONDS: i64 = 10;

macro_rules! counters {
    ($($name:ident = $text:literal;)*) => {
        /// What is counted.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[allow(missing_docs)] // the names of the contract say it
        pub enum Counter { $($name,)* }

        /// Azure's names, in the order of the counters.
        pub const NAMES: &[&str] = &[$($text,)*];
    };
}

// Of those in groups, the failures are behind the successes, and sizes behind these.
counters! {
    SendThrottled = "d2c.telemetry.ingress.sendThrottle";
    Completed = "c2d.commands.egress.complete.success";
    Abandoned = "c2d.commands.egress.abandon.success";
    Rejected = "c2d.commands.egress.reject.success";
    Expired = "C2DMessagesExpired";
    Methods = "c2d.methods.success";
    MethodFailures = "c2d.methods.failure";
    MethodRequestBytes = "c2d.methods.requestSize";
    MethodResponseBytes = "c2d.methods.responseSize";
    TwinReads = "c2d.twin.read.success";
    TwinReadFailures = "c2d.twin.read.failure";
    TwinReadBytes = "c2d.twin.read.size";
    TwinUpdates = "c2d.twin.update.success";
    TwinUpdateFailures = "c2d.twin.update.failure";
    TwinUpdateBytes = "c2d.twin.update.size";
    DeviceTwinReads = "d2c.twin.read.success";
    DeviceTwinReadFailures = "d2c.twin.read.failure";
    DeviceTwinReadBytes = "d2c.twin.read.size";
    DeviceTwinUpdates = "d2c.twin.update.success";
    DeviceTwinUpdateFailures = "d2c.twin.update.failure";
    DeviceTwinUpdateBytes = "d2c.twin.update.size";
    Queries = "twinQueries.success";
    QueryFailures = "twinQueries.failure";
    QueryBytes = "twinQueries.resultSize";
    TwinJobs = "jobs.createTwinUpdateJob.success";
    TwinJobFailures = "jobs.createTwinUpdateJob.failure";
    MethodJobs = "jobs.createDirectMethodJob.success";
    MethodJobFailures = "jobs.createDirectMethodJob.failure";
    JobLists = "jobs.listJobs.success";
    JobListFailures = "jobs.listJobs.failure";
    JobCancels = "jobs.cancelJob.success";
    JobCancelFailures = "jobs.cancelJob.failure";
    JobQueries = "jobs.queryJobs.success";
    JobQueryFailures = "jobs.queryJobs.failure";
    JobsCompleted = "jobs.completed";
    JobsFailed = "jobs.failed";
}

/// The counters of one object.
#[derive(Debug, Default)]
pub struct Counters {
    /// As they stand in the row, and what came since.
    values: Vec<u64>,
    write_at: Option<Timestamp>,
}

impl Counters {
    /// As they were written last.
    pub fn load(sql: &dyn Sql) -> Result<Self, HubError> {
        let rows = sql.query("SELECT document FROM counter", &[])?;
        let text = rows.first().and_then(|row| row.text(0)).unwrap_or("{}");
        let stored: Value = serde_json::from_str(text).unwrap_or_default();
        let value = |name: &&str| stored.get(name).and_then(Value::as_u64).unwrap_or(0);
        Ok(Self {
            values: NAMES.iter().map(value).collect(),
            write_at: None,
        })
    }

    /// Counts.
    pub fn add(&mut self, counter: Counter, amount: u64, now: Timestamp) {
        self.add_at(counter as usize, amount, now);
    }

    fn add_at(&mut self, place: usize, amount: u64, now: Timestamp) {
        if let Some(value) = self.values.get_mut(place) {
            *value += amount;
            self.write_at.get_or_insert(now.plus_seconds(PAUSE_SECONDS));
        }
    }

    /// Counts an operation of a group that has its failures behind its successes.
    pub fn outcome(&mut self, success: Counter, succeeded: bool, now: Timestamp) {
        self.add_at(success as usize + usize::from(!succeeded), 1, now);
    }

    /// Asks for the time to write.
    pub fn arm<Reply>(&self, effects: &mut Effects<Reply>) {
        if let Some(at) = self.write_at {
            effects.wake_at(at);
        }
    }

    /// Whether something is only in memory.
    pub fn is_unwritten(&self) -> bool {
        self.write_at.is_some()
    }

    /// Writes what is due.
    pub fn write_due(&mut self, now: Timestamp, sql: &dyn Sql) -> Result<(), HubError> {
        if self.write_at.is_none_or(|at| at > now) {
            return Ok(());
        }
        self.write_at = None;
        sql.execute(
            "INSERT OR REPLACE INTO counter (one, document) VALUES (1, ?)",
            &[self.document().json_text().into()],
        )
    }

    /// All that are not zero.
    pub fn document(&self) -> Value {
        let counted = NAMES.iter().zip(&self.values);
        let counted = counted.filter(|(_, value)| **value > 0);
        let members = counted.map(|(name, value)| ((*name).to_owned(), Value::from(*value)));
        Value::Object(members.collect::<Map<_, _>>())
    }
}

/// About how many bytes a document has as text, without writing it.
pub fn length(document: &Value) -> u64 {
    match document {
        Value::Null | Value::Bool(_) => 4,
        Value::Number(number) => number.as_u64().map_or(8, |number| {
            u64::from(number.checked_ilog10().unwrap_or(0)) + 1
        }),
        Value::String(text) => text.len() as u64 + 2,
        Value::Array(items) => items.iter().map(|item| length(item) + 1).sum::<u64>() + 1,
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| name.len() as u64 + 4 + length(value);
            members.iter().map(member).sum::<u64>() + 1
        }
    }
}

#[cfg(test)]
#[path = "counters_tests.rs"]
mod tests;
