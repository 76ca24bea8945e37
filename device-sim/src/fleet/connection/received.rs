//! What the hub sent: counted, and handed to the device's behaviour.

use super::{Connection, Ending, TWIN_RETRY};
use crate::behaviours::command::Command;
use crate::clock;
use serde_json::Value;
use shared::mqtt::client::ClientEvent;
use shared::mqtt::property_bag::SystemProperty;
use shared::time::Timestamp;

impl Connection {
    pub(super) fn take_events(&mut self, events: &mut Vec<ClientEvent>) -> Option<Ending> {
        for event in events.drain(..) {
            if let ClientEvent::Refused(code) = event {
                self.fleet.statistics.refused.add();
                self.note(&format_args!("CONNACK {}: {code:?}", code.as_u8()));
                return Some(Ending::Refused);
            }
            self.take_event(event);
        }
        None
    }

    fn take_event(&mut self, event: ClientEvent) {
        let now = self.device_now();
        let fleet = self.fleet.clone();
        let statistics = &fleet.statistics;
        match event {
            ClientEvent::Connected {
                session_present,
                latency,
            } => {
                self.connected = true;
                statistics.connects.add();
                statistics.connected.add();
                statistics.connect.record(latency);
                // Like the SDKs: a stored session keeps its filters (`device.md` §2.5).
                if session_present && self.filters_stored {
                    self.become_ready(now);
                } else {
                    let devicebound = format!(
                        "devices/{}/messages/devicebound/#",
                        self.session.identity().device
                    );
                    let filters = [
                        (devicebound.as_str(), 1),
                        ("$iothub/methods/POST/#", 0),
                        ("$iothub/twin/res/#", 0),
                        ("$iothub/twin/PATCH/properties/desired/#", 0),
                    ];
                    if let Err(error) =
                        self.session
                            .subscribe(clock::elapsed(), &filters, &mut self.out)
                    {
                        self.note(&error);
                    }
                }
            }
            ClientEvent::Subscribed { codes, .. } => {
                if codes.iter().any(|code| *code > 1) {
                    self.note(&"the hub refused a subscription that every device needs");
                }
                self.filters_stored = true;
                self.become_ready(now);
            }
            ClientEvent::Acknowledged { tag, latency } => {
                statistics.acknowledged.add();
                statistics.acknowledgement.record(latency);
                if let (Some(log), Some(message_id)) = (&fleet.log, self.logged.remove(&tag)) {
                    log.write(&self.model.character.device_id, &message_id);
                }
            }
            ClientEvent::CloudToDevice {
                packet_id,
                properties,
                payload,
                ..
            } => {
                let message_id = properties.get(SystemProperty::MessageId).map(str::to_owned);
                self.model.on_command(
                    now,
                    &Command {
                        message_id,
                        body: payload,
                    },
                    &mut self.actions,
                );
                if let Some(packet_id) = packet_id
                    && self
                        .session
                        .acknowledge(clock::elapsed(), packet_id, &mut self.out)
                        .is_ok()
                {
                    statistics.commands.add();
                }
            }
            ClientEvent::DesiredChanged { body, .. } => {
                statistics.desired.add();
                match serde_json::from_slice::<Value>(&body) {
                    Ok(patch) => self.model.on_desired(now, &patch, &mut self.actions),
                    Err(error) => self.note(&format_args!("a desired change is no JSON: {error}")),
                }
                self.judge_expectations();
            }
            ClientEvent::MethodCalled {
                name,
                request_id,
                payload,
            } => {
                let payload = serde_json::from_slice(&payload).unwrap_or(Value::Null);
                self.model
                    .on_method(now, &name, &payload, &request_id, &mut self.actions);
            }
            ClientEvent::TwinReceived {
                request_id, body, ..
            } if self.twin_request == Some(request_id) => {
                self.twin_request = None;
                self.twin_wanted = false;
                match serde_json::from_slice::<Value>(&body) {
                    Ok(twin) => {
                        statistics.twins.add();
                        if !self.in_sync {
                            self.in_sync = true;
                            statistics.in_sync.add();
                        }
                        self.model.on_twin(now, &twin, &mut self.actions);
                        self.judge_expectations();
                    }
                    Err(error) => self.note(&format_args!("the twin is no JSON: {error}")),
                }
            }
            ClientEvent::TwinReported { request_id, .. }
                if self.report_request == Some(request_id) =>
            {
                statistics.reports.add();
                self.report_request = None;
                self.reports.pop_front();
            }
            ClientEvent::TwinFailed {
                request_id,
                status,
                body,
            } => self.twin_refused(request_id, Some(status), &body),
            ClientEvent::TwinTimedOut { request_id } => self.twin_refused(request_id, None, b""),
            ClientEvent::TwinReceived { .. }
            | ClientEvent::TwinReported { .. }
            | ClientEvent::Unsubscribed { .. }
            | ClientEvent::Refused(_) => {}
        }
    }

    fn become_ready(&mut self, now: Timestamp) {
        self.ready = true;
        self.model.on_connected(now, &mut self.actions);
    }

    fn twin_refused(&mut self, request_id: u64, status: Option<u16>, body: &[u8]) {
        self.fleet.statistics.twin_errors.add();
        let text: String = String::from_utf8_lossy(body).chars().take(200).collect();
        match status {
            Some(status) => self.note(&format_args!("twin request refused with {status}: {text}")),
            None => self.note(&"a twin request was not answered in time"),
        }
        let passing = status.is_none_or(|status| status == 429 || status >= 500);
        if self.report_request == Some(request_id) {
            self.report_request = None;
            if !passing {
                // Repeating what the hub calls wrong would not make it right.
                self.reports.pop_front();
            }
        } else if self.twin_request == Some(request_id) {
            self.twin_request = None;
        }
        self.retry_at = Some(clock::elapsed() + TWIN_RETRY);
    }

    fn judge_expectations(&mut self) {
        let Self {
            fleet,
            model,
            expectations_met,
            ..
        } = self;
        for ((expectation, met), count) in fleet
            .expectations
            .iter()
            .zip(expectations_met)
            .zip(&fleet.statistics.meeting)
        {
            let is_met = expectation.is_met(model.desired());
            match (*met, is_met) {
                (false, true) => count.add(),
                (true, false) => count.remove(),
                _ => {}
            }
            *met = is_met;
        }
    }
}
