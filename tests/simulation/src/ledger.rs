//! What was seen from outside while the simulation ran, for the checks.
//!
//! It looks into storage and at packets; it never changes anything.

use crate::actor::{Actor, Answer, Request};
use shared::hub::effects::Outgoing;
use shared::hub::gateway::Slot;
use shared::ids::Identity;
use shared::ipc::registry::{CompleteDelivery, RegistryReply, RegistryRequest};
use shared::mqtt::decode::decode;
use shared::mqtt::packet::{Limits, Packet};
use shared::mqtt::property_bag::{self, SystemProperty};
use std::collections::{BTreeMap, BTreeSet};

/// Observations.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Broken invariants, in words.
    pub violations: Vec<String>,
    /// Cloud-to-device messages that a PUBACK has removed from their queue, by message id.
    pub completed: BTreeSet<String>,
    /// On which connections each message was sent, by message id.
    pub sent: BTreeMap<String, Vec<Slot>>,
    /// The newest versions of each twin: generation, then `version`, desired, reported.
    versions: BTreeMap<String, (String, [i64; 3])>,
    /// Telemetry acknowledgements sent by gateways.
    pub acknowledgements: u64,
}

/// What is known before a request runs, to be compared with what is true afterwards.
#[derive(Debug)]
pub struct Before {
    completing: Option<(CompleteDelivery, String)>,
    twin: Option<Identity>,
}

impl Ledger {
    /// Notes a broken invariant.
    pub fn violation(&mut self, text: impl Into<String>) {
        self.violations.push(text.into());
    }

    /// Before an actor handles a request.
    pub fn before(&self, actor: &Actor, request: &Request) -> Before {
        let mut before = Before {
            completing: None,
            twin: None,
        };
        if let Request::Actor(Outgoing::Registry(request)) = request {
            match request {
                RegistryRequest::CompleteDelivery(done) => {
                    let mid = queued_message_id(actor, done);
                    before.completing = mid.map(|mid| (done.clone(), mid));
                }
                RegistryRequest::ReportTwin(report) => before.twin = Some(report.identity.clone()),
                RegistryRequest::WriteTwin(write) => before.twin = Some(write.identity.clone()),
                _ => {}
            }
        }
        before
    }

    /// After it did.
    pub fn after(&mut self, actor: &Actor, before: &Before, answer: Option<&Answer>) {
        if let Some((done, mid)) = &before.completing
            && queued_message_id(actor, done).is_none()
        {
            self.completed.insert(mid.clone());
        }
        if let Some(identity) = &before.twin
            && let Some(Answer::Registry(Ok(
                RegistryReply::Twin(_) | RegistryReply::Reported { .. },
            ))) = answer
        {
            self.twin_written(actor, identity);
        }
    }

    fn twin_written(&mut self, actor: &Actor, identity: &Identity) {
        use shared::sql::Sql;
        let rows = actor
            .sql
            .query(
                "SELECT generation_id, version, json_extract(desired, '$.version'), \
                 json_extract(reported, '$.version') \
                 FROM identity JOIN twin USING (device_id, module_id) \
                 WHERE device_id = ? AND module_id = ?",
                &[
                    identity.device.as_str().into(),
                    identity.module_key().into(),
                ],
            )
            .expect("twins can be read");
        let Some(row) = rows.first() else { return };
        let generation = row.text(0).unwrap_or_default().to_owned();
        let new = [1, 2, 3].map(|column| row.integer(column).unwrap_or(-1));
        let old = self
            .versions
            .insert(identity.to_string(), (generation.clone(), new));
        if let Some((known, old)) = old
            && known == generation
        {
            let rose = new[1] > old[1] || new[2] > old[2];
            if new.iter().zip(old).any(|(new, old)| *new < old) || new[0] <= old[0] || !rose {
                self.violation(format!(
                    "versions of twin {identity} went from {old:?} to {new:?}"
                ));
            }
        }
        if new.contains(&-1) {
            self.violation(format!("the stored twin of {identity} has no versions"));
        }
    }

    /// A gateway sends a packet.
    pub fn sent(&mut self, slot: Slot, bytes: &[u8]) {
        let packet = match decode(bytes, &Limits::HUB) {
            Ok(Some((packet, length))) if length == bytes.len() => packet,
            other => return self.violation(format!("a frame is not one packet: {other:?}")),
        };
        match packet {
            Packet::PubAck(_) => self.acknowledgements += 1,
            Packet::Publish(message) => {
                let Some((_, bag)) = message.topic.split_once("/messages/devicebound/") else {
                    return;
                };
                let properties = property_bag::parse(bag).unwrap_or_default();
                let mid = properties
                    .get(SystemProperty::MessageId)
                    .unwrap_or_default()
                    .to_owned();
                let completed = self.completed.contains(&mid);
                let known = self.sent.entry(mid.clone()).or_default();
                let again = known.contains(&slot);
                let earlier = known.iter().any(|other| *other < slot);
                // What was on its way to a connection that has been replaced since may still
                // leave there, to a device that no longer listens.
                let replaced = known.iter().any(|other| *other > slot);
                known.push(slot);
                if completed && !replaced {
                    self.violation(format!("message {mid} was sent after it was completed"));
                }
                if again {
                    self.violation(format!("message {mid} was sent twice on one connection"));
                } else if earlier && message.qos == 1 && !message.dup {
                    self.violation(format!("message {mid} was sent again without DUP"));
                }
            }
            _ => {}
        }
    }
}

fn queued_message_id(actor: &Actor, done: &CompleteDelivery) -> Option<String> {
    use shared::sql::Sql;
    let rows = actor
        .sql
        .query(
            "SELECT properties FROM message WHERE device_id = ? AND sequence = ?",
            &[
                done.identity.device.as_str().into(),
                done.sequence_number.into(),
            ],
        )
        .expect("messages can be read");
    let text = rows.first()?.text(0)?.to_owned();
    let properties: property_bag::MessageProperties =
        serde_json::from_str(&text).expect("properties are JSON");
    Some(
        properties
            .get(SystemProperty::MessageId)
            .unwrap_or_default()
            .to_owned(),
    )
}
