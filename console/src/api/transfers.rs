//! Import and export jobs (`service.md §5`), and what an import would do.

use super::ApiError;
use super::client::{hub, own};
use crate::logic::json_document::{is, words, words_if_any};
use crate::logic::transfer::{Format, container_of, is_under_way};
use crate::logic::url_state::encode;
use gloo_net::http::Method;
use serde::Deserialize;
use serde_json::Value;
use web_sys::Blob;

/// One job.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(from = "Value")]
pub struct Job {
    /// Its id.
    pub job_id: String,
    /// `import` or `export`.
    pub kind: String,
    /// `enqueued`, `running`, `completed`, `failed` or `cancelled`.
    pub status: String,
    /// When it was asked for.
    pub start_time_utc: Option<String>,
    /// When it was over.
    pub end_time_utc: Option<String>,
    /// Percent.
    pub progress: f64,
    /// The file that is imported.
    pub input_blob_name: Option<String>,
    /// The file that is exported, or the log of an import.
    pub output_blob_name: Option<String>,
    /// Whether an export leaves keys out.
    pub exclude_keys_in_export: bool,
    /// Why it failed.
    pub failure_reason: Option<String>,
    /// Identities written or applied.
    pub succeeded_count: f64,
    /// Lines that were refused.
    pub failed_count: f64,
}

/// By hand: what is derived for a struct of this size is as large as a screen.
impl From<Value> for Job {
    fn from(job: Value) -> Self {
        let number = |name: &str| job.get(name).and_then(Value::as_f64).unwrap_or(0.0);
        Self {
            job_id: words(&job, "jobId"),
            kind: words(&job, "type"),
            status: words(&job, "status"),
            start_time_utc: words_if_any(&job, "startTimeUtc"),
            end_time_utc: words_if_any(&job, "endTimeUtc"),
            progress: number("progress"),
            input_blob_name: words_if_any(&job, "inputBlobName"),
            output_blob_name: words_if_any(&job, "outputBlobName"),
            exclude_keys_in_export: is(&job, "excludeKeysInExport"),
            failure_reason: words_if_any(&job, "failureReason"),
            succeeded_count: number("succeededCount"),
            failed_count: number("failedCount"),
        }
    }
}

impl Job {
    /// Whether it brings identities in.
    pub fn is_import(&self) -> bool {
        self.kind == "import"
    }

    /// Whether it goes on.
    pub fn is_under_way(&self) -> bool {
        is_under_way(&self.status)
    }

    /// The file with the identities.
    pub fn file(&self) -> &str {
        let name = if self.is_import() {
            &self.input_blob_name
        } else {
            &self.output_blob_name
        };
        name.as_deref().unwrap_or_default()
    }

    /// The container in the hub's store, if the console began the job.
    pub fn container(&self) -> Option<&str> {
        container_of(self.file())
    }
}

/// The jobs of the last thirty days, newest first.
pub async fn list() -> Result<Vec<Job>, ApiError> {
    let answer = hub(Method::GET, "/jobs").read().await?;
    Ok(answer.value)
}

/// Begins a job.
pub async fn create(order: &Value) -> Result<Job, ApiError> {
    let answer = hub(Method::POST, "/jobs/create").json(order).read().await?;
    Ok(answer.value)
}

/// Stops a job; what was done until then stays.
pub async fn cancel(id: &str) -> Result<(), ApiError> {
    hub(Method::DELETE, &format!("/jobs/{}", encode(id)))
        .done()
        .await
}

/// Asks what an import of a file would do; the answer is handed over as it comes in.
pub async fn dry_run(
    content: &Blob,
    format: Format,
    on_bytes: impl FnMut(&[u8]) -> bool,
) -> Result<(), ApiError> {
    own(Method::POST, "/import/dry-run")
        .header("Content-Type", format.content_type())
        .file(content)
        .stream(on_bytes)
        .await
}
