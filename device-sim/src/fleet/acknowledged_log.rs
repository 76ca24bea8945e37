//! A file with one line per acknowledged message, for checks that none of them is lost.

use crate::error::SimError;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// The file; devices share it.
pub struct AcknowledgedLog {
    file: Mutex<BufWriter<File>>,
}

impl AcknowledgedLog {
    /// Makes an empty file.
    pub fn create(path: &Path) -> Result<Self, SimError> {
        let file = File::create(path).map_err(|error| {
            SimError::Usage(format!(
                "--acknowledged-log {}: {error}; name a file that can be written",
                path.display()
            ))
        })?;
        Ok(Self {
            file: Mutex::new(BufWriter::new(file)),
        })
    }

    /// Writes one line. A full disk shows at [`Self::flush`].
    pub fn write(&self, device_id: &str, message_id: &str) {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        // BufWriter keeps failing once it has failed, so flush reports what is dropped here.
        let _ = writeln!(file, "{device_id} {message_id}");
    }

    /// Writes out what is buffered.
    pub fn flush(&self) -> Result<(), SimError> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.flush().map_err(|error| {
            SimError::Usage(format!("the acknowledged log cannot be written: {error}"))
        })
    }
}
