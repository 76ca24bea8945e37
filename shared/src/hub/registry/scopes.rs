//! Parents of devices: whether the edge device is there whose scope they name
//! (`service.md` §4.2).
//!
//! A parent may live in another shard, which whoever asks for a write asks before. So a
//! shard is told which scopes are missing and decides what that means for the write; it
//! must not guess about scopes that it was told nothing of.

use super::Context;
use super::identity::IdentityRow;
use crate::error::{ErrorCode, HubError};
use crate::ids::{DeviceId, Identity};
use crate::ipc::registry::RegistryReply;
use crate::sql::Sql;

/// Longest part of a scope in an error, in characters.
const MAX_SHOWN: usize = 200;

/// Scopes that are not those of the edge devices named beside them.
pub(super) fn find(
    scopes: &[(String, DeviceId)],
    sql: &dyn Sql,
) -> Result<RegistryReply, HubError> {
    let mut missing = Vec::new();
    for (scope, device) in scopes {
        let row = IdentityRow::load(sql, &Identity::device(device.clone()))?;
        let has = row.is_some_and(|row| row.iot_edge && row.device_scope.as_ref() == Some(scope));
        if !has {
            missing.push(scope.clone());
        }
    }
    Ok(RegistryReply::MissingScopes(missing))
}

/// Refuses a parent that is not there, unless the device has it already: its parent may
/// have been deleted since. `own` is the scope of an edge device itself.
pub(super) fn check_parent(
    own: Option<&String>,
    parent: Option<&String>,
    before: Option<&String>,
    context: &Context<'_>,
) -> Result<(), HubError> {
    let Some(scope) = parent.filter(|_| parent != before) else {
        return Ok(());
    };
    let is_missing = context.missing_scopes.contains(scope);
    if !is_missing && own != Some(scope) {
        return Ok(());
    }
    let shown: String = scope.chars().take(MAX_SHOWN).collect();
    let text = if is_missing {
        format!("The scope {shown:?} is of no edge device of this hub.")
    } else {
        "An edge device cannot be its own parent.".to_owned()
    };
    Err(HubError::new(ErrorCode::InvalidDeviceScope, text))
}
