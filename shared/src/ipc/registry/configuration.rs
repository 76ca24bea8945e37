//! What a shard hears of configurations (`service.md` §11).

use crate::ids::DeviceId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// All configurations of the hub.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ApplyConfigurations {
    /// Rises with every change.
    pub version: u64,
    /// As `configuration::document::evaluated` makes them.
    pub configurations: Vec<Value>,
}

/// Content for one edge device, without a configuration that lasts.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ApplyContent {
    /// Which.
    pub device: DeviceId,
    /// `modulesContent` and `deviceContent`.
    pub content: Value,
}
