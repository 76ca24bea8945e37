//! Words for what the record holds as names: actions, actors, results.

use crate::i18n::{Word, t, word};

/// How a text is found.
type Words = Word;

/// All actions the hub records, in the order of the filter.
pub const ACTIONS: [(&str, Words); 40] = [
    ("createDevice", word!(audit.create_device)),
    ("updateDevice", word!(audit.update_device)),
    ("putDevice", word!(audit.put_device)),
    ("deleteDevice", word!(audit.delete_device)),
    ("createModule", word!(audit.create_module)),
    ("updateModule", word!(audit.update_module)),
    ("putModule", word!(audit.put_module)),
    ("deleteModule", word!(audit.delete_module)),
    ("updateTwin", word!(audit.update_twin)),
    ("replaceTwin", word!(audit.replace_twin)),
    ("applyItems", word!(audit.apply_items)),
    ("applyItem", word!(audit.apply_item)),
    ("regenerateKeys", word!(audit.regenerate_keys)),
    (
        "regenerateKeysOfDevice",
        word!(audit.regenerate_keys_of_device),
    ),
    ("invokeMethod", word!(audit.invoke_method)),
    ("sendMessage", word!(audit.send_message)),
    ("purgeMessages", word!(audit.purge_messages)),
    ("retireDevice", word!(audit.retire_device)),
    ("replaceDevice", word!(audit.replace_device)),
    ("restoreDevice", word!(audit.restore_device)),
    ("eraseArchivedDevice", word!(audit.erase_archived_device)),
    ("putRoute", word!(audit.put_route)),
    ("deleteRoute", word!(audit.delete_route)),
    ("putConsumerGroup", word!(audit.put_consumer_group)),
    ("deleteConsumerGroup", word!(audit.delete_consumer_group)),
    ("putTagSchema", word!(audit.put_tag_schema)),
    ("deleteTagSchema", word!(audit.delete_tag_schema)),
    ("putDeviceGroup", word!(audit.put_device_group)),
    ("deleteDeviceGroup", word!(audit.delete_device_group)),
    ("createJob", word!(audit.create_job)),
    ("cancelJob", word!(audit.cancel_job)),
    ("putThrottles", word!(audit.put_throttles)),
    ("putCertificate", word!(audit.put_certificate)),
    (
        "generateVerificationCode",
        word!(audit.challenge_certificate),
    ),
    ("verifyCertificate", word!(audit.verify_certificate)),
    ("deleteCertificate", word!(audit.delete_certificate)),
    ("putConfiguration", word!(audit.put_configuration)),
    ("deleteConfiguration", word!(audit.delete_configuration)),
    (
        "applyConfigurationContent",
        word!(audit.apply_configuration_content),
    ),
    ("putQueryIndexes", word!(audit.put_query_indexes)),
];

/// An action in words; unknown ones by their name. Tracked.
pub fn action(name: &str) -> String {
    ACTIONS
        .iter()
        .find(|(known, _)| *known == name)
        .map_or_else(|| name.to_owned(), |(_, words)| words.of(t()).to_owned())
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
