//! What a pattern may be. It is bounded, because shards hold it and look at every device with
//! it, and its paths go into SQL.

use super::{Matching, Pattern, Phase, Phases, Trigger, builtin};
use crate::error::HubError;
use crate::letter_case;
use serde_json::Value;

/// Patterns that operators define, changed built-in ones included.
pub const MAX_PATTERNS: usize = 50;
/// Largest pattern, as it is stored.
const MAX_BYTES: usize = 8 * 1024;
/// Deepest status: twins have ten levels.
const MAX_DEPTH: usize = 10;
/// Longest name in a path, word of a device, and name of a method.
const MAX_NAME: usize = 128;
const DEFAULT_TIMEOUT: u64 = 3600;
/// A month: longer than any operation takes.
const MAX_TIMEOUT: u64 = 31 * 86_400;
/// Members that must be equal.
const MAX_MATCHING: usize = 5;

/// Reads a pattern; what is not good about it is an error for whoever wrote it. Members that
/// nobody knows are left out, so that what was read can be sent back.
pub fn read(document: &Value) -> Result<Pattern, HubError> {
    let text = |name: &str| member(document, name).and_then(Value::as_str);
    let status_path = text("statusPath").unwrap_or_default().to_owned();
    check_path("statusPath", &status_path)?;
    let disruptive = match member(document, "disruptive") {
        None => false,
        Some(flag) => flag
            .as_bool()
            .ok_or_else(|| HubError::invalid("disruptive must be true or false."))?,
    };
    let timeout_seconds = match member(document, "timeoutSeconds") {
        None => Some(DEFAULT_TIMEOUT),
        Some(number) => number.as_u64(),
    };
    let timeout_seconds = timeout_seconds
        .filter(|seconds| (1..=MAX_TIMEOUT).contains(seconds))
        .ok_or_else(|| {
            HubError::invalid(format!(
                "timeoutSeconds must be a number from 1 to {MAX_TIMEOUT}."
            ))
        })?;
    let pattern = Pattern {
        id: text("id").unwrap_or_default().to_owned(),
        trigger: trigger(member(document, "trigger"))?,
        status_path,
        disruptive,
        timeout_seconds,
        phases: phases(member(document, "phases"))?,
    };
    let bytes = serde_json::to_string(&pattern.document()).map_or(usize::MAX, |text| text.len());
    if bytes > MAX_BYTES {
        return Err(HubError::invalid(format!(
            "A pattern has at most {MAX_BYTES} bytes; this one has {bytes}."
        )));
    }
    Ok(pattern)
}

/// What is there and not null.
fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value.get(name).filter(|value| !value.is_null())
}

fn trigger(trigger: Option<&Value>) -> Result<Trigger, HubError> {
    let part = |name: &str| trigger.and_then(|trigger| member(trigger, name));
    let pairs = part("match").map_or(Some(&[][..]), |pairs| pairs.as_array().map(Vec::as_slice));
    let pairs = pairs
        .filter(|pairs| pairs.len() <= MAX_MATCHING)
        .ok_or_else(|| {
            HubError::invalid(format!(
                "trigger.match is a list of at most {MAX_MATCHING} pairs."
            ))
        })?;
    match (part("method"), part("desired")) {
        (Some(method), None) => {
            let method = method.as_str().filter(|method| is_name(method));
            let method = method.ok_or_else(|| {
                HubError::invalid(format!(
                    "trigger.method has 1 to {MAX_NAME} bytes and no control characters."
                ))
            })?;
            if !pairs.is_empty() {
                return Err(HubError::invalid(
                    "trigger.match goes with trigger.desired.",
                ));
            }
            Ok(Trigger::Method(method.to_owned()))
        }
        (None, Some(path)) => {
            let path = path.as_str().unwrap_or_default().to_owned();
            check_path("trigger.desired", &path)?;
            let mut matching = Vec::with_capacity(pairs.len());
            for pair in pairs {
                let path = |name: &str| {
                    let path = member(pair, name).and_then(Value::as_str);
                    let path = path.unwrap_or_default().to_owned();
                    check_path("Each path in trigger.match", &path).map(|()| path)
                };
                matching.push(Matching {
                    desired: path("desired")?,
                    reported: path("reported")?,
                });
            }
            Ok(Trigger::Desired { path, matching })
        }
        _ => Err(HubError::invalid(
            "trigger has either method, the name of a direct method, or desired, a path below \
             properties.desired.",
        )),
    }
}

/// A word stands for one phase only.
fn phases(phases: Option<&Value>) -> Result<Phases, HubError> {
    let mut words = Vec::new();
    let mut seen: Vec<String> = Vec::new();
    for (name, list) in phases.and_then(Value::as_object).into_iter().flatten() {
        let phase = Phase::OF_WORDS.iter().find(|phase| phase.name() == name);
        let list = list.as_array();
        let (Some(phase), Some(list)) = (phase, list) else {
            return Err(HubError::invalid(format!(
                "phases.{name} is not good: lists of texts for waiting, downloading, applying, \
                 rebooting, succeeded and failed may stand there."
            )));
        };
        for word in list {
            let word = word.as_str().filter(|word| is_name(word)).ok_or_else(|| {
                HubError::invalid(format!(
                    "Each text in phases has 1 to {MAX_NAME} bytes and no control characters."
                ))
            })?;
            let folded = letter_case::lower(word);
            if seen.contains(&folded) {
                return Err(HubError::invalid(format!(
                    "The text \"{word}\" stands twice in phases; case does not tell texts apart."
                )));
            }
            seen.push(folded);
            words.push((*phase, word.to_owned()));
        }
    }
    if words.is_empty() {
        return Err(HubError::invalid(
            "phases must say which texts of devices stand for waiting, downloading, applying, \
             rebooting, succeeded or failed.",
        ));
    }
    Ok(Phases(words))
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
