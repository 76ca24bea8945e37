//! What a shard counts (`device-management.md` §9.2), and what it says of itself.

use super::{Registry, feedback};
use crate::hub::counters::{Counter, length};
use crate::hub::effects::Effects;
use crate::ipc::hub::Usage;
use crate::ipc::registry::{RegistryReply, RegistryRequest, RegistryResult};
use crate::json;
use crate::sql::Sql;
use crate::time::Timestamp;

/// The successes of a request's group, where its sizes are counted, and the bytes that it
/// brought.
pub(super) type Counted = (Counter, Option<Counter>, usize);

/// As what a request counts.
pub(super) fn counted(request: &RegistryRequest, shard: u16) -> Option<Counted> {
    use RegistryRequest as Request;
    Some(match request {
        Request::GetTwin(_) => (Counter::TwinReads, Some(Counter::TwinReadBytes), 0),
        Request::WriteTwin(_) | Request::RevertTwin(_) => {
            (Counter::TwinUpdates, Some(Counter::TwinUpdateBytes), 0)
        }
        Request::DeviceTwin(_) => {
            let sizes = Some(Counter::DeviceTwinReadBytes);
            (Counter::DeviceTwinReads, sizes, 0)
        }
        Request::ReportTwin(report) => {
            let sizes = Some(Counter::DeviceTwinUpdateBytes);
            (Counter::DeviceTwinUpdates, sizes, report.patch.len())
        }
        // Every shard is asked, and often: one of them counts the beginning.
        Request::Query(scan) if shard == 0 && scan.after.is_none() && scan.beyond.is_none() => {
            (Counter::Queries, Some(Counter::QueryBytes), 0)
        }
        _ => return None,
    })
}

impl Registry {
    /// Counts what came of a request.
    pub(super) fn count(
        &mut self,
        (success, sizes, brought): Counted,
        succeeded: bool,
        answer: Option<&RegistryResult>,
        now: Timestamp,
    ) {
        self.counters.outcome(success, succeeded, now);
        let told = match answer {
            Some(Ok(RegistryReply::Twin(twin))) => length(&twin.body),
            Some(Ok(RegistryReply::DeviceTwin(twin))) => length(twin),
            Some(Ok(RegistryReply::QueryPart(part))) => {
                let bytes = part.items.iter().map(|item| item.body.get().len() as u64);
                bytes.sum()
            }
            _ => 0,
        };
        if let (Some(sizes), true) = (sizes, succeeded) {
            self.counters.add(sizes, told + brought as u64, now);
        }
    }

    /// Counts what became of a cloud-to-device message.
    pub(super) fn count_message(&mut self, outcome: feedback::Outcome, now: Timestamp) {
        let counter = match outcome {
            feedback::Outcome::Success => Counter::Completed,
            feedback::Outcome::Rejected => Counter::Rejected,
            feedback::Outcome::DeliveryCountExceeded => Counter::Abandoned,
            feedback::Outcome::Expired => Counter::Expired,
            feedback::Outcome::Purged => return,
        };
        self.counters.add(counter, 1, now);
    }

    /// Tells the hub object, if it is time, how much there is in this shard.
    pub(super) fn tell_usage(
        &mut self,
        now: Timestamp,
        sql: &dyn Sql,
        effects: &mut Effects<RegistryResult>,
    ) {
        if self.usage.is_due(now) {
            let usage = Usage {
                object: self.chain(),
                bytes: sql.usage().1,
                ..Usage::default()
            };
            self.usage.tell(usage, &mut self.correlations, effects);
        }
    }

    /// What this shard says of itself.
    pub(super) fn report(&self, sql: &dyn Sql) -> RegistryReply {
        let (rows_written, bytes) = sql.usage();
        RegistryReply::Explained(json!({
            "counters": self.counters.document(),
            "rowsWritten": rows_written,
            "bytes": bytes,
        }))
    }
}
