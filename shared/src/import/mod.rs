//! Lines of import files (`service.md` §5.2), and the same as CSV (ours).
//!
//! A line becomes an item of `service.md` §4.6, or an error that says where it is wrong. What
//! an item means is decided by the registry, never here.

mod csv;
mod line;

pub use csv::items as csv_items;
pub use line::{identity, item as json_item, items as json_items};

use crate::error::HubError;
use crate::ids::Identity;
use serde_json::Value;

/// What a line of a file is.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// An item and the identity that it is about.
    Item(Identity, Value),
    /// Nothing to import: empty, or the warning that a file without keys begins with.
    Nothing,
    /// Not an item. The column counts from 1, in bytes for JSON and in fields for CSV.
    Broken(HubError, Option<usize>),
}

/// A line with its number, which counts from 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Where it stands in the file.
    pub number: usize,
    /// What it is.
    pub content: Content,
}
