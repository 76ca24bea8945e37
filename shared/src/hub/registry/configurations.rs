//! What configurations make of a twin (`service.md` §11.3).
//!
//! Evaluated in the transaction of every write of a twin or an identity, and by passes over
//! all twins (`configuration_pass`). A twin is written only if what it is a target of has
//! changed, and then only where it differs; whatever else somebody writes stays. It costs
//! nothing where there are no configurations.

use super::configuration_copy::Known;
use super::identity::IdentityRow;
use super::query::{self, read_twin};
use super::{Context, Registry, modules, record, twins};
use crate::configuration::Configuration;
use crate::configuration::marks;
use crate::configuration::merge::{self, Decision, decide};
use crate::error::{ErrorCode, HubError};
use crate::ids::{DeviceId, Identity, ModuleId};
use crate::ipc::audit::{AuditEntry, Cause};
use crate::ipc::registry::{ApplyConfigurations, RegistryReply};
use crate::json;
use crate::query::{DocumentKey, Sections};
use crate::sql::{Row, Sql};
use crate::twin::{SectionPatch, Twin, TwinPatch};
use crate::writing::JsonText;
use serde_json::Value;
use std::rc::Rc;

/// A write of a configuration may make a device a target of others, if conditions look at
/// desired properties; after so many rounds the next pass goes on.
const ROUNDS: u32 = 4;

/// A row of an identity with its twin and the document that conditions are about.
pub(super) fn load_whole(
    sql: &dyn Sql,
    identity: &Identity,
) -> Result<Option<(IdentityRow, Twin, Value)>, HubError> {
    let row = query::read_row(sql, Sections::ALL, &DocumentKey::of(identity))?;
    row.as_ref().map(read_whole).transpose()
}

pub(super) fn read_whole(row: &Row) -> Result<(IdentityRow, Twin, Value), HubError> {
    let (identity, twin) = (IdentityRow::read(row)?, read_twin(row, 0)?);
    let document = twins::body(&identity, &twin, query::pending(row));
    Ok((identity, twin, document))
}

pub(super) fn module_of(device: &DeviceId, name: &str) -> Result<Identity, HubError> {
    let module = ModuleId::parse(name)
        .map_err(|error| HubError::internal(format!("a module {name:?}: {error}")))?;
    Ok(Identity {
        device: device.clone(),
        module: Some(module),
    })
}

pub(super) fn modules_of(sql: &dyn Sql, device: &DeviceId) -> Result<Vec<Identity>, HubError> {
    let rows = sql.query(
        "SELECT module_id FROM identity WHERE device_id = ? AND module_id <> ''",
        &[device.as_str().into()],
    )?;
    rows.iter()
        .map(|row| module_of(device, row.required_text(0)?))
        .collect()
}

impl Registry {
    /// Takes a newer set of configurations; a pass over all twins begins.
    pub(super) fn apply_configurations(
        &mut self,
        new: &ApplyConfigurations,
        context: &mut Context<'_>,
    ) -> Result<RegistryReply, HubError> {
        if new.version <= self.configurations.version {
            return Ok(RegistryReply::Done);
        }
        let sql = context.sql;
        for row in sql.query("SELECT id FROM configuration", &[])? {
            let id = row.required_text(0)?;
            let is_it = |document: &Value| document.get("id").and_then(Value::as_str) == Some(id);
            if !new.configurations.iter().any(is_it) {
                sql.execute("DELETE FROM configuration WHERE id = ?", &[id.into()])?;
            }
        }
        for document in &new.configurations {
            let Ok(read) = Configuration::read(document) else {
                continue;
            };
            if !self.configurations.members.contains(&read) {
                sql.execute(
                    "INSERT INTO configuration (id, revision, document) VALUES (?, ?, ?) \
                     ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, \
                     document = excluded.document",
                    &[
                        read.id.into(),
                        read.revision.into(),
                        document.json_text().into(),
                    ],
                )?;
            }
        }
        sql.execute(
            "INSERT INTO configuration_pass (id, version, passed, passed_at) VALUES (0, ?, 0, 0) \
             ON CONFLICT (id) DO UPDATE SET version = excluded.version",
            &[new.version.into()],
        )?;
        self.configurations = Rc::new(Known::load(sql)?);
        self.begin_pass(context.now, context.effects);
        Ok(RegistryReply::Done)
    }

    /// Evaluates an identity whose twin was written, and is stored. Answers whether it was
    /// written again.
    pub(super) fn configure(
        &mut self,
        row: &IdentityRow,
        twin: &Twin,
        context: &mut Context<'_>,
    ) -> Result<bool, HubError> {
        let known = self.configurations.clone();
        if known.members.is_empty() || known.is_settled(row, twin, context.sql)? {
            return Ok(false);
        }
        self.configure_again(&known, &row.identity, context)
    }

    /// An identity that is not as its configurations say.
    pub(super) fn configure_again(
        &mut self,
        known: &Known,
        identity: &Identity,
        context: &mut Context<'_>,
    ) -> Result<bool, HubError> {
        match identity.module {
            None => self.configure_device(known, &identity.device, context),
            Some(_) => self.configure_module(known, identity, context),
        }
    }

    /// Evaluates an identity that was written, with its modules, which may be new.
    pub(super) fn configure_all(
        &mut self,
        identity: &Identity,
        context: &mut Context<'_>,
    ) -> Result<(), HubError> {
        let known = self.configurations.clone();
        if known.members.is_empty() {
            return Ok(());
        }
        self.configure_again(&known, identity, context)?;
        if identity.module.is_some() {
            return Ok(());
        }
        for module in modules_of(context.sql, &identity.device)? {
            self.configure_module(&known, &module, context)?;
        }
        Ok(())
    }

    /// A device, and its modules if it changed.
    pub(super) fn configure_device(
        &mut self,
        known: &Known,
        device: &DeviceId,
        context: &mut Context<'_>,
    ) -> Result<bool, HubError> {
        let identity = Identity::device(device.clone());
        let mut changed = false;
        for _ in 0..ROUNDS {
            let Some((row, twin, document)) = load_whole(context.sql, &identity)? else {
                break;
            };
            let mut matching = known.for_device(&row, &document);
            self.leave_out_held(&mut matching, &row, &twin, context)?;
            if marks::are_current(&twin.configurations, &matching) {
                break;
            }
            changed = true;
            self.add_modules(&row, &matching, context)?;
            let decisions = decide(&matching, None);
            let wrote = self.settle(&row, twin, &matching, &decisions, context)?;
            for module in modules_of(context.sql, device)? {
                self.configure_module(known, &module, context)?;
            }
            if !(wrote && known.sections.desired) {
                break;
            }
        }
        Ok(changed)
    }

    /// One module.
    pub(super) fn configure_module(
        &mut self,
        known: &Known,
        identity: &Identity,
        context: &mut Context<'_>,
    ) -> Result<bool, HubError> {
        let Some((row, twin, document)) = load_whole(context.sql, identity)? else {
            return Ok(false);
        };
        let matching = known.for_module(context.sql, identity, &document)?;
        if marks::are_current(&twin.configurations, &matching) {
            return Ok(false);
        }
        let decisions = decide(&matching, Some(identity.module_key()));
        self.settle(&row, twin, &matching, &decisions, context)?;
        Ok(true)
    }

    /// Adds the modules that edge content names, as far as there is room.
    fn add_modules(
        &self,
        row: &IdentityRow,
        matching: &[&Configuration],
        context: &mut Context<'_>,
    ) -> Result<(), HubError> {
        let mut last = "";
        for leaf in matching.iter().flat_map(|matching| &matching.leaves) {
            let name = leaf.namespace();
            if name.is_empty() || name == last {
                continue;
            }
            last = name;
            let module = module_of(&row.identity.device, name)?;
            if IdentityRow::load(context.sql, &module)?.is_none()
                && modules::check_room(context.sql, &module).is_ok()
            {
                self.add_edge_modules(row, &[name], context.now.ticks(), context)?;
            }
        }
        Ok(())
    }

    /// Brings the winners into a twin, and marks it. Answers whether desired properties changed.
    fn settle(
        &mut self,
        row: &IdentityRow,
        mut twin: Twin,
        matching: &[&Configuration],
        decisions: &[Decision<'_>],
        context: &mut Context<'_>,
    ) -> Result<bool, HubError> {
        // Leaves of other modules are decided about with a device, but are not its own.
        let is_own = |decision: &&Decision<'_>| {
            decision.lost_to.is_none()
                && (row.identity.module.is_some() || decision.leaf.namespace().is_empty())
        };
        let won: Vec<&Decision<'_>> = decisions.iter().filter(is_own).collect();
        let wanted = merge::patch(
            won.iter().map(|decision| decision.leaf),
            &twin.desired.properties,
        );
        if wanted.is_empty() {
            let marks = marks::of(matching, decisions, true);
            twins::store_marks(context, &row.identity, &marks)?;
            return Ok(false);
        }
        let before = twin.clone();
        twin.configurations = marks::of(matching, decisions, true);
        let written =
            TwinPatch::from_sections(SectionPatch::Absent, SectionPatch::Content(wanted.clone()))
                .and_then(|patch| Ok((twin.patch_service(&patch, context.now)?, patch)));
        let (change, patch) = match written {
            Ok(written) => written,
            // It does not fit into this twin: nothing of it is written.
            Err(error) if error.code == ErrorCode::ArgumentInvalid => {
                let marks = marks::of(matching, decisions, false);
                twins::store_marks(context, &row.identity, &marks)?;
                return Ok(false);
            }
            Err(error) => return Err(error),
        };
        let writes = |decision: &&&Decision<'_>| merge::at(&wanted, decision.leaf.path()).is_some();
        let mut writers: Vec<&str> = Vec::new();
        for decision in won.iter().filter(writes) {
            let id = decision.configuration.id.as_str();
            if writers.last() != Some(&id) {
                writers.push(id);
            }
        }
        let name = format!("configuration:{}", writers.first().unwrap_or(&""));
        context.configured_by = Some(name.clone());
        self.keep_twin(row, &twin, &change, context)?;
        context.configured_by = None;
        let mut after = record::twin_parts(&twin, &patch, false);
        if let Value::Object(after) = &mut after {
            after.insert("configurations".to_owned(), json!(writers));
        }
        let cause = Cause {
            actor: name.clone(),
            role: None,
            source: None,
            request_id: name,
        };
        let entry = AuditEntry {
            action: "updateTwin".to_owned(),
            target: Some(row.identity.clone()),
            result: record::OK.to_owned(),
            before: record::twin_parts(&before, &patch, false),
            after,
        };
        context.entries.push((Some(cause), entry));
        Ok(true)
    }
}
