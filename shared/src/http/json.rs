//! Reading JSON bodies the way the clients write them (`service.md` §1).
//!
//! Property names are matched case-insensitively and unknown ones ignored.

use crate::error::{ErrorCode, HubError};
use serde_json::{Map, Value};

/// A JSON object.
pub type Object = Map<String, Value>;

/// Any JSON; an empty body is `ArgumentNull`.
pub fn parse(body: &[u8]) -> Result<Value, HubError> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(HubError::new(ErrorCode::ArgumentNull, "BadRequest"));
    }
    // Some .NET clients begin with a byte order mark.
    let text = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    crate::reading::value(text).map_err(|error| {
        HubError::new(
            ErrorCode::IotHubFormatError,
            format!("The body is not valid JSON: {error}."),
        )
    })
}

/// A JSON object; anything else is `IotHubFormatError`.
pub fn parse_object(body: &[u8]) -> Result<Object, HubError> {
    match parse(body)? {
        Value::Object(object) => Ok(object),
        _ => Err(HubError::new(
            ErrorCode::IotHubFormatError,
            "The body must be a JSON object.",
        )),
    }
}

/// A member by name in any case; `null` counts as absent.
pub fn member<'a>(object: &'a Object, name: &str) -> Option<&'a Value> {
    raw_member(object, name).filter(|value| !value.is_null())
}

/// A member by name in any case, `null` included. An exact match wins.
pub fn raw_member<'a>(object: &'a Object, name: &str) -> Option<&'a Value> {
    object.get(name).or_else(|| {
        object
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    })
}

/// A text member.
pub fn text_member<'a>(object: &'a Object, name: &str) -> Result<Option<&'a str>, HubError> {
    match member(object, name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(HubError::invalid(format!("{name} must be a string."))),
    }
}

/// A boolean member.
pub fn flag_member(object: &Object, name: &str) -> Result<Option<bool>, HubError> {
    match member(object, name) {
        None => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(*flag)),
        Some(_) => Err(HubError::invalid(format!("{name} must be true or false."))),
    }
}

/// A whole-number member; `30.0` is whole.
pub fn whole_member(object: &Object, name: &str) -> Result<Option<i64>, HubError> {
    let Some(value) = member(object, name) else {
        return Ok(None);
    };
    let number = value.as_i64().or_else(|| {
        let float = value.as_f64()?;
        (float.fract() == 0.0 && float.abs() < 9e15).then_some(float as i64)
    });
    number
        .map(Some)
        .ok_or_else(|| HubError::invalid(format!("{name} must be a whole number.")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[test]
    fn an_empty_body_is_another_error_than_a_broken_one() {
        assert_eq!(parse(b" \r\n").unwrap_err().code, ErrorCode::ArgumentNull);
        assert_eq!(parse(b"{").unwrap_err().code, ErrorCode::IotHubFormatError);
        assert_eq!(
            parse_object(b"[1]").unwrap_err().code,
            ErrorCode::IotHubFormatError
        );
        assert_eq!(parse(b"\xef\xbb\xbf{}").unwrap(), json!({}));
    }

    #[test]
    fn names_match_in_any_case_and_null_is_absent() {
        let object =
            parse_object(br#"{"METHODNAME":"a","payload":null,"n":30.0,"f":1.5}"#).unwrap();
        assert_eq!(text_member(&object, "methodName").unwrap(), Some("a"));
        assert_eq!(member(&object, "payload"), None);
        assert_eq!(raw_member(&object, "Payload"), Some(&Value::Null));
        assert_eq!(whole_member(&object, "n").unwrap(), Some(30));
        assert!(whole_member(&object, "f").is_err());
        assert!(flag_member(&object, "n").is_err());
    }
}
