//! One versioned section of a twin: `desired` or `reported` (`service.md` §6.1).
//!
//! Versions only ever grow by one per accepted write; no caller sets them.

use super::limits::{self, SectionName};
use super::merge::{Stamp, merge_stamped, mirror_of, mirror_part};
use crate::error::HubError;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Name of the mirror tree in a section's service form.
pub const METADATA: &str = "$metadata";
/// Name of the version in a section's service and device forms.
pub const VERSION: &str = "$version";

/// Properties with their `$metadata` and `$version`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Section {
    /// The document.
    pub properties: Map<String, Value>,
    /// The mirror tree: one node per key of the document, the root included.
    pub metadata: Map<String, Value>,
    /// 1 when new, +1 per accepted write.
    pub version: u64,
}

impl Default for Section {
    fn default() -> Self {
        Self::new()
    }
}

impl Section {
    /// The section of a new twin: empty, version 1, never updated (`query-routing-events.md` §4.2).
    pub fn new() -> Self {
        Self {
            properties: Map::new(),
            metadata: Stamp::new(Timestamp::UNSET, None).node(),
            version: 1,
        }
    }

    /// The section of a twin that is created with content: still version 1.
    pub(super) fn created(
        name: SectionName,
        properties: Map<String, Value>,
        now: Timestamp,
    ) -> Result<Self, HubError> {
        if properties.is_empty() {
            return Ok(Self::new());
        }
        limits::check_size(name, &properties)?;
        let metadata = mirror_of(&properties, &stamp(name, 1, now));
        Ok(Self {
            properties,
            metadata,
            version: 1,
        })
    }

    /// The section after a merge; `self` stays as it is, so that a refusal changes nothing.
    pub(super) fn merged(
        &self,
        name: SectionName,
        patch: &Map<String, Value>,
        now: Timestamp,
    ) -> Result<Self, HubError> {
        let mut next = self.clone();
        next.version = self.version.saturating_add(1);
        let stamp = stamp(name, next.version, now);
        merge_stamped(&mut next.properties, &mut next.metadata, patch, &stamp);
        // The version moved, so the root moved, even if no key did.
        stamp.write(&mut next.metadata);
        limits::check_size(name, &next.properties)?;
        Ok(next)
    }

    /// The section after a replacement: every node is new.
    pub(super) fn replaced(
        &self,
        name: SectionName,
        properties: Map<String, Value>,
        now: Timestamp,
    ) -> Result<Self, HubError> {
        limits::check_size(name, &properties)?;
        let version = self.version.saturating_add(1);
        let metadata = mirror_of(&properties, &stamp(name, version, now));
        Ok(Self {
            properties,
            metadata,
            version,
        })
    }

    /// As a device sees it: properties and `$version`.
    pub fn device_form(&self) -> Map<String, Value> {
        with_version(self.properties.clone(), self.version)
    }

    /// As the service sees it: properties, `$metadata` and `$version`.
    pub fn service_form(&self) -> Map<String, Value> {
        let mut form = self.properties.clone();
        form.insert(METADATA.to_owned(), Value::Object(self.metadata.clone()));
        with_version(form, self.version)
    }

    /// As a change event shows it: the patch, its part of `$metadata`, `$version`.
    pub(super) fn change_form(&self, patch: &Map<String, Value>) -> Map<String, Value> {
        let mut form = patch.clone();
        form.insert(
            METADATA.to_owned(),
            Value::Object(mirror_part(&self.metadata, patch)),
        );
        with_version(form, self.version)
    }
}

/// Adds `$version` at the end.
pub(super) fn with_version(mut form: Map<String, Value>, version: u64) -> Map<String, Value> {
    form.insert(VERSION.to_owned(), Value::from(version));
    form
}

fn stamp(name: SectionName, version: u64, now: Timestamp) -> Stamp {
    Stamp::new(now, (name == SectionName::Desired).then_some(version))
}
