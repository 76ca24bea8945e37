//! Where things are in the checkout.
//!
//! Every path used by more than one step is named here once. It must never
//! create or change anything.

use std::path::{Path, PathBuf};

use crate::failure::{Explain, Failure, Outcome};
use crate::process;

/// The checkout and the folders that xtask owns in it.
#[derive(Debug, Clone)]
pub struct Project {
    /// The folder of the workspace's `Cargo.toml`.
    pub root: PathBuf,
    /// Cargo's target folder (honours `CARGO_TARGET_DIR` and cargo's own settings).
    pub target: PathBuf,
}

impl Project {
    /// Finds the checkout that this xtask belongs to.
    pub fn find() -> Outcome<Self> {
        let manifest_folder = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest_folder
            .parent()
            .map(Path::to_path_buf)
            .filter(|folder| folder.join("Cargo.toml").is_file())
            .ok_or_else(|| {
                Failure::broken(format!(
                    "no workspace found above {}; start this command with `cargo xtask` inside the checkout",
                    manifest_folder.display()
                ))
            })?;
        let target = target_folder(&root)?;
        Ok(Self { root, target })
    }

    /// Project-local tools and caches; git-ignored, safe to delete.
    pub fn tools(&self) -> PathBuf {
        self.root.join(".tools")
    }

    /// A tool that came through `cargo install`.
    pub fn cargo_tool(&self, name: &str) -> PathBuf {
        self.tools().join("bin").join(name)
    }

    /// The Node side of xtask.
    pub fn node(&self) -> PathBuf {
        self.root.join("xtask/node")
    }

    /// A command-line tool that came through npm.
    pub fn node_tool(&self, name: &str) -> PathBuf {
        self.node().join("node_modules/.bin").join(name)
    }

    /// The Python of the conformance tests' virtual environment.
    pub fn python(&self) -> PathBuf {
        self.tools().join("python/bin/python")
    }

    /// What `worker-build` writes: `index.js` and `index_bg.wasm`.
    pub fn worker_build(&self) -> PathBuf {
        self.root.join("worker/build")
    }

    /// The console's static files as the ASSETS binding serves them.
    pub fn console_dist(&self) -> PathBuf {
        self.root.join("console/dist")
    }

    /// The release build of the device simulator.
    pub fn device_sim(&self) -> PathBuf {
        self.target.join("release/device-sim")
    }
}

fn target_folder(root: &Path) -> Outcome<PathBuf> {
    if let Some(folder) = std::env::var_os("CARGO_TARGET_DIR") {
        return Ok(root.join(folder));
    }
    let output = process::output(
        process::program("cargo")
            .args([
                "metadata",
                "--no-deps",
                "--offline",
                "--format-version",
                "1",
            ])
            .current_dir(root),
    )?;
    let metadata: serde_json::Value = serde_json::from_str(&output)
        .explain(|| "cargo metadata did not answer with JSON".to_owned())?;
    metadata
        .get("target_directory")
        .and_then(serde_json::Value::as_str)
        .map(PathBuf::from)
        .ok_or_else(|| Failure::broken("cargo metadata names no target_directory"))
}
