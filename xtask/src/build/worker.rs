//! The worker: cargo, then `worker-build` for the JavaScript around it, then `wasm-opt`.
//!
//! `worker-build` is given our own wasm-bindgen and esbuild, so it downloads nothing.
//! cargo decides whether the crate changed; the rest runs only when its output did.

use std::path::PathBuf;

use crate::build::wasm_opt::{self, Engine};
use crate::build::{PROFILE, wasm_compiler};
use crate::failure::{Explain, Failure, Outcome};
use crate::process;
use crate::progress;
use crate::project::Project;
use crate::setup::{WASM_BINDGEN, WORKER_BUILD};
use crate::stamp::{self, Inputs};

const STEP: &str = "Worker";

/// What is left to do after the worker was compiled: it needs cargo no more.
pub struct Compiled {
    stamp: PathBuf,
    digest: String,
}

/// Compiles the worker and writes `worker/build/index.js` and `index_bg.wasm`, not optimised
/// yet. `None`: everything is there already.
pub fn compile(project: &Project) -> Outcome<Option<Compiled>> {
    let logs = project.tools().join("logs");
    process::run_behind_progress(
        &logs,
        "Worker crate",
        "compiling to wasm32",
        wasm_compiler::program(project, "cargo")?
            .args([
                "build",
                "--lib",
                "--profile",
                PROFILE,
                "--target",
                "wasm32-unknown-unknown",
            ])
            .current_dir(project.root.join("worker"))
            // worker-build sets it too: without it the two builds would not share results.
            .env("WASM_BINDGEN_USE_JS_SYS", "1"),
    )?;
    let stamp_path = project.target.join("worker-build.stamp");
    let digest = Inputs::new()
        .text(WORKER_BUILD)
        .text(WASM_BINDGEN)
        .text(Engine::OPTION)
        .file(&compiled_module(project)?)?
        .digest();
    if stamp::is_current(&stamp_path, &digest) && is_complete(project) {
        progress::already_done(STEP);
        return Ok(None);
    }
    process::run_behind_progress(
        &logs,
        STEP,
        "worker-build",
        wasm_compiler::program(project, project.cargo_tool("worker-build"))?
            .args(["--no-opt", "--profile", PROFILE])
            .current_dir(project.root.join("worker"))
            .env("WASM_BINDGEN_BIN", project.cargo_tool("wasm-bindgen"))
            .env("WASM_OPT_BIN", project.node_tool("wasm-opt"))
            .env("ESBUILD_BIN", project.node_tool("esbuild")),
    )?;
    Ok(Some(Compiled {
        stamp: stamp_path,
        digest,
    }))
}

/// Optimises what was compiled.
pub fn optimise(project: &Project, compiled: &Compiled) -> Outcome {
    let built = project.worker_build();
    wasm_opt::optimise(
        project,
        "Worker, optimised",
        &built.join("index_bg.wasm"),
        Engine::Worker,
    )?;
    if !is_complete(project) {
        return Err(Failure::broken(format!(
            "worker-build left no index.js and index_bg.wasm in {}; see {}",
            built.display(),
            project.tools().join("logs/worker.log").display()
        )));
    }
    stamp::write(&compiled.stamp, &compiled.digest)
}

/// Whether the results are there.
pub fn is_complete(project: &Project) -> bool {
    let built = project.worker_build();
    ["index.js", "index_bg.wasm"]
        .iter()
        .all(|file| built.join(file).is_file())
}

/// The module that cargo compiled.
fn compiled_module(project: &Project) -> Outcome<PathBuf> {
    let folder = project.target.join("wasm32-unknown-unknown").join(PROFILE);
    let manifest = project.root.join("worker/Cargo.toml");
    let text = std::fs::read_to_string(&manifest)
        .explain(|| format!("cannot read {}", manifest.display()))?;
    let name = library_name(&text).ok_or_else(|| {
        Failure::broken(format!(
            "{} names neither a library nor a package",
            manifest.display()
        ))
    })?;
    Ok(folder.join(format!("{name}.wasm")))
}

/// The crate's library name: `[lib] name`, or the package's name with underscores.
fn library_name(manifest: &str) -> Option<String> {
    let mut section = "";
    let mut package = None;
    for line in manifest.lines().map(str::trim) {
        if line.starts_with('[') {
            section = line;
        } else if let Some((key, value)) = line.split_once('=')
            && key.trim() == "name"
        {
            let name = value.trim().trim_matches('"').to_owned();
            match section {
                "[lib]" => return Some(name),
                "[package]" => package = Some(name.replace('-', "_")),
                _ => {}
            }
        }
    }
    package
}

#[cfg(test)]
mod tests {
    use super::library_name;

    #[test]
    fn the_library_name_wins_over_the_package() {
        let with_library = "[package]\nname = \"worker-shell\"\n[lib]\nname = \"skerry_worker\"\n";
        assert_eq!(library_name(with_library).as_deref(), Some("skerry_worker"));
        assert_eq!(
            library_name("[package]\nname = \"worker-shell\"\n").as_deref(),
            Some("worker_shell")
        );
        assert_eq!(library_name("[dependencies]\nname = \"x\"\n"), None);
    }
}
