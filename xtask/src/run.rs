//! `cargo xtask run`: from a fresh machine to a hub with devices on it.

use std::process::{Child, Stdio};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use clap::Args;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::Deserialize;
use std::io::Write;
use std::os::unix::process::CommandExt;

use crate::build;
use crate::failure::{Explain, Failure, Outcome};
use crate::hub::{self, Hub, HubOptions, ReadyFile};
use crate::process;
use crate::progress;
use crate::project::Project;
use crate::setup::{self, TestSetup};
use crate::signals;

/// The port that SDKs expect, and the one to use when it may not be opened.
const HTTPS_PORTS: [u16; 2] = [443, 8443];
/// How long the simulator may take to disconnect its devices.
const SIMULATOR_PATIENCE: Duration = Duration::from_secs(10);

/// How to run.
#[derive(Debug, Args)]
pub struct RunOptions {
    #[command(flatten)]
    hub: HubOptions,

    /// Do not start the simulated fleet.
    #[arg(long)]
    no_simulator: bool,

    /// Number of simulated devices.
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=5000))]
    devices: u32,
}

/// The subcommand.
pub fn run(project: &Project, mut options: RunOptions) -> Outcome {
    let started = Instant::now();
    if options.hub.https_port.is_none() {
        options.hub.https_port = HTTPS_PORTS
            .into_iter()
            .find(|&port| hub::is_port_free(&options.hub.bind, port))
            .or(Some(HTTPS_PORTS[1]));
    }
    let plan = hub::check(project, &options.hub)?;
    let mut tests = None;
    if options.hub.skips_build() {
        build::require_hub(project)?;
    } else {
        tests = Some(TestSetup::start(project));
        setup::for_building(project)?;
        build::hub(project)?;
    }
    let stop = signals::stop_requests()?;
    let hub = hub::start(project, &options.hub, plan)?;
    println!(
        "serving after {} on {}",
        progress::duration(started.elapsed()),
        hub.ready.url
    );
    if let Some(tests) = tests {
        if !options.no_simulator {
            build::device_sim(project)?;
        }
        if let Err(failure) = tests.finish() {
            // The hub serves all the same; `cargo xtask test` will insist.
            progress::note(&format!("not ready for the tests yet: {failure}"));
        }
    }
    let device = first_device(project, &hub.ready)?;
    let simulator = if options.no_simulator {
        None
    } else {
        Some(start_simulator(project, &hub.ready, options.devices)?)
    };
    println!();
    hub.ready.print();
    println!("device             {device}");
    println!();
    print_how_to(&hub.ready);
    println!("Ctrl-C stops everything; the data stays.");
    let simulated = wait(simulator, hub, &stop);
    eprintln!("stopped");
    simulated
}

/// The connection string of a device to try things with, created at the first start.
fn first_device(project: &Project, ready: &ReadyFile) -> Outcome<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Answer {
        connection_string: String,
    }
    let mut child = process::program("node")
        .arg(project.node().join("first-device.mjs"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .explain(|| "cannot start node".to_owned())?;
    let request =
        serde_json::json!({ "url": ready.url, "connectionString": ready.connection_string });
    if let Some(mut input) = child.stdin.take() {
        writeln!(input, "{request}").explain(|| "cannot talk to node".to_owned())?;
    }
    let output = child
        .wait_with_output()
        .explain(|| "lost track of node".to_owned())?;
    if !output.status.success() {
        return Err(Failure::broken(
            "the hub serves, but creating a first device failed; see above",
        ));
    }
    serde_json::from_slice::<Answer>(&output.stdout)
        .map(|answer| answer.connection_string)
        .explain(|| "first-device.mjs did not answer with JSON".to_owned())
}

fn start_simulator(project: &Project, ready: &ReadyFile, devices: u32) -> Outcome<Child> {
    let program = project.device_sim();
    process::program(&program)
        .arg("run")
        // Not an argument: those are for every user of the machine to see.
        .env("SKERRY_CONNECTION_STRING", &ready.connection_string)
        .args([
            "--url",
            &ready.url,
            "--create",
            "--devices",
            &devices.to_string(),
        ])
        .stdin(Stdio::null())
        // Its live summary would draw over what is printed here.
        .stdout(Stdio::null())
        // Ctrl-C reaches only this process, which then stops the simulator first.
        .process_group(0)
        .spawn()
        .explain(|| format!("cannot start {}", program.display()))
}

fn wait(mut simulator: Option<Child>, mut hub: Hub, stop: &Receiver<()>) -> Outcome {
    loop {
        if stop.recv_timeout(Duration::from_millis(200)).is_ok() {
            break;
        }
        if let Some(reason) = hub.ended() {
            end_simulator(simulator)?;
            return Err(Failure::broken(format!("the hub stopped: {reason}")));
        }
        if let Some(child) = &mut simulator
            && let Some(status) = child
                .try_wait()
                .explain(|| "lost track of the simulator".to_owned())?
        {
            eprintln!("  the simulated fleet ended ({status}); the hub goes on");
            simulator = None;
        }
    }
    let fleet = end_simulator(simulator);
    hub.stop()?;
    fleet
}

/// Lets the devices disconnect, then insists.
fn end_simulator(simulator: Option<Child>) -> Outcome {
    let Some(mut child) = simulator else {
        return Ok(());
    };
    let lost = || "lost track of the simulator".to_owned();
    if let Ok(pid) = i32::try_from(child.id()) {
        // Gone already is what we want.
        let _ = kill(Pid::from_raw(pid), Signal::SIGINT);
    }
    let started = Instant::now();
    while started.elapsed() < SIMULATOR_PATIENCE {
        if child.try_wait().explain(lost)?.is_some() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    child.kill().explain(lost)?;
    child.wait().map(drop).explain(lost)
}

fn print_how_to(ready: &ReadyFile) {
    println!("How to use them:");
    println!("  - Open the console link in a browser; it signs you in once.");
    println!(
        "  - Give the device connection string to any Azure IoT device SDK (MQTT over WebSocket),"
    );
    println!("    and let it trust the CA certificate above (Python: server_verification_cert,");
    println!("    Node: client.setOptions({{ ca }}), others: SSL_CERT_FILE).");
    match &ready.https_url {
        Some(https_url)
            if https_url
                .rsplit(':')
                .next()
                .is_some_and(|port| port.parse::<u16>().is_ok()) =>
        {
            println!(
                "  - Device SDKs connect to port 443. This user may not open it, so TLS is on {https_url};"
            );
            println!(
                "    for unmodified SDKs start with `--https-port 443` and the rights to open it."
            );
        }
        _ => {}
    }
    println!(
        "  - The service connection string works with the service SDKs and `az iot hub`-style tools;"
    );
    println!("    the REST API answers on {} as well.", ready.url);
}
