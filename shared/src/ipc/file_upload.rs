//! Where devices' files go, and whether somebody is told (`device.md` §7,
//! `query-routing-events.md` §4.8).

use crate::blob::ContainerName;
use crate::error::HubError;
use serde::{Deserialize, Serialize};

/// Settings of file uploads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FileUploadSettings {
    /// A container of the hub's own store.
    pub container_name: String,
    /// How long an upload may take, and its signed URL is good.
    pub sas_ttl_seconds: i64,
    /// Whether uploads that worked are told to back ends.
    pub notifications_enabled: bool,
    /// How long a notification waits for somebody.
    pub notification_ttl_seconds: i64,
    /// How long its lock holds.
    pub notification_lock_seconds: i64,
    /// After so many abandons it is dropped.
    pub notification_max_delivery_count: i64,
}

impl Default for FileUploadSettings {
    fn default() -> Self {
        Self {
            container_name: "uploads".to_owned(),
            sas_ttl_seconds: 3600,
            notifications_enabled: false,
            notification_ttl_seconds: 3600,
            notification_lock_seconds: 60,
            notification_max_delivery_count: 10,
        }
    }
}

/// Two days: the longest life of anything that waits here.
const LONGEST_SECONDS: i64 = 48 * 3600;

impl FileUploadSettings {
    /// The ranges of the contract; it has none for signed URLs, which end with two days here.
    pub fn check(&self) -> Result<(), HubError> {
        if ContainerName::parse(&self.container_name).is_none() {
            return Err(HubError::invalid(
                "containerName has 3 to 63 lower-case letters, digits and single hyphens.",
            ));
        }
        let ranges = [
            ("sasTtlSeconds", self.sas_ttl_seconds, 1, LONGEST_SECONDS),
            (
                "notificationTtlSeconds",
                self.notification_ttl_seconds,
                60,
                LONGEST_SECONDS,
            ),
            (
                "notificationLockSeconds",
                self.notification_lock_seconds,
                5,
                300,
            ),
            (
                "notificationMaxDeliveryCount",
                self.notification_max_delivery_count,
                1,
                100,
            ),
        ];
        for (name, value, least, most) in ranges {
            if !(least..=most).contains(&value) {
                return Err(HubError::invalid(format!(
                    "{name} must be {least} to {most}."
                )));
            }
        }
        Ok(())
    }
}
