//! Twins of senders, for conditions and enrichments that read them (`query-routing-events.md`
//! §3.5, §3.8).
//!
//! Only where a route asks for twins: then a batch waits until the shards have told those that
//! are not known, and what is known is a second old at most. Everywhere else nothing waits and
//! nothing is asked.

use super::Events;
use crate::error::{ErrorCode, HubError};
use crate::hub::effects::{Call, Correlation, Effects, Outcome, Outgoing, Token};
use crate::hub::segment::{Entry, Reader};
use crate::ids::{DeviceId, Identity, ModuleId};
use crate::ipc::Address;
use crate::ipc::events::{EventsReply, EventsResult};
use crate::ipc::registry::{RegistryReply, RegistryRequest};
use crate::ordered::OrderedMap;
use crate::routing::table::TELEMETRY;
use crate::sql::Sql;
use crate::time::Timestamp;
use serde_json::Value;
use std::rc::Rc;

/// How long a twin is taken for new.
const FRESH_MILLISECONDS: i64 = 1_000;
/// Batches that may wait.
const MAX_WAITING: usize = 64;

/// Device and module, or device and nothing.
type Sender = String;

/// Twins of the senders of a batch; `Null` for who has none.
pub(super) type SenderTwins = OrderedMap<Sender, Rc<Value>>;

#[derive(Debug)]
struct Waiting {
    token: Token,
    data: Vec<u8>,
    twins: SenderTwins,
    missing: Vec<Sender>,
}

/// What is known, what is asked for, and who waits for it.
#[derive(Debug, Default)]
pub(super) struct Twins {
    known: OrderedMap<Sender, (Timestamp, Rc<Value>)>,
    asked: OrderedMap<Correlation, Sender>,
    waiting: Vec<Waiting>,
}

impl Events {
    /// Gives a batch back with what has to be known of its senders; `None`: it waits for that.
    pub(super) fn with_twins(
        &mut self,
        now: Timestamp,
        token: Token,
        data: Vec<u8>,
        effects: &mut Effects<EventsResult>,
    ) -> Result<Option<(Vec<u8>, SenderTwins)>, HubError> {
        let (Some(settings), Some(table)) = (&self.settings, &self.table) else {
            return Ok(Some((data, SenderTwins::new())));
        };
        if !table.reads_twin(TELEMETRY) {
            return Ok(Some((data, SenderTwins::new())));
        }
        let mut twins = SenderTwins::new();
        let mut missing: Vec<Sender> = Vec::new();
        let oldest = now.plus_milliseconds(-FRESH_MILLISECONDS);
        self.twins.known.retain(|_, (at, _)| *at > oldest);
        for entry in Reader::new(&data) {
            let Entry::Telemetry(record) = entry? else {
                continue;
            };
            let sender = sender(record.device, record.module);
            if twins.contains_key(&sender) || missing.contains(&sender) {
                continue;
            }
            match self.twins.known.get(&sender) {
                Some((_, twin)) => {
                    twins.insert(sender, twin.clone());
                }
                None => missing.push(sender),
            }
        }
        if missing.is_empty() {
            return Ok(Some((data, twins)));
        }
        if self.twins.waiting.len() >= MAX_WAITING {
            return Err(HubError::new(
                ErrorCode::ThrottlingException,
                "Too many messages wait for the twins that routes ask for; send again.",
            ));
        }
        for sender in &missing {
            if self.twins.asked.values().any(|asked| asked == sender) {
                continue;
            }
            let Some(identity) = identity(sender) else {
                continue;
            };
            self.correlations += 1;
            self.twins.asked.insert(self.correlations, sender.clone());
            effects.calls.push(Call {
                to: Address::Registry(settings.layout.shard_of(&identity.device)),
                request: Outgoing::Registry(RegistryRequest::SenderTwin(identity)),
                correlation: self.correlations,
            });
        }
        self.twins.waiting.push(Waiting {
            token,
            data,
            twins,
            missing,
        });
        Ok(None)
    }

    /// A shard has told a twin, or could not be reached; `false`: it was something else.
    pub(super) fn twin_told(
        &mut self,
        now: Timestamp,
        correlation: Correlation,
        outcome: &Outcome,
        sql: &dyn Sql,
        effects: &mut Effects<EventsResult>,
    ) -> bool {
        let Some(sender) = self.twins.asked.remove(&correlation) else {
            return false;
        };
        let twin = match outcome {
            Outcome::Registry(Ok(RegistryReply::DeviceTwin(twin))) => Some(Rc::new(twin.clone())),
            _ => None,
        };
        if let Some(twin) = &twin {
            self.twins.known.insert(sender.clone(), (now, twin.clone()));
        }
        for mut waiting in std::mem::take(&mut self.twins.waiting) {
            if !waiting.missing.contains(&sender) {
                self.twins.waiting.push(waiting);
                continue;
            }
            let Some(twin) = &twin else {
                // Senders repeat; a route that cannot be judged must not lose anything.
                let error = HubError::new(
                    ErrorCode::ServiceUnavailable,
                    "A twin that a route asks for cannot be read now.",
                );
                effects.replies.push((waiting.token, Err(error)));
                continue;
            };
            waiting.missing.retain(|missing| *missing != sender);
            waiting.twins.insert(sender.clone(), twin.clone());
            if waiting.missing.is_empty() {
                let stored = self.append_now(now, waiting.data, &waiting.twins, sql, effects);
                let stored = stored.map(|()| EventsReply::Done);
                effects.replies.push((waiting.token, stored));
            } else {
                self.twins.waiting.push(waiting);
            }
        }
        true
    }
}

/// How a sender is named here; no id has a slash.
pub(super) fn sender(device: &str, module: &str) -> String {
    format!("{device}/{module}")
}

fn identity(sender: &str) -> Option<Identity> {
    let (device, module) = sender.split_once('/')?;
    Some(Identity {
        device: DeviceId::parse(device).ok()?,
        module: if module.is_empty() {
            None
        } else {
            Some(ModuleId::parse(module).ok()?)
        },
    })
}
