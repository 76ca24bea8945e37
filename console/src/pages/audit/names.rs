//! Words for what the record holds as names: actions, actors, results.

use crate::i18n::{Texts, t};

/// How a text is found.
type Words = fn(&'static Texts) -> &'static str;

/// All actions the hub records, in the order of the filter.
pub const ACTIONS: [(&str, Words); 40] = [
    ("createDevice", |t| t.audit.create_device),
    ("updateDevice", |t| t.audit.update_device),
    ("putDevice", |t| t.audit.put_device),
    ("deleteDevice", |t| t.audit.delete_device),
    ("createModule", |t| t.audit.create_module),
    ("updateModule", |t| t.audit.update_module),
    ("putModule", |t| t.audit.put_module),
    ("deleteModule", |t| t.audit.delete_module),
    ("updateTwin", |t| t.audit.update_twin),
    ("replaceTwin", |t| t.audit.replace_twin),
    ("applyItems", |t| t.audit.apply_items),
    ("applyItem", |t| t.audit.apply_item),
    ("regenerateKeys", |t| t.audit.regenerate_keys),
    ("regenerateKeysOfDevice", |t| {
        t.audit.regenerate_keys_of_device
    }),
    ("invokeMethod", |t| t.audit.invoke_method),
    ("sendMessage", |t| t.audit.send_message),
    ("purgeMessages", |t| t.audit.purge_messages),
    ("retireDevice", |t| t.audit.retire_device),
    ("replaceDevice", |t| t.audit.replace_device),
    ("restoreDevice", |t| t.audit.restore_device),
    ("eraseArchivedDevice", |t| t.audit.erase_archived_device),
    ("putRoute", |t| t.audit.put_route),
    ("deleteRoute", |t| t.audit.delete_route),
    ("putConsumerGroup", |t| t.audit.put_consumer_group),
    ("deleteConsumerGroup", |t| t.audit.delete_consumer_group),
    ("putTagSchema", |t| t.audit.put_tag_schema),
    ("deleteTagSchema", |t| t.audit.delete_tag_schema),
    ("putDeviceGroup", |t| t.audit.put_device_group),
    ("deleteDeviceGroup", |t| t.audit.delete_device_group),
    ("createJob", |t| t.audit.create_job),
    ("cancelJob", |t| t.audit.cancel_job),
    ("putThrottles", |t| t.audit.put_throttles),
    ("putCertificate", |t| t.audit.put_certificate),
    ("generateVerificationCode", |t| {
        t.audit.challenge_certificate
    }),
    ("verifyCertificate", |t| t.audit.verify_certificate),
    ("deleteCertificate", |t| t.audit.delete_certificate),
    ("putConfiguration", |t| t.audit.put_configuration),
    ("deleteConfiguration", |t| t.audit.delete_configuration),
    ("applyConfigurationContent", |t| {
        t.audit.apply_configuration_content
    }),
    ("putQueryIndexes", |t| t.audit.put_query_indexes),
];

/// An action in words; unknown ones by their name. Tracked.
pub fn action(name: &str) -> String {
    ACTIONS
        .iter()
        .find(|(known, _)| *known == name)
        .map_or_else(|| name.to_owned(), |(_, words)| words(t()).to_owned())
}

/// What kind of actor, in words, and the actor's own name. Tracked.
pub fn actor(recorded: &str) -> (Option<&'static str>, String) {
    let words = &t().audit;
    match recorded.split_once(':') {
        Some(("person", name)) => (Some(words.kind_person), name.to_owned()),
        Some(("policy", name)) => (Some(words.kind_policy), name.to_owned()),
        Some(("hub", name)) => (Some(words.kind_hub), name.to_owned()),
        _ => (None, recorded.to_owned()),
    }
}

/// A role in words. Tracked.
pub fn role(name: &str) -> String {
    let common = &t().common;
    match name {
        "admin" => common.role_admin,
        "supervisor" => common.role_supervisor,
        "operator" => common.role_operator,
        "viewer" => common.role_viewer,
        other => return other.to_owned(),
    }
    .to_owned()
}

/// A result in words; refusals by the hub's name for the error. Tracked.
pub fn result(name: &str) -> String {
    match name {
        "ok" => t().audit.result_ok.to_owned(),
        "requested" => t().audit.result_requested.to_owned(),
        refused => refused.to_owned(),
    }
}
