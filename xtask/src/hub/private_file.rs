//! Files and folders that only their owner may read, written in one visible step.

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use crate::failure::{Explain, Outcome};

/// Creates a folder (and its parents) that only the owner may enter.
pub fn create_folder(path: &Path) -> Outcome {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .explain(|| format!("cannot create {}", path.display()))
}

/// Writes a file with mode 0600; readers see the old content or the new, never a part.
pub fn write(path: &Path, content: &[u8]) -> Outcome {
    let cannot = || format!("cannot write {}", path.display());
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.new", std::process::id()));
    let staging = path.with_file_name(name);
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&staging)
        .explain(cannot)?;
    // The mode above only counts for a new file.
    file.set_permissions(Permissions::from_mode(0o600))
        .explain(cannot)?;
    file.write_all(content).explain(cannot)?;
    file.sync_all().explain(cannot)?;
    fs::rename(&staging, path).explain(cannot)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_owner_may_read() {
        let folder = std::env::temp_dir().join(format!("private-{}", std::process::id()));
        create_folder(&folder).unwrap();
        let path = folder.join("secret");
        fs::write(&path, "old, readable by all").unwrap();
        write(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(&folder), 0o700);
        assert_eq!(
            fs::read_dir(&folder).unwrap().count(),
            1,
            "no staging file is left"
        );
        fs::remove_dir_all(&folder).unwrap();
    }
}
