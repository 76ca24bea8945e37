//! Paths that have an index: reading and changing them (ours).

use super::{Failure, unexpected};
use crate::error::HubError;
use crate::http::backend::Backend;
use crate::http::json;
use crate::http::message::{Request, Response};
use crate::ipc::hub::{HubReply, HubRequest};
use crate::json;
use crate::query::plan::IndexedPath;
use serde_json::Value;

/// Each index is written with every twin.
const MAX_INDEXES: usize = 8;

/// `GET /api/v1/query/indexes`
pub async fn get<B: Backend>(backend: &B) -> Result<Response, Failure> {
    answer(backend.hub(HubRequest::GetSettings).await?)
}

/// `PUT /api/v1/query/indexes`: `{"paths":["tags.site","properties.reported.firmware.version"]}`
pub async fn put<B: Backend>(backend: &B, request: &Request) -> Result<Response, Failure> {
    let paths = read(&request.body)?;
    answer(backend.hub(HubRequest::PutQueryIndexes(paths)).await?)
}

fn answer(reply: HubReply) -> Result<Response, Failure> {
    match reply {
        HubReply::Settings(settings) => Ok(Response::json(
            200,
            &json!({ "paths": settings.query_indexes }),
        )),
        _ => Err(unexpected("the hub")),
    }
}

fn read(body: &[u8]) -> Result<Vec<String>, HubError> {
    let body = json::parse_object(body)?;
    let given = match json::member(&body, "paths") {
        Some(Value::Array(paths)) if paths.len() <= MAX_INDEXES => paths,
        _ => {
            return Err(HubError::invalid(format!(
                "paths must be an array of at most {MAX_INDEXES} paths."
            )));
        }
    };
    let mut known: Vec<IndexedPath> = Vec::new();
    let mut paths = Vec::new();
    for path in given {
        let text = path.as_str().unwrap_or_default();
        let parsed = IndexedPath::parse(text)
            .filter(|parsed| !known.contains(parsed))
            .ok_or_else(|| {
                HubError::invalid(format!(
                    "{path} cannot have an index, or stands there twice: name a path into tags, \
                     properties.desired or properties.reported, such as \"tags.site\"."
                ))
            })?;
        known.push(parsed);
        paths.push(text.to_owned());
    }
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(paths: Value) -> Result<Vec<String>, HubError> {
        read(json!({ "paths": paths }).to_string().as_bytes())
    }

    #[test]
    fn paths_into_tags_and_properties_may_have_an_index() {
        let good = json!([
            "tags.site",
            "properties.reported.[[fw version]].x",
            "tags.a[0]",
            "tags.[[it's]]"
        ]);
        assert_eq!(paths(good).unwrap().len(), 4);
        for bad in [
            json!("tags.site"),
            json!(["deviceId"]),
            json!(["COUNT()"]),
            json!(["tags.a, tags.b"]),
            json!(["tags.a FROM devices WHERE 1=1 --"]),
            json!(["TOP 5 tags.a"]),
            json!(["tags.a", "devices.tags.a"]),
            json!([1]),
            json!(vec!["tags.a"; 9]),
        ] {
            assert!(paths(bad.clone()).is_err(), "{bad}");
        }
    }
}
