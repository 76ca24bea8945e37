//! Import and export jobs: what is asked for, where the files lie, and what a file is.
//!
//! The hub never tells a job's container again: its URL was a secret. The console gives every
//! job a container of its own and writes its name into the name of the file, which the hub does
//! tell, so that whoever looks at the list later can fetch the file without anything remembered
//! in a browser.

use super::time::{Millis, timestamp};
use serde_json::{Value, json};

/// What names of the console's containers begin with.
const PREFIX: &str = "console-";

/// The file in a container.
const FILE: &str = "devices.txt";

/// What an import leaves behind about refused lines, beside its file.
pub const LOG: &str = "importErrors.log";

/// The largest file that the hub looks at in a dry run.
pub const MOST_CHECKED_BYTES: f64 = 16.0 * 1024.0 * 1024.0;

/// A container for a job that begins now: `console-20261126-131000-1f3a`.
pub fn new_container(now: Millis, chance: f64) -> String {
    let moment: String = timestamp(now)
        .chars()
        .filter_map(|c| match c {
            'T' => Some('-'),
            c => c.is_ascii_digit().then_some(c),
        })
        .collect();
    let chance = (chance.clamp(0.0, 1.0) * 65_535.0) as u32;
    format!("{PREFIX}{moment}-{chance:04x}")
}

/// The name of a container's file.
pub fn file_in(container: &str) -> String {
    format!("{container}/{FILE}")
}

/// The container that the name of a file tells; `None` for jobs begun elsewhere.
pub fn container_of(file: &str) -> Option<&str> {
    let container = file.strip_suffix(FILE)?.strip_suffix('/')?;
    (container.starts_with(PREFIX) && !container.contains('/')).then_some(container)
}

/// What a file is called when it is saved.
pub fn saved_name(container: &str) -> String {
    let moment = container.strip_prefix(PREFIX).unwrap_or(container);
    format!("devices-{moment}.txt")
}

/// Asks for an export into a container.
pub fn export_order(url: &str, container: &str, with_keys: bool) -> Value {
    json!({
        "type": "export",
        "outputBlobContainerUri": url,
        "outputBlobName": file_in(container),
        "excludeKeysInExport": !with_keys,
    })
}

/// Asks for an import of a container's file; the log goes beside it.
pub fn import_order(url: &str, container: &str) -> Value {
    json!({
        "type": "import",
        "inputBlobContainerUri": url,
        "outputBlobContainerUri": url,
        "inputBlobName": file_in(container),
    })
}

/// How the lines of a file are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    Lines,
    /// A table; jobs do not read it, dry runs do.
    Table,
}

impl Format {
    /// By the name of the file.
    pub fn of(name: &str) -> Self {
        if name.to_ascii_lowercase().ends_with(".csv") {
            Self::Table
        } else {
            Self::Lines
        }
    }

    /// The content type that tells the hub.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Lines => "application/x-ndjson",
            Self::Table => "text/csv",
        }
    }
}

/// Whether a job of this status goes on.
pub fn is_under_way(status: &str) -> bool {
    matches!(status, "enqueued" | "running")
}

/// The ids of the blocks that a file is sent in: all of one length, as the store wants them.
pub fn block_id(number: usize) -> String {
    // 24 base64 characters are 18 bytes; digits are base64 characters, so no encoder is needed.
    format!("{number:024}")
}

/// The list that joins the blocks.
pub fn block_list(count: usize) -> String {
    let blocks: String = (0..count)
        .map(|number| format!("<Latest>{}</Latest>", block_id(number)))
        .collect();
    format!("<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList>{blocks}</BlockList>")
}

/// The pieces of a file: from and to, in bytes.
pub fn pieces(size: f64, most: f64) -> Vec<(f64, f64)> {
    let count = (size / most).ceil() as u32;
    (0..count)
        .map(|piece| {
            let from = f64::from(piece) * most;
            (from, (from + most).min(size))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::time;
    use super::*;

    #[test]
    fn a_container_is_found_again_by_the_name_of_its_file() {
        let now = time::parse("2026-11-26T13:10:00Z").unwrap();
        let container = new_container(now, 0.5);
        assert_eq!(container, "console-20261126-131000-7fff");
        assert!(container.len() <= 63);
        assert_eq!(container_of(&file_in(&container)), Some(container.as_str()));
        assert_eq!(saved_name(&container), "devices-20261126-131000-7fff.txt");
        for foreign in [
            "devices.txt",
            "fleet/devices.txt",
            "console-a/b/devices.txt",
        ] {
            assert_eq!(container_of(foreign), None, "{foreign}");
        }
        assert_ne!(new_container(now, 0.1), new_container(now, 0.9));
    }

    #[test]
    fn orders_name_the_file_and_leave_keys_out_unless_wanted() {
        let export = export_order("https://hub/blobs/c?sig=1", "console-1", false);
        assert_eq!(export["excludeKeysInExport"], true);
        assert_eq!(export["outputBlobName"], "console-1/devices.txt");
        let import = import_order("https://hub/blobs/c?sig=1", "console-1");
        assert_eq!(import["inputBlobName"], "console-1/devices.txt");
        assert_eq!(import["type"], "import");
    }

    #[test]
    fn a_table_is_told_by_its_name() {
        assert_eq!(Format::of("Fleet.CSV"), Format::Table);
        assert_eq!(Format::of("devices.txt"), Format::Lines);
        assert_eq!(Format::of("csv"), Format::Lines);
    }

    #[test]
    fn a_file_is_sent_in_pieces_that_cover_it() {
        assert_eq!(pieces(0.0, 8.0), []);
        assert_eq!(pieces(20.0, 8.0), [(0.0, 8.0), (8.0, 16.0), (16.0, 20.0)]);
        assert_eq!(pieces(16.0, 8.0), [(0.0, 8.0), (8.0, 16.0)]);
        assert_eq!(block_id(7).len(), block_id(900).len());
        assert!(block_list(2).contains(&format!("<Latest>{}</Latest></BlockList>", block_id(1))));
    }
}
