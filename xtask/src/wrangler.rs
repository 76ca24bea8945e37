//! `cargo xtask wrangler`: the same worker under Cloudflare's own tool.
//!
//! wrangler neither builds nor reports anything here: xtask builds, metrics are off.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use clap::Args;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::build;
use crate::failure::{Explain, Failure, Outcome};
use crate::hub::{create_private_folder, private_secret, write_private_file};
use crate::process;
use crate::project::Project;
use crate::setup;
use crate::signals;

/// What wrangler is to do.
#[derive(Debug, Args)]
pub struct WranglerOptions {
    /// Check what a deployment would upload, without an account and offline.
    #[arg(long, conflicts_with = "arguments")]
    pub deploy_dry_run: bool,

    /// wrangler's own arguments, after `--` [default: dev].
    #[arg(last = true, value_name = "ARGUMENTS")]
    pub arguments: Vec<String>,
}

/// The subcommand.
pub fn run(project: &Project, options: &WranglerOptions) -> Outcome {
    setup::for_building(project)?;
    build::hub(project)?;
    if options.deploy_dry_run {
        return dry_run(project);
    }
    let mut arguments = options.arguments.clone();
    if arguments.is_empty() {
        arguments.push("dev".to_owned());
    }
    if arguments.first().is_some_and(|command| command == "dev") {
        write_dev_secret(project)?;
    }
    let stop = signals::stop_requests()?;
    let mut child = wrangler(project)
        .args(&arguments)
        .spawn()
        .explain(|| "cannot start wrangler".to_owned())?;
    let mut is_stopping = false;
    let status = loop {
        if let Some(status) = child
            .try_wait()
            .explain(|| "lost track of wrangler".to_owned())?
        {
            break status;
        }
        if stop.recv_timeout(Duration::from_millis(100)).is_ok() {
            is_stopping = true;
            // Ctrl-C reached wrangler too; a SIGTERM reached only this process.
            if let Ok(pid) = i32::try_from(child.id()) {
                // Gone already is what we want.
                let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
            }
        }
    };
    if status.success() || is_stopping {
        Ok(())
    } else {
        Err(Failure::broken(format!(
            "wrangler failed ({status}); see above"
        )))
    }
}

/// `wrangler deploy --dry-run`, then the size budgets.
pub fn dry_run(project: &Project) -> Outcome {
    let bundle = project.target.join("wrangler-dry-run");
    process::run_behind_progress(
        &project.tools().join("logs"),
        "wrangler deploy --dry-run",
        "bundling as for an upload",
        wrangler(project)
            .args(["deploy", "--dry-run", "--outdir"])
            .arg(&bundle)
            .env("CI", "true"),
    )?;
    require_bundle(&bundle)?;
    build::sizes::check(project)
}

fn require_bundle(bundle: &Path) -> Outcome {
    let files = crate::stamp::files_below(bundle)?;
    let has = |ending: &str| {
        files
            .iter()
            .any(|path| path.extension().is_some_and(|found| found == ending))
    };
    if has("js") && has("wasm") {
        return Ok(());
    }
    Err(Failure::broken(format!(
        "wrangler's bundle in {} lacks its JavaScript or its wasm; check `main` in worker/wrangler.toml",
        bundle.display()
    )))
}

fn wrangler(project: &Project) -> Command {
    let mut command = process::program(project.node_tool("wrangler"));
    command
        .current_dir(project.root.join("worker"))
        .env("WRANGLER_SEND_METRICS", "false")
        .env("WRANGLER_SEND_ERROR_REPORTS", "false")
        .env("WRANGLER_HIDE_BANNER", "true")
        .env("WRANGLER_LOG_PATH", project.tools().join("logs/wrangler"))
        .env("NO_UPDATE_NOTIFIER", "1");
    command
}

/// `worker/.dev.vars`: what the data folder's secret is to the launcher.
fn write_dev_secret(project: &Project) -> Outcome {
    let path = project.root.join("worker/.dev.vars");
    if path.is_file() {
        return Ok(());
    }
    create_private_folder(&project.tools().join("secrets"))?;
    let secret = private_secret(&project.tools().join("secrets/wrangler-dev"))?;
    write_private_file(&path, format!("BOOTSTRAP_SECRET=\"{secret}\"\n").as_bytes())
}
