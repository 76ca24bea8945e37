//! Lines of import files (`service.md` §5.2), and the same as CSV (ours).
//!
//! A line becomes an item of `service.md` §4.6, or an error that says where it is wrong. A file
//! is read piece by piece ([`Reader`]); at most one line of it is kept. What an item means is
//! decided by the registry, never here.

mod csv;
mod line;

pub use line::{identity, item as json_item};

use crate::error::HubError;
use crate::ids::Identity;
use serde_json::Value;

/// Longest line: a twin at its limits with `$metadata` has less.
const MAX_LINE_BYTES: usize = 512 * 1024;

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

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    Json,
    /// A table with names of columns in its first line.
    Csv,
}

/// Reads a file whose pieces may end anywhere.
#[derive(Debug)]
pub struct Reader(Kind);

#[derive(Debug)]
enum Kind {
    Json(line::Lines),
    Csv(Box<csv::Table>),
}

impl Reader {
    /// At the beginning of a file.
    pub fn new(format: Format) -> Self {
        Self(match format {
            Format::Json => Kind::Json(line::Lines::default()),
            Format::Csv => Kind::Csv(Box::default()),
        })
    }

    /// Takes the next piece and adds the lines that end in it; `Err` if the first line of a
    /// table makes no sense.
    pub fn push(&mut self, piece: &[u8], lines: &mut Vec<Line>) -> Result<(), HubError> {
        match &mut self.0 {
            Kind::Json(reader) => {
                reader.push(piece, lines);
                Ok(())
            }
            Kind::Csv(table) => table.push(piece, lines),
        }
    }

    /// The file ends here: adds a last line that no line break ends.
    pub fn finish(self, lines: &mut Vec<Line>) -> Result<(), HubError> {
        match self.0 {
            Kind::Json(reader) => {
                reader.finish(lines);
                Ok(())
            }
            Kind::Csv(table) => table.finish(lines),
        }
    }
}

/// A whole file.
pub fn read(format: Format, text: &[u8]) -> Result<Vec<Line>, HubError> {
    let mut lines = Vec::new();
    let mut reader = Reader::new(format);
    reader.push(text, &mut lines)?;
    reader.finish(&mut lines)?;
    Ok(lines)
}
