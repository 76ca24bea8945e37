//! The schema of tags, and who breaks it (`device-management.md` §7).

use super::{Failure, deleted, unexpected};
use crate::error::{ErrorCode, HubError};
use crate::http::backend::Backend;
use crate::http::json;
use crate::http::message::{Request, Response};
use crate::http::parameters;
use crate::http::precondition::if_match;
use crate::http::query_pages;
use crate::ids::{DeviceId, Identity};
use crate::ipc::hub::{HubReply, HubRequest, TagSchema, TagSchemaMode};
use crate::json;
use crate::query::{DocumentKey, Place, SortValue};
use serde_json::Value;

/// Tells whoever wrote tags that they break the schema, where that is allowed.
pub const WARNING: &str = "x-skerry-schema-warning";
/// Longest text of the warning, in bytes.
const MAX_WARNING: usize = 256;
/// Most devices of one page.
const MAX_TOP: u32 = 100;

/// An answer with the warning, if there is one.
pub fn with_warning(response: Response, warning: Option<String>) -> Response {
    let Some(mut text) = warning else {
        return response;
    };
    text.truncate(text.floor_char_boundary(MAX_WARNING));
    response.with_header(WARNING, text)
}

/// From the hub object itself: the mirror has no schemas.
async fn read<B: Backend>(backend: &B) -> Result<Box<TagSchema>, Failure> {
    match backend.hub(HubRequest::GetSettings).await? {
        HubReply::Settings(settings) => settings.tag_schema.ok_or_else(|| not_found().into()),
        _ => Err(unexpected("the hub")),
    }
}

fn not_found() -> HubError {
    HubError::new(ErrorCode::GenericNotFound, "There is no schema for tags.")
}

fn answer(status: u16, schema: &TagSchema, etag: &str) -> Response {
    Response::json(
        status,
        &json!({ "mode": schema.mode, "schema": schema.schema }),
    )
    .with_etag(etag)
}

/// `GET /api/v1/schemas/tags`
pub async fn get<B: Backend>(backend: &B) -> Result<Response, Failure> {
    let known = read(backend).await?;
    Ok(answer(200, &known, &known.etag))
}

/// `PUT /api/v1/schemas/tags`: 201 for a new one, else 200
pub async fn put<B: Backend>(backend: &B, request: &Request) -> Result<Response, Failure> {
    let body = json::parse_object(&request.body)?;
    let given = json::text_member(&body, "mode")?;
    let mode = TagSchemaMode::ALL
        .iter()
        .find(|(name, _)| Some(*name) == given);
    let Some((_, mode)) = mode else {
        return Err(HubError::invalid("mode must be off, warn or enforce.").into());
    };
    let schema = json::member(&body, "schema")
        .ok_or_else(|| HubError::invalid("schema must be there: a JSON Schema for tags."))?;
    let schema = Box::new(TagSchema {
        mode: *mode,
        schema: schema.clone(),
        etag: String::new(),
    });
    let change = HubRequest::PutTagSchema(schema.clone(), if_match(request));
    match backend.hub(change).await? {
        HubReply::Stored { is_new, etag } => {
            Ok(answer(if is_new { 201 } else { 200 }, &schema, &etag))
        }
        _ => Err(unexpected("the hub")),
    }
}

/// `DELETE /api/v1/schemas/tags`
pub async fn delete<B: Backend>(backend: &B, request: &Request) -> Result<Response, Failure> {
    let change = HubRequest::DeleteTagSchema(if_match(request));
    deleted(backend.hub(change).await?, not_found)
}

/// `GET /api/v1/schemas/tags/violations`: `top`, `after` (a device id); whatever the mode
pub async fn violations<B: Backend>(backend: &B, request: &Request) -> Result<Response, Failure> {
    read(backend).await?;
    let top = parameters::top(request, MAX_TOP, MAX_TOP)?;
    let top = usize::try_from(top).unwrap_or(usize::MAX);
    let after = request
        .filled_parameter("after")
        .map(|text| DeviceId::parse(&text))
        .transpose()
        .map_err(|error| HubError::invalid(format!("after is not a device id: {error}.")))?
        .map(|device| Place {
            value: SortValue::Absent,
            key: DocumentKey::of(&Identity::device(device)),
        });
    let (page, count) = query_pages::violations(backend, after, top).await?;
    Ok(Response::json(
        200,
        &json!({
            "count": count,
            "items": page.items,
            "next": page.next.and_then(after_text),
        }),
    ))
}

/// The id behind which the next page begins.
fn after_text(position: crate::http::continuation::Position) -> Option<Value> {
    match position {
        crate::http::continuation::Position::Place(place) => Some(json!(place.key.device)),
        crate::http::continuation::Position::Group(_) => None,
    }
}
