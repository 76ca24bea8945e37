//! Outcomes of the gateway's own calls.

use super::connection::Slot;
use super::subscribe::Acknowledge;
use super::twin::TwinRequest;
use super::{Context, Gateway, GatewayEffects};
use crate::error::HubError;
use crate::hub::effects::{Correlation, Outcome, Outgoing};
use crate::ipc::Address;
use crate::ipc::registry::RegistryResult;
use crate::mqtt::encode;
use crate::mqtt::topic::Subscriptions;
use crate::sql::Sql;
use crate::time::Timestamp;

/// What a call was for.
#[derive(Debug)]
pub(super) enum PendingCall {
    Connect {
        slot: Slot,
    },
    Disconnected {
        shard: u16,
    },
    Census {
        shard: u16,
        number: u64,
    },
    Session {
        slot: Slot,
        subscriptions: Subscriptions,
        acknowledge: Acknowledge,
    },
    Twin(TwinRequest),
    Complete {
        slot: Slot,
    },
    Activity,
    Append {
        partition: usize,
    },
}

impl Gateway {
    /// The outcome of a call that this gateway made.
    pub fn finished(
        &mut self,
        now: Timestamp,
        correlation: Correlation,
        outcome: Outcome,
        sql: &dyn Sql,
        out: &mut GatewayEffects,
    ) {
        let Some(call) = self.calls.remove(&correlation) else {
            return;
        };
        let mut context = Context { now, sql, out };
        match call {
            PendingCall::Append { partition } => {
                let stored = matches!(outcome, Outcome::Appended(Ok(())));
                self.appended(partition, correlation, stored, &mut context);
            }
            PendingCall::Connect { slot } => {
                self.connect_decided(slot, registry_result(outcome), &mut context);
            }
            PendingCall::Disconnected { shard } => {
                if registry_result(outcome).is_err() {
                    self.end_untold(shard, &mut context);
                }
            }
            PendingCall::Census { shard, number } => {
                let told = registry_result(outcome).is_ok();
                self.census_answered(shard, number, told, &mut context);
            }
            PendingCall::Session {
                slot,
                subscriptions,
                acknowledge,
            } => {
                let result = registry_result(outcome);
                self.session_updated(slot, subscriptions, acknowledge, result, &mut context);
            }
            PendingCall::Twin(request) => {
                self.twin_answered(request, registry_result(outcome), &mut context);
            }
            PendingCall::Complete { slot } => {
                self.completed(slot, registry_result(outcome), &mut context);
            }
            // Only a hint for people; the next one repeats it.
            PendingCall::Activity => {}
        }
        self.send_due(&mut context);
        self.arm(&mut context);
    }

    /// Sends every batch that is due.
    pub(super) fn send_due(&mut self, context: &mut Context<'_>) {
        for partition in 0..self.batchers.len() {
            let Some(batcher) = self.batchers.get_mut(partition) else {
                continue;
            };
            let (batch, attempt) = match batcher.take_retry(context.now) {
                Some(retry) => retry,
                None => match batcher.take_due(context.now) {
                    Some(batch) => (batch, 1),
                    None => continue,
                },
            };
            let data = batch.data.clone();
            let to = Address::Events(u16::try_from(partition).unwrap_or(u16::MAX));
            self.call(
                to,
                Outgoing::Append(data),
                PendingCall::Append { partition },
                context,
            );
            let correlation = self.correlations;
            if let Some(batcher) = self.batchers.get_mut(partition) {
                batcher.sent(context.now, correlation, batch, attempt);
            }
        }
    }

    fn appended(
        &mut self,
        partition: usize,
        correlation: Correlation,
        stored: bool,
        context: &mut Context<'_>,
    ) {
        let Some(batcher) = self.batchers.get_mut(partition) else {
            return;
        };
        let Some(in_flight) = batcher
            .in_flight
            .take_if(|in_flight| in_flight.correlation == correlation)
        else {
            return;
        };
        batcher.pause(context.now, in_flight.since);
        if stored {
            for (slot, packet_id) in in_flight.batch.acknowledgements {
                if packet_id != 0 && self.connections.contains_key(&slot) {
                    context
                        .out
                        .send(slot, |bytes| encode::puback(bytes, packet_id));
                }
            }
            return;
        }
        let Some(lost) = batcher.failed(context.now, in_flight) else {
            return;
        };
        // The device learns by the closed connection that nothing was acknowledged.
        for (slot, _) in lost.acknowledgements {
            self.close(slot, "storageUnavailable", context);
        }
    }
}

fn registry_result(outcome: Outcome) -> RegistryResult {
    match outcome {
        Outcome::Registry(result) => result,
        _ => Err(HubError::internal("the registry could not be reached")),
    }
}
