//! One device: all behaviours together, driven by inputs and time.
//!
//! Knows nothing of sockets and packets. Times are the device's own clock.

use super::command::{self, Command};
use super::conditions::{Conditions, PERIOD_SECONDS};
use super::configuration::{Configuration, seconds};
use super::desired::{Desired, Outcome};
use super::factory_reset::FactoryReset;
use super::firmware::Firmware;
use super::firmware_configuration::{FirmwareConfiguration, Request, report_without_update};
use super::firmware_update::FirmwareUpdate;
use super::methods::{self, Begin};
use super::procedure::{Procedure, Situation};
use super::reboot::Reboot;
use super::telemetry::{Profile, Sensors};
use super::{Action, Message};
use crate::faults::{DeviceFaults, FaultPlan};
use crate::fleet::character::Character;
use crate::random::{Purpose, stream};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use shared::time::Timestamp;
use std::time::Duration;

/// What all devices of a fleet share.
#[derive(Debug, Clone)]
pub struct FleetSettings {
    /// Seed of everything random.
    pub seed: u64,
    /// What devices measure.
    pub profile: Profile,
    /// Prefix of the device ids; none gives each kind its own.
    pub prefix: Option<String>,
    /// Telemetry interval until a twin says otherwise.
    pub interval: Duration,
    /// A heartbeat is sent after so much silence.
    pub heartbeat: Duration,
    /// How long one step of a reboot, reset or update takes.
    pub step: Duration,
    /// Faults.
    pub faults: FaultPlan,
}

/// A simulated device.
pub struct Model {
    /// Name, place and kind.
    pub character: Character,
    /// Its faults.
    pub faults: DeviceFaults,
    heartbeat: Duration,
    step: Duration,
    timing: ChaCha8Rng,
    sensors: Sensors,
    conditions: Conditions,
    configuration: Configuration,
    desired: Desired,
    firmware: Firmware,
    procedure: Option<Box<dyn Procedure>>,
    /// The desired firmware that was acted on last, so that a failed update is not repeated for ever.
    firmware_seen: Option<Value>,
    /// The device has told the hub what it is, in this life.
    introduced: bool,
    /// The twin has been read on this connection.
    synchronised: bool,
    birth: Timestamp,
    messages: u64,
    next_telemetry: Timestamp,
    next_conditions: Timestamp,
    next_flap: Option<Timestamp>,
    last_sent: Timestamp,
}

fn after(now: Timestamp, duration: Duration) -> Timestamp {
    now.plus_milliseconds(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX))
}

impl Model {
    /// The device at a place of the fleet, switched on at `now`.
    pub fn new(settings: &FleetSettings, index: usize, now: Timestamp) -> Self {
        let character = Character::new(
            settings.seed,
            index,
            settings.profile,
            settings.prefix.as_deref(),
        );
        let mut timing = stream(settings.seed, index, Purpose::Timing);
        // Spread over the interval, so that a fleet does not speak in chorus.
        let first = settings.interval.mul_f64(timing.random_range(0.0..1.0));
        Self {
            faults: DeviceFaults::new(&settings.faults, settings.seed, index),
            heartbeat: settings.heartbeat,
            step: settings.step,
            sensors: Sensors::new(settings.seed, index, character.kind),
            conditions: Conditions::new(settings.seed, index),
            configuration: Configuration::new(settings.interval),
            desired: Desired::default(),
            firmware: Firmware::default(),
            procedure: None,
            firmware_seen: None,
            introduced: false,
            synchronised: false,
            birth: now,
            messages: 0,
            next_telemetry: after(now, first),
            next_conditions: now.plus_seconds(PERIOD_SECONDS),
            next_flap: None,
            last_sent: now,
            character,
            timing,
        }
    }

    /// The desired properties as the device knows them.
    pub fn desired(&self) -> &Desired {
        &self.desired
    }

    /// The telemetry interval in force.
    pub fn interval(&self) -> Duration {
        self.configuration.interval()
    }

    /// The connection stands and all filters are subscribed.
    pub fn on_connected(&mut self, now: Timestamp, actions: &mut Vec<Action>) {
        self.synchronised = false;
        self.last_sent = now;
        // Readings are not made up for the time without a link.
        self.next_telemetry = self.next_telemetry.max(now);
        self.next_flap = self
            .faults
            .flap
            .map(|period| after(now, period.mul_f64(self.timing.random_range(0.5..1.5))));
        actions.push(Action::GetTwin);
    }

    /// The answer to [`Action::GetTwin`].
    pub fn on_twin(&mut self, now: Timestamp, twin: &Value, actions: &mut Vec<Action>) {
        let nothing = json!({});
        let reported = twin.get("reported").unwrap_or(&nothing);
        self.desired
            .replace(twin.get("desired").unwrap_or(&nothing));
        self.synchronised = true;
        let mut reset = false;
        if let Some(mut procedure) = self.procedure.take() {
            procedure.on_reconnected(&mut self.situation(now), reported, actions);
            reset = procedure.finished() && procedure.name() == "a factory reset";
            self.procedure = Some(procedure).filter(|procedure| !procedure.finished());
        }
        if reset {
            // Out of the box again: it describes itself with the next look at its conditions.
            self.configuration.reset();
            self.firmware_seen = None;
            self.introduced = false;
            self.next_conditions = now.plus_seconds(PERIOD_SECONDS);
        } else if !self.introduced {
            if let Some(version) = reported
                .pointer("/firmware/currentFwVersion")
                .and_then(Value::as_str)
            {
                self.firmware.version = version.to_owned();
            }
            self.configuration.adopt(reported.get("telemetryConfig"));
            self.introduce(reported.get("telemetryConfig").is_none(), actions);
        }
        self.look_at_desired(now, actions);
    }

    /// A desired change was pushed.
    pub fn on_desired(&mut self, now: Timestamp, patch: &Value, actions: &mut Vec<Action>) {
        match self.desired.patch(patch) {
            Outcome::Applied if self.synchronised => self.look_at_desired(now, actions),
            Outcome::Applied | Outcome::Stale => {}
            Outcome::Gap => actions.push(Action::GetTwin),
        }
    }

    /// A direct method was called.
    pub fn on_method(
        &mut self,
        now: Timestamp,
        name: &str,
        payload: &Value,
        request_id: &str,
        actions: &mut Vec<Action>,
    ) {
        let running = self.procedure.as_ref().map(|procedure| procedure.name());
        let (status, payload, begin) =
            methods::answer(&self.character.device_id, name, payload, running);
        actions.push(Action::Answer {
            request_id: request_id.to_owned(),
            status,
            payload,
        });
        self.last_sent = now;
        let situation = self.situation(now);
        let procedure: Box<dyn Procedure> = match begin {
            Begin::Nothing => return,
            Begin::Reboot => Box::new(Reboot::start(&situation, actions)),
            Begin::FactoryReset => Box::new(FactoryReset::start(&situation, actions)),
            Begin::FirmwareUpdate(package) => {
                Box::new(FirmwareUpdate::start(package, &situation, actions))
            }
        };
        self.procedure = Some(procedure);
    }

    /// A cloud-to-device message arrived.
    pub fn on_command(&mut self, now: Timestamp, received: &Command, actions: &mut Vec<Action>) {
        self.last_sent = now;
        actions.push(command::remember(received, now));
    }

    /// The next moment at which this device wants to act while it is connected.
    pub fn due(&self) -> Timestamp {
        let heartbeat = after(self.last_sent, self.heartbeat);
        let more = [
            self.configuration.due(),
            self.procedure
                .as_ref()
                .and_then(|procedure| procedure.due()),
            self.next_flap,
        ];
        let first = self.next_telemetry.min(self.next_conditions).min(heartbeat);
        more.into_iter().flatten().fold(first, Timestamp::min)
    }

    /// Does everything that is due.
    pub fn on_due(&mut self, now: Timestamp, actions: &mut Vec<Action>) {
        if self.configuration.due().is_some_and(|due| due <= now)
            && self.configuration.on_due(actions)
        {
            self.next_telemetry = after(now, self.configuration.interval());
        }
        if self
            .procedure
            .as_ref()
            .and_then(|procedure| procedure.due())
            .is_some_and(|due| due <= now)
        {
            self.go_on_with_procedure(now, actions);
        }
        if self.next_conditions <= now && self.synchronised {
            self.next_conditions = now.plus_seconds(PERIOD_SECONDS);
            if !self.introduced {
                self.introduce(false, actions);
            } else if let Some(change) = self.conditions.pass() {
                actions.push(Action::Report(json!({"conditions": change})));
            }
        } else if self.next_conditions <= now {
            self.next_conditions = now.plus_seconds(PERIOD_SECONDS);
        }
        if self.next_telemetry <= now {
            self.next_telemetry = after(now, self.configuration.interval());
            self.measure(now, actions);
        }
        if after(self.last_sent, self.heartbeat) <= now {
            self.send_heartbeat(now, actions);
        }
        if self.next_flap.is_some_and(|due| due <= now) {
            self.next_flap = None;
            actions.push(Action::CutLink);
        }
        if actions
            .iter()
            .any(|action| matches!(action, Action::Report(_)))
        {
            self.last_sent = now;
        }
    }

    fn go_on_with_procedure(&mut self, now: Timestamp, actions: &mut Vec<Action>) {
        let Some(mut procedure) = self.procedure.take() else {
            return;
        };
        let mut situation = self.situation(now);
        procedure.on_due(&mut situation, actions);
        if procedure.finished() {
            // A desired version that had to wait gets its turn.
            self.look_at_desired(now, actions);
        } else {
            self.procedure = Some(procedure);
        }
    }

    fn situation(&mut self, now: Timestamp) -> Situation<'_> {
        Situation {
            now,
            step: self.step,
            fate: self.faults.update_fate(),
            firmware: &mut self.firmware,
        }
    }

    fn look_at_desired(&mut self, now: Timestamp, actions: &mut Vec<Action>) {
        self.configuration.on_desired(
            self.desired.properties().get("telemetryConfig"),
            now,
            actions,
        );
        let section = self.desired.properties().get("firmware").cloned();
        if self.procedure.is_some() || section == self.firmware_seen {
            return;
        }
        let request = Request::parse(section.as_ref(), &self.firmware);
        self.firmware_seen = section;
        if let Request::Install(package) = request {
            let update = FirmwareConfiguration::start(package, &self.situation(now), actions);
            self.procedure = Some(Box::new(update));
        } else {
            actions.extend(report_without_update(&request, &self.firmware));
        }
    }

    /// Says what the device is: identity of the hardware, firmware, abilities, surroundings.
    fn introduce(&mut self, with_interval: bool, actions: &mut Vec<Action>) {
        self.introduced = true;
        let mut report = json!({
            "deviceInfo": {"manufacturer": "Skerry Simulated Works", "model": self.character.model,
                "serialNumber": format!("SIM-{}", self.character.device_id), "swVersion": self.firmware.version},
            "firmware": {"currentFwVersion": self.firmware.version},
            "capabilities": {"methods": methods::NAMES, "telemetry": self.character.kind.word(),
                "firmwareByConfiguration": true},
            "conditions": self.conditions.whole(&self.character),
        });
        // While an update runs, its own reports say the status.
        if self.procedure.is_none() {
            report["firmware"]["fwUpdateStatus"] = json!("current");
        }
        if with_interval {
            report["telemetryConfig"] = json!({"interval": seconds(self.interval().as_secs_f64())});
        }
        actions.push(Action::Report(report));
    }

    fn measure(&mut self, now: Timestamp, actions: &mut Vec<Action>) {
        let Some(sample) = self.sensors.measure(now) else {
            return;
        };
        let mut message = self.message(sample.body.to_string().into_bytes());
        message.json = true;
        message.cut_link = self.faults.drops();
        message
            .properties
            .extend(sample.alert.map(|level| ("level", level.to_owned())));
        self.last_sent = now;
        actions.push(Action::Send(message));
    }

    /// An empty body with a marker (`device-management.md` §8).
    fn send_heartbeat(&mut self, now: Timestamp, actions: &mut Vec<Action>) {
        let mut message = self.message(Vec::new());
        message.properties.push(("heartbeat", "1".to_owned()));
        self.last_sent = now;
        actions.push(Action::Send(message));
    }

    fn message(&mut self, body: Vec<u8>) -> Message {
        self.messages += 1;
        // Unique over restarts of the simulator too: the birth is part of it.
        let message_id = format!("{:x}-{}", self.birth.milliseconds(), self.messages);
        Message {
            body,
            json: false,
            message_id,
            properties: Vec::new(),
            cut_link: false,
        }
    }
}
