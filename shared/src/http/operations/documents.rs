//! What operators write and the settings carry as it is shown: maintenance policies
//! (`device-management.md` §4.2) and alert rules (§5), each under its id.

use super::{Failure, deleted, document_answer, unexpected};
use crate::alert::rule::{self, RuleSettings};
use crate::error::{ErrorCode, HubError};
use crate::http::backend::Backend;
use crate::http::json;
use crate::http::message::{Request, Response};
use crate::http::precondition::if_match;
use crate::ipc::hub::{HubReply, HubRequest};
use crate::json;
use crate::maintenance;
use serde_json::Value;

/// Which documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Maintenance policies.
    Policies,
    /// Alert rules: also those that are built in, as they stand.
    AlertRules,
}

impl Kind {
    fn not_found(self, id: &str) -> HubError {
        let what = match self {
            Self::Policies => "maintenance policy",
            Self::AlertRules => "alert rule",
        };
        let text = format!("There is no {what} {id}.");
        HubError::new(ErrorCode::GenericNotFound, text)
    }
}

/// From the hub object itself: the mirror has none of them.
async fn read<B: Backend>(backend: &B, kind: Kind) -> Result<Vec<Value>, Failure> {
    match backend.hub(HubRequest::GetSettings).await? {
        HubReply::Settings(settings) => Ok(match kind {
            Kind::Policies => settings.maintenance,
            Kind::AlertRules => rule::shown(&settings.alert_rules),
        }),
        _ => Err(unexpected("the hub")),
    }
}

/// `GET /api/v1/maintenance-policies`, `GET /api/v1/alert-rules`
pub async fn list<B: Backend>(backend: &B, kind: Kind) -> Result<Response, Failure> {
    let items = read(backend, kind).await?;
    Ok(Response::json(200, &json!({ "items": items })))
}

/// `GET …/{id}`
pub async fn get<B: Backend>(backend: &B, kind: Kind, id: &str) -> Result<Response, Failure> {
    let all = read(backend, kind).await?;
    let found = all.iter().find(|document| rule::id_of(document) == id);
    Ok(document_answer(
        200,
        found.ok_or_else(|| kind.not_found(id))?,
    ))
}

/// `PUT …/{id}`: 201 for a new one, else 200. What an alert rule does not say is as built in.
pub async fn put<B: Backend>(
    backend: &B,
    request: &Request,
    kind: Kind,
    id: String,
) -> Result<Response, Failure> {
    let mut body = json::parse_object(&request.body)?;
    if json::text_member(&body, "id")?.is_some_and(|named| named != id) {
        return Err(HubError::invalid("id in the body is not the id of the path.").into());
    }
    body.insert("id".to_owned(), json!(id));
    // Made by the hub.
    body.remove("etag");
    let precondition = if_match(request);
    let change = match kind {
        Kind::Policies => {
            body.remove("version");
            let document = Value::Object(body);
            maintenance::check(&document, backend.now(), backend.zones().as_ref())?;
            HubRequest::PutMaintenancePolicy(Box::new(document), precondition)
        }
        Kind::AlertRules => {
            let rule = RuleSettings::read(&body)?.document();
            HubRequest::PutAlertRule(Box::new(rule), precondition)
        }
    };
    match backend.hub(change).await? {
        HubReply::Policy { is_new, policy } => {
            Ok(document_answer(if is_new { 201 } else { 200 }, &policy))
        }
        _ => Err(unexpected("the hub")),
    }
}

/// `DELETE …/{id}`: an alert rule that is built in is as it was again
pub async fn delete<B: Backend>(
    backend: &B,
    request: &Request,
    kind: Kind,
    id: String,
) -> Result<Response, Failure> {
    let precondition = if_match(request);
    let change = match kind {
        Kind::Policies => HubRequest::DeleteMaintenancePolicy(id.clone(), precondition),
        Kind::AlertRules => HubRequest::DeleteAlertRule(id.clone(), precondition),
    };
    deleted(backend.hub(change).await?, || kind.not_found(&id))
}
