//! Builds: the worker, the console, the device simulator.
//!
//! Only what changed is built again. Nothing here may download: set-up did that.

mod console;
mod land;
mod page;
pub mod sizes;
pub mod wasm_compiler;
mod wasm_opt;
mod worker;

use std::fs::{self, File};

use crate::failure::{Explain, Failure, Outcome};
use crate::process;
use crate::progress;
use crate::project::Project;

/// The cargo profile of the wasm32 crates (see the workspace's `Cargo.toml`).
const PROFILE: &str = "wasm";

/// Builds what a hub serves. Two hubs started at once take turns.
pub fn hub(project: &Project) -> Outcome {
    fs::create_dir_all(&project.target)
        .explain(|| format!("cannot create {}", project.target.display()))?;
    let path = project.target.join("skerry-build.lock");
    let lock = File::create(&path).explain(|| format!("cannot write {}", path.display()))?;
    if lock.try_lock().is_err() {
        progress::note("waiting for another build to end");
        lock.lock()
            .explain(|| format!("cannot lock {}", path.display()))?;
    }
    let compiled = worker::compile(project)?;
    // The optimiser uses one core and no cargo: the console compiles meanwhile.
    std::thread::scope(|scope| {
        let optimising =
            compiled.map(|compiled| scope.spawn(move || worker::optimise(project, &compiled)));
        let console = console::build(project);
        let worker = optimising.map_or(Ok(()), |thread| {
            thread
                .join()
                .unwrap_or_else(|_| Err(Failure::broken("the optimiser's thread died")))
        });
        worker.and(console)
    })
}

/// Builds the device simulator for this machine.
pub fn device_sim(project: &Project) -> Outcome {
    process::run_behind_progress(
        &project.tools().join("logs"),
        "Device simulator",
        "compiling a release build",
        process::program("cargo")
            .args(["build", "--release", "--package", "device-sim"])
            .current_dir(&project.root),
    )
}

/// Fails unless what a hub serves was built before.
pub fn require_hub(project: &Project) -> Outcome {
    if worker::is_complete(project) && console::is_complete(project) {
        return Ok(());
    }
    Err(Failure::refused(
        "the worker and the console are not built yet: start once without --no-build",
    ))
}
