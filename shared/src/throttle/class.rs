//! The classes of operations and the rates of one S3 unit (`service.md` §16).

/// What is counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperationClass {
    /// Identities; each item of a bulk request counts.
    IdentityRegistry,
    /// CONNECT.
    NewConnections,
    /// Telemetry messages.
    DeviceToCloudSends,
    /// Messages to devices.
    CloudToDeviceSends,
    /// Messages and feedback that are fetched over HTTPS.
    CloudToDeviceReceives,
    /// Files that devices upload.
    FileUploads,
    /// Queries, each page.
    Queries,
    /// Direct methods, each 4 KB of the request.
    DirectMethods,
    /// Twins read, by back ends and by devices.
    TwinReads,
    /// Twins changed, by back ends and by devices.
    TwinUpdates,
    /// Jobs made, changed, listed and deleted.
    Jobs,
    /// Configurations.
    Configurations,
    /// Devices that scheduled jobs touch; they wait, nobody is refused.
    JobDeviceOperations,
}

/// Bytes of a direct method that count as one.
pub const METHOD_METER_BYTES: usize = 4_096;

impl OperationClass {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 13] = [
        Self::IdentityRegistry,
        Self::NewConnections,
        Self::DeviceToCloudSends,
        Self::CloudToDeviceSends,
        Self::CloudToDeviceReceives,
        Self::FileUploads,
        Self::Queries,
        Self::DirectMethods,
        Self::TwinReads,
        Self::TwinUpdates,
        Self::Jobs,
        Self::Configurations,
        Self::JobDeviceOperations,
    ];

    /// The name in settings, answers and errors.
    pub fn name(self) -> &'static str {
        match self {
            Self::IdentityRegistry => "identityRegistry",
            Self::NewConnections => "newConnections",
            Self::DeviceToCloudSends => "d2cSends",
            Self::CloudToDeviceSends => "c2dSends",
            Self::CloudToDeviceReceives => "c2dReceives",
            Self::FileUploads => "fileUploads",
            Self::Queries => "queries",
            Self::DirectMethods => "directMethods",
            Self::TwinReads => "twinReads",
            Self::TwinUpdates => "twinUpdates",
            Self::Jobs => "jobs",
            Self::Configurations => "configurations",
            Self::JobDeviceOperations => "jobDeviceOperations",
        }
    }

    /// The rate of one unit.
    pub(super) fn per_minute(self) -> u64 {
        match self {
            Self::NewConnections | Self::DeviceToCloudSends => 6_000 * 60,
            Self::CloudToDeviceReceives => 50_000,
            Self::Queries => 1_000,
            // 24 MB/s.
            Self::DirectMethods => 24 * 1_024 * 1_024 / METHOD_METER_BYTES as u64 * 60,
            Self::TwinReads => 500 * 60,
            Self::TwinUpdates => 250 * 60,
            Self::Configurations => 20,
            // More than a hub does: the platform's 50 a second would be half an hour for a
            // hundred thousand twins. It is there to be lowered.
            Self::JobDeviceOperations => 10_000 * 60,
            _ => 5_000,
        }
    }

    /// How many seconds of its rate may come at once: a minute where the contract counts by
    /// the minute, else ten seconds.
    pub(super) fn burst_seconds(self) -> u64 {
        match self {
            Self::NewConnections
            | Self::DeviceToCloudSends
            | Self::DirectMethods
            | Self::TwinReads
            | Self::TwinUpdates
            | Self::JobDeviceOperations => 10,
            _ => 60,
        }
    }
}
