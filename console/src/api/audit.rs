//! The record of changes (`device-management.md §6`): reading it in pages and proving it whole.

use super::ApiError;
use super::client::own;
use crate::clock;
use crate::logic::audit_filter::AuditFilter;
use crate::logic::url_state::write_query;
use gloo_net::http::Method;
use serde::Deserialize;
use serde_json::Value;

/// Records asked for per page.
const PAGE: usize = 50;

/// One record, whole as the hub gave it: an export must not lose anything.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct AuditRecord(pub Value);

impl AuditRecord {
    /// A text field; empty if absent.
    pub fn text(&self, name: &str) -> String {
        self.0
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    }

    /// Its number within its chain.
    pub fn number(&self) -> u64 {
        self.0.get("number").and_then(whole).unwrap_or(0)
    }

    /// Where it stands among all records, in one word for addresses.
    pub fn place(&self) -> String {
        format!("{}.{}", self.text("chain"), self.number())
    }

    /// `before` or `after`; null if the record has none.
    pub fn document(&self, name: &str) -> &Value {
        self.0.get(name).unwrap_or(&Value::Null)
    }

    /// Whether the hub refused it.
    pub fn refused(&self) -> bool {
        !matches!(self.text("result").as_str(), "ok" | "requested")
    }

    /// What it is about if that is no device: the name in its documents.
    pub fn named(&self) -> Option<&str> {
        ["after", "before"]
            .into_iter()
            .find_map(|part| self.document(part).get("name")?.as_str())
    }
}

/// Numbers may have travelled as floats.
fn whole(value: &Value) -> Option<u64> {
    value
        .as_u64()
        .or_else(|| value.as_f64().map(|float| float as u64))
}

/// One page of records, newest first.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct AuditPage {
    /// Its records.
    pub records: Vec<AuditRecord>,
    /// Where older ones begin; `None` at the end.
    #[serde(default)]
    pub cursor: Option<String>,
}

/// What the hub found when it computed every chain again.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct AuditProof {
    /// Whether all chains hold.
    pub intact: bool,
    /// One by one.
    pub chains: Vec<ChainProof>,
}

/// One chain.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChainProof {
    /// Its name.
    pub chain: String,
    /// Whether it holds.
    pub intact: bool,
    /// Records looked at.
    pub records: f64,
    /// Number of the first record that does not fit.
    #[serde(default)]
    pub broken_at: Option<f64>,
    /// The newest record.
    pub head: ChainHead,
}

/// The end of a chain.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ChainHead {
    /// Number of the newest record.
    pub number: f64,
    /// Its hash; empty if there is none.
    pub hash: String,
}

/// A page of records that match; `cursor` goes on where an earlier page ended.
pub async fn page(filter: &AuditFilter, cursor: Option<&str>) -> Result<AuditPage, ApiError> {
    let (since, until) = filter.bounds(clock::now_once());
    let query = write_query([
        ("deviceId", filter.device.clone()),
        ("actor", filter.actor.clone()),
        ("action", filter.action.clone()),
        ("since", since),
        ("until", until),
        ("top", PAGE.to_string()),
        ("cursor", cursor.unwrap_or_default().to_owned()),
    ]);
    own(Method::GET, &format!("/audit{query}"))
        .read()
        .await
        .map(|answer| answer.value)
}

/// Has every chain computed again.
pub async fn verify() -> Result<AuditProof, ApiError> {
    own(Method::GET, "/audit/verify")
        .read()
        .await
        .map(|answer| answer.value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_record_knows_its_place_and_outcome() {
        let record = AuditRecord(json!({
            "chain": "registry-0", "number": 12.0, "result": "ok", "after": { "name": "r" },
        }));
        assert_eq!(record.place(), "registry-0.12");
        assert!(!record.refused());
        assert_eq!(record.named(), Some("r"));
        assert!(record.document("before").is_null());
        let refused = AuditRecord(json!({ "result": "PreconditionFailed" }));
        assert!(refused.refused());
        assert_eq!(refused.named(), None);
    }
}
