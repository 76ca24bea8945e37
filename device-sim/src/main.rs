//! Simulated devices and a load generator for an IoT hub.
//!
//! `device-sim run` is a fleet: telemetry, twins, methods and commands as real devices do
//! them, with faults on purpose. `device-sim load` measures. Both are clients like any
//! other: they know the hub only by its public protocols.

mod behaviours;
mod cli;
mod clock;
mod duration;
mod error;
mod expectation;
mod faults;
mod fleet;
mod hub;
mod latency;
mod load;
mod random;

use clap::Parser;
use cli::{Cli, Command};
use error::SimError;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let json = match &cli.command {
        Command::Run(options) => options.json,
        Command::Load(options) => options.json,
    };
    // One thread: thousands of sockets are its strength, and the other cores belong to the hub.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(async {
            match cli.command {
                Command::Run(options) => fleet::run::run(*options).await,
                Command::Load(options) => load::run(*options).await,
            }
        }),
        Err(error) => Err(SimError::Usage(format!(
            "the runtime cannot start: {error}"
        ))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            fleet::display::fail(json, &error);
            ExitCode::from(error.exit_code())
        }
    }
}
