//! Reads of records that an object keeps, those of changes and of operations alike: pages,
//! newest first.

use crate::error::HubError;
use crate::ipc::audit::{AuditPage, ReadRecords};
use crate::json;
use crate::sql::{Row, Sql, SqlValue};
use serde_json::Value;

/// Reads what is wanted; `chain` names this object's records in them.
pub fn read(sql: &dyn Sql, chain: &str, wanted: &ReadRecords) -> Result<AuditPage, HubError> {
    let of_changes = wanted.get("of").and_then(Value::as_str) == Some("audit");
    let mut statement = String::from(if of_changes {
        "SELECT number, record, hash FROM audit WHERE 1"
    } else {
        "SELECT number, record FROM operation WHERE 1"
    });
    let mut parameters: Vec<SqlValue> = Vec::new();
    for (name, condition) in [
        ("before", " AND number < ?"),
        ("after", " AND number > ?"),
        // No index is worth a second row write for each operations record.
        (
            "last",
            " AND number > (SELECT max(number) FROM operation) - ?",
        ),
        ("deviceId", " AND device_id = ?"),
        ("actor", " AND actor = ?"),
        ("action", " AND action = ?"),
        ("category", " AND category = ?"),
        ("level", " AND level = ?"),
        ("since", " AND at >= ?"),
        ("until", " AND at < ?"),
    ] {
        let parameter = match wanted.get(name) {
            Some(Value::String(text)) => text.as_str().into(),
            Some(Value::Number(number)) => number.as_i64().into(),
            _ => continue,
        };
        statement.push_str(condition);
        parameters.push(parameter);
    }
    statement.push_str(match wanted.get("after") {
        Some(Value::Number(_)) => " ORDER BY number LIMIT ?",
        _ => " ORDER BY number DESC LIMIT ?",
    });
    let top = wanted.get("top").and_then(Value::as_u64).unwrap_or(0);
    parameters.push((top + 1).into());
    let rows = sql.query(&statement, &parameters)?;
    let top = usize::try_from(top).unwrap_or(usize::MAX);
    let mut page = AuditPage {
        records: Vec::new(),
        more: rows.len() > top,
    };
    for row in rows.iter().take(top) {
        page.records.push(document(chain, row)?);
    }
    Ok(page)
}

fn document(chain: &str, row: &Row) -> Result<Value, HubError> {
    let mut record: Value = serde_json::from_str(row.required_text(1)?)
        .map_err(|error| HubError::internal(format!("a stored record: {error}")))?;
    if let Value::Object(record) = &mut record {
        record.insert("chain".into(), json!(chain));
        record.insert("number".into(), json!(row.integer(0)));
        if let Some(hash) = row.text(2) {
            record.insert("hash".into(), json!(hash));
        }
    }
    Ok(record)
}
