//! The one catalogue of errors: stable number, name, HTTP status and text (`service.md` §12.3).
//!
//! Actors return [`HubError`]; `http` turns it into the envelope that a route needs.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

macro_rules! catalogue {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $status:literal;)*) => {
        /// An error's stable name; numbers and statuses are those of Azure IoT Hub.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ErrorCode { $($(#[$doc])* $name,)* }

        impl ErrorCode {
            const ALL: &[Self] = &[$(Self::$name),*];

            /// The six-digit number.
            pub fn number(self) -> u32 {
                match self { $(Self::$name => $number,)* }
            }

            /// The name as it stands in `iothub-errorcode`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// The HTTP status.
            pub fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }
        }
    };
}

catalogue! {
    /// `api-version` is missing or malformed.
    InvalidProtocolVersion = 400001, 400;
    /// The operation makes no sense for this object.
    InvalidOperation = 400003, 400;
    /// A field has an illegal value.
    ArgumentInvalid = 400004, 400;
    /// A required field or body is missing.
    ArgumentNull = 400005, 400;
    /// The body is not JSON of the expected form.
    IotHubFormatError = 400006, 400;
    /// An id stands twice in one bulk request.
    DeviceDefinedMultipleTimes = 400011, 400;
    /// A container of an import or export job does not let the hub do what it must.
    BlobContainerValidationError = 400008, 400;
    /// A line or document cannot be read.
    DeserializationError = 400012, 400;
    /// The correlation id is none of this device's open file uploads.
    InvalidFileUploadCorrelationId = 400015, 400;
    /// The time of the file upload is over.
    ExpiredFileUploadCorrelationId = 400016, 400;
    /// The file that is said to be uploaded is not there.
    InvalidStorageEndpointOrBlob = 400020, 400;
    /// Some items of a bulk request failed.
    BulkRegistryOperationFailure = 400013, 400;
    /// A device's parent is no edge device of this hub.
    InvalidDeviceScope = 400028, 400;
    /// `policyKey` names no key.
    InvalidPolicyKey = 400035, 400;
    /// Some keys of a bulk request could not be made anew.
    BulkRegenerateDeviceKeyOperationFailure = 400036, 400;
    /// A configuration's target condition is no condition.
    InvalidConfigurationTargetCondition = 400401, 400;
    /// A configuration's content cannot be written.
    InvalidConfigurationContent = 400402, 400;
    /// A configuration's own metric is no query, or there are too many.
    InvalidConfigurationCustomMetricsQuery = 400404, 400;
    /// Missing, wrong or expired credentials, or too few rights.
    IotHubUnauthorizedAccess = 401002, 401;
    /// A device's credentials were refused.
    IotHubUnauthorized = 401003, 401;
    /// A system module of an edge device cannot be written.
    SystemModuleModifyUnauthorizedAccess = 401100, 401;
    /// A signed-in person's role does not allow this (our API only).
    Forbidden = 403000, 403;
    /// A signed-in person may do this only after somebody else's approval (our API only).
    ApprovalRequired = 403900, 403;
    /// A quota of the hub is used up.
    IotHubQuotaExceeded = 403002, 403;
    /// An import or export job is under way already.
    JobQuotaExceeded = 403003, 403;
    /// The device has too many pending cloud-to-device messages.
    DeviceMaximumQueueDepthExceeded = 403004, 403;
    /// The device has the most file uploads open that are allowed.
    DeviceMaximumActiveFileUploadLimitExceeded = 403006, 403;
    /// The device is disabled.
    DeviceDisabled = 403012, 403;
    /// Too many direct methods in flight for one device.
    DeviceMaximumInflightMethodExceeded = 403800, 403;
    /// No such path.
    GenericNotFound = 404000, 404;
    /// No such device.
    DeviceNotFound = 404001, 404;
    /// No such job.
    JobNotFound = 404002, 404;
    /// No such CA certificate.
    CertificateNotFound = 404008, 404;
    /// No such module.
    ModuleNotFound = 404010, 404;
    /// No such configuration.
    ConfigurationNotFound = 404301, 404;
    /// The device is not connected, or did not subscribe to methods.
    DeviceNotOnline = 404103, 404;
    /// The device's connection ended while it was awaited.
    DeviceConnectionClosedRemotely = 404104, 404;
    /// The path exists, the verb does not.
    GenericMethodNotAllowed = 405000, 405;
    /// The job is not in a state that allows this.
    OperationNotAllowedInCurrentState = 405102, 405;
    /// The state conflicts with the request (our API).
    GenericConflict = 409000, 409;
    /// The device id is taken.
    DeviceAlreadyExists = 409001, 409;
    /// The job id is taken.
    JobAlreadyExists = 409104, 409;
    /// The module id is taken on that device.
    ModuleAlreadyExistsOnDevice = 409301, 409;
    /// The configuration's id is taken.
    ConfigurationAlreadyExists = 409401, 409;
    /// `If-Match` does not match.
    PreconditionFailed = 412001, 412;
    /// The lock token is unknown or expired.
    DeviceMessageLockLost = 412002, 412;
    /// A message or body is too large.
    MessageTooLarge = 413001, 413;
    /// More than 100 items in a bulk request.
    TooManyDevices = 413002, 413;
    /// The device has the most modules allowed.
    TooManyModulesOnDevice = 413003, 413;
    /// The hub has the most configurations allowed.
    ConfigurationCountLimitExceeded = 413101, 413;
    /// Too many requests.
    ThrottlingException = 429001, 429;
    /// Too many jobs wait for their start.
    ThrottlingMaxActiveJobCountExceeded = 429004, 429;
    /// Something inside failed; the text says no more than that.
    ServerError = 500001, 500;
    /// The hub cannot serve this now.
    ServiceUnavailable = 503001, 503;
    /// The device did not answer in time.
    GatewayTimeout = 504101, 504;
}

impl ErrorCode {
    /// The inverse of [`ErrorCode::name`].
    fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.name() == name)
    }
}

// By their names. What `serde` derives compares them one by one in code, 14 kB of it.
impl Serialize for ErrorCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for ErrorCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::named(&name).ok_or_else(|| D::Error::custom("no such error"))
    }
}

/// Names one failure in an answer and in the log, in Azure's form:
/// `<32 hex>-G:0-TimeStamp:MM/dd/yyyy HH:mm:ss`.
pub fn tracking_id(number: u128, time: crate::time::Timestamp) -> String {
    let text = time.to_string();
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    format!(
        "{number:032x}-G:0-TimeStamp:{}/{}/{} {}",
        part(5, 7),
        part(8, 10),
        part(0, 4),
        part(11, 19)
    )
}

/// An error that crosses actors and ends as an HTTP answer or an MQTT code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HubError {
    /// What went wrong, for programs.
    pub code: ErrorCode,
    /// What went wrong and what to do, for people. Never holds a secret.
    pub message: String,
    /// After how many seconds to try again; 0 where the error's kind says it all.
    #[serde(default)]
    pub retry_after: u32,
}

impl HubError {
    /// An error with its text.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            retry_after: 0,
        }
    }

    /// A field has an illegal value.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::ArgumentInvalid, message)
    }

    /// No such device; the text is the id, as Azure does.
    pub fn device_not_found(device: &crate::ids::DeviceId) -> Self {
        Self::new(ErrorCode::DeviceNotFound, device.as_str())
    }

    /// An internal failure whose detail goes to the log, not to the caller.
    pub fn internal(detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::ServerError, detail)
    }
}

impl fmt::Display for HubError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} {}: {}",
            self.code.number(),
            self.code.name(),
            self.message
        )
    }
}

impl std::error::Error for HubError {}
