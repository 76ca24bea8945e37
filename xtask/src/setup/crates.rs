//! The crates of the lock file: with them here, the tests need no network.

use std::process::Command;

use crate::failure::Outcome;
use crate::process;
use crate::progress;
use crate::project::Project;

const STEP: &str = "Crates (Cargo.lock)";

/// Downloads what is not there yet.
pub fn ensure(project: &Project) -> Outcome {
    // The only proof that all are here is to resolve them without the network.
    if process::output(fetch(project).arg("--offline")).is_ok() {
        progress::already_done(STEP);
        return Ok(());
    }
    process::run_behind_progress(
        &project.tools().join("logs"),
        STEP,
        "downloading from the crate registry",
        &mut fetch(project),
    )
}

fn fetch(project: &Project) -> Command {
    let mut command = process::program("cargo");
    command
        .args(["fetch", "--locked"])
        .current_dir(&project.root);
    command
}
