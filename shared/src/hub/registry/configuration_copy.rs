//! This shard's copy of the configurations, and whom they are for (`service.md` §11.3.2).

use super::identity::IdentityRow;
use super::{messages, twins};
use crate::configuration::Configuration;
use crate::configuration::content::Family;
use crate::configuration::marks;
use crate::configuration::merge::ranked;
use crate::error::HubError;
use crate::ids::Identity;
use crate::query::Sections;
use crate::sql::Sql;
use crate::twin::Twin;
use serde_json::Value;

/// `configuration_pass` has one row: the version of the copy, and of what the newest pass over
/// all twins that has ended was about.
pub(super) const SCHEMA: &[&str] = &[
    "CREATE TABLE configuration (
        id TEXT PRIMARY KEY,
        revision INTEGER NOT NULL,
        document TEXT NOT NULL
    ) WITHOUT ROWID",
    "CREATE TABLE configuration_pass (
        id INTEGER PRIMARY KEY CHECK (id = 0),
        version INTEGER NOT NULL,
        passed INTEGER NOT NULL,
        passed_at INTEGER NOT NULL
    )",
    "ALTER TABLE twin ADD COLUMN configurations BLOB",
];

/// The configurations as this shard knows them.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub version: u64,
    pub passed: u64,
    pub passed_at: i64,
    pub members: Vec<Configuration>,
    /// What conditions read of a twin.
    pub sections: Sections,
    has_edge: bool,
}

impl Known {
    pub(super) fn load(sql: &dyn Sql) -> Result<Self, HubError> {
        let rows = sql.query("SELECT document FROM configuration ORDER BY id", &[])?;
        let mut members = Vec::with_capacity(rows.len());
        for row in &rows {
            let document: Value = serde_json::from_str(row.required_text(0)?)
                .map_err(|error| HubError::internal(format!("stored configuration: {error}")))?;
            // One that only a newer hub understands must not keep the shard from opening.
            members.extend(Configuration::read(&document));
        }
        let rows = sql.query(
            "SELECT version, passed, passed_at FROM configuration_pass",
            &[],
        )?;
        let number = |column: usize| {
            rows.first()
                .and_then(|row| row.integer(column))
                .unwrap_or(0)
        };
        let paths: Vec<_> = members
            .iter()
            .flat_map(|member| member.target.paths())
            .collect();
        let sections = Sections::of(&paths);
        Ok(Self {
            version: number(0).unsigned_abs(),
            passed: number(1).unsigned_abs(),
            passed_at: number(2),
            has_edge: members.iter().any(|member| member.family == Family::Edge),
            sections,
            members,
        })
    }

    /// Whether a twin is marked with just what it is a target of.
    pub(super) fn is_settled(
        &self,
        row: &IdentityRow,
        twin: &Twin,
        sql: &dyn Sql,
    ) -> Result<bool, HubError> {
        let pending = if self.sections.messages {
            messages::pending_count(sql, &row.identity)?
        } else {
            0
        };
        let document = twins::body(row, twin, pending);
        let matching = match row.identity.module {
            None => self.for_device(row, &document),
            Some(_) => self.for_module(sql, &row.identity, &document)?,
        };
        Ok(marks::are_current(&twin.configurations, &matching))
    }

    /// Those that a device is a target of, in the order of their ranks.
    pub(super) fn for_device(&self, row: &IdentityRow, document: &Value) -> Vec<&Configuration> {
        let fits = |member: &&Configuration| match member.family {
            Family::Devices => true,
            Family::Edge => row.iot_edge,
            Family::Modules => false,
        };
        let members = self.members.iter().filter(fits);
        ranked(
            members
                .filter(|member| member.target.includes(document))
                .collect(),
        )
    }

    /// Those that a module is a target of: by its own twin, or as a part of an edge device,
    /// whose marks tell which, since a device is evaluated before its modules.
    pub(super) fn for_module(
        &self,
        sql: &dyn Sql,
        identity: &Identity,
        document: &Value,
    ) -> Result<Vec<&Configuration>, HubError> {
        let of_device = if self.has_edge {
            let device = Identity::device(identity.device.clone());
            twins::load(sql, &device)?.map(|twin| twin.configurations)
        } else {
            None
        };
        let of_device = of_device.unwrap_or_default();
        let name = identity.module_key();
        let fits = |member: &&Configuration| match member.family {
            Family::Devices => false,
            Family::Modules => member.target.includes(document),
            Family::Edge => {
                of_device.contains_key(&member.id)
                    && member.leaves.iter().any(|leaf| leaf.namespace() == name)
            }
        };
        Ok(ranked(self.members.iter().filter(fits).collect()))
    }
}
