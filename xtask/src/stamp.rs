//! Stamps: a digest of a step's inputs, kept beside its result, so that a step
//! whose inputs did not change is skipped.
//!
//! A stamp is written only after the step succeeded. It must never be trusted
//! alone: callers also check that the result itself is still there.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::failure::{Explain, Outcome};

/// A digest under construction.
#[derive(Default)]
pub struct Inputs(Sha256);

impl Inputs {
    /// Starts with no inputs.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text: a version, a flag, a name.
    pub fn text(mut self, text: &str) -> Self {
        self.0.update((text.len() as u64).to_le_bytes());
        self.0.update(text.as_bytes());
        self
    }

    /// Adds a file's content.
    pub fn file(mut self, path: &Path) -> Outcome<Self> {
        let bytes = fs::read(path).explain(|| format!("cannot read {}", path.display()))?;
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(&bytes);
        Ok(self)
    }

    /// Adds all files of a folder with their names; a missing folder counts as empty.
    pub fn folder(mut self, folder: &Path) -> Outcome<Self> {
        for path in files_below(folder)? {
            let name = path.strip_prefix(folder).unwrap_or(&path);
            self = self.text(&name.to_string_lossy()).file(&path)?;
        }
        Ok(self)
    }

    /// The digest as lower-case hex.
    pub fn digest(self) -> String {
        hex(&self.0.finalize())
    }
}

/// All files below a folder, sorted; empty when the folder is missing.
pub fn files_below(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(current) = open.pop() {
        if !current.is_dir() {
            continue;
        }
        let entries =
            fs::read_dir(&current).explain(|| format!("cannot read {}", current.display()))?;
        for entry in entries {
            let path = entry
                .explain(|| format!("cannot read {}", current.display()))?
                .path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Whether the stamp file holds this digest.
pub fn is_current(stamp: &Path, digest: &str) -> bool {
    fs::read_to_string(stamp).is_ok_and(|kept| kept.trim() == digest)
}

/// Writes the stamp after the step succeeded.
pub fn write(stamp: &Path, digest: &str) -> Outcome {
    if let Some(folder) = stamp.parent() {
        fs::create_dir_all(folder).explain(|| format!("cannot create {}", folder.display()))?;
    }
    fs::write(stamp, format!("{digest}\n")).explain(|| format!("cannot write {}", stamp.display()))
}

/// Lower-case hex of bytes.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_do_not_run_together() {
        let split = Inputs::new().text("ab").text("c").digest();
        let other = Inputs::new().text("a").text("bc").digest();
        assert_ne!(split, other);
        assert_eq!(split, Inputs::new().text("ab").text("c").digest());
    }

    #[test]
    fn a_stamp_is_current_only_for_its_digest() {
        let folder = std::env::temp_dir().join(format!("stamp-{}", std::process::id()));
        let stamp = folder.join("deep/stamp");
        assert!(!is_current(&stamp, "one"));
        write(&stamp, "one").unwrap();
        assert!(is_current(&stamp, "one"));
        assert!(!is_current(&stamp, "two"));
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_renamed_file_changes_the_folder_digest() {
        let folder = std::env::temp_dir().join(format!("folder-digest-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("a"), "x").unwrap();
        let before = Inputs::new().folder(&folder).unwrap().digest();
        fs::rename(folder.join("a"), folder.join("b")).unwrap();
        let after = Inputs::new().folder(&folder).unwrap().digest();
        fs::remove_dir_all(&folder).unwrap();
        assert_ne!(before, after);
    }
}
