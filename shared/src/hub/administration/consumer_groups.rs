//! Names of the readers that checkpoints belong to (`query-routing-events.md` §5).

use super::{DEFAULT_GROUP, check_name};
use crate::error::{ErrorCode, HubError};
use crate::ipc::hub::{HubReply, HubResult};
use crate::sql::Sql;

/// Consumer groups besides the default one.
const MAX_GROUPS: usize = 20;

fn names(sql: &dyn Sql) -> Result<Vec<String>, HubError> {
    let rows = sql.query("SELECT name FROM consumer_group ORDER BY name", &[])?;
    rows.iter()
        .map(|row| row.required_text(0).map(str::to_owned))
        .collect()
}

/// Names, the default one first.
pub(super) fn list(sql: &dyn Sql) -> HubResult {
    let mut all = vec![DEFAULT_GROUP.to_owned()];
    all.extend(names(sql)?);
    Ok(HubReply::ConsumerGroups(all))
}

/// Adds a group; whether it is new.
pub(super) fn put(name: &str, sql: &dyn Sql) -> HubResult {
    if name == DEFAULT_GROUP {
        return Ok(HubReply::Changed(false));
    }
    check_name("A consumer group's name", name, 50)?;
    let known = names(sql)?;
    if known.iter().any(|group| group == name) {
        return Ok(HubReply::Changed(false));
    }
    if known.len() >= MAX_GROUPS {
        return Err(HubError::new(
            ErrorCode::IotHubQuotaExceeded,
            format!(
                "A hub has at most {MAX_GROUPS} consumer groups besides {DEFAULT_GROUP}; delete one first."
            ),
        ));
    }
    sql.execute(
        "INSERT INTO consumer_group (name) VALUES (?)",
        &[name.into()],
    )?;
    Ok(HubReply::Changed(true))
}

/// Takes a group away; whether it was there.
pub(super) fn delete(name: &str, sql: &dyn Sql) -> HubResult {
    if name == DEFAULT_GROUP {
        return Err(HubError::invalid(format!(
            "{DEFAULT_GROUP} cannot be deleted."
        )));
    }
    let existed = names(sql)?.iter().any(|group| group == name);
    sql.execute("DELETE FROM consumer_group WHERE name = ?", &[name.into()])?;
    Ok(HubReply::Changed(existed))
}
