//! A device takes the place of a retired one (`device-management.md` §7.1, step 5).
//!
//! Asked by the outbox of the retired device's shard, perhaps more than once: the mark
//! `tags.replaces` tells that it is done.

use super::identity::IdentityRow;
use super::put::Put;
use super::retirement::replaces;
use super::wanted::Wanted;
use super::{Context, Registry, twins};
use crate::error::{ErrorCode, HubError};
use crate::hub::audit;
use crate::ids::Identity;
use crate::ipc::audit::{AuditEntry, Cause};
use crate::ipc::registry::{Precondition, RegistryReply, Succeed};
use crate::json;
use crate::twin::{SectionPatch, TwinPatch};
use serde_json::{Map, Value};

impl Registry {
    pub(super) fn succeed(
        &mut self,
        succeed: &Succeed,
        context: &mut Context<'_>,
    ) -> Result<RegistryReply, HubError> {
        let identity = Identity::device(succeed.replacement.clone());
        let result = match self.take_over(&identity, succeed, context) {
            Ok(done) => done.then_some("ok"),
            // What cannot be repaired must not be repeated for ever.
            Err(error) if error.code != ErrorCode::ServerError => Some(error.code.name()),
            Err(error) => return Err(error),
        };
        if let Some(result) = result {
            let cause = Cause {
                actor: "hub".to_owned(),
                role: None,
                source: None,
                request_id: String::new(),
            };
            let entry = AuditEntry {
                action: "replaceDevice".to_owned(),
                target: Some(identity),
                result: result.to_owned(),
                before: Value::Null,
                after: json!({ "replaces": replaces(&succeed.predecessor) }),
            };
            audit::append(context.sql, context.now, &[(&cause, &entry)])?;
        }
        Ok(RegistryReply::Done)
    }

    /// Whether something was left to do.
    fn take_over(
        &mut self,
        identity: &Identity,
        succeed: &Succeed,
        context: &mut Context<'_>,
    ) -> Result<bool, HubError> {
        let mark = replaces(&succeed.predecessor);
        context.hands_over = true;
        let mut tags = succeed.tags.clone();
        tags.insert("replaces".to_owned(), mark.clone());
        let patch = TwinPatch::from_sections(
            SectionPatch::Content(tags),
            SectionPatch::Content(succeed.desired.clone()),
        )?;
        let Some(row) = IdentityRow::load(context.sql, identity)? else {
            let mut body = Map::new();
            body.insert("status".to_owned(), json!("disabled"));
            let reason = format!("replaces {}", succeed.predecessor.device_id);
            body.insert("statusReason".to_owned(), json!(shortened(&reason)));
            let wanted = Wanted::parse(identity, &body, &succeed.entropy)?;
            let put = Put {
                identity: identity.clone(),
                precondition: &Precondition::None,
                wanted,
                twin: Some(&patch),
                entropy: &succeed.entropy,
            };
            return self.put(put, context).map(|_| true);
        };
        let mut twin = twins::require(context.sql, identity)?;
        if twin.tags.get("replaces") == Some(&mark) {
            return Ok(false);
        }
        let change = twin.patch_service(&patch, context.now)?;
        self.keep_twin(&row, &twin, &change, context)?;
        self.configure(&row, &twin, context)?;
        Ok(true)
    }
}

/// A status reason has at most 128 characters.
fn shortened(text: &str) -> String {
    text.chars().take(128).collect()
}
