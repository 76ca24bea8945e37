//! `cargo xtask hub`: one hub in the foreground, with all its state in one data folder.
//!
//! Everything that can be refused is refused before anything is built or written:
//! a bad option, a data folder of another version or layout, a taken port.

mod certificates;
mod data_folder;
mod file_limit;
mod launcher;
mod options;
mod ports;
mod private_file;
mod ready;

use std::sync::mpsc::Receiver;
use std::time::Duration;

use crate::build;
use crate::failure::{Failure, Outcome};
use crate::project::Project;
use crate::setup;
use crate::signals;

use data_folder::{DataFolder, Plan};
use launcher::{Launcher, Settings};

pub use data_folder::{Layout, secret as private_secret};
pub use options::HubOptions;
pub use ports::is_free as is_port_free;
pub use private_file::{create_folder as create_private_folder, write as write_private_file};
pub use ready::ReadyFile;

/// A hub that serves.
pub struct Hub {
    launcher: Launcher,
    data: DataFolder,
    /// What the ready file says.
    pub ready: ReadyFile,
}

/// Refuses what cannot work; touches nothing.
pub fn check(project: &Project, options: &HubOptions) -> Outcome<Plan> {
    options.check()?;
    let plan = data_folder::plan(&options.data_folder(project), options.requested_layout())?;
    ports::check_free(&options.bind, options.port, options.https_port)?;
    Ok(plan)
}

/// Starts a hub; returns once it serves.
pub fn start(project: &Project, options: &HubOptions, plan: Plan) -> Outcome<Hub> {
    let data = plan.open()?;
    if let Some(path) = &options.ready_file {
        ReadyFile::forget(path)?;
    }
    let certificates = certificates::ensure(&data, &options.certificate_names())?;
    file_limit::raise();
    let mut launcher = Launcher::start(
        project,
        &Settings::new(project, options, &data, &certificates),
        data.lock(),
    )?;
    let serving = launcher.wait_until_serving()?;
    let ready = ReadyFile::new(options, &certificates, serving);
    if let Some(path) = &options.ready_file {
        ready.write(path)?;
    }
    Ok(Hub {
        launcher,
        data,
        ready,
    })
}

impl Hub {
    /// Waits for a signal, or for the hub's end, which is then a failure.
    pub fn run_until_stopped(mut self, stop: &Receiver<()>) -> Outcome {
        loop {
            if stop.recv_timeout(Duration::from_millis(200)).is_ok() {
                return self.stop();
            }
            if let Some(reason) = self.launcher.ended() {
                return Err(Failure::broken(format!("the hub stopped: {reason}")));
            }
        }
    }

    /// Whether the hub ended by itself, and why.
    pub fn ended(&mut self) -> Option<String> {
        self.launcher.ended()
    }

    /// Stops the hub and waits until every process of it is gone.
    pub fn stop(self) -> Outcome {
        let Self { launcher, data, .. } = self;
        let stopped = launcher.stop();
        // The lock goes last: another hub may only start once this one is gone.
        drop(data);
        stopped
    }
}

/// The subcommand.
pub fn run(project: &Project, options: &HubOptions) -> Outcome {
    let plan = check(project, options)?;
    if options.skips_build() {
        build::require_hub(project)?;
    } else {
        setup::for_building(project)?;
        build::hub(project)?;
    }
    let stop = signals::stop_requests()?;
    let hub = start(project, options, plan)?;
    hub.ready.print();
    println!("Ctrl-C stops the hub.");
    let stopped = hub.run_until_stopped(&stop);
    if stopped.is_ok() {
        eprintln!("stopped");
    }
    stopped
}
