//! What a write asks an identity to be (`service.md` §4.2, §4.4).
//!
//! The same for a REST body and an import line, for devices and modules. It reads and checks
//! alone what is given; what it means for an existing identity is decided in `put`.

use super::authentication::{Authentication, member, text};
use crate::error::HubError;
use crate::ids::Identity;
use serde_json::{Map, Value};

/// Longest `statusReason`, in characters.
const MAX_STATUS_REASON: usize = 128;

/// What a REST body or an import line asks an identity to be.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) enabled: bool,
    pub(super) status_reason: Option<String>,
    pub(super) authentication: Authentication,
    pub(super) iot_edge: bool,
    /// `None`: not mentioned.
    pub(super) device_scope: Option<String>,
    pub(super) parent_scope: Option<String>,
    /// Modules only.
    pub(super) managed_by: Option<String>,
}

impl Wanted {
    /// Reads the members of a body; missing keys are made from `entropy`.
    pub(super) fn parse(
        identity: &Identity,
        body: &Map<String, Value>,
        entropy: &[u8],
    ) -> Result<Self, HubError> {
        let is_module = identity.module.is_some();
        let authentication =
            Authentication::parse(member(body, "authentication"), is_module, entropy)?;
        if is_module {
            return Ok(Self {
                enabled: true,
                status_reason: None,
                authentication,
                iot_edge: false,
                device_scope: None,
                parent_scope: None,
                managed_by: managed_by(body)?,
            });
        }
        let enabled = match text(Some(body), "status")?.as_deref() {
            None => true,
            Some(status) if status.eq_ignore_ascii_case("enabled") => true,
            Some(status) if status.eq_ignore_ascii_case("disabled") => false,
            Some(other) => {
                return Err(HubError::invalid(format!(
                    "status {other:?} is neither enabled nor disabled."
                )));
            }
        };
        let status_reason = text(Some(body), "statusReason")?;
        if status_reason
            .as_ref()
            .is_some_and(|reason| reason.chars().count() > MAX_STATUS_REASON)
        {
            return Err(HubError::invalid(format!(
                "statusReason has more than {MAX_STATUS_REASON} characters."
            )));
        }
        Ok(Self {
            enabled,
            status_reason,
            authentication,
            iot_edge: iot_edge(body)?,
            device_scope: text(Some(body), "deviceScope")?,
            parent_scope: parent_scope(body)?,
            managed_by: None,
        })
    }
}

/// Longest `managedBy`, in characters.
const MAX_MANAGED_BY: usize = 128;

fn managed_by(body: &Map<String, Value>) -> Result<Option<String>, HubError> {
    let name = text(Some(body), "managedBy")?;
    if name
        .as_ref()
        .is_some_and(|name| name.chars().count() > MAX_MANAGED_BY)
    {
        return Err(HubError::invalid(format!(
            "managedBy has more than {MAX_MANAGED_BY} characters."
        )));
    }
    Ok(name)
}

fn iot_edge(body: &Map<String, Value>) -> Result<bool, HubError> {
    match member(body, "capabilities") {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Object(capabilities)) => match member(capabilities, "iotEdge") {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(edge)) => Ok(*edge),
            Some(_) => Err(HubError::invalid(
                "capabilities.iotEdge must be true or false.",
            )),
        },
        Some(_) => Err(HubError::invalid("capabilities must be an object.")),
    }
}

fn parent_scope(body: &Map<String, Value>) -> Result<Option<String>, HubError> {
    match member(body, "parentScopes") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(scopes)) => match scopes.as_slice() {
            [] => Ok(None),
            [Value::String(scope)] => Ok(Some(scope.clone())),
            _ => Err(HubError::invalid("parentScopes takes one scope.")),
        },
        Some(_) => Err(HubError::invalid("parentScopes must be an array.")),
    }
}
