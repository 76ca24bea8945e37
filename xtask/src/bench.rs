//! `cargo xtask bench`: builds what the benches need and hands over to `tests/bench`.

use clap::Args;

use crate::build;
use crate::failure::{Failure, Outcome};
use crate::process;
use crate::project::Project;
use crate::setup;

/// What to measure.
#[derive(Debug, Args)]
pub struct BenchOptions {
    /// One bench only, e.g. telemetry, connect, memory, rows, registry, or one of the groups
    /// transfer and fleet.
    pub name: Option<String>,

    /// Fewer and shorter runs: to see whether a bench works, not to compare figures.
    #[arg(long)]
    pub quick: bool,
}

/// The subcommand.
pub fn run(project: &Project, options: &BenchOptions) -> Outcome {
    let script = project.root.join("tests/bench/bench.mjs");
    if !script.is_file() {
        return Err(Failure::broken(format!(
            "{} is missing; restore it from the repository",
            script.display()
        )));
    }
    setup::for_building(project)?;
    build::hub(project)?;
    build::device_sim(project)?;
    let mut command = process::program("node");
    command.arg(&script).args(&options.name);
    if options.quick {
        command.arg("--quick");
    }
    command
        .current_dir(&project.root)
        .envs(process::project_environment(project)?);
    if process::run_visibly(&mut command)? {
        Ok(())
    } else {
        Err(Failure::broken("the bench failed; see above"))
    }
}
