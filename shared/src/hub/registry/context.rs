//! What one input of a shard may use, and what comes of it besides the answer.

use super::changes::Changes;
use crate::error::HubError;
use crate::hub::audit;
use crate::hub::effects::Effects;
use crate::hub::outbox::Outbox;
use crate::ids::{DeviceId, Identity};
use crate::ipc::alert::RaiseAlert;
use crate::ipc::audit::{AuditEntry, Cause};
use crate::ipc::registry::RegistryResult;
use crate::sql::Sql;
use crate::time::Timestamp;
use std::rc::Rc;

/// Alerts in one row of the outbox.
const MOST_ALERTS: usize = 500;

/// What one input may use: time, storage, effects; whether the outbox got rows; and what
/// the record of changes will say.
pub(super) struct Context<'a> {
    pub(super) now: Timestamp,
    pub(super) sql: &'a dyn Sql,
    pub(super) effects: &'a mut Effects<RegistryResult>,
    pub(super) wrote_outbox: bool,
    /// Who is behind the request: the record must tell what follows.
    pub(super) cause: Option<&'a Cause>,
    /// Each with who is behind it, if that is somebody else.
    pub(super) entries: Vec<(Option<Cause>, AuditEntry)>,
    /// What the hub object is to hear.
    pub(super) alerts: Vec<RaiseAlert>,
    /// What the answer is to warn of: tags that break the schema.
    pub(super) warning: Option<String>,
    /// The hub itself writes tags, those of a retired device.
    pub(super) hands_over: bool,
    /// Scopes of edge devices that the asking side has not found.
    pub(super) missing_scopes: Vec<String>,
    /// What events name as their cause while a configuration writes.
    pub(super) configured_by: Option<String>,
    /// Why twins change, for their history.
    pub(super) origin: &'static str,
    pub(super) changes: Rc<Changes>,
}

impl<'a> Context<'a> {
    pub(super) fn new(
        now: Timestamp,
        sql: &'a dyn Sql,
        effects: &'a mut Effects<RegistryResult>,
        cause: Option<&'a Cause>,
        changes: &Rc<Changes>,
    ) -> Self {
        Self {
            now,
            sql,
            effects,
            wrote_outbox: false,
            cause,
            entries: Vec::new(),
            alerts: Vec::new(),
            warning: None,
            hands_over: false,
            missing_scopes: Vec::new(),
            configured_by: None,
            origin: "hub",
            changes: changes.clone(),
        }
    }

    /// A document of queries is not what it was, or not there: for those who watch. Every
    /// write of what a document shows must say so.
    pub(super) fn changed(&self, device: &DeviceId, module: &str) {
        self.changes.note(device, module, false, self.now);
        if module.is_empty() {
            self.changes.touch(device);
        }
    }

    /// A device was heard, and nothing else.
    pub(super) fn heard(&self, identity: &Identity) {
        let module = identity.module_key();
        self.changes.note(&identity.device, module, true, self.now);
    }

    /// Notes a change for the record. `entry` is made only if somebody is behind it.
    pub(super) fn record(&mut self, entry: impl FnOnce() -> AuditEntry) {
        if self.cause.is_some() {
            self.entries.push((None, entry()));
        }
    }

    /// Writes what was noted for the record, and for the hub object. The last thing that a
    /// transaction does.
    pub(super) fn write_entries(&mut self) -> Result<(), HubError> {
        self.wrote_outbox |= !self.alerts.is_empty();
        for alerts in self.alerts.chunks(MOST_ALERTS) {
            Outbox::put_alerts(self.sql, alerts)?;
        }
        let entries = self.entries.iter();
        let entries =
            entries.filter_map(|(own, entry)| Some((own.as_ref().or(self.cause)?, entry)));
        audit::append(self.sql, self.now, &entries.collect::<Vec<_>>())
    }
}
