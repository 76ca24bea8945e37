//! Messages to a `Registry` shard and its answers.

mod configuration;
mod history;
mod identity;
mod message;
mod retirement;
mod session;

pub use configuration::*;
pub use history::*;
pub use identity::*;
pub use message::*;
pub use retirement::*;
pub use session::*;

use crate::auth::keys::KeyPair;
use crate::error::HubError;
use crate::ids::{DeviceId, Identity};
use crate::ipc::audit::{
    AuditEntry, AuditPage, AuditProof, Cause, ChainPlace, OperationNote, ReadRecords,
};
use crate::ipc::hub::Settings;
use crate::ipc::query::{QueryPart, QueryScan};
use crate::ipc::scheduled_job::{CancelJobDevice, JobPart, JobStep};
use crate::ipc::stored::Stored;
use crate::pattern::totals::RollUp;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a shard can be asked. Answers: the [`RegistryReply`] named in each line.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum RegistryRequest {
    // --- from gateways -------------------------------------------------------
    /// MQTT CONNECT → `Connected` or `Refused`.
    Connect(Box<ConnectRequest>),
    /// A session ended → `Done`. Ignored when the epoch is not the current one.
    Disconnected(Disconnected),
    /// Which connections of a gateway live → `Done`. Older sessions of it that are not
    /// among them have ended.
    Census(Census),
    /// SUBSCRIBE or UNSUBSCRIBE → `Deliveries` (what may be sent now).
    UpdateSession(UpdateSession),
    /// Twin GET by the device → `DeviceTwin`.
    DeviceTwin(Identity),
    /// Of a sender, for routes that read twins → `DeviceTwin`; `Null` if there is none.
    SenderTwin(Identity),
    /// Reported patch by the device → `Reported`.
    ReportTwin(ReportTwin),
    /// PUBACK of a delivered message → `Deliveries` (the next ones).
    CompleteDelivery(CompleteDelivery),
    /// When devices were last heard, at coarse intervals → `Done`.
    Activity(Vec<(Identity, Timestamp)>),

    // --- from the HTTP side, service plane ------------------------------------
    /// → `Device`
    GetDevice(DeviceId),
    /// → `Devices`: plain identity documents, in order of id.
    ListDevices(ListDevices),
    /// Console list with filter → `DevicePage`.
    BrowseDevices(BrowseDevices),
    /// → `Device`
    PutDevice(PutDevice),
    /// → `Done`
    DeleteDevice(DeleteDevice),
    /// → `Device`
    GetModule(Identity),
    /// → `Devices`: module documents, in order of id.
    ListModules(DeviceId),
    /// → `Device`
    PutModule(PutModule),
    /// → `Done`
    DeleteModule(DeleteModule),
    /// Items of a bulk request, each by itself → `Outcomes`, one for each item.
    ApplyItems(ApplyItems),
    /// A part of a file, applied once however often it comes → `Refusals`.
    ImportItems(ImportItems),
    /// Identities and twins as lines of a file → `Lines`.
    ExportLines(ExportLines),
    /// What would come of items, in order; nothing is written, and random bytes are not
    /// needed → `Plans`, one for each item.
    PlanItems(ApplyItems),
    /// Which of these scopes the edge devices named do not have → `MissingScopes`.
    FindScopes(Vec<(String, DeviceId)>),
    /// New keys for many identities, each by itself → `Rotated`, one for each.
    RegenerateKeys(RegenerateKeys),
    /// → `Twin`
    GetTwin(Identity),
    /// → `Twin`
    WriteTwin(WriteTwin),
    /// What is kept of a twin's past → `History`.
    ReadHistory(ReadHistory),
    /// Tags and desired properties as they were → `Twin`.
    RevertTwin(RevertTwin),
    /// One slice of a query's scan → `QueryPart`.
    Query(Box<QueryScan>),
    /// One slice of a fleet's progress → `RollUpPart`.
    RollUp(Box<RollUp>),
    /// → `Statistics`
    Statistics,
    /// When devices last sent something that should at least so often → `Devices`, in order of
    /// id.
    ListHeartbeats(ListHeartbeats),
    /// → `Connection`: what is known of an identity's session.
    GetConnection(Identity),
    /// Where an identity is connected, waiting until `until` for it to be → `Location`.
    /// Answered later: never put into a batch.
    Locate(Locate),
    /// Queues a cloud-to-device message → `Queued`.
    SendMessage(Box<SendMessage>),
    /// → `Purged`
    PurgeMessages(DeviceId),
    /// The pending messages, for the console → `MessageList`.
    ListMessages(DeviceId),
    /// Messages that died → `MessageList`, the one that is named whole as `Received`;
    /// `Queued`; `Purged`.
    DeadLetters(AskDeadLetters),
    /// Takes a batch of feedback records under a lock → `Feedback`.
    ReceiveFeedback,
    /// Ends a feedback lock: `true` completes, `false` gives the records back → `Done`.
    SettleFeedback {
        /// The token from `Feedback`.
        lock_token: String,
        /// Completed, or abandoned.
        complete: bool,
    },

    /// Takes a file notification under a lock → `Feedback`.
    ReceiveFileNotification,
    /// Ends such a lock as `SettleFeedback` does → `Done`.
    SettleFileNotification(String, bool),

    // --- from the HTTP side, device plane --------------------------------------
    /// Something a device asks over HTTPS → what the operation says.
    AsDevice(AsDevice),

    // --- retirement and archive ---
    /// → `Retirement`
    Retire(Box<Retire>),
    /// By the number in its operation id → `Retirement`.
    GetRetirement(i64),
    /// From the shard of a retired device → `Done`.
    Succeed(Stored<Succeed>),
    /// → `ArchivePage`
    ListArchive(ListArchive),
    /// → `Archived`
    GetArchived(ArchivedDevice),
    /// → `Device`
    RestoreArchived(Restore),
    /// → `Done`
    EraseArchived(ArchivedDevice),

    // --- scheduled jobs ---
    /// → `Done`
    CancelJobDevice(CancelJobDevice),

    // --- of anybody who changes something ---
    /// A request with who is behind it, for the record → as the request says.
    Caused(Box<Caused>),
    /// Something that happened elsewhere → `Done`.
    RecordAudit(Box<RecordAudit>),
    /// Of changes, or of what went wrong → `Audit`
    ReadRecords(Box<ReadRecords>),
    /// Counters, rows written, size → `Explained`
    Report,
    /// Something for the operations records → `Done`
    NoteOperation(Box<OperationNote>),
    /// Causes that ended connections in the last so many minutes → `Explained`
    ConnectionIncidents(i64),
    /// Recomputes the records behind a place → `AuditProof`.
    CheckAudit(Option<ChainPlace>),

    // --- configurations ---
    /// All configurations, ignored unless newer → `Done`. From the Hub.
    ApplyConfigurations(Box<ApplyConfigurations>),
    /// Content for one edge device, once → `Done`.
    ApplyContent(Box<ApplyContent>),
    /// Who set what of a device's desired properties → `Explained`.
    ExplainConfigurations(DeviceId),
    /// Whether maintenance policies let a method reach a device now → `Explained`.
    ExplainMaintenance(ExplainMaintenance),

    // --- from the Hub ---------------------------------------------------------
    /// A part of a scheduled job → `JobPart`.
    StepJob(Box<JobStep>),
    /// New settings, ignored unless newer → `Done`.
    ApplySettings(#[serde(with = "crate::ipc::stored")] Box<Settings>),
}

impl RegistryRequest {
    /// Whether it changes something on behalf of whoever asks, so that the record must tell.
    pub fn is_recorded(&self) -> bool {
        matches!(
            self,
            Self::PutDevice(_)
                | Self::DeleteDevice(_)
                | Self::PutModule(_)
                | Self::DeleteModule(_)
                | Self::ApplyItems(_)
                | Self::ImportItems(_)
                | Self::RegenerateKeys(_)
                | Self::WriteTwin(_)
                | Self::RevertTwin(_)
                | Self::SendMessage(_)
                | Self::PurgeMessages(_)
                | Self::Retire(_)
                | Self::RestoreArchived(_)
                | Self::EraseArchived(_)
                | Self::ApplyContent(_)
                | Self::CancelJobDevice(_)
        ) || matches!(self, Self::Locate(locate) if locate.overrides.is_some())
            || matches!(self, Self::DeadLetters(ask) if ask.verb != DeadLetterVerb::Read)
    }

    /// Whether the answer may come later than the call; such requests travel alone.
    pub fn may_wait(&self) -> bool {
        match self {
            Self::Caused(caused) => caused.request.may_wait(),
            request => matches!(request, Self::Locate(_)),
        }
    }
}

/// A method that somebody may want to call.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ExplainMaintenance {
    /// Whom.
    pub device: DeviceId,
    /// Its name.
    pub method: String,
}

/// A request and who is behind it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Caused {
    /// Who.
    pub cause: Cause,
    /// What; never another `Caused`.
    pub request: RegistryRequest,
}

/// A record of something that this shard did not do itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RecordAudit {
    /// Who.
    pub cause: Cause,
    /// What.
    pub entry: AuditEntry,
}

/// Answers of a shard.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum RegistryReply {
    /// Nothing to say but that it happened.
    Done,
    /// The device may connect.
    Connected(Box<Connected>),
    /// The device may not connect.
    Refused(Refused),
    /// Messages to send to the device now, in order.
    Deliveries(Vec<Delivery>),
    /// The device's own view of its twin (`device.md` §5.2).
    DeviceTwin(Value),
    /// The new `$version` of the reported section.
    Reported {
        /// New `$version`.
        version: u64,
    },
    /// An identity document with its etag (unquoted).
    Device(Document),
    /// Identity documents.
    Devices(Vec<Value>),
    /// What came of each item: nothing, a warning, or an error.
    Outcomes(Vec<Result<Option<String>, HubError>>),
    /// Places of the items that were refused, and why.
    Refusals(Vec<(usize, HubError)>),
    /// How a scheduled job stands here.
    JobPart(Box<JobPart>),
    /// A page of an export.
    Lines(Lines),
    /// What would come of each item.
    Plans(Vec<Result<Planned, HubError>>),
    /// Scopes that no edge device has.
    MissingScopes(Vec<String>),
    /// The keys of each identity as they are now, or an error.
    Rotated(Vec<Result<KeyPair, HubError>>),
    /// A retirement as REST shows it.
    Retirement(Value),
    /// Archived devices.
    ArchivePage(ArchivePage),
    /// One of them as REST shows it.
    Archived(Value),
    /// Records, newest first.
    Audit(AuditPage),
    /// A stretch of records, recomputed.
    AuditProof(AuditProof),
    /// One page of the console's list.
    DevicePage(DevicePage),
    /// A twin document with its etag (unquoted).
    Twin(Document),
    /// Past of a twin as REST shows it.
    History(Value),
    /// What a slice of a query's scan found.
    QueryPart(Box<QueryPart>),
    /// What a slice of a fleet's progress adds up to; `pattern::wire` reads it.
    RollUpPart(Value),
    /// Counts of this shard.
    Statistics(Statistics),
    /// Session facts for the console, as JSON (`GET /api/v1/devices/{id}/connection`).
    Connection(Value),
    /// Where the identity is.
    Location(Location),
    /// The sequence number of the queued message.
    Queued {
        /// Unique per device queue.
        sequence_number: u64,
    },
    /// How many messages were removed.
    Purged(u64),
    /// Pending messages for the console.
    MessageList(Vec<Value>),
    /// Feedback records under a lock; empty when there are none.
    Feedback {
        /// Absent when there are no records.
        lock_token: Option<String>,
        /// Records of `query-routing-events.md` §4.7.
        records: Vec<Value>,
    },
    /// The device's credentials are good.
    Authorized(DeviceAuthorization),
    /// A locked message for an HTTPS device, if there is one.
    Received(Option<Box<ReceivedMessage>>),
    /// A file upload that is open.
    Upload(Box<OpenUpload>),
    /// What configurations do to a device, as REST shows it.
    Explained(Value),
}

/// A shard's whole answer.
pub type RegistryResult = Result<RegistryReply, HubError>;

/// A JSON document and its entity tag.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Document {
    /// Unquoted etag.
    pub etag: String,
    /// The REST body.
    pub body: Value,
    /// What was wrong with the write, but not enough to refuse it.
    #[serde(default)]
    pub warning: Option<String>,
}
