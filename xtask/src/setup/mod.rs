//! Set-up: brings a fresh machine to the point where everything builds and every test runs.
//!
//! Each part looks first and works only when something is missing, so a second
//! set-up takes a moment. It must never touch the system beyond what it says: tools
//! go to `.tools/`, only the compiler's wasm32 library and the browser go elsewhere.

mod apt;
mod browser;
mod cargo_tools;
mod crates;
mod debian_sources;
mod npm;
mod python;
mod rust_target;

use std::thread::JoinHandle;

use crate::failure::{Failure, Outcome};
use crate::process;
use crate::progress;
use crate::project::Project;

pub use browser::find_chromium;
pub use cargo_tools::{WASM_BINDGEN, WORKER_BUILD};

/// What the builds and the hub need: the wasm32 library, cargo's tools, npm's packages.
pub fn for_building(project: &Project) -> Outcome {
    check_prerequisites()?;
    rust_target::ensure(project)?;
    cargo_tools::ensure_for_building(project)?;
    npm::ensure(project, &project.node(), "launcher")
}

/// What only the tests need: every crate, the runner, the SDKs, the browser.
fn for_testing(project: &Project) -> Outcome {
    crates::ensure(project)?;
    let tests = project.root.join("tests");
    if tests.join("package-lock.json").is_file() {
        npm::ensure(project, &tests, "tests")?;
    }
    python::ensure(project)?;
    if let Err(failure) = browser::ensure(project) {
        // The hub runs without a browser; the browser tests say so themselves.
        progress::note(&format!("Chromium is missing: {failure}"));
    }
    cargo_tools::ensure_nextest(project)
}

/// The tests' part of the set-up, under way beside something else.
///
/// It mostly waits for downloads while the builds keep the processors busy.
pub struct TestSetup(JoinHandle<Outcome>);

impl TestSetup {
    /// Starts it.
    pub fn start(project: &Project) -> Self {
        let project = project.clone();
        Self(std::thread::spawn(move || {
            progress::in_background();
            for_testing(&project)
        }))
    }

    /// Waits for its end.
    pub fn finish(self) -> Outcome {
        self.0.join().unwrap_or_else(|_| {
            Err(Failure::broken(
                "setting up for the tests crashed; see above",
            ))
        })
    }
}

/// Everything.
pub fn everything(project: &Project) -> Outcome {
    check_prerequisites()?;
    let tests = TestSetup::start(project);
    let building = for_building(project);
    let testing = tests.finish();
    building.and(testing)
}

/// The programs that set-up itself builds on.
fn check_prerequisites() -> Outcome {
    let node = process::output(process::program("node").arg("--version")).map_err(|_| {
        Failure::broken(
            "Node.js is missing: install Node 20 or newer (https://nodejs.org) and start again",
        )
    })?;
    if major_version(&node).is_none_or(|major| major < 20) {
        return Err(Failure::broken(format!(
            "Node.js {} is too old: install Node 20 or newer (https://nodejs.org) and start again",
            node.trim()
        )));
    }
    if process::find_in_path("npm").is_none() {
        return Err(Failure::broken(
            "npm is missing: it usually comes with Node.js; install it and start again",
        ));
    }
    if ["cc", "gcc", "clang"]
        .iter()
        .all(|compiler| process::find_in_path(compiler).is_none())
    {
        return Err(Failure::broken(
            "a C compiler is missing: install gcc (on Debian `apt-get install gcc libc6-dev`) and start again",
        ));
    }
    Ok(())
}

/// The major version out of `v20.20.2`.
fn major_version(version: &str) -> Option<u32> {
    version
        .trim()
        .trim_start_matches('v')
        .split('.')
        .next()?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::major_version;

    #[test]
    fn node_versions_are_understood() {
        assert_eq!(major_version("v20.20.2\n"), Some(20));
        assert_eq!(major_version("22.1.0"), Some(22));
        assert_eq!(major_version("none"), None);
    }
}
