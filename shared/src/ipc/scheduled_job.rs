//! Scheduled jobs as the hub object and the shards know them (`service.md` §10,
//! `device-management.md` §1, §4.6).

use crate::ids::DeviceId;
use crate::ipc::audit::Cause;
use crate::maintenance::Wish;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a job does to each device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum JobKind {
    /// Patches the twin.
    #[serde(rename = "scheduleUpdateTwin")]
    UpdateTwin,
    /// Calls a direct method.
    #[serde(rename = "scheduleDeviceMethod")]
    DeviceMethod,
}

impl JobKind {
    /// As it stands in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::UpdateTwin => "scheduleUpdateTwin",
            Self::DeviceMethod => "scheduleDeviceMethod",
        }
    }
}

/// What somebody asked for; checked by the HTTP side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobOrder {
    /// The job's id.
    pub id: String,
    /// What to do.
    pub kind: JobKind,
    /// The member `updateTwin` or `cloudToDeviceMethod`, with its names as documented.
    pub body: Value,
    /// Behind `WHERE`, or `*`.
    pub condition: String,
    /// When; `None`: at once.
    pub start: Option<Timestamp>,
    /// Seconds from the start until no device is touched any more.
    pub lifetime: i64,
    /// In waves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout: Option<Rollout>,
    /// Why maintenance policies are not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overrides: Option<String>,
    /// The document of the pattern that the step starts on a device, as it was when the job was
    /// made; the hub object looks it up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<Value>,
}

impl JobOrder {
    /// Whether a device is done only when its pattern says so: a wave has not succeeded
    /// because its devices have answered (`device-management.md` §4.6).
    pub fn awaits_pattern(&self) -> bool {
        self.rollout.is_some() && self.pattern.is_some()
    }
}

/// A rollout in waves (`device-management.md` §4.6). Shares are in percent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rollout {
    /// Which share of all devices each wave ends with, rising.
    pub waves: Vec<f64>,
    /// Which share of a wave must succeed before the next one begins.
    pub success_percent: f64,
    /// The share of failures among those that ended which stops the job, and how many must
    /// have ended before it counts.
    pub abort: Option<(f64, u64)>,
    /// Seconds between waves; `None`: somebody resumes the job by hand.
    pub pause: Option<i64>,
}

/// Devices of one wave by state; they sum to the devices of the wave.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobCounts {
    /// Not touched yet.
    pub pending: u64,
    /// A method was sent, and nothing has come back.
    pub running: u64,
    /// The twin is written, or the method answered with 2xx.
    pub succeeded: u64,
    /// The method answered with another status.
    pub refused: u64,
    /// It did not come to that.
    pub failed: u64,
    /// Somebody, or a stop, took the device out before it was touched.
    pub canceled: u64,
}

impl JobCounts {
    /// All devices.
    pub fn total(&self) -> u64 {
        self.pending + self.running + self.ended()
    }

    /// Devices with which the job is done.
    pub fn ended(&self) -> u64 {
        self.succeeded + self.refused + self.failed + self.canceled
    }

    /// Adds others.
    pub fn add(&mut self, other: &Self) {
        self.pending += other.pending;
        self.running += other.running;
        self.succeeded += other.succeeded;
        self.refused += other.refused;
        self.failed += other.failed;
        self.canceled += other.canceled;
    }
}

/// What a shard is to do for a job. May come twice, and may come late.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct JobStep {
    /// The job's number, which no other job ever has.
    pub number: u64,
    /// How often the job was retried; a shard ignores what is of an earlier round.
    pub round: u32,
    /// What.
    pub command: JobCommand,
    /// About groups of which few devices may be out of service at a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub places: Option<Box<Places>>,
}

/// What a shard has to know of places in such groups (`device-management.md` §4.2).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Places {
    /// Devices of the shard that have one for this job.
    pub granted: Vec<String>,
    /// Devices of the shard that hold one: the shard says who is done.
    pub held: Vec<HeldPlace>,
    /// Groups whose devices it has to count.
    pub counted: Vec<Wish>,
}

/// A device that holds a place.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HeldPlace {
    /// The device.
    pub device: String,
    /// The number of the job that it holds it for.
    pub job: u64,
}

/// The steps of a job.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum JobCommand {
    /// Choose more devices.
    Choose(#[serde(with = "crate::ipc::stored")] Box<ChooseDevices>),
    /// Go on with devices of waves up to this one; `None`: the job rests.
    Run(Option<u32>),
    /// Touch no device any more: those that wait are canceled.
    Stop,
    /// The time is over: those that wait have failed.
    Expire,
    /// Devices that failed wait again, as they do in a new job: the round says for whom.
    Retry(Timestamp),
    /// Forget everything: the history is over.
    Forget,
}

/// Which devices a job is about.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChooseDevices {
    /// The job.
    pub order: JobOrder,
    /// When it began.
    pub started: Timestamp,
    /// Who is behind it.
    pub cause: Cause,
    /// Behind this device.
    pub after: Option<String>,
}

/// How a job stands in a shard.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct JobPart {
    /// By wave.
    pub waves: Vec<JobCounts>,
    /// Choosing goes on behind this device.
    pub after: Option<String>,
    /// There is more to do at once.
    pub more: bool,
    /// When a device that is held may go on.
    #[serde(default)]
    pub look_at: Option<Timestamp>,
    /// Devices that a policy held until their time was over.
    #[serde(default)]
    pub expired: u64,
    /// Devices that need places before they are touched.
    #[serde(default)]
    pub wishes: Vec<(String, Vec<Wish>)>,
    /// Devices that are done with theirs.
    #[serde(default)]
    pub left: Vec<String>,
    /// How many devices of the shard are in a group.
    #[serde(default)]
    pub sizes: Vec<(String, u64)>,
}

/// Takes one device out of a job, if it was not touched yet.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CancelJobDevice {
    /// The job's id.
    pub job: String,
    /// Whom.
    pub device: DeviceId,
}

/// What to do with a job that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum JobChange {
    /// End it; a running one only with `force`.
    Cancel {
        /// Even if it runs.
        force: bool,
    },
    /// Touch no further device for now.
    Pause,
    /// Go on, also to the next wave.
    Resume,
    /// Once more for the devices that failed.
    Retry,
}

/// Which jobs to list, the newest first.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ListScheduledJobs {
    /// `type`, in any case.
    pub kind: Option<String>,
    /// `status`, in any case.
    pub status: Option<String>,
    /// Only jobs with smaller numbers.
    pub before: Option<u64>,
    /// At most so many.
    pub limit: u32,
}
