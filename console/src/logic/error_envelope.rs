//! Reads the error bodies of `service.md §12.1`: classic, flat and nested. Never guesses a text
//! the hub did not send.

use serde_json::Value;

/// What an error body says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ErrorBody {
    /// Stable name such as `DeviceNotFound`, or the number as text, if one was given.
    pub code: Option<String>,
    /// The sentence for people.
    pub text: String,
    /// The id to quote when asking for help.
    pub tracking_id: Option<String>,
}

/// Parses an error body; `None` if it is none of the known shapes.
pub fn parse(body: &str) -> Option<ErrorBody> {
    let value: Value = serde_json::from_str(body).ok()?;
    if let Some(message) = value.get("Message").and_then(Value::as_str) {
        if message.trim_start().starts_with('{')
            && let Some(inner) = serde_json::from_str::<Value>(message)
                .ok()
                .and_then(|v| flat(&v))
        {
            return Some(inner);
        }
        let tracking = value
            .get("ExceptionMessage")
            .and_then(Value::as_str)
            .and_then(|t| t.split_once("Tracking ID:"))
            .map(|(_, id)| id.trim().to_owned())
            .filter(|id| !id.is_empty());
        let (code, text) = match message
            .strip_prefix("ErrorCode:")
            .and_then(|r| r.split_once(';'))
        {
            Some((code, text)) => (Some(code.to_owned()), text.to_owned()),
            None => (None, message.to_owned()),
        };
        return Some(ErrorBody {
            code,
            text,
            tracking_id: tracking,
        });
    }
    flat(&value)
}

fn flat(value: &Value) -> Option<ErrorBody> {
    let text = value.get("message")?.as_str()?.to_owned();
    let code = value.get("errorCode").map(|c| match c {
        Value::String(s) => s.clone(),
        other => other.to_string(),
    });
    let tracking_id = value
        .get("trackingId")
        .and_then(Value::as_str)
        .filter(|t| !t.is_empty())
        .map(str::to_owned);
    Some(ErrorBody {
        code,
        text,
        tracking_id,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classic_envelope_splits_code_text_and_tracking_id() {
        let body = r#"{"Message":"ErrorCode:DeviceNotFound;pump-7; gone","ExceptionMessage":"Tracking ID:ab-G:9-TimeStamp:10/15/2018 03:54:24"}"#;
        let error = parse(body).unwrap();
        assert_eq!(error.code.as_deref(), Some("DeviceNotFound"));
        assert_eq!(error.text, "pump-7; gone");
        assert_eq!(
            error.tracking_id.as_deref(),
            Some("ab-G:9-TimeStamp:10/15/2018 03:54:24")
        );
    }

    #[test]
    fn nested_envelope_of_methods_is_unwrapped() {
        let body = r#"{"Message":"{\"errorCode\":404103,\"trackingId\":\"t-1\",\"message\":\"Timed out waiting for device to connect.\",\"info\":null}","ExceptionMessage":""}"#;
        let error = parse(body).unwrap();
        assert_eq!(error.code.as_deref(), Some("404103"));
        assert_eq!(error.text, "Timed out waiting for device to connect.");
        assert_eq!(error.tracking_id.as_deref(), Some("t-1"));
    }

    #[test]
    fn flat_envelope_and_plain_message_are_read() {
        let error =
            parse(r#"{"errorCode":409301,"message":"Already there.","trackingId":"t"}"#).unwrap();
        assert_eq!(error.code.as_deref(), Some("409301"));
        let error = parse(r#"{"Message":"No code here"}"#).unwrap();
        assert_eq!((error.code, error.text.as_str()), (None, "No code here"));
    }

    #[test]
    fn other_bodies_are_not_errors_of_the_hub() {
        assert_eq!(parse("<html>bad gateway</html>"), None);
        assert_eq!(parse("[]"), None);
    }
}
