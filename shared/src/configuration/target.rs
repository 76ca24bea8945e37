//! Whom a configuration is for (`service.md` §11.1): a condition over twins, everybody, or
//! nobody.

use super::content::Family;
use crate::error::{ErrorCode, HubError};
use crate::query::ast::Expression;
use crate::query::error::Position;
use crate::query::path::Path;
use crate::query::{Collection, QueryError, matches, parse, parse_condition};
use serde_json::Value;

/// Longest condition in characters: a query around it must not get too long.
const MAX_CONDITION: usize = 8000;
/// What stands before a condition over modules, to make a query of it.
const SELECT: &str = "SELECT * ";

/// Whom a configuration is for.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// An empty condition.
    Nobody,
    /// `*`
    Everybody,
    /// Whose twin fulfils it.
    Matching(Expression),
}

impl Target {
    /// Reads a target condition.
    pub fn read(family: Family, text: &str) -> Result<Self, HubError> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(Self::Nobody);
        }
        if text.chars().count() > MAX_CONDITION {
            return Err(refused(format!(
                "it has more than {MAX_CONDITION} characters."
            )));
        }
        let condition = match family {
            Family::Modules => module_condition(text)?,
            _ if text == "*" => return Ok(Self::Everybody),
            _ => parse_condition(text).map_err(|error| refused(error.to_string()))?,
        };
        let target = Self::Matching(condition);
        // Whoever is a target because of being one would never be looked at in the right order.
        let marks = |path: &&Path| path.names().first() == Some(&"configurations");
        if target.paths().iter().any(marks) {
            return Err(refused("it must not depend on configurations.".to_owned()));
        }
        Ok(target)
    }

    /// Whether a twin's document is among them.
    pub fn includes(&self, document: &Value) -> bool {
        match self {
            Self::Nobody => false,
            Self::Everybody => true,
            Self::Matching(condition) => matches(Some(condition), document),
        }
    }

    /// What it reads of a document.
    pub fn paths(&self) -> Vec<&Path> {
        let mut paths = Vec::new();
        if let Self::Matching(condition) = self {
            condition.collect_paths(&mut paths);
        }
        paths
    }
}

fn module_condition(text: &str) -> Result<Expression, HubError> {
    let query = parse(&format!("{SELECT}{text}")).map_err(|error| {
        let behind = u32::try_from(SELECT.len()).unwrap_or(0);
        let error = match error {
            QueryError::Invalid { position, reason } if position.line == 1 => QueryError::Invalid {
                position: Position {
                    column: position.column.saturating_sub(behind).max(1),
                    ..position
                },
                reason,
            },
            other => other,
        };
        refused(error.to_string())
    })?;
    let plain = query.collection == Collection::Modules
        && query.group_by.is_none()
        && query.order_by.is_none();
    query.condition.filter(|_| plain).ok_or_else(|| {
        refused(
            "for moduleContent it begins with \"from devices.modules where\", and has nothing \
             behind the condition."
                .to_owned(),
        )
    })
}

fn refused(reason: String) -> HubError {
    HubError::new(
        ErrorCode::InvalidConfigurationTargetCondition,
        format!("The target condition is not good: {reason}"),
    )
}
