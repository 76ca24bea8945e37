//! `wasm-opt` with the features named one by one.
//!
//! With `--all-features` newer encodings slip in that the browser accepts and then
//! never starts, so the list is explicit and the same for worker and console.

use std::path::Path;

use crate::failure::{Explain, Outcome};
use crate::process;
use crate::project::Project;

/// What rustc's wasm32 target emits and all our engines run.
const FEATURES: &[&str] = &[
    "mutable-globals",
    "sign-ext",
    "nontrapping-float-to-int",
    "bulk-memory",
    "multivalue",
    "reference-types",
];

/// What wasm-bindgen adds for the worker: panics of one request must not end the isolate,
/// so it wraps the exports in wasm's own exception handling, which workerd runs.
const WORKER_FEATURES: &[&str] = &["exception-handling"];

/// After the optimiser's own passes: functions of one kind lie side by side, since compression
/// sees 32 kB at a time (a fortieth of the worker goes), and then no names remain.
const FINISH: &[&str] = &[
    "--reorder-functions-by-name",
    "--strip-debug",
    "--strip-producers",
];

/// Who runs the module.
#[derive(Debug, Clone, Copy)]
pub enum Engine {
    /// The console's.
    Browser,
    /// The worker's.
    Worker,
}

impl Engine {
    /// The optimiser's option. `-Oz` takes twice the time: from the worker it takes half a percent
    /// after compression, and to the console it adds as much.
    pub const OPTION: &str = "-O2";

    fn features(self) -> impl Iterator<Item = &'static str> {
        let more: &[&str] = match self {
            Self::Browser => &[],
            Self::Worker => WORKER_FEATURES,
        };
        FEATURES.iter().chain(more).copied()
    }
}

/// Optimises a module in place.
pub fn optimise(project: &Project, step: &str, module: &Path, engine: Engine) -> Outcome {
    let optimised = module.with_extension("optimised");
    let mut command = process::program(project.node_tool("wasm-opt"));
    command
        .arg(module)
        .arg("-o")
        .arg(&optimised)
        .arg(Engine::OPTION)
        .args(FINISH);
    for feature in engine.features() {
        command.arg(format!("--enable-{feature}"));
    }
    process::run_behind_progress(
        &project.tools().join("logs"),
        step,
        "wasm-opt",
        &mut command,
    )?;
    std::fs::rename(&optimised, module).explain(|| format!("cannot replace {}", module.display()))
}
