//! The data folder: everything a hub keeps, and the file that says which hub it is.
//!
//! `hub.json` holds the format's version and the object counts. The counts decide
//! where a device's state lives, so a hub never starts with others than it was
//! created with. Planning only looks; `open` is the first that writes. The lock is
//! inherited by the launcher and the runtime: the folder stays locked until the last
//! of them is gone, even when xtask itself is killed.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::failure::{Explain, Failure, Outcome};
use crate::hub::options::RequestedLayout;
use crate::hub::private_file;
use crate::stamp;

/// The newest format that this program reads and writes.
const FORMAT: u32 = 1;
/// How long the processes of a hub that was just killed may take to go away.
const LOCK_PATIENCE: Duration = Duration::from_secs(5);

/// The object counts of a hub, fixed when it is created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// Gateway objects.
    pub gateways: u16,
    /// Registry shards.
    pub shards: u16,
    /// Event partitions.
    pub partitions: u16,
}

/// `hub.json`.
#[derive(Debug, Serialize, Deserialize)]
struct HubFile {
    format: u32,
    #[serde(flatten)]
    layout: Layout,
}

/// Only the part that every format has.
#[derive(Debug, Deserialize)]
struct AnyHubFile {
    format: u32,
}

/// What will be done with the folder; nothing is touched yet.
#[derive(Debug)]
pub struct Plan {
    folder: PathBuf,
    layout: Layout,
    is_new: bool,
}

/// An open, locked data folder.
#[derive(Debug)]
pub struct DataFolder {
    /// The folder itself.
    pub path: PathBuf,
    /// Its object counts.
    pub layout: Layout,
    lock: File,
}

/// Looks at the folder and refuses what does not fit.
pub fn plan(folder: &Path, requested: RequestedLayout) -> Outcome<Plan> {
    let plan = Plan {
        folder: folder.to_path_buf(),
        layout: requested.or_default(),
        is_new: true,
    };
    if !folder.exists() {
        check_writable(nearest_folder(folder), folder)?;
        return Ok(plan);
    }
    if !folder.is_dir() {
        return Err(Failure::refused(format!(
            "{} is a file, not a folder: choose a folder with --data",
            folder.display()
        )));
    }
    let hub_file = folder.join("hub.json");
    if !hub_file.exists() {
        let is_empty = fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none());
        if !is_empty {
            return Err(Failure::refused(format!(
                "{} has files but no hub in it: choose an empty or a new folder with --data",
                folder.display()
            )));
        }
        check_writable(folder, folder)?;
        return Ok(plan);
    }
    let layout = read_layout(&hub_file)?;
    refuse_other_layout(folder, layout, requested)?;
    check_writable(folder, folder)?;
    let lock_file = folder.join("lock");
    if lock_file.exists() {
        // Dropped at once: the real lock is taken by `open`.
        lock(&lock_file, folder)?;
    }
    Ok(Plan {
        layout,
        is_new: false,
        ..plan
    })
}

impl Plan {
    /// Creates what is missing and locks the folder.
    pub fn open(self) -> Outcome<DataFolder> {
        let unwritable = |failure: Failure| {
            Failure::refused(format!("{failure}; choose another folder with --data"))
        };
        private_file::create_folder(&self.folder).map_err(unwritable)?;
        if self.is_new {
            let content = serde_json::to_vec_pretty(&HubFile {
                format: FORMAT,
                layout: self.layout,
            })
            .explain(|| "cannot write hub.json".to_owned())?;
            private_file::write(&self.folder.join("hub.json"), &content).map_err(unwritable)?;
        }
        let lock = lock(&self.folder.join("lock"), &self.folder)?;
        let data = DataFolder {
            path: self.folder,
            layout: self.layout,
            lock,
        };
        for part in [data.state(), data.path.join("secrets"), data.certificates()] {
            private_file::create_folder(&part).map_err(unwritable)?;
        }
        Ok(data)
    }
}

impl DataFolder {
    /// The runtime's storage.
    pub fn state(&self) -> PathBuf {
        self.path.join("state")
    }

    /// The private CA and the hub's certificate.
    pub fn certificates(&self) -> PathBuf {
        self.path.join("certificates")
    }

    /// The lock, to be inherited by the launcher.
    pub fn lock(&self) -> &File {
        &self.lock
    }

    /// The secret that only this machine's owner and the worker know; made at the first start.
    pub fn bootstrap_secret(&self) -> Outcome<String> {
        secret(&self.path.join("secrets/bootstrap"))
    }
}

/// Reads a secret of 32 random bytes in hex, making it at the first call.
pub fn secret(path: &Path) -> Outcome<String> {
    let cannot = || format!("cannot read {}", path.display());
    if !path.exists() {
        let mut bytes = [0_u8; 32];
        File::open("/dev/urandom")
            .and_then(|mut source| source.read_exact(&mut bytes))
            .explain(|| "cannot read /dev/urandom".to_owned())?;
        private_file::write(path, stamp::hex(&bytes).as_bytes())?;
    }
    let text = fs::read_to_string(path).explain(cannot)?;
    let secret = text.trim();
    if secret.len() != 64 || !secret.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Failure::broken(format!(
            "{} is damaged: delete it, a new one is made at the next start",
            path.display()
        )));
    }
    Ok(secret.to_owned())
}

fn read_layout(hub_file: &Path) -> Outcome<Layout> {
    let damaged = |error: &dyn std::fmt::Display| {
        Failure::refused(format!(
            "{} is damaged ({error}): restore it from a copy, or choose another folder with --data",
            hub_file.display()
        ))
    };
    let text = fs::read_to_string(hub_file).map_err(|error| {
        Failure::refused(format!(
            "cannot read {}: {error}; choose another folder with --data",
            hub_file.display()
        ))
    })?;
    let any: AnyHubFile = serde_json::from_str(&text).map_err(|error| damaged(&error))?;
    if any.format > FORMAT {
        return Err(Failure::refused(format!(
            "{} was written by a newer version of Skerry (format {}, this one knows {FORMAT}): update Skerry, or choose another folder with --data",
            hub_file.display(),
            any.format
        )));
    }
    serde_json::from_str::<HubFile>(&text)
        .map(|file| file.layout)
        .map_err(|error| damaged(&error))
}

fn refuse_other_layout(folder: &Path, kept: Layout, requested: RequestedLayout) -> Outcome {
    for (option, kept, requested) in [
        ("gateways", kept.gateways, requested.gateways),
        ("shards", kept.shards, requested.shards),
        ("partitions", kept.partitions, requested.partitions),
    ] {
        if let Some(requested) = requested
            && requested != kept
        {
            return Err(Failure::refused(format!(
                "{} was created with --{option} {kept}, not {requested}: leave the option out, or choose another folder with --data",
                folder.display()
            )));
        }
    }
    Ok(())
}

/// The folder itself or the nearest one above that exists.
fn nearest_folder(folder: &Path) -> &Path {
    folder
        .ancestors()
        .find(|ancestor| ancestor.exists())
        .unwrap_or(Path::new("/"))
}

/// Whether something can be created there; the only proof is doing it.
fn check_writable(existing: &Path, wanted: &Path) -> Outcome {
    let probe = existing.join(format!(".skerry-probe-{}", std::process::id()));
    fs::create_dir(&probe)
        .and_then(|()| fs::remove_dir(&probe))
        .map_err(|error| {
            Failure::refused(format!(
                "cannot write to {} ({error}): change its permissions, or choose another folder with --data",
                wanted.display()
            ))
        })
}

/// Takes the lock, waiting a moment for the processes of a hub that was just killed.
fn lock(path: &Path, folder: &Path) -> Outcome<File> {
    let cannot = || format!("cannot lock {}", path.display());
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .explain(cannot)?;
    let started = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) if started.elapsed() < LOCK_PATIENCE => {
                std::thread::sleep(Duration::from_millis(100));
            }
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // Only for the message; an unreadable pid changes nothing.
                let _ = file.read_to_string(&mut holder);
                return Err(Failure::refused(format!(
                    "{} is in use by another hub (process {}): stop that one, or choose another folder with --data",
                    folder.display(),
                    holder.trim()
                )));
            }
            Err(TryLockError::Error(error)) => return Err(error).explain(cannot),
        }
    }
    file.set_len(0).explain(cannot)?;
    write!(file, "{}", std::process::id()).explain(cannot)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Temporary(PathBuf);

    impl Temporary {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("data-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            Self(path)
        }
    }

    impl Drop for Temporary {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn shards(count: u16) -> RequestedLayout {
        RequestedLayout {
            shards: Some(count),
            ..RequestedLayout::default()
        }
    }

    #[test]
    fn planning_touches_nothing() {
        let folder = Temporary::new("plan");
        let plan = plan(&folder.0, RequestedLayout::default()).unwrap();
        assert!(plan.is_new);
        assert!(!folder.0.exists());
    }

    #[test]
    fn a_hub_keeps_its_layout() {
        let folder = Temporary::new("layout");
        drop(plan(&folder.0, shards(7)).unwrap().open().unwrap());
        let again = plan(&folder.0, RequestedLayout::default()).unwrap();
        assert_eq!(again.layout.shards, 7);
        assert!(plan(&folder.0, shards(7)).is_ok());
        let failure = plan(&folder.0, shards(4)).unwrap_err();
        assert_eq!(failure.exit_code, 2);
        assert!(failure.message.contains("--shards 7"), "{failure}");
    }

    #[test]
    fn a_newer_format_is_refused_and_left_alone() {
        let folder = Temporary::new("newer");
        drop(plan(&folder.0, shards(4)).unwrap().open().unwrap());
        let newer = r#"{"format":2,"surprise":true}"#;
        fs::write(folder.0.join("hub.json"), newer).unwrap();
        let failure = plan(&folder.0, RequestedLayout::default()).unwrap_err();
        assert_eq!(failure.exit_code, 2);
        assert!(failure.message.contains("newer version"), "{failure}");
        assert_eq!(
            fs::read_to_string(folder.0.join("hub.json")).unwrap(),
            newer
        );
    }

    #[test]
    fn a_folder_of_something_else_is_refused() {
        let folder = Temporary::new("other");
        fs::create_dir_all(&folder.0).unwrap();
        fs::write(folder.0.join("photo.jpg"), "x").unwrap();
        let failure = plan(&folder.0, RequestedLayout::default()).unwrap_err();
        assert_eq!(failure.exit_code, 2);
        assert!(failure.message.contains("no hub in it"), "{failure}");
    }

    #[test]
    fn a_folder_in_use_is_refused() {
        let folder = Temporary::new("lock");
        let held = plan(&folder.0, RequestedLayout::default())
            .unwrap()
            .open()
            .unwrap();
        let failure = plan(&folder.0, RequestedLayout::default()).unwrap_err();
        assert_eq!(failure.exit_code, 2);
        assert!(
            failure.message.contains(&std::process::id().to_string()),
            "{failure}"
        );
        drop(held);
        assert!(plan(&folder.0, RequestedLayout::default()).is_ok());
    }

    #[test]
    fn an_impossible_folder_is_refused() {
        let failure = plan(Path::new("/proc/skerry/data"), RequestedLayout::default()).unwrap_err();
        assert_eq!(failure.exit_code, 2);
        assert!(failure.message.contains("cannot write"), "{failure}");
    }

    #[test]
    fn the_secret_is_made_once() {
        let folder = Temporary::new("secret");
        let data = plan(&folder.0, RequestedLayout::default())
            .unwrap()
            .open()
            .unwrap();
        let secret = data.bootstrap_secret().unwrap();
        assert_eq!(secret.len(), 64);
        assert_eq!(data.bootstrap_secret().unwrap(), secret);
    }
}
