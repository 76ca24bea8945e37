//! `cargo xtask fmt`: formatting, or with `--check` whether it is needed.

use clap::Args;

use crate::failure::{Failure, Outcome};
use crate::process;
use crate::project::Project;

/// How to format.
#[derive(Debug, Args)]
pub struct FmtOptions {
    /// Change nothing; fail when something is not formatted.
    #[arg(long)]
    pub check: bool,
}

/// The subcommand.
pub fn run(project: &Project, options: &FmtOptions) -> Outcome {
    let mut command = process::program("cargo");
    command.args(["fmt", "--all"]).current_dir(&project.root);
    if options.check {
        command.args(["--", "--check"]);
    }
    if process::run_visibly(&mut command)? {
        Ok(())
    } else {
        Err(Failure::broken("not formatted; run `cargo xtask fmt`"))
    }
}
