//! The steps of `cargo xtask test`, in their order.

use std::process::Command;

use crate::build::{self, wasm_compiler};
use crate::failure::{Failure, Outcome};
use crate::fmt::{self, FmtOptions};
use crate::process;
use crate::project::Project;
use crate::test::count::{self, Count};
use crate::wrangler;

/// One check.
pub struct Step {
    /// For `--only`.
    pub name: &'static str,
    /// What it proves.
    pub what: &'static str,
    /// Steps without which it cannot run.
    pub needs: &'static [&'static str],
    /// Runs it; the count where the runner says it.
    pub run: fn(&Project) -> Outcome<Option<Count>>,
}

/// All checks: the cheap ones first, the ones that need a running hub last.
pub const STEPS: &[Step] = &[
    Step {
        name: "format",
        what: "all Rust code is formatted",
        needs: &[],
        run: format,
    },
    Step {
        name: "clippy",
        what: "no lint warns, native targets",
        needs: &[],
        run: clippy_native,
    },
    Step {
        name: "clippy-wasm",
        what: "no lint warns, wasm32",
        needs: &[],
        run: clippy_wasm,
    },
    Step {
        name: "native",
        what: "unit, property, golden and simulation tests",
        needs: &[],
        run: native,
    },
    Step {
        name: "build",
        what: "worker, console and simulator build",
        needs: &[],
        run: builds,
    },
    Step {
        name: "deploy",
        what: "wrangler deploy --dry-run passes, the sizes are within their budgets",
        needs: &["build"],
        run: deploy,
    },
    Step {
        name: "conformance",
        what: "unmodified SDKs against the running hub over TLS",
        needs: &["build"],
        run: conformance,
    },
    Step {
        name: "browser",
        what: "the console in Chromium",
        needs: &["build"],
        run: browser,
    },
];

fn format(project: &Project) -> Outcome<Option<Count>> {
    fmt::run(project, &FmtOptions { check: true }).map(|()| None)
}

/// cargo without the network: set-up and the lock file have everything.
fn cargo(project: &Project) -> Command {
    let mut command = process::program("cargo");
    command
        .current_dir(&project.root)
        .env("CARGO_NET_OFFLINE", "true");
    command
}

fn clippy_native(project: &Project) -> Outcome<Option<Count>> {
    must_succeed(cargo(project).args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "--deny",
        "warnings",
    ]))
}

fn clippy_wasm(project: &Project) -> Outcome<Option<Count>> {
    let mut command = wasm_compiler::program(project, "cargo")?;
    must_succeed(
        command
            .current_dir(&project.root)
            .env("CARGO_NET_OFFLINE", "true")
            .args(["clippy", "--target", "wasm32-unknown-unknown", "--locked"])
            // By exclusion: a dependency is called `console` too.
            .args(["--workspace", "--exclude", "device-sim"])
            .args(["--exclude", "simulation", "--exclude", "xtask"])
            .args(["--exclude", "fuzzing"])
            .args(["--", "--deny", "warnings"]),
    )
}

fn native(project: &Project) -> Outcome<Option<Count>> {
    let mut command = cargo(project);
    // `cargo nextest` finds the runner in PATH or in .tools/bin.
    let folders = std::iter::once(project.tools().join("bin")).chain(
        std::env::var_os("PATH")
            .iter()
            .flat_map(std::env::split_paths)
            .collect::<Vec<_>>(),
    );
    if let Ok(joined) = std::env::join_paths(folders) {
        command.env("PATH", joined);
    }
    let rust = counted(command.args([
        "nextest",
        "run",
        "--workspace",
        "--locked",
        "--no-fail-fast",
    ]))?;
    // What the benches compute their figures with.
    let bench = counted(
        process::program("node")
            .args(["--test", "tests/bench/"])
            .current_dir(&project.root),
    )?;
    Ok(rust.zip(bench).map(|(rust, bench)| Count {
        passed: rust.passed + bench.passed,
    }))
}

fn builds(project: &Project) -> Outcome<Option<Count>> {
    build::hub(project)?;
    build::device_sim(project)?;
    Ok(None)
}

fn deploy(project: &Project) -> Outcome<Option<Count>> {
    wrangler::dry_run(project).map(|()| None)
}

fn conformance(project: &Project) -> Outcome<Option<Count>> {
    let tests = project.root.join("tests/conformance");
    require(&tests.join("requirements.txt"))?;
    counted(
        process::program(project.python())
            .args([
                "-m",
                "pytest",
                "tests/conformance",
                "-q",
                "-p",
                "no:cacheprovider",
            ])
            .current_dir(&project.root)
            .envs(process::project_environment(project)?),
    )
}

fn browser(project: &Project) -> Outcome<Option<Count>> {
    let tests = project.root.join("tests");
    require(&tests.join("playwright/playwright.config.mjs"))?;
    counted(
        process::program(tests.join("node_modules/.bin/playwright"))
            .args(["test", "--config", "playwright/playwright.config.mjs"])
            .current_dir(&tests)
            .envs(process::project_environment(project)?),
    )
}

fn require(file: &std::path::Path) -> Outcome {
    if file.is_file() {
        return Ok(());
    }
    Err(Failure::broken(format!(
        "{} is missing; restore it from the repository",
        file.display()
    )))
}

fn must_succeed(command: &mut Command) -> Outcome<Option<Count>> {
    if process::run_visibly(command)? {
        Ok(None)
    } else {
        Err(Failure::broken("it failed; see above"))
    }
}

/// Runs a test runner, shows what it prints and counts. A skipped test is a failure:
/// this project has none.
fn counted(command: &mut Command) -> Outcome<Option<Count>> {
    let (succeeded, output) = process::run_visibly_and_keep(command)?;
    if !succeeded {
        return Err(Failure::broken(format!(
            "tests failed; {}",
            count::passed_tests(&output).map_or_else(
                || "see above".to_owned(),
                |count| format!("{} others passed", count.passed)
            )
        )));
    }
    let skipped = count::skipped_tests(&output);
    if skipped > 0 {
        return Err(Failure::broken(format!(
            "{skipped} tests were skipped; no test may be"
        )));
    }
    match count::passed_tests(&output) {
        Some(count) if count.passed > 0 => Ok(Some(count)),
        _ => Err(Failure::broken("no test ran")),
    }
}
