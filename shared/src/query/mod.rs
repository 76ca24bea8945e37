//! The query language of twins and jobs (`query-routing-events.md` §1, §2).
//!
//! [`parse`] makes a [`Query`] of a text; [`plan`] makes an SQL prefilter of its condition,
//! which may let through too much but never too little; [`evaluate`] decides for each
//! document; [`project`] and [`aggregate`] shape the results. Pure: nothing here knows
//! where documents come from, who asks, or how pages travel.

pub mod aggregate;
pub mod ast;
pub mod error;
pub mod evaluate;
mod function;
pub mod lexer;
pub mod parser;
pub mod path;
pub mod plan;
pub mod project;
pub mod sections;
pub mod since;
pub mod sort_value;
pub(crate) mod value;

pub use aggregate::{Group, Groups};
pub use ast::{Collection, Query, Select, Shape};
pub use error::QueryError;
pub use evaluate::matches;
pub use parser::{parse, parse_condition};
pub use project::project;
pub use sections::Sections;
pub use sort_value::{DocumentKey, Place, SortValue};

/// A text as a query writes it, quotes included.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}
