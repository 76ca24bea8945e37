//! Messages to the `Hub` object and its answers.

use super::registry::Precondition;
use super::{Layout, base64_bytes};
use crate::auth::Grants;
use crate::auth::policy::SharedAccessPolicy;
use crate::error::HubError;
use crate::ipc::access::AccessVerb;
use crate::ipc::alert::{AlertChange, AlertReport, ListAlerts, RaiseAlert};
use crate::ipc::audit::{AuditPage, AuditProof, Cause, ChainPlace, ReadRecords};
use crate::ipc::device_group::DeviceGroup;
use crate::ipc::file_upload::FileUploadSettings;
pub use crate::ipc::routing::{Route, Routing};
use crate::ipc::scheduled_job::{JobChange, JobOrder, ListScheduledJobs};
use crate::ipc::transfer::TransferOrder;
use crate::maintenance::Disruption;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What the hub object can be asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum HubRequest {
    /// First start makes policies and the session key; every start makes a new one-time
    /// sign-in token → `Bootstrapped`.
    Bootstrap {
        /// Names that the hub answers to; the first is its own.
        host_names: Vec<String>,
        /// Layout the deployment is configured with; must not change.
        layout: Layout,
        /// Random bytes: `hub::administration::bootstrap::ENTROPY_BYTES` of them.
        #[serde(with = "base64_bytes")]
        entropy: Vec<u8>,
    },
    /// → `Settings`
    GetSettings,
    /// Trades a one-time sign-in token for a session → `SignedIn`.
    RedeemSignIn {
        /// As in the link.
        token: String,
    },
    /// → `ConsumerGroups`
    ListConsumerGroups,
    /// → `Changed` (true: it is new)
    PutConsumerGroup(String),
    /// → `Changed` (true: it existed)
    DeleteConsumerGroup(String),
    /// Replaces routes and everything around them; the version in it is the one that was
    /// changed → `Settings`, or `PreconditionFailed` if somebody else was faster.
    PutRouting(Box<RoutingChange>),
    /// Begins an import or export job → `Jobs` (this one).
    CreateTransfer {
        /// Its id.
        id: String,
        /// What to do.
        order: TransferOrder,
    },
    /// → `Jobs`, the newest first
    ListTransfers,
    /// → `Jobs` (this one)
    GetTransfer(String),
    /// → `Jobs` (this one)
    CancelTransfer(String),
    /// Schedules a job → `ScheduledJobs` (this one).
    CreateScheduledJob(#[serde(with = "crate::ipc::stored")] Box<JobOrder>),
    /// → `ScheduledJobs`
    ListScheduledJobs(ListScheduledJobs),
    /// → `ScheduledJobs` (this one)
    GetScheduledJob(String),
    /// → `ScheduledJobs` (this one); of a forced end once no shard sends any more.
    ChangeScheduledJob(String, JobChange),
    /// CA certificates, all of them → `Certificates`
    ListCertificates,
    /// → `Certificates` with the one that was changed, or none if it was deleted
    ChangeCertificate(ChangeCertificate),
    /// Sets the schema of tags; its etag is made here → `Stored`.
    PutTagSchema(
        #[serde(with = "crate::ipc::stored")] Box<TagSchema>,
        Precondition,
    ),
    /// → `Changed` (true: there was one)
    DeleteTagSchema(Precondition),
    /// Adds or replaces a maintenance policy, whose id is in it; version and etag are made here
    /// → `Policy`.
    PutMaintenancePolicy(Box<Value>, Precondition),
    /// → `Changed` (true: it existed)
    DeleteMaintenancePolicy(String, Precondition),
    /// All saved groups in order of id, or the one with that id → `DeviceGroups`.
    ListDeviceGroups(Option<String>),
    /// Adds or replaces a saved group; its etag and time are made here → `Stored`.
    PutDeviceGroup(DeviceGroup, Precondition),
    /// → `Changed` (true: it existed)
    DeleteDeviceGroup(String, Precondition),
    /// Replaces units and rates → `Settings`.
    PutThrottles(ThrottleSettings),
    /// Replaces the paths that have an index → `Settings`
    PutQueryIndexes(Vec<String>),
    /// All configurations in order of id, or the one with that id, as they are stored →
    /// `Configurations`.
    ListConfigurations(Option<String>),
    /// Adds or changes a configuration; etag, times and revision are made here →
    /// `Configurations` (this one).
    PutConfiguration(Box<Value>, Precondition),
    /// → `Done`
    DeleteConfiguration(String, Precondition),
    /// How much of the twins' past is kept → `Settings`.
    PutTwinHistory(TwinHistorySettings),
    /// How long events and cloud-to-device messages are kept → `Settings`.
    PutMessaging(Retention, CloudToDevice),
    /// Where files of devices go, and who is told → `Settings`.
    PutFileUpload(#[serde(with = "crate::ipc::stored")] Box<FileUploadSettings>),
    /// All patterns in order of id, or the one with that id → `Patterns`.
    ListPatterns(Option<String>),
    /// Adds or changes a pattern; its etag and time are made here → `Stored`.
    PutPattern(Box<Value>, Precondition),
    /// → `Changed` (true: it existed)
    DeletePattern(String, Precondition),
    /// How many scheduled jobs there are by status → `JobCounts`.
    CountScheduledJobs,
    /// → `Done`
    RaiseAlert(#[serde(with = "crate::ipc::stored")] Box<RaiseAlert>),
    /// The same from the outbox of a shard or partition; may come twice → `Done`.
    ReportAlerts(Box<AlertReport>),
    /// → `Alerts`
    ListAlerts(Box<ListAlerts>),
    /// Adds or replaces an alert rule, whose id is in it; its etag is made here → `Policy`.
    PutAlertRule(Box<Value>, Precondition),
    /// → `Changed` (true: it existed)
    DeleteAlertRule(String, Precondition),
    /// By its number → `Alerts` (this one).
    ChangeAlert(u64, AlertChange),
    /// A request with who is behind it, for the record → as the request says.
    Caused {
        /// Who.
        cause: Cause,
        /// What; never another `Caused`.
        request: Box<HubRequest>,
    },
    /// Counters, rows written, size → `Report`
    Report,
    /// Of changes, or of what went wrong → `Audit`
    ReadRecords(Box<ReadRecords>),
    /// Recomputes the records behind a place → `AuditProof`.
    CheckAudit(Option<ChainPlace>),
    /// What an object uses; may get lost, since it is told again → `Done`.
    TellUsage(Box<Usage>),
    /// Accounts, sessions, API tokens and approvals → `Access`.
    Access(AccessVerb, Box<Value>, Precondition),
    /// Adds a policy with these rights or changes them, makes one of its keys anew, or deletes
    /// it → `Settings`.
    ChangePolicy(String, PolicyChange),
}

/// What to do with a shared access policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PolicyChange {
    /// Its rights; a new one gets keys of these 64 random bytes.
    Put(String, #[serde(with = "base64_bytes")] Vec<u8>),
    /// Makes the primary key anew, or the secondary one, of 32 random bytes.
    Regenerate(bool, #[serde(with = "base64_bytes")] Vec<u8>),
    /// Deletes it.
    Delete,
}

impl HubRequest {
    /// Whether it changes something on behalf of whoever asks, so that the record must tell.
    pub fn is_recorded(&self) -> bool {
        if let Self::Access(verb, ..) = self {
            return verb.action().is_some();
        }
        matches!(
            self,
            Self::PutConsumerGroup(_)
                | Self::DeleteConsumerGroup(_)
                | Self::PutRouting(_)
                | Self::CreateTransfer { .. }
                | Self::CancelTransfer(_)
                | Self::CreateScheduledJob(_)
                | Self::ChangeScheduledJob(..)
                | Self::ChangeCertificate(_)
                | Self::PutTagSchema(..)
                | Self::DeleteTagSchema(_)
                | Self::PutMaintenancePolicy(..)
                | Self::DeleteMaintenancePolicy(..)
                | Self::PutDeviceGroup(..)
                | Self::DeleteDeviceGroup(..)
                | Self::PutThrottles(_)
                | Self::PutQueryIndexes(_)
                | Self::PutConfiguration(..)
                | Self::DeleteConfiguration(..)
                | Self::PutTwinHistory(_)
                | Self::PutMessaging(..)
                | Self::PutFileUpload(_)
                | Self::PutPattern(..)
                | Self::DeletePattern(..)
                | Self::ChangeAlert(..)
                | Self::PutAlertRule(..)
                | Self::DeleteAlertRule(..)
                | Self::ChangePolicy(..)
        )
    }
}

/// Answers of the hub object.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum HubReply {
    /// The hub is ready.
    Bootstrapped {
        /// Settings including policies.
        #[serde(with = "crate::ipc::stored")]
        settings: Box<Settings>,
        /// One-time sign-in token; valid for an hour.
        sign_in_token: String,
    },
    /// Current settings.
    Settings(#[serde(with = "crate::ipc::stored")] Box<Settings>),
    /// Records, newest first.
    Audit(AuditPage),
    /// A stretch of records, recomputed.
    AuditProof(AuditProof),
    /// A person may sign in.
    SignedIn {
        /// Who.
        name: String,
        /// `viewer`, `operator`, `supervisor`, `admin`.
        role: String,
    },
    /// Names, `$Default` first.
    ConsumerGroups(Vec<String>),
    /// Import and export jobs as REST shows them.
    Jobs(Vec<Value>),
    /// Scheduled jobs as REST shows them, and behind which number there are more.
    ScheduledJobs(Vec<Value>, Option<u64>),
    /// CA certificates as REST shows them.
    Certificates(Vec<Value>),
    /// Whether something changed.
    Changed(bool),
    /// A maintenance policy or an alert rule as it is kept.
    Policy {
        /// It was not there before.
        is_new: bool,
        /// It.
        policy: Box<Value>,
    },
    /// Something was written that has an etag.
    Stored {
        /// It was not there before.
        is_new: bool,
        /// Unquoted.
        etag: String,
    },
    /// Saved groups.
    DeviceGroups(Vec<DeviceGroup>),
    /// Stored documents of configurations.
    Configurations(Vec<Value>),
    /// Patterns as REST shows them.
    Patterns(Vec<Value>),
    /// Alerts as REST shows them, and behind which number there are more.
    Alerts(Vec<Value>, Option<u64>),
    /// An object: how many scheduled jobs there are by status.
    JobCounts(Value),
    /// What the object says of itself.
    Report(Value),
    /// Nothing to say but that it happened.
    Done,
    /// As the verb says.
    Access(Value),
}

/// What an object uses of limits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Its name, such as `registry-2`.
    pub object: String,
    /// Bytes that its database takes.
    pub bytes: u64,
    /// A day, as `Timestamp::day`.
    pub day: i64,
    /// Events that its log for the built-in endpoint took on that day, as the day's use is
    /// counted everywhere.
    pub messages: u64,
}

/// The hub object's whole answer.
pub type HubResult = Result<HubReply, HubError>;

/// Read-mostly settings: kept by the hub object, pushed to shards and partitions, and
/// mirrored to KV for the HTTP side, where they may be a minute old.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Rises with every change.
    pub version: u64,
    /// Names the hub answers to besides localhost and 127.0.0.1; the first is its own.
    pub host_names: Vec<String>,
    /// Object counts.
    pub layout: Layout,
    /// Shared access policies.
    pub policies: Vec<SharedAccessPolicy>,
    /// Signs console sessions.
    #[serde(with = "base64_bytes")]
    pub session_key: Vec<u8>,
    /// Which messages and events go where.
    #[serde(default)]
    pub routes: Vec<Route>,
    /// Where else messages and events go.
    #[serde(default)]
    pub routing: Routing,
    /// Event retention.
    #[serde(default)]
    pub retention: Retention,
    /// Cloud-to-device defaults.
    #[serde(default)]
    pub cloud_to_device: CloudToDevice,
    /// Authorities that may vouch for devices: the verified CA certificates.
    #[serde(default)]
    pub authorities: Vec<Authority>,
    /// What tags of device twins may be; only the hub object and the shards have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag_schema: Option<Box<TagSchema>>,
    /// Maintenance policies as they are shown, in order of id; only the hub object and the
    /// shards have them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub maintenance: Vec<Value>,
    /// Alert rules that somebody made or changed, as they are shown, in order of id; only the
    /// hub object and the shards have them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alert_rules: Vec<Value>,
    /// What patterns say of steps that put devices out of service.
    #[serde(default = "Disruption::built_in")]
    pub disruptions: Vec<Disruption>,
    /// Patterns that somebody made or changed; only the hub object and the shards have them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub patterns: Vec<Value>,
    /// How often operations may run.
    #[serde(default)]
    pub throttles: ThrottleSettings,
    /// Paths of twins that operators want an index of, as queries write them.
    #[serde(default)]
    pub query_indexes: Vec<String>,
    /// How much of the twins' past is kept.
    #[serde(default)]
    pub twin_history: TwinHistorySettings,
    /// Where files of devices go, and who is told.
    #[serde(default)]
    pub file_upload: FileUploadSettings,
    /// Who else may use the hub, and as what; only the hub object and the HTTP side have it.
    #[serde(default)]
    pub access: Grants,
}

impl Settings {
    /// The hub's own name.
    pub fn host_name(&self) -> &str {
        self.host_names.first().map_or("localhost", String::as_str)
    }

    /// The first label of the hub's own name: `hubName` in events.
    pub fn hub_name(&self) -> &str {
        let name = self.host_name();
        if name.parse::<std::net::IpAddr>().is_ok() {
            return name;
        }
        name.split('.').next().unwrap_or(name)
    }

    /// Whether a `{h}` from a user name or token is one of the hub's names (port ignored).
    pub fn answers_to(&self, host: &str) -> bool {
        let name = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => host,
        };
        ["localhost", "127.0.0.1"]
            .iter()
            .any(|own| own.eq_ignore_ascii_case(name))
            || self
                .host_names
                .iter()
                .any(|own| own.eq_ignore_ascii_case(name))
    }

    /// The same for who judges no tags and holds no devices.
    pub fn without_rules(mut self) -> Self {
        self.tag_schema = None;
        self.maintenance = Vec::new();
        self.alert_rules = Vec::new();
        self.patterns = Vec::new();
        self
    }

    /// The same for who lets devices in, and nobody else.
    pub fn without_grants(mut self) -> Self {
        self.access = Grants::default();
        self
    }

    /// The same for who signs no requests to receivers.
    pub fn without_secrets(mut self) -> Self {
        self.routing.secrets = Vec::new();
        self
    }

    /// Whether a route, subscription or enrichment may look at the twin of who an event is about.
    pub fn routes_by_twin(&self, source: &str) -> bool {
        let is_wanted = |name: &str| name.eq_ignore_ascii_case(source);
        let reads = |condition: &str| condition.to_ascii_lowercase().contains("$twin");
        let mut routes = self.routes.iter();
        let mut endpoints = self.routing.endpoints.iter();
        let mut enrichments = self.routing.enrichments.iter();
        routes.any(|route| is_wanted(&route.source) && reads(&route.condition))
            || endpoints.any(|endpoint| reads(&endpoint.condition))
            || enrichments.any(|enrichment| enrichment.reads_twin())
    }

    /// Whether anybody wants events of this source.
    pub fn routes_source(&self, source: &str) -> bool {
        let is_wanted = |name: &str| name.eq_ignore_ascii_case(source);
        let mut routes = self.routes.iter();
        let mut endpoints = self.routing.endpoints.iter();
        routes.any(|route| route.is_enabled && is_wanted(&route.source))
            || endpoints.any(|endpoint| {
                endpoint.is_enabled && endpoint.sources.iter().any(|name| is_wanted(name))
            })
    }
}

/// What routing is to be. Names, limits and conditions were checked by whoever made it, by
/// `crate::routing::document`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RoutingChange {
    /// What was asked for, as the record calls it.
    pub action: String,
    /// Of what.
    pub name: String,
    /// All routes.
    pub routes: Vec<Route>,
    /// Everything else. Endpoints without an id are new.
    #[serde(with = "crate::ipc::stored")]
    pub routing: Box<Routing>,
}

/// A change of one CA certificate (`service.md` §16).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChangeCertificate {
    /// Which.
    pub name: String,
    /// `If-Match`; none creates, and so fits nothing but `Put`.
    pub precondition: Precondition,
    /// What to do.
    pub change: CertificateChange,
}

/// What to do with a CA certificate.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum CertificateChange {
    /// Its content: DER in base64. It is unverified again.
    Put(String),
    /// A new verification code; it is unverified again.
    Challenge(String),
    /// Its possession was proven, for exactly the etag of the precondition.
    Verified,
    /// It is no authority any more.
    Delete,
}

/// An authority that may vouch for devices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authority {
    /// How those who see a client certificate name it: `sha256:` and its digest, or
    /// `issuer:` with serial number and key identifier; hex in capitals.
    pub marks: Vec<String>,
    /// Not good after.
    pub not_after: Timestamp,
}

/// What happens when tags break the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TagSchemaMode {
    /// Nothing.
    Off,
    /// The writer is told.
    Warn,
    /// The write is refused.
    Enforce,
}

impl TagSchemaMode {
    /// All of them, with their names.
    pub const ALL: [(&str, Self); 3] = [
        ("off", Self::Off),
        ("warn", Self::Warn),
        ("enforce", Self::Enforce),
    ];
}

/// A schema for tags (`device-management.md` §7).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TagSchema {
    /// Whether it counts.
    pub mode: TagSchemaMode,
    /// As `twin::tag_schema` reads it.
    pub schema: Value,
    /// Unquoted; never repeated.
    #[serde(default)]
    pub etag: String,
}

/// How long events are kept (`query-routing-events.md` §5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retention {
    /// 1–7.
    pub days: u32,
    /// Per partition, in bytes.
    pub bytes: u64,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            days: 1,
            bytes: 2 * 1024 * 1024 * 1024,
        }
    }
}

/// Cloud-to-device settings (`service.md` §8.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloudToDevice {
    /// Seconds a message lives when it names no expiry.
    pub default_ttl_seconds: u32,
    /// Explicit abandons before a message is given up.
    pub max_delivery_count: u32,
    /// Seconds feedback lives.
    pub feedback_ttl_seconds: u32,
    /// Seconds a feedback lock holds.
    pub feedback_lock_seconds: u32,
}

impl Default for CloudToDevice {
    fn default() -> Self {
        Self {
            default_ttl_seconds: 3600,
            max_delivery_count: 10,
            feedback_ttl_seconds: 3600,
            feedback_lock_seconds: 60,
        }
    }
}

/// How often operations may run (`service.md` §16).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ThrottleSettings {
    /// S3 units: each class has so many times its rate.
    pub units: u64,
    /// Classes with a rate of their own, whatever the units.
    #[serde(default)]
    pub overrides: Vec<ThrottleOverride>,
}

impl Default for TwinHistorySettings {
    fn default() -> Self {
        Self {
            seconds: 7 * 86_400,
            changes: 100,
        }
    }
}

/// How much of the twins' past is kept; zero of either is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TwinHistorySettings {
    /// For how long.
    pub seconds: u64,
    /// So many newest changes of each twin.
    pub changes: u64,
}

impl TwinHistorySettings {
    /// Whether anything is kept.
    pub fn is_on(&self) -> bool {
        self.seconds > 0 && self.changes > 0
    }
}

impl Default for ThrottleSettings {
    fn default() -> Self {
        Self {
            units: 1,
            overrides: Vec::new(),
        }
    }
}

/// The rate of one class of operations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ThrottleOverride {
    /// `throttle::OperationClass::name`
    pub class: String,
    /// Operations a minute.
    pub per_minute: u64,
    /// Operations at once after a rest.
    pub burst: u64,
}

/// A console session, as in its cookie.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedInPerson {
    /// Who.
    pub name: String,
    /// Role.
    pub role: String,
    /// Until when.
    pub expires: Timestamp,
}
