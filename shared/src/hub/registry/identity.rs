//! Identity rows: how they are read, written and shown (`service.md` §4.2).

use super::{Context, Registry};
use crate::error::{ErrorCode, HubError};
use crate::ids::{DeviceId, Identity};
use crate::ipc::registry::{DeleteDevice, Document, Precondition, RegistryReply};
use crate::json;
use crate::sql::{Row, Sql, SqlValue};
use crate::time::Timestamp;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};

use super::authentication::Authentication;
use crate::reading;

/// Everything an identity is but its twin.
#[derive(Debug, Clone)]
pub(super) struct IdentityRow {
    pub identity: Identity,
    pub generation_id: String,
    pub etag: i64,
    pub enabled: bool,
    pub status_reason: Option<String>,
    pub status_updated: Option<Timestamp>,
    pub authentication: Authentication,
    pub iot_edge: bool,
    pub device_scope: Option<String>,
    pub parent_scope: Option<String>,
    pub managed_by: Option<String>,
    pub model_id: Option<String>,
    pub epoch: i64,
    pub gateway: Option<u16>,
    pub connection: Option<String>,
    pub state_updated: Option<Timestamp>,
    pub last_activity: Option<Timestamp>,
    pub persistent: bool,
    pub subscriptions: String,
    pub session: String,
    pub next_sequence: i64,
}

pub(super) const COLUMNS: &str = "device_id, module_id, generation_id, etag, status, \
    status_reason, status_updated, authentication, iot_edge, device_scope, parent_scope, \
    model_id, epoch, gateway, connection, state_updated, last_activity, persistent, \
    subscriptions, session, next_sequence, managed_by";

fn time(row: &Row, column: usize) -> Option<Timestamp> {
    row.integer(column).map(Timestamp::from_milliseconds)
}

impl IdentityRow {
    pub(super) fn read(row: &Row) -> Result<Self, HubError> {
        let text = |column: usize| row.required_text(column).map(str::to_owned);
        let device = DeviceId::parse(row.required_text(0)?).map_err(|error| {
            HubError::internal(format!("a stored device id is illegal: {error}"))
        })?;
        let module = match row.required_text(1)? {
            "" => None,
            module => Some(crate::ids::ModuleId::parse(module).map_err(|error| {
                HubError::internal(format!("a stored module id is illegal: {error}"))
            })?),
        };
        Ok(Self {
            identity: Identity { device, module },
            generation_id: text(2)?,
            etag: row.integer(3).unwrap_or(0),
            enabled: row.required_text(4)? == "enabled",
            status_reason: row.text(5).map(str::to_owned),
            status_updated: time(row, 6),
            authentication: reading::from_str(row.required_text(7)?)
                .map_err(|error| HubError::internal(format!("stored authentication: {error}")))?,
            iot_edge: row.integer(8) == Some(1),
            device_scope: row.text(9).map(str::to_owned),
            parent_scope: row.text(10).map(str::to_owned),
            model_id: row.text(11).map(str::to_owned),
            epoch: row.integer(12).unwrap_or(0),
            gateway: row
                .integer(13)
                .and_then(|number| u16::try_from(number).ok()),
            connection: row.text(14).map(str::to_owned),
            state_updated: time(row, 15),
            last_activity: time(row, 16),
            persistent: row.integer(17) == Some(1),
            subscriptions: text(18)?,
            session: text(19)?,
            next_sequence: row.integer(20).unwrap_or(1),
            managed_by: row.text(21).map(str::to_owned),
        })
    }

    pub(super) fn load(sql: &dyn Sql, identity: &Identity) -> Result<Option<Self>, HubError> {
        let statement =
            format!("SELECT {COLUMNS} FROM identity WHERE device_id = ? AND module_id = ?");
        let rows = sql.query(
            &statement,
            &[
                identity.device.as_str().into(),
                identity.module_key().into(),
            ],
        )?;
        rows.first().map(Self::read).transpose()
    }

    /// The row, or the error that the service plane answers for a missing one.
    pub(super) fn require(sql: &dyn Sql, identity: &Identity) -> Result<Self, HubError> {
        Self::load(sql, identity)?.ok_or_else(|| HubError::device_not_found(&identity.device))
    }

    /// Writes what an identity write may change; the session columns stay.
    pub(super) fn store(&self, context: &Context<'_>) -> Result<(), HubError> {
        let identity = &self.identity;
        context.changed(&identity.device, identity.module_key());
        let authentication = serde_json::to_string(&self.authentication)
            .map_err(|error| HubError::internal(error.to_string()))?;
        let milliseconds =
            |time: Option<Timestamp>| -> SqlValue { time.map(Timestamp::milliseconds).into() };
        context.sql.execute(
            "INSERT INTO identity (device_id, module_id, generation_id, etag, status, \
             status_reason, status_updated, authentication, iot_edge, device_scope, parent_scope, \
             managed_by, epoch) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
             ON CONFLICT (device_id, module_id) DO UPDATE SET etag = excluded.etag, \
             status = excluded.status, status_reason = excluded.status_reason, \
             status_updated = excluded.status_updated, authentication = excluded.authentication, \
             iot_edge = excluded.iot_edge, device_scope = excluded.device_scope, \
             parent_scope = excluded.parent_scope, managed_by = excluded.managed_by",
            &[
                self.identity.device.as_str().into(),
                self.identity.module_key().into(),
                self.generation_id.as_str().into(),
                self.etag.into(),
                if self.enabled { "enabled" } else { "disabled" }.into(),
                self.status_reason.clone().into(),
                milliseconds(self.status_updated),
                authentication.into(),
                self.iot_edge.into(),
                self.device_scope.clone().into(),
                self.parent_scope.clone().into(),
                self.managed_by.clone().into(),
                self.epoch.into(),
            ],
        )
    }

    pub(super) fn etag_text(&self) -> String {
        STANDARD.encode(self.etag.to_string())
    }

    pub(super) fn is_connected(&self) -> bool {
        self.gateway.is_some()
    }

    /// The identity as REST shows it, keys included.
    pub(super) fn document(&self, sql: &dyn Sql) -> Result<Document, HubError> {
        let mut body = self.body();
        let pending = super::messages::pending_count(sql, &self.identity)?;
        body.insert("cloudToDeviceMessageCount".into(), json!(pending));
        Ok(Document {
            etag: self.etag_text(),
            body: Value::Object(body),
            warning: None,
        })
    }

    /// What the identity itself says, keys included.
    pub(super) fn body(&self) -> Map<String, Value> {
        let moment = |time: Option<Timestamp>| json!(time.unwrap_or(Timestamp::UNSET));
        let mut body = Map::new();
        body.insert("deviceId".into(), json!(self.identity.device));
        if let Some(module) = &self.identity.module {
            body.insert("moduleId".into(), json!(module));
            body.insert("managedBy".into(), json!(self.managed_by));
        }
        body.insert("generationId".into(), json!(self.generation_id));
        body.insert("etag".into(), json!(self.etag_text()));
        body.insert("connectionState".into(), json!(self.connection_state()));
        if self.identity.module.is_none() {
            body.insert("status".into(), json!(self.status()));
            body.insert("statusReason".into(), json!(self.status_reason));
        }
        body.insert(
            "connectionStateUpdatedTime".into(),
            moment(self.state_updated),
        );
        if self.identity.module.is_none() {
            body.insert("statusUpdatedTime".into(), moment(self.status_updated));
        }
        body.insert("lastActivityTime".into(), moment(self.last_activity));
        body.insert("authentication".into(), self.authentication.document());
        if self.identity.module.is_none() {
            body.insert("capabilities".into(), json!({ "iotEdge": self.iot_edge }));
        }
        if let Some(scope) = &self.device_scope {
            body.insert("deviceScope".into(), json!(scope));
        }
        if let Some(scope) = &self.parent_scope {
            body.insert("parentScopes".into(), json!([scope]));
        }
        body
    }

    pub(super) fn status(&self) -> &'static str {
        if self.enabled { "enabled" } else { "disabled" }
    }

    pub(super) fn connection_state(&self) -> &'static str {
        if self.is_connected() {
            "Connected"
        } else {
            "Disconnected"
        }
    }
}

pub(super) fn get_device(
    device: &DeviceId,
    context: &mut Context<'_>,
) -> Result<RegistryReply, HubError> {
    let row = IdentityRow::require(context.sql, &Identity::device(device.clone()))?;
    Ok(RegistryReply::Device(row.document(context.sql)?))
}

/// `If-Match` against an etag (`service.md` §4.1).
pub(super) fn check_etag(precondition: &Precondition, etag: &str) -> Result<(), HubError> {
    match precondition {
        Precondition::Etag(wanted) if wanted != etag => Err(HubError::new(
            ErrorCode::PreconditionFailed,
            "PreconditionFailed, ETag may be invalid.",
        )),
        _ => Ok(()),
    }
}

impl Registry {
    pub(super) fn delete_device(
        &mut self,
        delete: &DeleteDevice,
        context: &mut Context<'_>,
    ) -> Result<RegistryReply, HubError> {
        self.delete(
            &Identity::device(delete.device.clone()),
            &delete.precondition,
            context,
        )?;
        Ok(RegistryReply::Done)
    }

    /// Deletes an identity with all that belongs to it; a device with all of its modules.
    pub(super) fn delete(
        &mut self,
        identity: &Identity,
        precondition: &Precondition,
        context: &mut Context<'_>,
    ) -> Result<(), HubError> {
        if *precondition == Precondition::None {
            return Err(HubError::new(ErrorCode::PreconditionFailed, "Etag missing"));
        }
        let Some(row) = IdentityRow::load(context.sql, identity)? else {
            return Err(super::modules::not_found(context.sql, identity)?);
        };
        check_etag(precondition, &row.etag_text())?;
        super::modules::check_not_system(identity)?;
        if identity.module.is_some() {
            return self.end_identity(&row, context);
        }
        self.delete_whole_device(&identity.device, context)
    }

    /// Deletes a device and its modules without asking.
    pub(super) fn delete_whole_device(
        &mut self,
        device: &DeviceId,
        context: &mut Context<'_>,
    ) -> Result<(), HubError> {
        // All identities of the device end with it, each with its own last event.
        let statement = format!("SELECT {COLUMNS} FROM identity WHERE device_id = ?");
        let gone = Some(("DeviceNotFound", "The device was deleted."));
        self.leave_jobs(device, super::job_rows::State::Failed, gone, context)?;
        for row in context.sql.query(&statement, &[device.as_str().into()])? {
            self.end_identity(&IdentityRow::read(&row)?, context)?;
        }
        self.forget_signals(&Identity::device(device.clone()), context)?;
        let device = device.as_str();
        for table in ["message", "feedback", "upload", "dead_letter", "liveness"] {
            context.sql.execute(
                &format!("DELETE FROM {table} WHERE device_id = ?"),
                &[device.into()],
            )?;
        }
        Ok(())
    }

    /// Closes an identity's connection, tells of its end and removes its rows.
    pub(super) fn end_identity(
        &mut self,
        row: &IdentityRow,
        context: &mut Context<'_>,
    ) -> Result<(), HubError> {
        let identity = &row.identity;
        if let (Some(gateway), Some(connection)) = (row.gateway, &row.connection) {
            Self::close(gateway, connection, "deviceDeleted", context)?;
        }
        context.record(|| super::record::identity_entry("delete", identity, Some(row), None));
        if let Some(twin) = super::twins::load(context.sql, identity)? {
            let body = || twin.event_body(identity);
            self.emit_lifecycle(identity, "deleteDeviceIdentity", &body, context)?;
        }
        context.changed(&identity.device, identity.module_key());
        for table in ["identity", "twin", "twin_history"] {
            context.sql.execute(
                &format!("DELETE FROM {table} WHERE device_id = ? AND module_id = ?"),
                &[
                    identity.device.as_str().into(),
                    identity.module_key().into(),
                ],
            )?;
        }
        Ok(())
    }

    pub(super) fn emit_lifecycle(
        &self,
        identity: &Identity,
        operation: &str,
        body: &dyn Fn() -> Value,
        context: &mut Context<'_>,
    ) -> Result<(), HubError> {
        self.emit(
            identity,
            "deviceLifecycleEvents",
            "deviceLifecycleNotification",
            operation,
            body,
            context,
        )
    }
}
