//! Parameters that many operations read alike. What they are for is the operations' own.

use super::message::Request;
use crate::error::HubError;
use crate::time::Timestamp;

/// `top`: how many of a list are wanted, at most `most`.
pub(super) fn top(request: &Request, default: u32, most: u32) -> Result<u32, HubError> {
    let Some(text) = request.filled_parameter("top") else {
        return Ok(default);
    };
    text.parse()
        .ok()
        .filter(|top| (1..=most).contains(top))
        .ok_or_else(|| HubError::invalid(format!("top must be a number from 1 to {most}.")))
}

/// The size of a page as clients name it, who may ask for more than there is in one and loop;
/// `name` is where it stands.
pub(super) fn page_size(text: Option<&str>, name: &str, most: usize) -> Result<usize, HubError> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(most);
    };
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    match (digits, text.parse::<usize>()) {
        (true, Ok(size)) if size > 0 => Ok(size.min(most)),
        // More digits than a number has.
        (true, Err(_)) => Ok(most),
        _ => Err(HubError::invalid(format!(
            "{name} must be a whole number from 1 on."
        ))),
    }
}

/// A point in time.
pub(super) fn time(request: &Request, name: &str) -> Result<Option<Timestamp>, HubError> {
    let Some(text) = request.filled_parameter(name) else {
        return Ok(None);
    };
    Timestamp::parse(&text).map(Some).ok_or_else(|| {
        HubError::invalid(format!(
            "{name} must be a time such as 2026-03-01T10:00:00Z."
        ))
    })
}
