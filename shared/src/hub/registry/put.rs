//! Create and replace of an identity, device or module (`service.md` §4.1, §4.2, §4.4).

use super::authentication::{Authentication, text};
use super::identity::{IdentityRow, check_etag};
use super::wanted::Wanted;
use super::{Context, Registry, modules, record, revocation, scopes, twins};
use crate::error::{ErrorCode, HubError};
use crate::ids::{DeviceId, Identity, ModuleId};
use crate::ipc::registry::{Precondition, PutDevice, RegistryReply};
use crate::twin::{Twin, TwinPatch};
use serde_json::{Map, Value};

/// Modules that every edge device has.
pub(super) const EDGE_MODULES: [&str; 2] = ["$edgeAgent", "$edgeHub"];

/// One write of an identity, read and checked as far as that goes without the stored one.
pub(super) struct Put<'a> {
    pub identity: Identity,
    pub precondition: &'a Precondition,
    pub wanted: Wanted,
    /// The twin that a new identity begins with.
    pub twin: Option<&'a TwinPatch>,
    /// As in [`PutDevice::entropy`].
    pub entropy: &'a [u8],
}

/// The object of a REST body, whose ids must be those of the path.
fn checked_body<'a>(
    body: &'a Value,
    identity: &Identity,
) -> Result<&'a Map<String, Value>, HubError> {
    let Value::Object(body) = body else {
        return Err(HubError::new(
            ErrorCode::IotHubFormatError,
            "The body must be a JSON object that describes the identity.",
        ));
    };
    let module = identity.module.as_ref().map(ModuleId::as_str);
    for (name, expected) in [
        ("deviceId", Some(identity.device.as_str())),
        ("moduleId", module),
    ] {
        if let (Some(given), Some(expected)) = (text(Some(body), name)?, expected)
            && given != expected
        {
            return Err(HubError::invalid(format!(
                "{name} {given:?} in the body differs from {expected:?} in the path."
            )));
        }
    }
    Ok(body)
}

impl Registry {
    pub(super) fn put_device(
        &mut self,
        put: PutDevice,
        context: &mut Context<'_>,
    ) -> Result<RegistryReply, HubError> {
        let identity = Identity::device(put.device);
        context.missing_scopes = put.missing_scopes;
        self.put_body(
            identity,
            &put.precondition,
            &put.body,
            &put.entropy,
            context,
        )
    }

    /// Writes what a REST body says.
    pub(super) fn put_body(
        &mut self,
        identity: Identity,
        precondition: &Precondition,
        body: &Value,
        entropy: &[u8],
        context: &mut Context<'_>,
    ) -> Result<RegistryReply, HubError> {
        let body = checked_body(body, &identity)?;
        let put = Put {
            wanted: Wanted::parse(&identity, body, entropy)?,
            identity,
            precondition,
            twin: None,
            entropy,
        };
        let row = self.put(put, context)?;
        Ok(RegistryReply::Device(row.document(context.sql)?))
    }

    /// Creates or replaces, as the precondition says. Every check comes before the first
    /// write, so that an error leaves nothing behind even within a larger transaction.
    pub(super) fn put(
        &mut self,
        put: Put<'_>,
        context: &mut Context<'_>,
    ) -> Result<IdentityRow, HubError> {
        let existing = IdentityRow::load(context.sql, &put.identity)?;
        self.put_over(existing, put, context)
    }

    /// The same where somebody has looked already what there is.
    pub(super) fn put_over(
        &mut self,
        existing: Option<IdentityRow>,
        put: Put<'_>,
        context: &mut Context<'_>,
    ) -> Result<IdentityRow, HubError> {
        if self.has_revoked {
            revocation::check(context.sql, &put.identity, &put.wanted.authentication)?;
        }
        let row = match (existing, put.precondition) {
            (None, Precondition::None) => self.create(put, context)?,
            (None, _) => return Err(modules::not_found(context.sql, &put.identity)?),
            (Some(_), Precondition::None) => return Err(self.already_exists(&put.identity)),
            (Some(row), precondition) => {
                check_etag(precondition, &row.etag_text())?;
                self.replace(row, put.wanted, put.entropy, context)?
            }
        };
        self.configure_all(&row.identity, context)?;
        Ok(row)
    }

    fn already_exists(&self, identity: &Identity) -> HubError {
        let device = &identity.device;
        match &identity.module {
            None => HubError::new(
                ErrorCode::DeviceAlreadyExists,
                format!("A device with ID '{device}' is already registered."),
            ),
            Some(module) => {
                let hub = self
                    .settings
                    .as_ref()
                    .map_or("", |settings| settings.hub_name());
                HubError::new(
                    ErrorCode::ModuleAlreadyExistsOnDevice,
                    format!("Device {device} in IotHub {hub} already contains Module {module}."),
                )
            }
        }
    }

    pub(super) fn create(
        &mut self,
        put: Put<'_>,
        context: &mut Context<'_>,
    ) -> Result<IdentityRow, HubError> {
        let Put {
            identity, wanted, ..
        } = put;
        if identity.module.is_some() {
            modules::check_room(context.sql, &identity)?;
        }
        let twin = match put.twin {
            Some(initial) => Twin::create(initial, context.now)?,
            None => Twin::new(),
        };
        self.judge_tags(&identity, &Map::new(), &twin.tags, context)?;
        self.keep_interval(&identity, &Map::new(), &twin.tags, context)?;
        let ticks = context.now.ticks() + noise(put.entropy);
        let device_scope = match (wanted.iot_edge, wanted.device_scope) {
            (true, _) => Some(edge_scope(&identity.device, ticks)),
            (false, scope) => scope,
        };
        let parent_scope = if wanted.iot_edge {
            wanted.parent_scope
        } else {
            device_scope.clone()
        };
        let own = device_scope.as_ref().filter(|_| wanted.iot_edge);
        scopes::check_parent(own, parent_scope.as_ref(), None, context)?;
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
            managed_by: wanted.managed_by,
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
        self.begin(&row, &twin, context)?;
        context.record(|| record::identity_entry("create", &row.identity, None, Some(&row)));
        if row.iot_edge {
            self.add_edge_modules(&row, &EDGE_MODULES, ticks, context)?;
        }
        Ok(row)
    }

    /// Writes a new identity and its twin.
    fn begin(
        &self,
        row: &IdentityRow,
        twin: &Twin,
        context: &mut Context<'_>,
    ) -> Result<(), HubError> {
        row.store(context)?;
        twins::store(context, &row.identity, twin)?;
        let body = || twin.event_body(&row.identity);
        self.emit_lifecycle(&row.identity, "createDeviceIdentity", &body, context)
    }

    /// Adds those of the modules that are not there, without credentials: a module of an edge
    /// device gets them from the device.
    pub(super) fn add_edge_modules(
        &self,
        device: &IdentityRow,
        names: &[&str],
        ticks: i64,
        context: &mut Context<'_>,
    ) -> Result<(), HubError> {
        for name in names {
            let module = ModuleId::parse(name)
                .map_err(|error| HubError::internal(format!("{name}: {error}")))?;
            let identity = Identity {
                device: device.identity.device.clone(),
                module: Some(module),
            };
            if IdentityRow::load(context.sql, &identity)?.is_some() {
                continue;
            }
            let row = IdentityRow {
                identity,
                enabled: true,
                status_reason: None,
                authentication: Authentication::none(),
                iot_edge: false,
                device_scope: None,
                parent_scope: None,
                managed_by: Some("iotEdge".to_owned()),
                generation_id: format!("{ticks:018}"),
                etag: first_etag(ticks),
                epoch: context.now.milliseconds(),
                persistent: false,
                subscriptions: "[]".to_owned(),
                session: "{}".to_owned(),
                gateway: None,
                connection: None,
                state_updated: None,
                status_updated: None,
                last_activity: None,
                ..device.clone()
            };
            self.begin(&row, &Twin::new(), context)?;
        }
        Ok(())
    }

    pub(super) fn replace(
        &mut self,
        row: IdentityRow,
        wanted: Wanted,
        entropy: &[u8],
        context: &mut Context<'_>,
    ) -> Result<IdentityRow, HubError> {
        let mut new = row.clone();
        modules::check_not_system(&row.identity)?;
        if row.iot_edge && wanted.iot_edge && wanted.device_scope != row.device_scope {
            return Err(HubError::new(
                ErrorCode::ArgumentInvalid,
                "Device scope is immutable: send it back as it is.",
            ));
        }
        let ticks = context.now.ticks() + noise(entropy);
        let becomes_edge = !row.iot_edge && wanted.iot_edge;
        new.device_scope = if becomes_edge {
            Some(edge_scope(&row.identity.device, ticks))
        } else {
            wanted.device_scope
        };
        new.parent_scope = if wanted.iot_edge {
            wanted.parent_scope
        } else {
            new.device_scope.clone()
        };
        let own = new.device_scope.as_ref().filter(|_| wanted.iot_edge);
        let before = row.parent_scope.as_ref();
        scopes::check_parent(own, new.parent_scope.as_ref(), before, context)?;
        new.iot_edge = wanted.iot_edge;
        new.managed_by = wanted.managed_by;
        new.etag = row.etag.saturating_add(1);
        if new.enabled != wanted.enabled {
            new.status_updated = Some(context.now);
        }
        new.enabled = wanted.enabled;
        new.status_reason = wanted.status_reason;
        new.authentication = wanted.authentication;
        new.store(context)?;
        context.record(|| record::identity_entry("update", &row.identity, Some(&row), Some(&new)));
        if becomes_edge {
            self.add_edge_modules(&new, &EDGE_MODULES, ticks, context)?;
        } else if row.iot_edge && !new.iot_edge {
            self.remove_edge_modules(&row.identity.device, context)?;
        }
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
        Ok(new)
    }

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

/// Ticks tell generations apart; the lowest digits are random so that two creations within
/// a millisecond differ too.
fn noise(entropy: &[u8]) -> i64 {
    let bytes = entropy
        .get(64..66)
        .and_then(|bytes| <[u8; 2]>::try_from(bytes).ok());
    i64::from(bytes.map_or(0, u16::from_le_bytes) % 10_000)
}

fn edge_scope(device: &DeviceId, ticks: i64) -> String {
    format!("ms-azure-iot-edge://{device}-{ticks}")
}

/// Etags start somewhere in the clock, so that a re-created device never repeats one.
fn first_etag(ticks: i64) -> i64 {
    ticks.rem_euclid(1_000_000_000_000)
}
