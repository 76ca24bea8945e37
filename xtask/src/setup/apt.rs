//! Installing system packages on Debian, with the rights that are there and no questions.

use std::process::Command;

use crate::failure::{Failure, Outcome};
use crate::process;
use crate::project::Project;

/// Installs packages through apt-get, or says how to.
pub fn install(project: &Project, step: &str, packages: &[&str]) -> Outcome {
    let names = packages.join(" ");
    if process::find_in_path("apt-get").is_none() {
        return Err(Failure::broken(format!(
            "install {names} (or your system's equivalent) and start again"
        )));
    }
    let Some(rights) = administrator() else {
        return Err(Failure::broken(format!(
            "this user may not install packages: run `sudo apt-get install --no-install-recommends {names}` and start again"
        )));
    };
    let logs = project.tools().join("logs");
    process::run_behind_progress(
        &logs,
        &format!("Package lists for {names}"),
        "apt-get update",
        apt_get(&rights).arg("update"),
    )?;
    process::run_behind_progress(
        &logs,
        step,
        "apt-get install",
        apt_get(&rights)
            .args(["install", "--yes", "--no-install-recommends"])
            .args(packages),
    )
}

/// The words that go before `apt-get`: none for root, `sudo -n` where it works.
fn administrator() -> Option<Vec<&'static str>> {
    if nix::unistd::geteuid().is_root() {
        return Some(Vec::new());
    }
    process::output(process::program("sudo").args(["-n", "true"]))
        .ok()
        .map(|_| vec!["sudo", "-n"])
}

fn apt_get(rights: &[&str]) -> Command {
    let mut words = rights.to_vec();
    words.extend(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
    let mut command = process::program(words[0]);
    command
        .args(&words[1..])
        // Another step of the set-up, or the system's own updates, may be at it.
        .args(["-o", "DPkg::Lock::Timeout=300"]);
    command
}
