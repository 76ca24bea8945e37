//! Starting other programs: quietly with a progress line, or with their output shown.
//!
//! It must never pass on the variables that `cargo run` sets for xtask itself:
//! build scripts watch some of them and would rebuild for nothing.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::failure::{Explain, Failure, Outcome};
use crate::progress::Progress;
use crate::project::Project;

/// How many lines of a failed program's output are shown.
const SHOWN_LINES: usize = 40;

/// A command without the variables that cargo set for this xtask process.
pub fn program(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    for (variable, _) in std::env::vars_os() {
        let Some(text) = variable.to_str() else {
            continue;
        };
        let set_by_cargo_run = [
            "CARGO_PKG_",
            "CARGO_MANIFEST_",
            "CARGO_BIN_",
            "CARGO_CRATE_",
        ]
        .iter()
        .any(|prefix| text.starts_with(prefix))
            || matches!(text, "OUT_DIR" | "CARGO_PRIMARY_PACKAGE");
        if set_by_cargo_run {
            command.env_remove(&variable);
        }
    }
    // A missing toolchain is reported, never downloaded behind the user's back.
    command.env("RUSTUP_AUTO_INSTALL", "0");
    command
}

/// The path of `name` in `PATH`, if it is there.
pub fn find_in_path(name: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join(name))
        .find(|candidate| candidate.is_file())
}

/// Runs a short command and returns what it printed.
pub fn output(command: &mut Command) -> Outcome<String> {
    let shown = describe(command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .explain(|| format!("cannot start {shown}"))?;
    if !output.status.success() {
        return Err(Failure::broken(format!(
            "{shown} failed ({}): {}",
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        )));
    }
    String::from_utf8(output.stdout).explain(|| format!("{shown} printed something else than text"))
}

/// Runs a long command behind a progress line; its output goes to a log file.
///
/// `waits_for` says in the user's words what takes the time.
pub fn run_behind_progress(
    log_folder: &Path,
    step: &str,
    waits_for: &str,
    command: &mut Command,
) -> Outcome {
    fs::create_dir_all(log_folder).explain(|| format!("cannot create {}", log_folder.display()))?;
    let log_path = log_folder.join(format!("{}.log", file_name(step)));
    let log = File::create(&log_path).explain(|| format!("cannot write {}", log_path.display()))?;
    let errors = log
        .try_clone()
        .explain(|| format!("cannot write {}", log_path.display()))?;
    let shown = describe(command);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(log)
        .stderr(errors)
        .spawn()
        .explain(|| format!("cannot start {shown}"))?;
    let mut progress = Progress::start(step, waits_for, Some(log_path.clone()));
    let status = loop {
        match child
            .try_wait()
            .explain(|| format!("lost track of {shown}"))?
        {
            Some(status) => break status,
            None => std::thread::sleep(Duration::from_millis(100)),
        }
        progress.tick();
    };
    if status.success() {
        progress.done();
        return Ok(());
    }
    progress.failed();
    Err(Failure::broken(format!(
        "{step}: {shown} failed ({status}); the last lines of {}:\n{}",
        log_path.display(),
        last_lines(&log_path, SHOWN_LINES)
    )))
}

/// Runs a command whose output the user sees; returns whether it succeeded.
pub fn run_visibly(command: &mut Command) -> Outcome<bool> {
    let shown = describe(command);
    let status = command
        .stdin(Stdio::null())
        .status()
        .explain(|| format!("cannot start {shown}"))?;
    Ok(status.success())
}

/// The program and its arguments, for messages.
fn describe(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(
        command
            .get_args()
            .map(|argument| argument.to_string_lossy().into_owned()),
    );
    let text = words.join(" ");
    if text.chars().count() <= 160 {
        return format!("`{text}`");
    }
    format!("`{}…`", text.chars().take(160).collect::<String>())
}

fn file_name(step: &str) -> String {
    step.chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() {
                letter.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .collect()
}

fn last_lines(path: &Path, count: usize) -> String {
    let text = fs::read(path).map_or_else(
        |error| format!("({error})"),
        |bytes| String::from_utf8_lossy(&bytes).into_owned(),
    );
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

/// What scripts under `tests/` need to know to start hubs and simulators by themselves.
///
/// `SKERRY_XTASK` is this very program, so that `"$SKERRY_XTASK" hub …` starts a hub without
/// waiting for cargo; `SKERRY_NO_BUILD` lets it serve what is built already.
pub fn project_environment(project: &Project) -> Outcome<Vec<(&'static str, PathBuf)>> {
    let this =
        std::env::current_exe().explain(|| "cannot find this program's own path".to_owned())?;
    let mut variables = vec![
        ("SKERRY_ROOT", project.root.clone()),
        ("SKERRY_XTASK", this),
        ("SKERRY_NO_BUILD", PathBuf::from("1")),
        ("SKERRY_DEVICE_SIM", project.device_sim()),
        ("SKERRY_PYTHON", project.python()),
        ("SKERRY_NODE_MODULES", project.node().join("node_modules")),
    ];
    if let Some(chromium) = crate::setup::find_chromium() {
        variables.push(("SKERRY_CHROMIUM", chromium));
    }
    Ok(variables)
}

/// Runs a command whose output the user sees; also returns that output.
pub fn run_visibly_and_keep(command: &mut Command) -> Outcome<(bool, String)> {
    let shown = describe(command);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .explain(|| format!("cannot start {shown}"))?;
    let readers = [
        child.stdout.take().map(|stream| show(stream, false)),
        child.stderr.take().map(|stream| show(stream, true)),
    ];
    let status = child.wait().explain(|| format!("lost track of {shown}"))?;
    let mut output = String::new();
    for reader in readers.into_iter().flatten() {
        let text = reader
            .join()
            .map_err(|_| Failure::broken(format!("lost the output of {shown}")))?;
        output.push_str(&text);
        output.push('\n');
    }
    Ok((status.success(), output))
}

/// Passes lines on as they come, and keeps them.
fn show(
    stream: impl std::io::Read + Send + 'static,
    is_error: bool,
) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut kept = String::new();
        let mut reader = BufReader::new(stream);
        let mut line = Vec::new();
        while reader
            .read_until(b'\n', &mut line)
            .is_ok_and(|length| length > 0)
        {
            let text = String::from_utf8_lossy(&line).into_owned();
            if is_error {
                eprint!("{text}");
            } else {
                print!("{text}");
            }
            kept.push_str(&text);
            line.clear();
        }
        kept
    })
}
