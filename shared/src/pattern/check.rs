//! What a pattern may be. It is bounded, because shards hold it and look at every device with
//! it, and its paths go into SQL.

use super::{Pattern, builtin};
use crate::error::HubError;

/// Patterns that operators define, changed built-in ones included.
pub const MAX_PATTERNS: usize = 50;
/// Largest pattern, as it is stored.
const MAX_BYTES: usize = 8 * 1024;
/// Deepest status: twins have ten levels.
const MAX_DEPTH: usize = 10;
/// Longest name in a path, word of a device, and name of a method.
const MAX_NAME: usize = 128;
/// A month: longer than any operation takes.
const MAX_TIMEOUT: u64 = 31 * 86_400;
/// Members that must be equal.
const MAX_MATCHING: usize = 5;

/// Reads a pattern as operators write it; `id` is that of the path.
pub fn read(body: &[u8], id: &str) -> Result<Pattern, HubError> {
    let text = std::str::from_utf8(body)
        .map_err(|_| HubError::invalid("The pattern is not written in UTF-8."))?;
    let mut pattern: Pattern = serde_json::from_str(text.trim_start_matches('\u{feff}'))
        .map_err(|error| HubError::invalid(format!("The pattern cannot be read: {error}.")))?;
    if !pattern.id.is_empty() && pattern.id != id {
        return Err(HubError::invalid(
            "id in the body is not the id of the path.",
        ));
    }
    id.clone_into(&mut pattern.id);
    check(&pattern)?;
    Ok(pattern)
}

/// Says what is wrong with a pattern, if anything is.
pub fn check(pattern: &Pattern) -> Result<(), HubError> {
    let wrong = |text: String| Err(HubError::invalid(text));
    let trigger = &pattern.trigger;
    match (&trigger.method, &trigger.desired) {
        (Some(method), None) => {
            if !is_name(method) {
                return wrong(format!(
                    "trigger.method has 1 to {MAX_NAME} bytes and no control characters."
                ));
            }
            if !trigger.matching.is_empty() {
                return wrong("trigger.match goes with trigger.desired.".to_owned());
            }
        }
        (None, Some(path)) => check_path("trigger.desired", path)?,
        _ => {
            return wrong(
                "trigger has either method, the name of a direct method, or desired, a path \
                 below properties.desired."
                    .to_owned(),
            );
        }
    }
    if trigger.matching.len() > MAX_MATCHING {
        return wrong(format!("trigger.match has at most {MAX_MATCHING} pairs."));
    }
    for pair in &trigger.matching {
        check_path("trigger.match.desired", &pair.desired)?;
        check_path("trigger.match.reported", &pair.reported)?;
    }
    check_path("statusPath", &pattern.status_path)?;
    if !(1..=MAX_TIMEOUT).contains(&pattern.timeout_seconds) {
        return wrong(format!(
            "timeoutSeconds must be a number from 1 to {MAX_TIMEOUT}."
        ));
    }
    check_words(pattern)?;
    let bytes = serde_json::to_string(pattern).map_or(usize::MAX, |text| text.len());
    if bytes > MAX_BYTES {
        return wrong(format!(
            "A pattern has at most {MAX_BYTES} bytes; this one has {bytes}."
        ));
    }
    Ok(())
}

/// A word stands for one phase only.
fn check_words(pattern: &Pattern) -> Result<(), HubError> {
    let mut seen: Vec<String> = Vec::new();
    for (_, word) in pattern.phases.words() {
        if !is_name(word) {
            return Err(HubError::invalid(format!(
                "Each text in phases has 1 to {MAX_NAME} bytes and no control characters."
            )));
        }
        let folded = word.to_lowercase();
        if seen.contains(&folded) {
            return Err(HubError::invalid(format!(
                "The text {word:?} stands twice in phases; case does not tell texts apart."
            )));
        }
        seen.push(folded);
    }
    if seen.is_empty() {
        return Err(HubError::invalid(
            "phases must say which texts of devices stand for waiting, downloading, applying, \
             rebooting, succeeded or failed.",
        ));
    }
    Ok(())
}

fn check_path(what: &str, path: &str) -> Result<(), HubError> {
    let legal = |name: &str| {
        is_name(name)
            && !name.contains(|character: char| {
                character.is_whitespace() || "$\"'\\[]".contains(character)
            })
    };
    if path.split('.').count() <= MAX_DEPTH && path.split('.').all(legal) {
        return Ok(());
    }
    Err(HubError::invalid(format!(
        "{what} is a path of at most {MAX_DEPTH} names with dots between them, such as \
         iothubDM.reboot.status, below the reported or desired properties."
    )))
}

fn is_name(text: &str) -> bool {
    (1..=MAX_NAME).contains(&text.len()) && !text.contains(char::is_control)
}

/// Refuses to delete what is always there.
pub fn check_deletable(id: &str) -> Result<(), HubError> {
    if builtin::IDS.contains(&id) {
        return Err(HubError::invalid(format!(
            "The pattern {id} is built in and cannot be deleted; PUT changes it."
        )));
    }
    Ok(())
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
