//! Shared access policies: which there are, what they may do, and new keys for them
//! (`service.md` §2.3). The record has their names and rights, never a key.

use super::Hub;
use crate::auth::Rights;
use crate::auth::keys::{GENERATED_KEY_BYTES, key_text};
use crate::auth::policy::{SharedAccessPolicy, check_policies, find_policy};
use crate::error::{ErrorCode, HubError};
use crate::ipc::hub::{HubReply, HubResult, PolicyChange, Settings};
use crate::json;
use crate::sql::Sql;
use serde_json::Value;

/// The launcher shows its connection string, and the hub's owner has no other way in.
const OWNER: &str = "iothubowner";

/// What the record shows.
pub(super) fn summary(settings: &Settings, name: &str) -> Value {
    find_policy(&settings.policies, name).map_or(
        Value::Null,
        |policy| json!({ "name": policy.name, "rights": policy.rights.to_string() }),
    )
}

fn random(bytes: &[u8], place: usize) -> Result<&[u8; GENERATED_KEY_BYTES], HubError> {
    bytes
        .get(place * GENERATED_KEY_BYTES..(place + 1) * GENERATED_KEY_BYTES)
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| HubError::internal("too few random bytes for a key"))
}

fn missing(name: &str) -> HubError {
    let text = format!("There is no policy {name}.");
    HubError::new(ErrorCode::GenericNotFound, text)
}

impl Hub {
    pub(super) fn change_policy(
        &mut self,
        name: &str,
        change: PolicyChange,
        sql: &dyn Sql,
    ) -> HubResult {
        let mut policies = self.required()?.policies.clone();
        let known = policies.iter_mut().find(|policy| policy.name == name);
        match (change, known) {
            (PolicyChange::Put(..) | PolicyChange::Delete, Some(_)) if name == OWNER => {
                return Err(HubError::invalid(
                    "The policy iothubowner stays as it is; its keys can be made anew.",
                ));
            }
            (PolicyChange::Put(rights, _), Some(known)) => known.rights = Rights::parse(&rights)?,
            (PolicyChange::Put(rights, entropy), None) => policies.push(SharedAccessPolicy {
                name: name.to_owned(),
                primary_key: key_text(random(&entropy, 0)?),
                secondary_key: key_text(random(&entropy, 1)?),
                rights: Rights::parse(&rights)?,
            }),
            (PolicyChange::Regenerate(true, entropy), Some(known)) => {
                known.primary_key = key_text(random(&entropy, 0)?);
            }
            (PolicyChange::Regenerate(false, entropy), Some(known)) => {
                known.secondary_key = key_text(random(&entropy, 0)?);
            }
            (PolicyChange::Delete, Some(_)) => policies.retain(|policy| policy.name != name),
            (_, None) => return Err(missing(name)),
        }
        check_policies(&policies)?;
        self.change(sql, |settings| settings.policies = policies)?;
        Ok(HubReply::Settings(Box::new(self.required()?.clone())))
    }
}
