//! What is asked about the content of configurations for one device: apply it once
//! (`service.md` §11.2), and tell who set what.

use super::configurations::{load_whole, module_of, modules_of};
use super::identity::IdentityRow;
use super::twins::ServiceWrite;
use super::{Context, Registry, modules, twins};
use crate::configuration::merge::{self, decide};
use crate::configuration::{content, explain};
use crate::error::{ErrorCode, HubError};
use crate::ids::{DeviceId, Identity};
use crate::ipc::registry::{ApplyContent, RegistryReply};
use crate::json;
use crate::twin::{SectionPatch, TwinPatch};
use serde_json::{Map, Value};

impl Registry {
    /// Writes content into the twins of an edge device, once; each key replaces what was there.
    pub(super) fn apply_content(
        &mut self,
        apply: &ApplyContent,
        context: &mut Context<'_>,
    ) -> Result<RegistryReply, HubError> {
        let device = Identity::device(apply.device.clone());
        let row = IdentityRow::require(context.sql, &device)?;
        if !row.iot_edge {
            return Err(HubError::invalid("Not an Azure IoT Edge device"));
        }
        let part = |name: &str| apply.content.get(name).filter(|part| !part.is_null());
        let refused = |text: &str| HubError::new(ErrorCode::InvalidConfigurationContent, text);
        let not_an_object = || refused("Content must be objects of objects.");
        if let Some(content) = part("deviceContent") {
            let content = content.as_object().ok_or_else(not_an_object)?;
            self.replace_parts(&device, content, context)?;
        } else if part("modulesContent").is_none() {
            return Err(refused(
                "There is neither modulesContent nor deviceContent.",
            ));
        }
        if let Some(content) = part("modulesContent") {
            for (name, content) in content.as_object().ok_or_else(not_an_object)? {
                content::check_module(name)?;
                let content = content.as_object().ok_or_else(not_an_object)?;
                let module = module_of(&apply.device, name)?;
                if IdentityRow::load(context.sql, &module)?.is_none() {
                    modules::check_room(context.sql, &module)?;
                    self.add_edge_modules(&row, &[name], context.now.ticks(), context)?;
                }
                self.replace_parts(&module, content, context)?;
            }
        }
        self.configure_all(&device, context)?;
        Ok(RegistryReply::Done)
    }

    fn replace_parts(
        &mut self,
        identity: &Identity,
        content: &Map<String, Value>,
        context: &mut Context<'_>,
    ) -> Result<(), HubError> {
        let row = IdentityRow::require(context.sql, identity)?;
        let twin = twins::require(context.sql, identity)?;
        let mut wanted = Map::new();
        for (path, value) in content::parts(content)? {
            let desired = &twin.desired.properties;
            if path.is_empty() {
                let whole = content::replacing(Some(&Value::Object(desired.clone())), value);
                wanted.extend(whole.as_object().cloned().unwrap_or_default());
            } else {
                let patch = content::replacing(merge::at(desired, &path), value);
                merge::insert(&mut wanted, &path, &patch);
            }
        }
        let patch = TwinPatch::from_sections(SectionPatch::Absent, SectionPatch::Content(wanted))?;
        self.write_service(&row, twin, &patch, ServiceWrite::Patch, context)
            .map(|_| ())
    }

    /// Who set what of a device's desired properties and of its modules'.
    pub(super) fn explain_configurations(
        &self,
        device: &DeviceId,
        context: &Context<'_>,
    ) -> Result<RegistryReply, HubError> {
        let known = &self.configurations;
        let identity = Identity::device(device.clone());
        let (row, twin, document) = load_whole(context.sql, &identity)?
            .ok_or_else(|| HubError::device_not_found(device))?;
        let matching = known.for_device(&row, &document);
        let mut explained = json!({
            "deviceId": device,
            "configurations": explain::configurations(&matching, &twin.configurations),
            "desired": explain::leaves(
                &decide(&matching, None),
                Some(""),
                &twin.desired.properties,
            ),
        });
        let mut modules = Map::new();
        for identity in modules_of(context.sql, device)? {
            let Some((_, twin, document)) = load_whole(context.sql, &identity)? else {
                continue;
            };
            let matching = known.for_module(context.sql, &identity, &document)?;
            if matching.is_empty() {
                continue;
            }
            let name = identity.module_key();
            let part = json!({
                "configurations": explain::configurations(&matching, &twin.configurations),
                "desired": explain::leaves(
                    &decide(&matching, Some(name)),
                    None,
                    &twin.desired.properties,
                ),
            });
            modules.insert(name.to_owned(), part);
        }
        if let (Value::Object(explained), false) = (&mut explained, modules.is_empty()) {
            explained.insert("modules".to_owned(), Value::Object(modules));
        }
        Ok(RegistryReply::Explained(explained))
    }
}
