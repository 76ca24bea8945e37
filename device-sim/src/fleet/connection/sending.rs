//! What the device wants: its actions turned into packets.

use super::{Connection, LAST_WORDS, MOST_OUTSTANDING, MOST_REPORTS};
use crate::behaviours::{Action, Message};
use crate::clock;
use shared::mqtt::property_bag::{MessageProperties, SystemProperty};
use std::time::Duration;

impl Connection {
    /// Turns actions into packets.
    pub(super) fn carry_out(&mut self) {
        let now = clock::elapsed();
        let mut actions = std::mem::take(&mut self.actions);
        for action in actions.drain(..) {
            match action {
                Action::Report(patch) => {
                    if self.reports.len() < MOST_REPORTS {
                        self.reports.push_back(patch.to_string().into_bytes());
                    } else {
                        self.note(&"too many reports wait for the hub; one is dropped");
                    }
                }
                Action::Send(message) => self.send(now, message),
                Action::Answer {
                    request_id,
                    status,
                    payload,
                } => {
                    let body = payload.to_string();
                    match self.session.respond_method(
                        now,
                        &request_id,
                        status,
                        body.as_bytes(),
                        &mut self.out,
                    ) {
                        Ok(()) => self.fleet.statistics.methods.add(),
                        Err(error) => self.note(&error),
                    }
                }
                Action::GetTwin => {
                    self.twin_wanted = true;
                    match self.session.get_twin(now, &mut self.out) {
                        Ok(request) => self.twin_request = Some(request),
                        Err(error) => self.note(&error),
                    }
                }
                Action::GoOffline(duration) => self.offline = Some((duration, now + LAST_WORDS)),
                Action::CutLink => self.cut = true,
            }
        }
        self.actions = actions;
        if self.ready
            && self.report_request.is_none()
            && self.retry_at.is_none()
            && let Some(report) = self.reports.front()
        {
            match self.session.report_twin(now, report, &mut self.out) {
                Ok(request) => self.report_request = Some(request),
                Err(error) => self.note(&error),
            }
        }
    }

    fn send(&mut self, now: Duration, message: Message) {
        let fleet = self.fleet.clone();
        let statistics = &fleet.statistics;
        if self.session.outstanding() >= MOST_OUTSTANDING {
            statistics.skipped.add();
            return;
        }
        let mut properties = MessageProperties::default();
        properties.set(SystemProperty::MessageId, message.message_id.as_str());
        if message.json {
            properties.set(SystemProperty::ContentType, "application/json");
            properties.set(SystemProperty::ContentEncoding, "utf-8");
        }
        for (name, value) in message.properties {
            if name == "heartbeat" {
                statistics.heartbeats.add();
            }
            properties.set_application(name, value);
        }
        let mut bag = String::with_capacity(96);
        properties.write_bag(&mut bag);
        self.next_tag += 1;
        let tag = self.next_tag;
        match self
            .session
            .publish_telemetry(now, &bag, &message.body, 1, tag, &mut self.out)
        {
            Ok(()) => {
                statistics.sent.add();
                if fleet.log.is_some() {
                    self.logged.insert(tag, message.message_id);
                }
            }
            Err(error) => self.note(&error),
        }
        self.cut |= message.cut_link;
    }
}
