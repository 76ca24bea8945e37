//! Rows of scheduled jobs in a shard, and what a life of it remembers of them
//! (`device-management.md` §1.2, §4.6).
//!
//! Counters are those of the rows; whoever moves a row moves them, or has them read anew.

use crate::auth::signature::sha256_hex;
use crate::error::HubError;
use crate::hub::effects::Correlation;
use crate::ids::DeviceId;
use crate::ipc::scheduled_job::{ChooseDevices, JobCounts, JobOrder};
use crate::json;
use crate::maintenance::Wish;
use crate::ordered::{OrderedMap, OrderedSet};
use crate::reading;
use crate::sql::{Row, Sql};
use crate::time::Timestamp;
use crate::writing::JsonText;

/// `is_open`: some device may still change. `wave`: the last one that may be touched.
pub(super) const SCHEMA: &[&str] = &[
    "CREATE TABLE job (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        type TEXT NOT NULL,
        round INTEGER NOT NULL DEFAULT 0,
        is_chosen INTEGER NOT NULL DEFAULT 0,
        is_open INTEGER NOT NULL DEFAULT 1,
        wave INTEGER NOT NULL DEFAULT -1,
        started INTEGER NOT NULL,
        deadline INTEGER NOT NULL,
        document TEXT NOT NULL
    )",
    "CREATE TABLE job_device (
        job INTEGER NOT NULL,
        device_id TEXT NOT NULL,
        wave INTEGER NOT NULL,
        status TEXT NOT NULL,
        is_success INTEGER NOT NULL DEFAULT 0,
        created INTEGER NOT NULL,
        updated INTEGER NOT NULL,
        outcome TEXT,
        error TEXT,
        PRIMARY KEY (job, device_id)
    ) WITHOUT ROWID",
];

/// What a life of the shard remembers of jobs; all of it is found again in the rows.
#[derive(Debug, Default)]
pub(super) struct Jobs {
    /// Methods under way.
    pub(super) calls: OrderedMap<Correlation, super::job_methods::JobCall>,
    /// Jobs that were looked at.
    pub(super) known: OrderedMap<u64, Known>,
    /// Devices to call for jobs, and when.
    pub(super) soon: Vec<(Timestamp, DeviceId)>,
    /// Whether devices that connect may be awaited by a method job.
    pub(super) awaits_devices: bool,
    /// Of the step under way: devices that have a place in their group, by job.
    pub(super) granted: OrderedSet<(u64, String)>,
    /// Devices that need one, and for which job: told with that job's next step.
    pub(super) wishes: Vec<(u64, String, Vec<Wish>)>,
    /// Whether devices whose twin changes may be held by a policy.
    pub(super) holds_devices: bool,
    /// Whether they may be awaited by a rollout.
    pub(super) awaits_patterns: bool,
    /// A route asks for events of jobs.
    pub(super) tells: bool,
    /// How fast devices may be touched.
    pub(super) pace: super::job_pace::Pace,
}

/// What is remembered of a job.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// By wave, as the rows say.
    pub(super) waves: Vec<JobCounts>,
    /// Rows whose device was held until its time was over.
    pub(super) expired: u64,
    /// The pending rows up to here were looked at.
    pub(super) scanned_to: String,
    /// All of them were.
    pub(super) is_scanned: bool,
    /// Some that were looked at wait again.
    pub(super) look_again: bool,
    /// When one of them may go on.
    pub(super) look_at: Option<Timestamp>,
    /// No further device may be touched before this time.
    pub(super) paced_until: Option<Timestamp>,
    /// Devices whose pattern is awaited were looked at up to here.
    pub(super) settled_to: String,
}

/// A state of a device's row as counters see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Pending,
    Running,
    Succeeded,
    Refused,
    Failed,
    Canceled,
}

impl State {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Succeeded | Self::Refused => "completed",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
        }
    }

    pub(super) fn of(status: &str, is_success: bool) -> Self {
        match (status, is_success) {
            ("pending", _) => Self::Pending,
            ("running", _) => Self::Running,
            ("completed", true) => Self::Succeeded,
            ("completed", false) => Self::Refused,
            ("canceled", _) => Self::Canceled,
            _ => Self::Failed,
        }
    }
}

impl Known {
    pub(super) fn place(&mut self, wave: usize, state: State) -> Option<&mut u64> {
        if self.waves.len() <= wave {
            self.waves.resize(wave + 1, JobCounts::default());
        }
        let counts = self.waves.get_mut(wave)?;
        Some(match state {
            State::Pending => &mut counts.pending,
            State::Running => &mut counts.running,
            State::Succeeded => &mut counts.succeeded,
            State::Refused => &mut counts.refused,
            State::Failed => &mut counts.failed,
            State::Canceled => &mut counts.canceled,
        })
    }

    /// A row went from one state to another.
    pub(super) fn moved(&mut self, wave: usize, from: State, to: State) {
        if let Some(count) = self.place(wave, from) {
            *count = count.saturating_sub(1);
        }
        if let Some(count) = self.place(wave, to) {
            *count += 1;
        }
    }
}

/// A job as this shard has it.
#[derive(Debug)]
pub(super) struct JobRow {
    pub(super) number: u64,
    pub(super) round: u32,
    pub(super) is_chosen: bool,
    pub(super) wave: i64,
    pub(super) deadline: Timestamp,
    pub(super) chosen: ChooseDevices,
}

impl JobRow {
    pub(super) fn load(sql: &dyn Sql, number: u64) -> Result<Option<Self>, HubError> {
        let rows = sql.query(
            "SELECT number, round, is_chosen, wave, deadline, document FROM job \
             WHERE number = ?",
            &[number.into()],
        )?;
        rows.first().map(Self::read).transpose()
    }

    fn read(row: &Row) -> Result<Self, HubError> {
        let number = |column: usize| row.integer(column).unwrap_or(0);
        Ok(Self {
            number: number(0).unsigned_abs(),
            round: u32::try_from(number(1)).unwrap_or(0),
            is_chosen: number(2) == 1,
            wave: number(3),
            deadline: Timestamp::from_milliseconds(number(4)),
            chosen: reading::from_str(row.required_text(5)?)
                .map_err(|error| HubError::internal(format!("a stored job: {error}")))?,
        })
    }
}

/// The wave of a device: its place is a hash of device and job, so that no device is always
/// among the first.
pub(super) fn wave_of(order: &JobOrder, device: &str) -> usize {
    let Some(rollout) = &order.rollout else {
        return 0;
    };
    let hash = sha256_hex(format!("{device}\n{}", order.id).as_bytes());
    let part = hash
        .get(..8)
        .and_then(|hex| u32::from_str_radix(hex, 16).ok());
    let percent = f64::from(part.unwrap_or(0) % 10_000) / 100.0;
    let wave = rollout.waves.iter().position(|end| percent < *end);
    wave.unwrap_or(rollout.waves.len().saturating_sub(1))
}

/// An error as a device's row has it.
pub(super) fn error_text(code: &str, description: &str) -> String {
    json!({ "code": code, "description": description }).json_text()
}

/// What a life begins with: methods that an earlier one had under way may have been sent,
/// and are not sent again. Whether any job waits for devices.
pub(super) fn begin_life(sql: &dyn Sql) -> Result<bool, HubError> {
    let open = "SELECT number FROM job WHERE is_open = 1 AND type = 'scheduleDeviceMethod'";
    let rows = sql.query(open, &[])?;
    for row in &rows {
        sql.execute(
            "UPDATE job_device SET status = 'failed', error = ? \
             WHERE job = ? AND status = 'running' AND outcome IS NULL",
            &[
                error_text(
                    "OutcomeUnknown",
                    "The hub was interrupted after it had called the method.",
                )
                .into(),
                row.integer(0).unwrap_or(0).into(),
            ],
        )?;
    }
    Ok(!rows.is_empty())
}
