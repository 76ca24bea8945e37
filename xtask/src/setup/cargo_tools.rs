//! Tools that come through `cargo install`, into the project-local `.tools/`.
//!
//! `worker-build` and `wasm-bindgen-cli` are built in one go with a shared target
//! folder; a tool of the right version is never built again. It must never
//! install anything outside `.tools/`.

use std::path::{Path, PathBuf};

use crate::failure::{Explain, Failure, Outcome};
use crate::process;
use crate::progress;
use crate::project::Project;
use crate::setup::apt;

/// Builds the worker's JavaScript and wasm; the version of the `worker` crate.
pub const WORKER_BUILD: &str = "0.8.7";
/// Must equal the `wasm-bindgen` library in `Cargo.lock`.
pub const WASM_BINDGEN: &str = "0.2.130";
/// The test runner, when the machine brings none.
const NEXTEST: &str = "0.9.143";

/// Installs what the builds need.
pub fn ensure_for_building(project: &Project) -> Outcome {
    let wanted = [
        ("worker-build", "worker-build", WORKER_BUILD),
        ("wasm-bindgen-cli", "wasm-bindgen", WASM_BINDGEN),
    ];
    let missing: Vec<String> = wanted
        .iter()
        .filter(|(_, binary, version)| !has_version(&project.cargo_tool(binary), version))
        .map(|(package, _, version)| format!("{package}@{version}"))
        .collect();
    if missing.is_empty() {
        progress::already_done("Build tools (worker-build, wasm-bindgen)");
        return Ok(());
    }
    require_openssl(project)?;
    install(
        project,
        "Build tools (worker-build, wasm-bindgen)",
        &missing,
    )?;
    for (_, binary, version) in wanted {
        if !has_version(&project.cargo_tool(binary), version) {
            return Err(Failure::broken(format!(
                "{} is not version {version} after its installation; delete {} and start again",
                project.cargo_tool(binary).display(),
                project.tools().display()
            )));
        }
    }
    forget_intermediate_files(project)
}

/// `worker-build` links the system's OpenSSL on Linux (for downloads that we never let it do).
fn require_openssl(project: &Project) -> Outcome {
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    let has_openssl = || {
        process::output(process::program("pkg-config").args(["--exists", "openssl"])).is_ok()
            || std::env::var_os("OPENSSL_DIR").is_some()
    };
    if has_openssl() {
        return Ok(());
    }
    apt::install(
        project,
        "OpenSSL headers for worker-build",
        &["libssl-dev", "pkg-config"],
    )?;
    if has_openssl() {
        return Ok(());
    }
    Err(Failure::broken(
        "OpenSSL's headers are missing: install libssl-dev and pkg-config (or your system's equivalents) and start again",
    ))
}

/// The compiled tools stay, a gigabyte of object files goes.
fn forget_intermediate_files(project: &Project) -> Outcome {
    let folder = target_folder(project);
    if folder.exists() {
        std::fs::remove_dir_all(&folder)
            .explain(|| format!("cannot remove {}", folder.display()))?;
    }
    Ok(())
}

fn target_folder(project: &Project) -> PathBuf {
    project.tools().join("cargo-target")
}

/// Installs the test runner unless the machine has one.
pub fn ensure_nextest(project: &Project) -> Outcome {
    if process::find_in_path("cargo-nextest").is_some()
        || project.cargo_tool("cargo-nextest").is_file()
    {
        progress::already_done("Test runner (cargo-nextest)");
        return Ok(());
    }
    install(
        project,
        "Test runner (cargo-nextest)",
        &[format!("cargo-nextest@{NEXTEST}")],
    )?;
    forget_intermediate_files(project)
}

fn install(project: &Project, step: &str, packages: &[String]) -> Outcome {
    let tried = run_install(project, step, packages, true);
    let Err(first) = tried else {
        return Ok(());
    };
    // A tool's own lock file may name a release that the registry (or its mirror)
    // no longer offers; the tool's declared version ranges still resolve then.
    progress::note("its lock file cannot be followed here; resolving its dependencies anew");
    run_install(project, step, packages, false).map_err(|second| {
        Failure::broken(format!(
            "{second}\n\nand before that, with the tools' own lock files: {first}\n\n\
             What to do: check that the crate registry is reachable, then start again; \
             what is built already stays."
        ))
    })
}

fn run_install(project: &Project, step: &str, packages: &[String], locked: bool) -> Outcome {
    let mut command = process::program("cargo");
    command
        .arg("install")
        .args(packages)
        .arg("--root")
        .arg(project.tools())
        .env("CARGO_TARGET_DIR", target_folder(project))
        // Outside the workspace, so that its settings do not apply to the tools.
        .current_dir(std::env::temp_dir());
    // They run for seconds; optimising them fully would cost minutes.
    command
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
        .env("CARGO_PROFILE_RELEASE_DEBUG", "0")
        .env("CARGO_PROFILE_RELEASE_STRIP", "true");
    if locked {
        command.arg("--locked");
    }
    process::run_behind_progress(
        &project.tools().join("logs"),
        step,
        "compiling the tools, once per machine: two to four minutes",
        &mut command,
    )
}

fn has_version(binary: &Path, version: &str) -> bool {
    binary.is_file()
        && process::output(process::program(binary).arg("--version"))
            .is_ok_and(|text| text.split_whitespace().any(|word| word == version))
}
