//! Messages to an `Events` partition and its answers.
//!
//! Telemetry does not come through here: gateways append binary segments
//! (`hub::events::segment`), one call and one row per batch.

use crate::error::HubError;
use crate::ids::Identity;
use crate::ipc::audit::{AuditPage, ReadRecords};
use crate::ipc::stored::Stored;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a partition can be asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum EventsRequest {
    /// Events made by the hub itself, from an outbox → `Done`. Entries at or below the
    /// origin's high-water mark are skipped, so a repeated call changes nothing.
    AppendHubEvents {
        /// The sender's name, e.g. `registry-2`.
        origin: String,
        /// Outbox number (rising) and event.
        events: Vec<(u64, Stored<HubEvent>)>,
    },
    /// A page, waiting for the first event if asked to → `Page`.
    /// Answered later when `wait_until` is set: never put into a batch.
    Read(ReadEvents),
    /// → `Info`
    Info,
    /// Stores how far a consumer group has read → `Done` or `GenericConflict`.
    Checkpoint {
        /// The group.
        group: String,
        /// Read up to and including this.
        sequence_number: u64,
        /// Allow going back.
        force: bool,
    },
    /// Forgets a consumer group's checkpoint → `Done`.
    ForgetGroup(String),
    /// New settings, from the hub object → `Done`.
    ApplySettings(#[serde(with = "crate::ipc::stored")] Box<super::hub::Settings>),
    /// How custom endpoints stand → `Document`.
    EndpointHealth,
    /// Operations records → `Audit`.
    ReadRecords(Box<ReadRecords>),
    /// Dead letters of an endpoint, the oldest first → `Document`.
    ListDeadLetters {
        /// `Endpoint::id`.
        endpoint: u32,
        /// Behind this number.
        after: u64,
    },
    /// Takes the dead letter of a number, or the oldest ones → `Document`: how many.
    TakeDeadLetters {
        /// `Endpoint::id`.
        endpoint: u32,
        /// Which; `None`: as many as go at once.
        number: Option<u64>,
        /// They go to the endpoint once more; else they are forgotten.
        resend: bool,
    },
}

impl EventsRequest {
    /// Whether the answer may come later than the call; such requests travel alone.
    pub fn may_wait(&self) -> bool {
        matches!(self, Self::Read(read) if read.wait_until.is_some())
    }
}

/// Where to read from in one partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Position {
    /// The oldest kept event.
    Earliest,
    /// Behind the newest event.
    Latest,
    /// Behind this sequence number.
    After(u64),
    /// Behind this offset.
    AfterOffset(String),
    /// From this moment on.
    Time(Timestamp),
    /// Behind the group's checkpoint; the oldest if it has none.
    Checkpoint(String),
}

/// A read of one partition.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReadEvents {
    /// Where to begin.
    pub position: Position,
    /// At most so many events (1–1000).
    pub max: u32,
    /// Only of this device.
    pub device: Option<String>,
    /// Only of these sources (`Telemetry`, `twinChangeEvents`, …); empty: all.
    pub sources: Vec<String>,
    /// Only those for which this condition of routes is true.
    #[serde(default)]
    pub filter: Option<String>,
    /// Wait until then for a first matching event.
    pub wait_until: Option<Timestamp>,
    /// Whose place among the readers of the partition this is, if it takes one.
    #[serde(default)]
    pub place: Option<ReaderPlace>,
}

/// A place among the readers of a partition, of which a group has few
/// (`query-routing-events.md` §5.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReaderPlace {
    /// The consumer group.
    pub group: String,
    /// A stream, named at random, keeps its place between two waits. Anybody else has it only
    /// while waiting.
    pub stream: Option<String>,
}

/// Answers of a partition.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum EventsReply {
    /// It happened.
    Done,
    /// A page.
    Page(EventPage),
    /// State of the partition.
    Info(PartitionInfo),
    /// As REST shows it.
    Document(Value),
    /// Records.
    Audit(AuditPage),
}

/// A page of one partition.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct EventPage {
    /// Event documents (`query-routing-events.md` §4.1) in order, with the time they were
    /// stored in `enqueuedTime`.
    pub events: Vec<Value>,
    /// Continue behind this sequence number (filtered events count as read).
    pub position: u64,
    /// Retention has passed the asked position.
    pub gap: bool,
}

/// State of one partition.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PartitionInfo {
    /// The partition.
    pub id: u16,
    /// The oldest kept; last + 1 when empty.
    pub begin_sequence_number: u64,
    /// The newest; 0 when there never was one.
    pub last_sequence_number: u64,
    /// Offset of the newest.
    pub last_offset: String,
    /// When the newest was stored.
    pub last_enqueued_time: Option<Timestamp>,
    /// Stored bytes.
    pub bytes: u64,
    /// Bytes that came, ever.
    #[serde(default)]
    pub total_bytes: u64,
    /// Bytes that the database takes.
    #[serde(default)]
    pub database_bytes: u64,
    /// Rows written since the partition woke up.
    #[serde(default)]
    pub rows_written: u64,
}

/// An event that the hub makes (`query-routing-events.md` §4.2–4.6).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HubEvent {
    /// About whom; nobody for an event of a whole job.
    #[serde(default)]
    pub identity: Option<Identity>,
    /// `jobId`, for events of jobs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// `twinChangeEvents`, `deviceLifecycleEvents`, `deviceConnectionStateEvents`,
    /// `deviceJobLifecycleEvents`.
    pub source: String,
    /// `iothub-message-schema`.
    pub schema: String,
    /// `opType`.
    pub operation: String,
    /// When it happened.
    pub time: Timestamp,
    /// `hubName`.
    pub hub_name: String,
    /// `correlation-id`: the request that caused it, as its record names it.
    #[serde(default)]
    pub request: Option<String>,
    /// The JSON body.
    pub body: Value,
    /// The twin after what happened, or the last one, for conditions and enrichments that ask
    /// for it; not kept in the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub twin: Option<Value>,
}

/// A partition's whole answer.
pub type EventsResult = Result<EventsReply, HubError>;
