//! npm packages, exactly as the lock file says (`npm ci`).

use std::path::Path;

use crate::failure::{Failure, Outcome};
use crate::process;
use crate::progress;
use crate::project::Project;
use crate::stamp::{self, Inputs};

/// Installs the packages of `folder` unless its lock file was installed already.
pub fn ensure(project: &Project, folder: &Path, what: &str) -> Outcome {
    let step = format!("npm packages ({what})");
    let lock = folder.join("package-lock.json");
    if !lock.is_file() {
        return Err(Failure::broken(format!(
            "{} is missing; restore it from the repository",
            lock.display()
        )));
    }
    let digest = Inputs::new()
        .file(&lock)?
        .text(std::env::consts::OS)
        .text(std::env::consts::ARCH)
        .digest();
    let installed = folder.join("node_modules/.skerry-stamp");
    if stamp::is_current(&installed, &digest) {
        progress::already_done(&step);
        return Ok(());
    }
    process::run_behind_progress(
        &project.tools().join("logs"),
        &step,
        "downloading from the npm registry",
        process::program("npm")
            .args(["ci", "--no-audit", "--no-fund"])
            .env("npm_config_update_notifier", "false")
            // The browser of the tests is the system's Chromium.
            .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")
            .current_dir(folder),
    )?;
    stamp::write(&installed, &digest)
}
