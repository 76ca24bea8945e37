//! Create and replace of a device identity (`service.md` §4.1, §4.2).

use super::authentication::{Authentication, member, text};
use super::identity::{IdentityRow, check_etag};
use super::{Context, Registry, twins};
use crate::error::{ErrorCode, HubError};
use crate::ids::{DeviceId, Identity};
use crate::ipc::registry::{Precondition, PutDevice, RegistryReply};
use crate::twin::Twin;
use serde_json::{Map, Value};

/// Longest `statusReason`, in characters.
const MAX_STATUS_REASON: usize = 128;

/// What a REST body asks an identity to be.
struct Wanted {
    enabled: bool,
    status_reason: Option<String>,
    authentication: Authentication,
    iot_edge: bool,
    /// `None`: not mentioned.
    device_scope: Option<String>,
    parent_scope: Option<String>,
}

impl Wanted {
    fn parse(put: &PutDevice) -> Result<Self, HubError> {
        let Value::Object(body) = &put.body else {
            return Err(HubError::new(
                ErrorCode::IotHubFormatError,
                "The body must be a JSON object that describes the device.",
            ));
        };
        if let Some(id) = text(Some(body), "deviceId")?
            && id != put.device.as_str()
        {
            return Err(HubError::invalid(format!(
                "deviceId {id:?} in the body differs from {:?} in the path.",
                put.device.as_str()
            )));
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
            authentication: Authentication::parse(member(body, "authentication"), &put.entropy)?,
            iot_edge: iot_edge(body)?,
            device_scope: text(Some(body), "deviceScope")?,
            parent_scope: parent_scope(body)?,
        })
    }
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

impl Registry {
    pub(super) fn put_device(
        &mut self,
        put: &PutDevice,
        context: &mut Context<'_>,
    ) -> Result<RegistryReply, HubError> {
        let identity = Identity::device(put.device.clone());
        let wanted = Wanted::parse(put)?;
        let existing = IdentityRow::load(context.sql, &identity)?;
        match (existing, &put.precondition) {
            (None, Precondition::None) => self.create(identity, wanted, put, context),
            (None, _) => Err(HubError::device_not_found(&put.device)),
            (Some(_), Precondition::None) => Err(HubError::new(
                ErrorCode::DeviceAlreadyExists,
                format!("A device with ID '{}' is already registered.", put.device),
            )),
            (Some(row), precondition) => {
                check_etag(precondition, &row.etag_text())?;
                self.replace(row, wanted, context)
            }
        }
    }

    fn create(
        &mut self,
        identity: Identity,
        wanted: Wanted,
        put: &PutDevice,
        context: &mut Context<'_>,
    ) -> Result<RegistryReply, HubError> {
        // Ticks tell generations apart; the lowest digits are random so that two creations
        // within a millisecond differ too.
        let noise = put
            .entropy
            .get(64..66)
            .and_then(|bytes| <[u8; 2]>::try_from(bytes).ok());
        let noise = i64::from(noise.map_or(0, u16::from_le_bytes) % 10_000);
        let ticks = context.now.ticks() + noise;
        let device_scope = match (wanted.iot_edge, wanted.device_scope) {
            (true, _) => Some(format!("ms-azure-iot-edge://{}-{ticks}", identity.device)),
            (false, scope) => scope,
        };
        let parent_scope = if wanted.iot_edge {
            wanted.parent_scope
        } else {
            device_scope.clone()
        };
        let row = IdentityRow {
            identity,
            generation_id: format!("{ticks:018}"),
            etag: first_etag(ticks),
            enabled: wanted.enabled,
            status_reason: wanted.status_reason,
            status_updated: None,
            authentication: wanted.authentication,
            iot_edge: wanted.iot_edge,
            device_scope,
            parent_scope,
            model_id: None,
            // Not 0: sessions of a deleted device of the same name must not pass for this one's.
            epoch: context.now.milliseconds(),
            gateway: None,
            connection: None,
            state_updated: None,
            last_activity: None,
            persistent: false,
            subscriptions: "[]".to_owned(),
            session: "{}".to_owned(),
            next_sequence: 1,
        };
        row.store(context.sql)?;
        let twin = Twin::new();
        twins::store(context.sql, &row.identity, &twin)?;
        let body = twin.event_body(&row.identity);
        self.emit_lifecycle(&row.identity, "createDeviceIdentity", body, context)?;
        Ok(RegistryReply::Device(row.document(context.sql)?))
    }

    fn replace(
        &mut self,
        row: IdentityRow,
        wanted: Wanted,
        context: &mut Context<'_>,
    ) -> Result<RegistryReply, HubError> {
        let mut new = row.clone();
        if row.iot_edge && wanted.iot_edge && wanted.device_scope != row.device_scope {
            return Err(HubError::new(
                ErrorCode::ArgumentInvalid,
                "Device scope is immutable: send it back as it is.",
            ));
        }
        if !row.iot_edge && wanted.iot_edge {
            let ticks = context.now.ticks();
            new.device_scope = Some(format!(
                "ms-azure-iot-edge://{}-{ticks}",
                row.identity.device
            ));
        } else {
            new.device_scope = wanted.device_scope;
        }
        new.parent_scope = if wanted.iot_edge {
            wanted.parent_scope
        } else {
            new.device_scope.clone()
        };
        new.iot_edge = wanted.iot_edge;
        new.etag = row.etag.saturating_add(1);
        if new.enabled != wanted.enabled {
            new.status_updated = Some(context.now);
        }
        new.enabled = wanted.enabled;
        new.status_reason = wanted.status_reason;
        new.authentication = wanted.authentication;
        new.store(context.sql)?;
        let reason = if row.enabled && !new.enabled {
            Some("deviceDisabled")
        } else if !row.authentication.still_covers(&new.authentication) {
            Some("credentialsChanged")
        } else {
            None
        };
        if let (Some(reason), Some(gateway), Some(connection)) =
            (reason, row.gateway, &row.connection)
        {
            Self::close(gateway, connection, reason, context)?;
        }
        if row.enabled && !new.enabled {
            Self::close_modules(&row.identity.device, context)?;
        }
        Ok(RegistryReply::Device(new.document(context.sql)?))
    }
}

impl Registry {
    /// A module is enabled when its device is.
    fn close_modules(device: &DeviceId, context: &mut Context<'_>) -> Result<(), HubError> {
        let rows = context.sql.query(
            "SELECT gateway, connection FROM identity \
             WHERE device_id = ? AND module_id <> '' AND gateway IS NOT NULL",
            &[device.as_str().into()],
        )?;
        for row in rows {
            let gateway = row.integer(0).and_then(|number| u16::try_from(number).ok());
            if let (Some(gateway), Some(connection)) = (gateway, row.text(1)) {
                Self::close(gateway, connection, "deviceDisabled", context)?;
            }
        }
        Ok(())
    }
}

/// Etags start somewhere in the clock, so that a re-created device never repeats one.
fn first_etag(ticks: i64) -> i64 {
    ticks.rem_euclid(1_000_000_000_000)
}
