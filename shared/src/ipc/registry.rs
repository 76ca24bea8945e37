//! Messages to a `Registry` shard and its answers.

use super::{ConnectionId, base64_bytes};
use crate::auth::keys::KeyPair;
use crate::error::HubError;
use crate::ids::{DeviceId, Identity, ModuleId};
use crate::ipc::audit::{AuditEntry, AuditPage, AuditProof, Cause, ChainPlace, ReadAudit};
use crate::ipc::hub::Settings;
use crate::ipc::query::{QueryPart, QueryScan};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

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
    /// What would come of items, in order; nothing is written → `Plans`, one for each item.
    PlanItems(Vec<(Identity, Value)>),
    /// New keys for many identities, each by itself → `Rotated`, one for each.
    RegenerateKeys(RegenerateKeys),
    /// → `Twin`
    GetTwin(Identity),
    /// → `Twin`
    WriteTwin(WriteTwin),
    /// One slice of a query's scan → `QueryPart`.
    Query(Box<QueryScan>),
    /// → `Statistics`
    Statistics,
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
    /// Takes a batch of feedback records under a lock → `Feedback`.
    ReceiveFeedback,
    /// Ends a feedback lock: `true` completes, `false` gives the records back → `Done`.
    SettleFeedback {
        /// The token from `Feedback`.
        lock_token: String,
        /// Completed, or abandoned.
        complete: bool,
    },

    // --- from the HTTP side, device plane --------------------------------------
    /// Something a device asks over HTTPS → what the operation says.
    AsDevice(AsDevice),

    // --- retirement and archive ---
    /// → `Retirement`
    Retire(Box<Retire>),
    /// By the number in its operation id → `Retirement`.
    GetRetirement(i64),
    /// From the shard of a retired device → `Done`.
    Succeed(Box<Succeed>),
    /// → `ArchivePage`
    ListArchive(ListArchive),
    /// → `Archived`
    GetArchived(ArchivedDevice),
    /// → `Device`
    RestoreArchived(Restore),
    /// → `Done`
    EraseArchived(ArchivedDevice),

    // --- of anybody who changes something ---
    /// A request with who is behind it, for the record → as the request says.
    Caused(Box<Caused>),
    /// Something that happened elsewhere → `Done`.
    RecordAudit(Box<RecordAudit>),
    /// → `Audit`
    ReadAudit(ReadAudit),
    /// Recomputes the records behind a place → `AuditProof`.
    CheckAudit(Option<ChainPlace>),

    // --- from the Hub ---------------------------------------------------------
    /// New settings, ignored unless newer → `Done`.
    ApplySettings(Box<Settings>),
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
                | Self::RegenerateKeys(_)
                | Self::WriteTwin(_)
                | Self::SendMessage(_)
                | Self::PurgeMessages(_)
                | Self::Retire(_)
                | Self::RestoreArchived(_)
                | Self::EraseArchived(_)
        )
    }

    /// Whether the answer may come later than the call; such requests travel alone.
    pub fn may_wait(&self) -> bool {
        matches!(self, Self::Locate(_))
    }
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
    /// What came of each item: nothing, or an error.
    Outcomes(Vec<Result<(), HubError>>),
    /// What would come of each item.
    Plans(Vec<Result<Planned, HubError>>),
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
    /// What a slice of a query's scan found.
    QueryPart(Box<QueryPart>),
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
}

/// MQTT CONNECT as the shard needs it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ConnectRequest {
    /// From client id and user name, which agree.
    pub identity: Identity,
    /// `{h}` of the user name.
    pub host_name: String,
    /// The SAS token.
    pub password: Option<String>,
    /// The asking gateway.
    pub gateway: u16,
    /// The asking connection.
    pub connection: ConnectionId,
    /// The gateway's last census.
    #[serde(default)]
    pub census: u64,
    /// MQTT clean session.
    pub clean_session: bool,
    /// Seconds, as the client asked.
    pub keep_alive: u16,
    /// DTMI of the device's model.
    pub model_id: Option<String>,
    /// `DeviceClientType`, cut to 512 characters.
    pub client_type: Option<String>,
    /// `api-version`.
    pub api_version: Option<String>,
}

/// Which connections of a gateway live.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Census {
    /// Which gateway.
    pub gateway: u16,
    /// Rises with every census of that gateway. Sessions whose CONNECT carried this number
    /// or a higher one began later and are none of its business.
    pub number: u64,
    /// Connections of the shard's devices.
    pub live: Vec<ConnectionId>,
}

/// The session that a successful CONNECT resumes or begins.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Connected {
    /// Rises with every connection of this identity; reports with a lower one are ignored.
    pub epoch: u64,
    /// MQTT session present.
    pub session_present: bool,
    /// Stored filters with granted QoS.
    pub subscriptions: Vec<(String, u8)>,
    /// Stamped on telemetry.
    pub generation_id: String,
    /// JSON text stamped on telemetry.
    pub auth_method: String,
    /// When the token ends, skew included: the gateway closes then. `None`: never.
    pub expires: Option<Timestamp>,
    /// Cloud-to-device messages to send right after CONNACK.
    pub deliveries: Vec<Delivery>,
}

/// Why a CONNECT is refused; `code` is the CONNACK code (`device.md` §2.4).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Refused {
    /// CONNACK return code.
    pub code: u8,
    /// For the log and the connection doctor, never for the device.
    pub reason: String,
}

/// The end of a session.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Disconnected {
    /// Whose.
    pub identity: Identity,
    /// Which connection.
    pub connection: ConnectionId,
    /// Of which session; `None` if the gateway lost it in a crash (then `connection` decides).
    pub epoch: Option<u64>,
    /// Stable word: `clientDisconnected`, `connectionLost`, `keepAliveExpired`, `tokenExpired`,
    /// `takenOver`, `protocolError`, `closedByHub`, `gatewayRestarted`.
    pub reason: String,
    /// When the device was last heard.
    pub last_activity: Timestamp,
}

/// Changes to the filters of a session.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UpdateSession {
    /// Whose.
    pub identity: Identity,
    /// Of which session.
    pub epoch: u64,
    /// Filters with granted QoS.
    pub subscribe: Vec<(String, u8)>,
    /// Filters to drop.
    pub unsubscribe: Vec<String>,
}

/// A device's reported patch.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReportTwin {
    /// Whose.
    pub identity: Identity,
    /// The JSON text as the device sent it.
    pub patch: String,
    /// `$version` precondition.
    pub version: Option<u64>,
}

/// A PUBACK.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CompleteDelivery {
    /// Whose.
    pub identity: Identity,
    /// Of which session.
    pub epoch: u64,
    /// The message.
    pub sequence_number: u64,
}

/// A cloud-to-device message on its way over MQTT.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Delivery {
    /// Unique per device queue.
    pub sequence_number: u64,
    /// The whole topic (`device.md` §4.1).
    pub topic: String,
    /// The payload.
    #[serde(with = "base64_bytes")]
    pub body: Vec<u8>,
    /// Sent before on an earlier connection: DUP=1.
    pub redelivered: bool,
}

/// Plain list (`service.md` §4.5).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ListDevices {
    /// At most so many.
    pub top: u32,
}

/// The console's list.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct BrowseDevices {
    /// Part of the id, case-insensitive.
    pub search: Option<String>,
    /// `enabled` or `disabled`.
    pub status: Option<String>,
    /// Connected or not.
    pub connected: Option<bool>,
    /// Only ids after this one.
    pub after: Option<String>,
    /// At most so many.
    pub top: u32,
}

/// A shard's part of a page.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct DevicePage {
    /// Items in order of id.
    pub items: Vec<Value>,
    /// Whether this shard has more behind the last item.
    pub more: bool,
    /// How many match in this shard.
    pub total: u64,
}

/// `If-Match` as understood by the HTTP side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Precondition {
    /// No header.
    None,
    /// `*` or `"*"`.
    Any,
    /// This etag, unquoted.
    Etag(String),
}

/// Create or replace an identity (`service.md` §4.1).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PutDevice {
    /// From the path.
    pub device: DeviceId,
    /// `If-Match`.
    pub precondition: Precondition,
    /// The REST body, an object.
    pub body: Value,
    /// Random bytes for keys and generation: [`IDENTITY_ENTROPY`].
    #[serde(with = "base64_bytes")]
    pub entropy: Vec<u8>,
}

/// Random bytes that one new identity needs: two keys of 32 bytes, and what tells its
/// generation from others of the same millisecond.
pub const IDENTITY_ENTROPY: usize = 80;

/// Create or replace a module (`service.md` §4.4).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PutModule {
    /// From the path.
    pub device: DeviceId,
    /// From the path.
    pub module: ModuleId,
    /// `If-Match`.
    pub precondition: Precondition,
    /// The REST body, an object.
    pub body: Value,
    /// As in [`PutDevice::entropy`].
    #[serde(with = "base64_bytes")]
    pub entropy: Vec<u8>,
}

/// Delete a module.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeleteModule {
    /// The module.
    pub identity: Identity,
    /// `If-Match`.
    pub precondition: Precondition,
}

/// Items of a bulk request or an import, in order (`service.md` §4.6).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ApplyItems {
    /// Each with its identity, which the sender has read from the item.
    pub items: Vec<(Identity, Value)>,
    /// [`IDENTITY_ENTROPY`] bytes for each item.
    #[serde(with = "base64_bytes")]
    pub entropy: Vec<u8>,
}

/// What an item would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Planned {
    /// A new identity.
    Create,
    /// A changed identity or twin.
    Update,
    /// One less.
    Delete,
}

/// Which keys are made anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PolicyKey {
    /// The first.
    PrimaryKey,
    /// The second.
    SecondaryKey,
    /// Both.
    Both,
}

/// New keys for many identities.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RegenerateKeys {
    /// Which.
    pub policy_key: PolicyKey,
    /// Whose.
    pub identities: Vec<Identity>,
    /// [`IDENTITY_ENTROPY`] bytes for each identity.
    #[serde(with = "base64_bytes")]
    pub entropy: Vec<u8>,
}

/// Why a device is retired (`device-management.md` §7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RetireReason {
    /// It broke.
    Failure,
    /// A better one takes its place.
    Upgrade,
    /// Its time is over.
    EndOfLife,
    /// Nobody knows where it is.
    Lost,
    /// Somebody else may have its credentials.
    Compromised,
}

impl RetireReason {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Failure,
        Self::Upgrade,
        Self::EndOfLife,
        Self::Lost,
        Self::Compromised,
    ];

    /// As in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Failure => "failure",
            Self::Upgrade => "upgrade",
            Self::EndOfLife => "endOfLife",
            Self::Lost => "lost",
            Self::Compromised => "compromised",
        }
    }
}

/// Whether another device takes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RetireMode {
    /// No.
    Retire,
    /// Yes.
    Replace,
}

impl RetireMode {
    /// As in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Retire => "retire",
            Self::Replace => "replace",
        }
    }
}

/// Takes a device out of service for good.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Retire {
    /// Which.
    pub device: DeviceId,
    /// Whether another one takes over.
    pub mode: RetireMode,
    /// Which, in mode `replace`.
    pub replacement: Option<DeviceId>,
    /// Why.
    pub reason: RetireReason,
    /// How long the blocked identity stays.
    pub delete_after_seconds: i64,
    /// [`IDENTITY_ENTROPY`] bytes, should the replacement have to be created.
    #[serde(with = "base64_bytes")]
    pub entropy: Vec<u8>,
}

/// A device that was replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Predecessor {
    /// Its id.
    pub device_id: DeviceId,
    /// Its generation.
    pub generation_id: String,
}

/// A device takes the place of another one; written to outboxes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Succeed {
    /// Who takes over.
    pub replacement: DeviceId,
    /// From whom.
    pub predecessor: Predecessor,
    /// Its tags.
    pub tags: Map<String, Value>,
    /// Its desired properties.
    pub desired: Map<String, Value>,
    /// [`IDENTITY_ENTROPY`] bytes, should it have to be created.
    #[serde(with = "base64_bytes")]
    pub entropy: Vec<u8>,
}

/// Names an archived device; also a place in the list of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchivedDevice {
    /// Its id.
    pub device_id: DeviceId,
    /// Its generation.
    pub generation_id: String,
}

/// Archived devices in order of id and generation.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ListArchive {
    /// Only behind this one.
    pub after: Option<ArchivedDevice>,
    /// Only generations of this device.
    pub device: Option<DeviceId>,
    /// At most so many.
    pub top: u32,
}

/// A shard's part of a page.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ArchivePage {
    /// In order.
    pub items: Vec<Value>,
    /// Whether this shard has more.
    pub more: bool,
}

/// Creates an archived device again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Restore {
    /// Which.
    pub from: ArchivedDevice,
    /// [`IDENTITY_ENTROPY`] bytes for the device and for each module it may have.
    #[serde(with = "base64_bytes")]
    pub entropy: Vec<u8>,
}

/// Delete an identity.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeleteDevice {
    /// From the path.
    pub device: DeviceId,
    /// `If-Match`.
    pub precondition: Precondition,
}

/// PATCH or PUT of a twin by the service.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WriteTwin {
    /// Whose.
    pub identity: Identity,
    /// `If-Match`.
    pub precondition: Precondition,
    /// The REST body.
    pub body: Value,
    /// PUT instead of PATCH.
    pub replace: bool,
}

/// Counts of a shard, exact at all times.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statistics {
    /// Devices.
    pub total: u64,
    /// With status enabled.
    pub enabled: u64,
    /// With status disabled.
    pub disabled: u64,
    /// With a session now.
    pub connected: u64,
    /// Never had a session.
    pub never_connected: u64,
}

/// Where is it, and does it take methods?
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Locate {
    /// Who.
    pub identity: Identity,
    /// Wait until then for it to be online with the methods filter.
    pub until: Timestamp,
}

/// A session's place.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Location {
    /// The gateway.
    pub gateway: u16,
    /// The connection.
    pub connection: ConnectionId,
}

/// A cloud-to-device message to queue.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SendMessage {
    /// To whom.
    pub device: DeviceId,
    /// System and application properties.
    pub properties: crate::mqtt::property_bag::MessageProperties,
    /// `none`, `positive`, `negative`, `full`.
    pub ack: AckMode,
    /// Payload.
    #[serde(with = "base64_bytes")]
    pub body: Vec<u8>,
    /// `iothub-expiry`, already checked to be a time.
    pub expiry: Option<Timestamp>,
}

/// Which outcomes of a message are reported back (`device.md` §4.2).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AckMode {
    /// Never.
    #[default]
    None,
    /// When completed.
    Positive,
    /// When expired, rejected, given up or purged.
    Negative,
    /// Both.
    Full,
}

impl AckMode {
    /// As in `iothub-ack`.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Positive => "positive",
            Self::Negative => "negative",
            Self::Full => "full",
        }
    }
}

/// A device over HTTPS, with its credentials; checked in the same block as the operation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AsDevice {
    /// From the path.
    pub identity: Identity,
    /// The `Authorization` header.
    pub authorization: Option<String>,
    /// What it asks.
    pub operation: DeviceOperation,
    /// Random bytes for a lock token: at least 16.
    #[serde(with = "base64_bytes")]
    pub entropy: Vec<u8>,
}

/// HTTPS operations of a device (`device.md` §7).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum DeviceOperation {
    /// Only check the credentials → `Authorized`.
    Authorize,
    /// Lock the next message → `Received`.
    Receive,
    /// → `Done`
    Complete(String),
    /// → `Done`
    Reject(String),
    /// → `Done`
    Abandon(String),
}

/// What telemetry of this device is stamped with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeviceAuthorization {
    /// The identity's generation.
    pub generation_id: String,
    /// JSON text.
    pub auth_method: String,
    /// The model id announced over MQTT, if any.
    pub model_id: Option<String>,
}

/// A locked message for HTTPS.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReceivedMessage {
    /// Unquoted GUID.
    pub lock_token: String,
    /// Unique per device queue.
    pub sequence_number: u64,
    /// When it was queued.
    pub enqueued: Timestamp,
    /// When it ends.
    pub expiry: Timestamp,
    /// Explicit abandons so far.
    pub delivery_count: u32,
    /// Ack mode.
    pub ack: AckMode,
    /// System and application properties.
    pub properties: crate::mqtt::property_bag::MessageProperties,
    /// Payload.
    #[serde(with = "base64_bytes")]
    pub body: Vec<u8>,
}
