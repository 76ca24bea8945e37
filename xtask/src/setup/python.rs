//! The Python environment of the conformance tests: unmodified SDKs in a private venv.

use crate::failure::{Failure, Outcome};
use crate::process;
use crate::progress;
use crate::project::Project;
use crate::stamp::{self, Inputs};

/// Creates `.tools/python` from `tests/conformance/requirements.txt`, if there is one.
pub fn ensure(project: &Project) -> Outcome {
    let step = "Python packages (conformance)";
    let requirements = project.root.join("tests/conformance/requirements.txt");
    if !requirements.is_file() {
        return Ok(());
    }
    let python = find_python()?;
    let version = process::output(process::program(&python).arg("--version"))?;
    let digest = Inputs::new().file(&requirements)?.text(&version).digest();
    let environment = project.tools().join("python");
    let installed = environment.join(".skerry-stamp");
    if project.python().is_file() && stamp::is_current(&installed, &digest) {
        progress::already_done(step);
        return Ok(());
    }
    let logs = project.tools().join("logs");
    process::run_behind_progress(
        &logs,
        "Python environment",
        "creating .tools/python",
        process::program(&python)
            .args(["-m", "venv", "--clear"])
            .arg(&environment),
    )
    .map_err(|failure| {
        Failure::broken(format!(
            "{failure}\nOn Debian the module comes with `apt-get install python3-venv`."
        ))
    })?;
    process::run_behind_progress(
        &logs,
        step,
        "downloading from the Python package index",
        process::program(project.python())
            .args([
                "-m",
                "pip",
                "install",
                "--disable-pip-version-check",
                "--requirement",
            ])
            .arg(&requirements),
    )?;
    stamp::write(&installed, &digest)
}

/// The first Python of 3.11 or newer.
fn find_python() -> Outcome<String> {
    const NEW_ENOUGH: &str = "import sys; sys.exit(sys.version_info < (3, 11))";
    ["python3", "python3.11", "python3.12", "python3.13", "python3.14"]
        .into_iter()
        .find(|name| process::output(process::program(name).args(["-c", NEW_ENOUGH])).is_ok())
        .map(str::to_owned)
        .ok_or_else(|| {
            Failure::broken(
                "Python 3.11 or newer is missing; install it (on Debian `apt-get install python3 python3-venv`) and start again",
            )
        })
}
