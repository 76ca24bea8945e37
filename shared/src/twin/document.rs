//! The twin and what each write does to it (`service.md` §6, `device.md` §5).
//!
//! A write either happens whole or, on an error, not at all. Every write returns a
//! [`TwinChange`]: what to push to the device and what event to emit. Identity
//! fields around the twin (status, connection state, …) are the registry's.

use super::difference::{DESIRED, REPORTED, TAGS, Undo};
use super::etag::etag_text;
use super::limits::{self, SectionName};
use super::merge::merge;
use super::patch::{TwinPatch, kind_of};
use super::section::{Section, with_version};
use crate::error::{ErrorCode, HubError};
use crate::ids::Identity;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// `opType` of a partial change: service PATCH, reported patch, job, configuration.
pub const UPDATE_TWIN: &str = "updateTwin";
/// `opType` of a service PUT.
pub const REPLACE_TWIN: &str = "replaceTwin";

/// The version of a new twin (`query-routing-events.md` §4.2).
const FIRST_VERSION: u64 = 2;
/// The etag counter of a new twin.
const FIRST_ETAG: u64 = 1;

/// A twin without its identity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Twin {
    /// Back-end data; never shown to the device.
    pub tags: Map<String, Value>,
    /// What the back end wants.
    pub desired: Section,
    /// What the device says.
    pub reported: Section,
    /// +1 for every change of tags, desired or reported.
    pub version: u64,
    /// +1 for every write of tags or desired; see [`Twin::etag_text`].
    pub etag: u64,
    /// Which configurations it is a target of, as `configuration::marks` has them.
    #[serde(default)]
    pub configurations: Map<String, Value>,
}

/// What follows from a write.
#[derive(Debug, Clone, PartialEq)]
pub struct TwinChange {
    /// False if the write said nothing: no version moved, nothing to store, push or emit.
    pub changed: bool,
    /// The body to push to a connected device, `$version` included (`device.md` §5.3).
    pub desired_push: Option<Value>,
    /// [`UPDATE_TWIN`] or [`REPLACE_TWIN`].
    pub event_op: &'static str,
    /// The body of the change event (`query-routing-events.md` §4.3).
    pub event_body: Value,
    /// The way back, for who keeps a history.
    pub undo: Undo,
}

impl TwinChange {
    fn none() -> Self {
        Self {
            changed: false,
            desired_push: None,
            event_op: UPDATE_TWIN,
            event_body: Value::Null,
            undo: Undo::default(),
        }
    }
}

impl Default for Twin {
    fn default() -> Self {
        Self::new()
    }
}

impl Twin {
    /// The twin of a new identity (`query-routing-events.md` §4.2).
    pub fn new() -> Self {
        Self {
            tags: Map::new(),
            desired: Section::new(),
            reported: Section::new(),
            version: FIRST_VERSION,
            etag: FIRST_ETAG,
            configurations: Map::new(),
        }
    }

    /// The twin of a new identity that comes with tags or desired properties;
    /// versions are those of [`Twin::new`].
    pub fn create(initial: &TwinPatch, now: Timestamp) -> Result<Self, HubError> {
        let tags = initial.tags().whole();
        limits::check_size(SectionName::Tags, &tags)?;
        let desired = Section::created(SectionName::Desired, initial.desired().whole(), now)?;
        Ok(Self {
            tags,
            desired,
            ..Self::new()
        })
    }

    /// A service PATCH, a job's or a configuration's update.
    pub fn patch_service(
        &mut self,
        patch: &TwinPatch,
        now: Timestamp,
    ) -> Result<TwinChange, HubError> {
        let tags_patch = patch.tags().against(&self.tags);
        let desired_patch = patch.desired().against(&self.desired.properties);
        if tags_patch.is_none() && desired_patch.is_none() {
            return Ok(TwinChange::none());
        }

        // Everything that can be refused comes first; the writes follow.
        let next_tags = match &tags_patch {
            None => None,
            Some(tags_patch) => {
                let mut tags = self.tags.clone();
                merge(&mut tags, tags_patch);
                limits::check_size(SectionName::Tags, &tags)?;
                Some(tags)
            }
        };
        let next_desired = match &desired_patch {
            None => None,
            Some(desired_patch) => Some(self.desired.merged(
                SectionName::Desired,
                desired_patch,
                now,
            )?),
        };

        let mut undo = Undo::default();
        if let Some(tags) = next_tags {
            let before = std::mem::replace(&mut self.tags, tags);
            undo.note(TAGS, &self.tags, &before);
        }
        if let Some(desired) = next_desired {
            let before = std::mem::replace(&mut self.desired, desired);
            undo.note(DESIRED, &self.desired.properties, &before.properties);
        }
        self.service_wrote();

        let mut event = Map::new();
        event.insert("version".to_owned(), Value::from(self.version));
        if let Some(tags_patch) = tags_patch {
            event.insert("tags".to_owned(), Value::Object(tags_patch));
        }
        let mut desired_push = None;
        if let Some(desired_patch) = desired_patch {
            let form = self.desired.change_form(&desired_patch);
            event.insert("properties".to_owned(), one_section("desired", form));
            desired_push = Some(Value::Object(with_version(
                desired_patch,
                self.desired.version,
            )));
        }
        Ok(TwinChange {
            changed: true,
            desired_push,
            event_op: UPDATE_TWIN,
            event_body: Value::Object(event),
            undo,
        })
    }

    /// A service PUT: both sections become what the body says, a missing one empty.
    ///
    /// The identity is needed for the event, which shows the whole twin.
    pub fn replace_service(
        &mut self,
        patch: &TwinPatch,
        identity: &Identity,
        now: Timestamp,
    ) -> Result<TwinChange, HubError> {
        let tags = patch.tags().whole();
        limits::check_size(SectionName::Tags, &tags)?;
        let desired = self
            .desired
            .replaced(SectionName::Desired, patch.desired().whole(), now)?;
        let mut undo = Undo::default();
        let before = std::mem::replace(&mut self.tags, tags);
        undo.note(TAGS, &self.tags, &before);
        let before = std::mem::replace(&mut self.desired, desired);
        undo.note(DESIRED, &self.desired.properties, &before.properties);
        self.service_wrote();
        Ok(TwinChange {
            changed: true,
            desired_push: Some(Value::Object(self.desired.device_form())),
            event_op: REPLACE_TWIN,
            event_body: self.event_body(identity),
            undo,
        })
    }

    /// A device's report. `expected_version` is the `$version` that the device may name
    /// (`device.md` §5.1). Even `{}` moves the section's version (`device.md` §5.3).
    pub fn patch_reported(
        &mut self,
        body: &Value,
        expected_version: Option<u64>,
        now: Timestamp,
    ) -> Result<TwinChange, HubError> {
        let Value::Object(patch) = body else {
            return Err(HubError::invalid(format!(
                "The reported properties are {}; report an object.",
                kind_of(body)
            )));
        };
        limits::check_patch(SectionName::Reported, patch)?;
        if let Some(expected) = expected_version
            && expected != self.reported.version
        {
            return Err(HubError::new(
                ErrorCode::PreconditionFailed,
                format!(
                    "The report expects properties.reported at $version {expected}, but it is at {}; \
                     get the twin and report again.",
                    self.reported.version
                ),
            ));
        }
        let reported = self.reported.merged(SectionName::Reported, patch, now)?;
        let before = std::mem::replace(&mut self.reported, reported);
        let mut undo = Undo::default();
        undo.note(REPORTED, &self.reported.properties, &before.properties);
        self.version = self.version.saturating_add(1);

        let mut event = Map::new();
        event.insert("version".to_owned(), Value::from(self.version));
        let form = self.reported.change_form(patch);
        event.insert("properties".to_owned(), one_section("reported", form));
        Ok(TwinChange {
            changed: true,
            desired_push: None,
            event_op: UPDATE_TWIN,
            event_body: Value::Object(event),
            undo,
        })
    }

    /// The answer to a device's GET: both sections with `$version`, nothing else (`device.md` §5.2).
    pub fn device_view(&self) -> Value {
        let mut view = Map::new();
        view.insert(
            "desired".to_owned(),
            Value::Object(self.desired.device_form()),
        );
        view.insert(
            "reported".to_owned(),
            Value::Object(self.reported.device_form()),
        );
        Value::Object(view)
    }

    /// `tags` and `properties` as the service sees them, both always present (`service.md` §6.1).
    pub fn service_sections(&self) -> Map<String, Value> {
        let mut sections = Map::new();
        sections.insert("tags".to_owned(), Value::Object(self.tags.clone()));
        sections.insert("properties".to_owned(), self.properties());
        sections
    }

    /// The whole twin as events show it: ids, etag, version, tags if any, properties
    /// (`query-routing-events.md` §4.2, §4.3).
    pub fn event_body(&self, identity: &Identity) -> Value {
        let mut body = Map::new();
        body.insert("deviceId".to_owned(), Value::from(identity.device.as_str()));
        if let Some(module) = &identity.module {
            body.insert("moduleId".to_owned(), Value::from(module.as_str()));
        }
        body.insert("etag".to_owned(), Value::from(self.etag_text()));
        body.insert("version".to_owned(), Value::from(self.version));
        if !self.tags.is_empty() {
            body.insert("tags".to_owned(), Value::Object(self.tags.clone()));
        }
        body.insert("properties".to_owned(), self.properties());
        Value::Object(body)
    }

    /// The etag as it stands in bodies and, quoted, in the `ETag` header.
    pub fn etag_text(&self) -> String {
        etag_text(self.etag)
    }

    /// `properties` as the service sees them.
    pub fn properties(&self) -> Value {
        let mut properties = Map::new();
        properties.insert(
            "desired".to_owned(),
            Value::Object(self.desired.service_form()),
        );
        properties.insert(
            "reported".to_owned(),
            Value::Object(self.reported.service_form()),
        );
        Value::Object(properties)
    }

    fn service_wrote(&mut self) {
        self.version = self.version.saturating_add(1);
        self.etag = self.etag.saturating_add(1);
    }
}

fn one_section(name: &str, form: Map<String, Value>) -> Value {
    let mut properties = Map::new();
    properties.insert(name.to_owned(), Value::Object(form));
    Value::Object(properties)
}

#[cfg(test)]
#[path = "document_tests.rs"]
mod tests;
