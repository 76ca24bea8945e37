//! Indexes over paths of twins that operators declare, so that a query need not look at every
//! twin (`device-management.md` has none; ours).
//!
//! An index is named after its expression, so the tables themselves say which ones exist, and
//! nothing can disagree with them.

use super::Registry;
use crate::auth::signature::sha256_hex;
use crate::error::HubError;
use crate::query::plan::IndexedPath;
use crate::sql::Sql;

/// What the names of these indexes begin with.
const PREFIX: &str = "twin_path_";

/// Beside an index, the path that it is for; index names could not hold it.
pub(super) const SCHEMA: &str = "CREATE TABLE query_index (
    name TEXT PRIMARY KEY,
    path TEXT NOT NULL
) WITHOUT ROWID";

/// The paths that have an index.
pub(super) fn load(sql: &dyn Sql) -> Result<Vec<IndexedPath>, HubError> {
    let rows = sql.query("SELECT path FROM query_index ORDER BY name", &[])?;
    Ok(rows
        .iter()
        .filter_map(|row| IndexedPath::parse(row.text(0)?))
        .collect())
}

impl Registry {
    /// Makes the indexes that the settings name, and drops all others.
    pub(super) fn apply_indexes(&mut self, sql: &dyn Sql) -> Result<(), HubError> {
        let wanted = self
            .settings
            .as_ref()
            .map(|settings| &settings.query_indexes);
        let wanted: Vec<(String, &str, IndexedPath)> = wanted
            .into_iter()
            .flatten()
            .filter_map(|text| {
                let path = IndexedPath::parse(text)?;
                let digest = sha256_hex(path.expression().as_bytes());
                let name = format!("{PREFIX}{}", digest.get(..16)?);
                Some((name, text.as_str(), path))
            })
            .collect();
        for row in sql.query("SELECT name FROM query_index", &[])? {
            let name = row.required_text(0)?;
            if !wanted.iter().any(|(wanted, ..)| wanted == name) {
                sql.execute(&format!("DROP INDEX IF EXISTS {name}"), &[])?;
                sql.execute("DELETE FROM query_index WHERE name = ?", &[name.into()])?;
            }
        }
        for (name, text, path) in &wanted {
            // In an index columns have no table.
            let expression = path.expression().replacen("twin.", "", 1);
            sql.execute(
                &format!("CREATE INDEX IF NOT EXISTS {name} ON twin ({expression})"),
                &[],
            )?;
            sql.execute(
                "INSERT INTO query_index (name, path) VALUES (?, ?) ON CONFLICT DO NOTHING",
                &[name.as_str().into(), (*text).into()],
            )?;
        }
        self.indexed = wanted.into_iter().map(|(.., path)| path).collect();
        Ok(())
    }
}
