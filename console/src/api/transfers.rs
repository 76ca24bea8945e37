//! Import and export jobs (`service.md §5`), and what an import would do.

use super::ApiError;
use super::client::{hub, own};
use crate::logic::transfer::{Format, container_of, is_under_way};
use crate::logic::url_state::encode;
use gloo_net::http::Method;
use serde::Deserialize;
use serde_json::Value;
use web_sys::Blob;

/// One job.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Job {
    /// Its id.
    pub job_id: String,
    /// `import` or `export`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `enqueued`, `running`, `completed`, `failed` or `cancelled`.
    pub status: String,
    /// When it was asked for.
    #[serde(default)]
    pub start_time_utc: Option<String>,
    /// When it was over.
    #[serde(default)]
    pub end_time_utc: Option<String>,
    /// Percent.
    #[serde(default)]
    pub progress: f64,
    /// The file that is imported.
    #[serde(default)]
    pub input_blob_name: Option<String>,
    /// The file that is exported, or the log of an import.
    #[serde(default)]
    pub output_blob_name: Option<String>,
    /// Whether an export leaves keys out.
    #[serde(default)]
    pub exclude_keys_in_export: bool,
    /// Why it failed.
    #[serde(default)]
    pub failure_reason: Option<String>,
    /// Identities written or applied.
    #[serde(default)]
    pub succeeded_count: f64,
    /// Lines that were refused.
    #[serde(default)]
    pub failed_count: f64,
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
