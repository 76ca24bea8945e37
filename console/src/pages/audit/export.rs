//! Saving the records shown as a file, made in the browser of what the hub already gave.

use crate::api::audit::AuditRecord;
use crate::clock;
use crate::logic::json_document::pretty;
use crate::logic::time;
use crate::logic::url_state::encode;
use crate::save;
use serde_json::Value;

/// Offers the records as a JSON file.
pub fn save(records: &[AuditRecord]) {
    let all = Value::Array(records.iter().map(|record| record.0.clone()).collect());
    let name = format!(
        "audit-{}.json",
        time::timestamp(clock::now_once()).replace(':', "")
    );
    let address = format!(
        "data:application/json;charset=utf-8,{}",
        encode(&pretty(&all))
    );
    save::save(&address, &name);
}
