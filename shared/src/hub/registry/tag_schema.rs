//! Tags of device twins against the hub's schema (`device-management.md` §7).
//!
//! A write is judged by the tags that it leaves, and only if it changes them, so that old
//! violations never stand in the way of anything else. Tags of modules are free. What the
//! hub hands over to a replacement is never refused: the retirement is done by then, and
//! the tags were good for the predecessor.

use super::{Context, Registry};
use crate::error::HubError;
use crate::ids::Identity;
use crate::ipc::hub::TagSchemaMode;
use crate::twin::tag_schema::violation;
use serde_json::{Map, Value};

impl Registry {
    /// Refuses a write that would leave such tags, or notes a warning for its answer.
    pub(super) fn judge_tags(
        &self,
        identity: &Identity,
        before: &Map<String, Value>,
        after: &Map<String, Value>,
        context: &mut Context<'_>,
    ) -> Result<(), HubError> {
        let known = self
            .settings
            .as_ref()
            .and_then(|known| known.tag_schema.as_ref());
        let Some(known) = known.filter(|known| known.mode != TagSchemaMode::Off) else {
            return Ok(());
        };
        if identity.module.is_some() || context.hands_over || before == after {
            return Ok(());
        }
        match violation(&known.schema, after) {
            Some(text) if known.mode == TagSchemaMode::Enforce => Err(HubError::invalid(text)),
            found => {
                context.warning = found;
                Ok(())
            }
        }
    }
}
