//! The schema of tags (`device-management.md` §7): kept with the settings, judged by the shards.

use super::{Hub, check_precondition};
use crate::error::HubError;
use crate::ipc::hub::{HubReply, HubResult, TagSchema};
use crate::ipc::registry::Precondition;
use crate::sql::Sql;
use crate::twin::{etag::etag_text, tag_schema};

impl Hub {
    pub(super) fn put_tag_schema(
        &mut self,
        schema: TagSchema,
        precondition: &Precondition,
        sql: &dyn Sql,
    ) -> HubResult {
        tag_schema::check(&schema.schema)?;
        let is_new = self.check_tag_schema(precondition)?.is_none();
        // Versions of the settings only rise, so no etag comes twice.
        let etag = etag_text(self.required()?.version + 1);
        let kept = Box::new(TagSchema {
            etag: etag.clone(),
            ..schema
        });
        self.change(sql, |settings| settings.tag_schema = Some(kept))?;
        Ok(HubReply::Stored { is_new, etag })
    }

    pub(super) fn delete_tag_schema(
        &mut self,
        precondition: &Precondition,
        sql: &dyn Sql,
    ) -> HubResult {
        let existed = self.required()?.tag_schema.is_some();
        if existed {
            self.check_tag_schema(precondition)?;
            self.change(sql, |settings| settings.tag_schema = None)?;
        }
        Ok(HubReply::Changed(existed))
    }

    /// The etag of what is there, which is as the caller thinks.
    fn check_tag_schema(&self, precondition: &Precondition) -> Result<Option<&str>, HubError> {
        let known = self.required()?.tag_schema.as_ref();
        let etag = known.map(|known| known.etag.as_str());
        check_precondition(precondition, etag)?;
        Ok(etag)
    }
}
