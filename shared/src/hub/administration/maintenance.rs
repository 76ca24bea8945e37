//! Maintenance policies (`device-management.md` §4.2): kept with the settings, so that every
//! shard has them; judged by the shards.

use super::{Hub, check_precondition, configurations, patterns};
use crate::error::{ErrorCode, HubError};
use crate::ipc::hub::{HubReply, HubResult};
use crate::ipc::registry::Precondition;
use crate::json;
use crate::maintenance::{Disruption, Policy};
use crate::pattern;
use crate::sql::Sql;
use crate::twin::etag::etag_text;
use crate::writing::JsonText;
use serde_json::Value;

/// Policies of a hub, and all their bytes together: they travel with the settings.
const MAX_POLICIES: usize = 50;
const MAX_BYTES: usize = 128 * 1024;

/// The id in a policy's document.
pub(super) fn id_of(document: &Value) -> &str {
    document
        .get("id")
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// The policy of this id.
pub(super) fn find<'a>(policies: &'a [Value], id: &str) -> Option<&'a Value> {
    policies.iter().find(|policy| id_of(policy) == id)
}

/// What a policy writes into the desired properties of its targets, if it says so
/// (`device-management.md` §4.5). No configuration of a person has such an id.
pub(super) fn as_configuration(policy: &Value) -> Option<Value> {
    if policy.get("pushToDevice") != Some(&Value::Bool(true)) {
        return None;
    }
    let member = |name: &str| policy.get(name).cloned();
    let id = id_of(policy);
    let list = |name: &str| member(name).unwrap_or_else(|| json!([]));
    let desired = json!({
        "policyId": id,
        "version": member("version"),
        "windows": list("windows"),
        "blackouts": list("blackouts"),
    });
    Some(json!({
        "id": format!("maintenance:{id}"),
        "priority": member("priority").unwrap_or_else(|| json!(0)),
        "createdTimeUtc": null,
        "revision": member("version"),
        "targetCondition": member("targetCondition").unwrap_or_else(|| json!("*")),
        "content": { "deviceContent": { "properties.desired.maintenance": desired } },
    }))
}

/// A list of documents in order of id, with one more, or another one under its id. They travel
/// with the settings, so there is an end to their number and size.
pub(super) fn with_document(
    known: &[Value],
    document: &Value,
    most: usize,
    most_bytes: usize,
) -> Result<Vec<Value>, HubError> {
    let mut documents = known.to_vec();
    documents.retain(|known| id_of(known) != id_of(document));
    documents.push(document.clone());
    crate::sorting::sort_by(&mut documents, |one, other| id_of(one).cmp(id_of(other)));
    let bytes: usize = documents.iter().map(|known| known.json_text().len()).sum();
    if documents.len() > most || bytes > most_bytes {
        return Err(HubError::new(
            ErrorCode::IotHubQuotaExceeded,
            format!(
                "A hub has at most {most} of these, of {most_bytes} bytes together; delete one \
                 first."
            ),
        ));
    }
    Ok(documents)
}

impl Hub {
    pub(super) fn put_maintenance_policy(
        &mut self,
        mut document: Value,
        precondition: &Precondition,
        sql: &dyn Sql,
    ) -> HubResult {
        let policy = Policy::read(&document)?;
        let is_new = self.check_policy(&policy.id, precondition)?;
        let settings = self.required()?;
        let next = settings.version + 1;
        if let Value::Object(members) = &mut document {
            members.insert("version".to_owned(), json!(next));
            members.insert("etag".to_owned(), json!(etag_text(next)));
        }
        let kept = &settings.maintenance;
        let policies = with_document(kept, &document, MAX_POLICIES, MAX_BYTES)?;
        self.keep_policies(policies, sql)?;
        let policy = Box::new(document);
        Ok(HubReply::Policy { is_new, policy })
    }

    pub(super) fn delete_maintenance_policy(
        &mut self,
        id: &str,
        precondition: &Precondition,
        sql: &dyn Sql,
    ) -> HubResult {
        let mut policies = self.required()?.maintenance.clone();
        if find(&policies, id).is_none() {
            return Ok(HubReply::Changed(false));
        }
        self.check_policy(id, precondition)?;
        policies.retain(|known| id_of(known) != id);
        self.keep_policies(policies, sql)?;
        Ok(HubReply::Changed(true))
    }

    /// Stores the policies. What devices get of them travels with the configurations, which
    /// are pushed anew if that changes.
    fn keep_policies(&mut self, policies: Vec<Value>, sql: &dyn Sql) -> Result<(), HubError> {
        let pushed = |policies: &[Value]| -> Vec<Value> {
            policies.iter().filter_map(as_configuration).collect()
        };
        let is_other = pushed(&policies) != pushed(&self.required()?.maintenance);
        if is_other {
            let next = configurations::version(sql)? + 1;
            self.keep_set(sql, next, true, &|| Ok(()))?;
        }
        self.change(sql, |settings| settings.maintenance = policies)
    }

    /// Has shards know which steps are disruptive, and when operations have failed, after a
    /// pattern has changed.
    pub(super) fn keep_disruptions(&mut self, sql: &dyn Sql) -> Result<(), HubError> {
        let known = patterns::list(sql, None)?;
        let known = known
            .iter()
            .filter_map(|known| pattern::check::read(known).ok());
        let known: Vec<pattern::Pattern> = known.collect();
        let disruptions: Vec<Disruption> = known.iter().filter_map(Disruption::of).collect();
        let is_own = |known: &&pattern::Pattern| {
            pattern::builtin::pattern(&known.id).as_ref() != Some(*known)
        };
        let own = known.iter().filter(is_own);
        let own: Vec<Value> = own.map(pattern::Pattern::document).collect();
        let settings = self.required()?;
        if disruptions == settings.disruptions && own == settings.patterns {
            return Ok(());
        }
        self.change(sql, |settings| {
            settings.disruptions = disruptions;
            settings.patterns = own;
        })
    }

    /// Whether the policy is new, which is as the caller thinks.
    fn check_policy(&self, id: &str, precondition: &Precondition) -> Result<bool, HubError> {
        let known = find(&self.required()?.maintenance, id);
        let etag = known.and_then(|known| known.get("etag")?.as_str());
        check_precondition(precondition, etag)?;
        Ok(known.is_none())
    }
}
