//! Alert rules (`device-management.md` §5): kept with the settings, so that every shard has
//! them. Those that are always there are kept only where they differ from what is built in.

use super::maintenance::with_document;
use super::{Hub, alert_conditions, certificates, check_precondition};
use crate::alert::Rule;
use crate::alert::rule::{RuleSettings, find, id_of};
use crate::error::HubError;
use crate::ipc::hub::{HubReply, HubResult};
use crate::ipc::registry::Precondition;
use crate::json;
use crate::sql::Sql;
use crate::time::Timestamp;
use crate::twin::etag::etag_text;
use serde_json::Value;

/// Rules of a hub, and all their bytes together: they travel with the settings.
const MAX_RULES: usize = 50;
const MAX_BYTES: usize = 64 * 1024;

impl Hub {
    pub(super) fn put_alert_rule(
        &mut self,
        now: Timestamp,
        mut document: Value,
        precondition: &Precondition,
        sql: &dyn Sql,
    ) -> HubResult {
        let id = id_of(&document).to_owned();
        let Value::Object(members) = &mut document else {
            return Err(HubError::invalid("An alert rule must be a JSON object."));
        };
        let rule = RuleSettings::read(members)?;
        let settings = self.required()?;
        let is_new = find(&settings.alert_rules, &id).is_none();
        self.check_alert_rule(&id, precondition)?;
        let etag = etag_text(settings.version + 1);
        members.insert("etag".to_owned(), json!(etag));
        let rules = with_document(&settings.alert_rules, &document, MAX_RULES, MAX_BYTES)?;
        self.change(sql, |settings| settings.alert_rules = rules)?;
        if !rule.enabled {
            alert_conditions::forget_rule(now, &id, sql)?;
        } else if rule.rule == Rule::CREDENTIAL_EXPIRING {
            certificates::foresee_ends(now, None, sql)?;
        }
        let policy = Box::new(document);
        Ok(HubReply::Policy { is_new, policy })
    }

    pub(super) fn delete_alert_rule(
        &mut self,
        now: Timestamp,
        id: &str,
        precondition: &Precondition,
        sql: &dyn Sql,
    ) -> HubResult {
        let mut rules = self.required()?.alert_rules.clone();
        if !rules.iter().any(|known| id_of(known) == id) {
            return Ok(HubReply::Changed(false));
        }
        self.check_alert_rule(id, precondition)?;
        rules.retain(|known| id_of(known) != id);
        self.change(sql, |settings| settings.alert_rules = rules)?;
        if find(&self.required()?.alert_rules, id).is_none() {
            alert_conditions::forget_rule(now, id, sql)?;
        }
        if id == Rule::CREDENTIAL_EXPIRING.name() {
            certificates::foresee_ends(now, None, sql)?;
        }
        Ok(HubReply::Changed(true))
    }

    /// Whether the rule is as the caller thinks.
    fn check_alert_rule(&self, id: &str, precondition: &Precondition) -> Result<(), HubError> {
        let rules = &self.required()?.alert_rules;
        let known = rules.iter().find(|known| id_of(known) == id);
        let etag = known.and_then(|known| known.get("etag")?.as_str());
        check_precondition(precondition, etag)
    }
}
