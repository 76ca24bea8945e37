//! Saved groups, as the hub object and the HTTP side speak of them.

use crate::alert::Severity;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// A condition over device twins with a name (`device-management.md` §7).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceGroup {
    /// Its name.
    pub id: String,
    /// As behind `WHERE` in a query over devices.
    pub condition: String,
    /// For people.
    pub description: Option<String>,
    /// How bad it is to be in it (`device-management.md` §10, R24); without one it is only a group.
    #[serde(default)]
    pub severity: Option<Severity>,
    /// Unquoted.
    #[serde(default)]
    pub etag: String,
    /// Of the last change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_time: Option<Timestamp>,
}
