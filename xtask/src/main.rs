//! `cargo xtask`: the project's only scripts.
//!
//! Set-up, builds, the local hub, tests and benches. It depends on little, compiles
//! fast, and holds no knowledge of the hub's behaviour: that is in `shared`.

#![forbid(unsafe_code)]

mod bench;
mod build;
mod failure;
mod fmt;
mod fuzz;
mod hub;
mod process;
mod progress;
mod project;
mod run;
mod setup;
mod signals;
mod stamp;
mod test;
mod wrangler;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use failure::Outcome;
use project::Project;

/// The project's commands: from a fresh machine to a running, tested hub.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Bring this machine to the point where everything builds and every test runs.
    ///
    /// Installs the wasm32 standard library, the build tools (into .tools/), the npm and Python
    /// packages, and on Debian Chromium for the browser tests. What is done already is skipped.
    Setup,
    /// Set up, build and run a hub with its console and a simulated fleet.
    ///
    /// Prints a one-time link to the console, the connection strings and how to use them.
    /// Ctrl-C stops everything. The data stays for the next start.
    Run(run::RunOptions),
    /// Run only the hub, in the foreground.
    ///
    /// All state lives in the data folder. Exit code 2 means that nothing was touched: a taken
    /// port, an unwritable folder, a data folder of a newer version or of other object counts.
    Hub(hub::HubOptions),
    /// Run all checks and tests: formatting, lints, native tests, sizes, conformance, browser.
    Test(test::TestOptions),
    /// Measure against a baseline in the same run.
    Bench(bench::BenchOptions),
    /// Look for inputs that break a check in `tests/fuzz`.
    Fuzz(fuzz::FuzzOptions),
    /// Format all Rust code.
    Fmt(fmt::FmtOptions),
    /// Build everything and hand over to wrangler (`wrangler dev` unless told otherwise).
    ///
    /// Arguments after `--` go to wrangler, e.g. `cargo xtask wrangler -- deploy`.
    Wrangler(wrangler::WranglerOptions),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match carry_out(arguments.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::from(failure.exit_code)
        }
    }
}

fn carry_out(command: Command) -> Outcome {
    let project = Project::find()?;
    match command {
        Command::Setup => setup::everything(&project),
        Command::Run(options) => run::run(&project, options),
        Command::Hub(options) => hub::run(&project, &options),
        Command::Test(options) => test::run(&project, &options),
        Command::Bench(options) => bench::run(&project, &options),
        Command::Fuzz(options) => fuzz::run(&project, &options),
        Command::Fmt(options) => fmt::run(&project, &options),
        Command::Wrangler(options) => wrangler::run(&project, &options),
    }
}

#[cfg(test)]
mod tests {
    use super::Arguments;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }
}
