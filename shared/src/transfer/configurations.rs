//! The configurations of an import or export: a small file beside the identities', one JSON
//! object a line, with names in Pascal case as Azure writes them (`service.md` §5.2).

use super::{Container, StepError};
use crate::error::{ErrorCode, HubError};
use crate::http::Backend;
use crate::http::json::{self, Object};
use crate::http::operations::configurations::given;
use crate::ipc::hub::{HubReply, HubRequest};
use crate::ipc::registry::Precondition;
use crate::ipc::transfer::Transfer;
use crate::json;
use serde_json::Value;

/// Largest file: a hub keeps 1 MiB of configurations, and some write them with more space.
const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024;

/// A line that was not imported, or not as it stands there.
pub(super) struct Refused {
    pub(super) line: u64,
    pub(super) id: Option<String>,
    pub(super) error: HubError,
}

/// All configurations of the hub, as a file.
pub(super) async fn file<B: Backend>(backend: &B) -> Result<Vec<u8>, StepError> {
    let reply = backend.hub(HubRequest::ListConfigurations(None)).await;
    let documents = documents(reply.map_err(|error| StepError::actor(&error))?)?;
    let mut file = Vec::new();
    for document in &documents {
        // Writing a value into memory cannot fail.
        let _written = serde_json::to_writer(&mut file, &line(document));
        file.push(b'\n');
    }
    Ok(file)
}

fn documents(reply: HubReply) -> Result<Vec<Value>, StepError> {
    match reply {
        HubReply::Configurations(documents) => Ok(documents),
        _ => Err(StepError::Later("the hub gave another answer".to_owned())),
    }
}

fn line(document: &Value) -> Value {
    let field = |name: &str| document.get(name).cloned().unwrap_or_default();
    let content = document.get("content").and_then(Value::as_object);
    let content: Object = content
        .into_iter()
        .flatten()
        .map(|(family, content)| (in_pascal_case(family), content.clone()))
        .collect();
    json!({
        "Id": field("id"),
        "SchemaVersion": field("schemaVersion"),
        "Labels": field("labels"),
        "Content": content,
        "TargetCondition": field("targetCondition"),
        "CreatedTimeUtc": field("createdTimeUtc"),
        "LastUpdatedTimeUtc": field("lastUpdatedTimeUtc"),
        "Priority": field("priority"),
        "Metrics": { "Queries": document.pointer("/metrics/queries") },
        "ETag": field("etag"),
    })
}

fn in_pascal_case(name: &str) -> String {
    let mut name = name.to_owned();
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    name
}

/// Creates or updates what a file names; what that refuses is given back. Doing it again
/// changes nothing more.
pub(super) async fn import<B: Backend>(
    backend: &B,
    job: &Transfer,
    file: &str,
) -> Result<Vec<Refused>, StepError> {
    let input = job.order.input.as_deref().unwrap_or_default();
    let input = Container::new(backend, input).map_err(|error| StepError::Never(error.message))?;
    let unreadable = |error| StepError::storage("The configurations cannot be read", &error);
    let found = input.properties(file).await.map_err(unreadable)?;
    if found.size == 0 {
        return Ok(Vec::new());
    }
    if found.size > MAX_FILE_BYTES {
        return Err(StepError::Never(format!(
            "The file with the configurations has more than {MAX_FILE_BYTES} bytes."
        )));
    }
    let read = input.read(file, &found.etag, 0, found.size).await;
    let text = read.map_err(unreadable)?;
    let mut refused = Vec::new();
    for (line, text) in (1..).zip(text.split(|byte| *byte == b'\n')) {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        if !text.trim_ascii_start().starts_with(b"{") {
            continue;
        }
        let item = json::parse_object(text);
        let id = item.as_ref().ok().and_then(|item| {
            let id = json::member(item, "id").and_then(Value::as_str);
            id.map(str::to_owned)
        });
        let written = match item {
            Ok(item) => write(backend, job, id.as_deref().unwrap_or_default(), &item).await?,
            Err(error) => Some(error),
        };
        refused.extend(written.map(|error| Refused { line, id, error }));
    }
    Ok(refused)
}

/// Creates a configuration, or updates it if it is there; gives back why not.
async fn write<B: Backend>(
    backend: &B,
    job: &Transfer,
    id: &str,
    item: &Object,
) -> Result<Option<HubError>, StepError> {
    let given = match given(id, item) {
        Ok(given) => given,
        Err(error) => return Ok(Some(error)),
    };
    for precondition in [Precondition::None, Precondition::Any] {
        let put = HubRequest::PutConfiguration(Box::new(given.clone()), precondition);
        let request = HubRequest::Caused {
            cause: job.cause.clone(),
            request: Box::new(put),
        };
        match backend.hub(request).await {
            Ok(reply) => {
                let written = documents(reply)?;
                let content = written.first().and_then(|written| written.get("content"));
                let wanted = given.get("content").filter(|content| !content.is_null());
                let is_other = wanted.is_some() && wanted != content;
                return Ok(is_other.then(|| {
                    HubError::new(
                        ErrorCode::ConfigurationAlreadyExists,
                        "A configuration of this id is there with other content, which cannot \
                         be changed. Its condition, priority, labels and metrics were updated.",
                    )
                }));
            }
            Err(error) if error.code == ErrorCode::ConfigurationAlreadyExists => {}
            Err(error) if error.code.status() >= 500 || error.code.status() == 429 => {
                return Err(StepError::actor(&error));
            }
            Err(error) => return Ok(Some(error)),
        }
    }
    // It went away between the two.
    Err(StepError::Later(format!(
        "The configuration {id} is being changed."
    )))
}
