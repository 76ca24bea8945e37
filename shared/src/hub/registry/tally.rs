//! Counting in SQL what is certain, so that nobody has to look at each document
//! (`query-routing-events.md` §1.8).
//!
//! Only documents for which the condition surely holds are counted here; the evaluator looks
//! at those that the prefilter lets through beside them. Together they are the same numbers
//! as the evaluator alone would give.

use crate::error::HubError;
use crate::query::aggregate::{Group, Groups, Total};
use crate::query::ast::{Aggregate, Query};
use crate::query::plan::{IndexedPath, Prefilter, certain, group_key};
use crate::query::{Collection, SortValue};
use crate::sql::{Sql, SqlValue};
use serde_json::Value;

/// Parameters of a statement; a few are left for what stands around conditions.
const MAX_PARAMETERS: usize = 95;

/// What can be counted where it is stored.
pub(super) struct Tally {
    statement: String,
    parameters: Vec<SqlValue>,
    /// The key's texts are JSON.
    keys_are_json: bool,
    /// What the evaluator has to look at besides; `None`: nothing.
    pub rest: Option<Prefilter>,
}

/// How to count a query's documents. `None`: only the evaluator can. With `all_alike` there
/// are no groups.
pub(super) fn plan(
    query: &Query,
    all_alike: bool,
    prefilter: Option<&Prefilter>,
    indexed: &[IndexedPath],
) -> Option<Tally> {
    let counts = |aggregate: &Aggregate| *aggregate == Aggregate::Count;
    // Jobs are in tables of their own.
    if query.collection == Collection::Jobs || !all_alike && !query.aggregates().all(counts) {
        return None;
    }
    let certain = certain(query.condition.as_ref(), indexed)?;
    let group = query.group_by.as_ref().filter(|_| !all_alike);
    let (key, mut parameters, keys_are_json) = match group {
        Some(path) => group_key(path, indexed)?,
        None => ("NULL".to_owned(), Vec::new(), false),
    };
    let sure = &certain.sql;
    parameters.extend(sure.parameters.iter().cloned());
    // Identities are read only if something of them is asked for.
    let needs_identity = [&key, &sure.sql]
        .iter()
        .any(|sql| sql.contains("identity."));
    let (tables, module) = if needs_identity {
        (super::query::TABLES, "identity.module_id")
    } else {
        ("twin", "twin.module_id")
    };
    let modules = match query.collection {
        Collection::Modules => "<>",
        _ => "=",
    };
    let statement = format!(
        "SELECT {key}, count(*) FROM {tables} WHERE {module} {modules} '' AND {} GROUP BY 1 \
         LIMIT {}",
        sure.sql,
        crate::query::aggregate::MAX_GROUPS + 1
    );
    let rest = if certain.is_whole {
        None
    } else {
        let unsure = Prefilter::unless(prefilter, sure);
        (unsure.parameters.len() <= MAX_PARAMETERS).then_some(())?;
        Some(unsure)
    };
    (parameters.len() <= MAX_PARAMETERS).then_some(Tally {
        statement,
        parameters,
        keys_are_json,
        rest,
    })
}

impl Tally {
    /// Counts into groups; how many documents these are together.
    pub(super) fn count(
        &self,
        query: &Query,
        sql: &dyn Sql,
        groups: &mut Groups,
    ) -> Result<u64, HubError> {
        let mut all = 0;
        for row in sql.query(&self.statement, &self.parameters)? {
            let rows = row.integer(1).unwrap_or(0).unsigned_abs();
            all += rows;
            let key = match row.text(0) {
                None => SortValue::Absent,
                Some(text) if self.keys_are_json => {
                    SortValue::from_json(serde_json::from_str::<Value>(text).ok().as_ref())
                }
                Some(text) => SortValue::Text(text.to_owned()),
            };
            let total = || Total {
                rows,
                ..Total::default()
            };
            groups.merge(Group {
                key,
                totals: query.aggregates().map(|_| total()).collect(),
            })?;
        }
        Ok(all)
    }
}
