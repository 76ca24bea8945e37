//! Documents that have an address: lists of them under an id, and single ones.

use super::ApiError;
use super::client::own;
use crate::logic::json_document::{parse, text};
use crate::logic::url_state::encode;
use gloo_net::http::Method;
use serde_json::Value;

/// All of a list, which stands in `items`, or as Azure has it in `value`, or by itself. Nothing
/// if what it is about is not there.
pub async fn list(path: &str) -> Result<Vec<Value>, ApiError> {
    let read = own(Method::GET, path).words().await;
    if read
        .as_ref()
        .is_err_and(|error| error.status() == Some(404))
    {
        return Ok(Vec::new());
    }
    let mut answer = parse(&read?).map_err(|error| ApiError::Unreadable(error.message))?;
    if let Value::Array(items) = answer {
        return Ok(items);
    }
    for name in ["items", "value"] {
        if let Some(Value::Array(items)) = answer.get_mut(name).map(Value::take) {
            return Ok(items);
        }
    }
    Ok(Vec::new())
}

/// A single document, with its etag as a member; none if there is none.
pub async fn one(path: &str) -> Result<Vec<Value>, ApiError> {
    match own(Method::GET, path).read::<Value>().await {
        Ok(answer) => {
            let mut document = answer.value;
            if let (Value::Object(members), Some(etag)) = (&mut document, answer.etag) {
                members.insert("etag".to_owned(), Value::String(etag));
            }
            Ok(vec![document])
        }
        Err(error) if error.status() == Some(404) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Changes something: what was there is given as `before`, and must be that still. What the hub
/// answers, or null.
pub async fn change(
    method: Method,
    path: &str,
    before: Option<&Value>,
    body: Option<&Value>,
) -> Result<Value, ApiError> {
    let mut call = own(method, path);
    let etag = before
        .map(|before| text(before, "etag"))
        .unwrap_or_default();
    if !etag.is_empty() {
        call = call.if_match(etag);
    }
    if let Some(body) = body {
        call = call.json(body);
    }
    let words = call.words().await?;
    if words.is_empty() {
        return Ok(Value::Null);
    }
    shared::reading::from_str(&words).map_err(|error| ApiError::Unreadable(error.to_string()))
}

/// The address of one of a list.
pub fn place(path: &str, id: &str) -> String {
    format!("{path}/{}", encode(id))
}
