//! The Node launcher's other half: starts it, hears from it, ends it.
//!
//! The launcher gets its settings as one line on its standard input, which then
//! stays open: when it closes (because this process ended, however), the launcher
//! stops the runtime and goes. Secrets travel only there, never as arguments or in
//! the environment.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

use crate::failure::{Explain, Failure, Outcome};
use crate::hub::certificates::Certificates;
use crate::hub::data_folder::DataFolder;
use crate::hub::options::HubOptions;
use crate::process;
use crate::progress::Progress;
use crate::project::Project;

/// How long the runtime may take until it serves.
const START_PATIENCE: Duration = Duration::from_secs(60);
/// How long a clean stop may take.
const STOP_PATIENCE: Duration = Duration::from_secs(10);

/// The launcher's settings, its first line of input.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    bind: String,
    port: u16,
    https_port: Option<u16>,
    tls_key: String,
    tls_chain: String,
    host_names: Vec<String>,
    host_name: String,
    allowed_hosts: Vec<String>,
    state: String,
    worker: String,
    assets: String,
    gateways: u16,
    shards: u16,
    partitions: u16,
    bootstrap_secret: Option<String>,
    verbose: bool,
    #[serde(skip)]
    secret_failure: Option<Failure>,
}

impl Settings {
    /// Collects the settings.
    pub fn new(
        project: &Project,
        options: &HubOptions,
        data: &DataFolder,
        certificates: &Certificates,
    ) -> Self {
        let (bootstrap_secret, secret_failure) = match data.bootstrap_secret() {
            Ok(secret) => (Some(secret), None),
            Err(failure) => (None, Some(failure)),
        };
        Self {
            bind: options.bind.to_string(),
            port: options.port,
            https_port: options.https_port,
            tls_key: certificates.key.display().to_string(),
            tls_chain: certificates.chain.display().to_string(),
            host_names: options.names(),
            host_name: options.primary_name().to_owned(),
            allowed_hosts: options.allowed_hosts.clone(),
            state: data.state().display().to_string(),
            worker: project.worker_build().display().to_string(),
            assets: project.console_dist().display().to_string(),
            gateways: data.layout.gateways,
            shards: data.layout.shards,
            partitions: data.layout.partitions,
            bootstrap_secret,
            verbose: options.verbose,
            secret_failure,
        }
    }
}

/// What the launcher tells, one JSON object per line.
#[derive(Debug, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
enum Event {
    /// The runtime's process was started.
    #[serde(rename_all = "camelCase")]
    Runtime { pid: u32 },
    /// Requests are answered.
    Serving(Serving),
    /// It cannot start, or it ended by itself.
    #[serde(rename_all = "camelCase")]
    Failed { message: String, refused: bool },
}

/// The answer of the hub's bootstrap.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Serving {
    /// The hub's own name.
    pub host_name: String,
    /// Of the `iothubowner` policy.
    pub connection_string: String,
    /// For the one-time console link.
    pub sign_in_token: String,
    /// The runtime's process.
    pub workerd_pid: u32,
}

/// A started launcher; dropping it stops it.
pub struct Launcher {
    child: Child,
    input: Option<ChildStdin>,
    events: Receiver<Event>,
    runtime: Option<u32>,
}

impl Launcher {
    /// Starts the launcher, which inherits the data folder's lock.
    pub fn start(project: &Project, settings: &Settings, lock: &File) -> Outcome<Self> {
        if let Some(failure) = &settings.secret_failure {
            return Err(Failure::broken(failure.message.clone()));
        }
        let line = serde_json::to_string(settings)
            .explain(|| "cannot write the launcher's settings".to_owned())?;
        let mut command = process::program("node");
        command
            .arg(project.node().join("hub.mjs"))
            .current_dir(project.node())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Ctrl-C reaches only this process, which then stops the launcher in order.
            .process_group(0);
        inherit(lock, true)?;
        let spawned = command.spawn();
        inherit(lock, false)?;
        let mut child = spawned.explain(|| "cannot start node".to_owned())?;
        let mut input = child.stdin.take();
        let output = child.stdout.take();
        let (sender, events) = mpsc::channel();
        if let Some(output) = output {
            std::thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    match serde_json::from_str::<Event>(&line) {
                        Ok(event) => {
                            if sender.send(event).is_err() {
                                return;
                            }
                        }
                        // Not ours: something in the runtime's libraries printed it.
                        Err(_) => eprintln!("{line}"),
                    }
                }
            });
        }
        let written = input
            .as_mut()
            .map_or(Ok(()), |input| writeln!(input, "{line}"));
        let launcher = Self {
            child,
            input,
            events,
            runtime: None,
        };
        // A launcher that does not read its settings ended at once, and says why itself.
        if written.is_err() {
            return Err(Failure::broken(
                "the launcher ended before it read its settings; see above",
            ));
        }
        Ok(launcher)
    }

    /// Waits until requests are answered.
    pub fn wait_until_serving(&mut self) -> Outcome<Serving> {
        let mut progress = Progress::start("Hub", "starting the runtime", None);
        let started = Instant::now();
        loop {
            match self.events.recv_timeout(Duration::from_millis(100)) {
                Ok(Event::Runtime { pid }) => self.runtime = Some(pid),
                Ok(Event::Serving(serving)) => {
                    progress.done();
                    return Ok(serving);
                }
                Ok(Event::Failed { message, refused }) => {
                    progress.failed();
                    return Err(if refused {
                        Failure::refused(message)
                    } else {
                        Failure::broken(message)
                    });
                }
                Err(RecvTimeoutError::Disconnected) => {
                    progress.failed();
                    return Err(Failure::broken(
                        "the launcher ended before the hub served; see above",
                    ));
                }
                Err(RecvTimeoutError::Timeout) if started.elapsed() > START_PATIENCE => {
                    progress.failed();
                    return Err(Failure::broken(format!(
                        "the runtime did not serve within {} s; start again with --verbose to see what it waits for",
                        START_PATIENCE.as_secs()
                    )));
                }
                Err(RecvTimeoutError::Timeout) => progress.tick(),
            }
        }
    }

    /// Whether the launcher or its runtime ended, and why.
    pub fn ended(&mut self) -> Option<String> {
        if let Ok(Event::Failed { message, .. }) = self.events.try_recv() {
            return Some(message);
        }
        let status = self.child.try_wait().ok().flatten()?;
        // Its last words may still be on their way.
        match self.events.recv_timeout(Duration::from_millis(200)) {
            Ok(Event::Failed { message, .. }) => Some(message),
            _ => Some(format!("the launcher ended unexpectedly ({status})")),
        }
    }

    /// Stops the launcher and its runtime, and waits until both are gone.
    pub fn stop(mut self) -> Outcome {
        let status = self.shut_down()?;
        if status {
            Ok(())
        } else {
            Err(Failure::broken(
                "the launcher did not stop cleanly; see above",
            ))
        }
    }

    fn shut_down(&mut self) -> Outcome<bool> {
        drop(self.input.take());
        let started = Instant::now();
        let status = loop {
            if let Some(status) = self
                .child
                .try_wait()
                .explain(|| "lost track of the launcher".to_owned())?
            {
                break Some(status);
            }
            if started.elapsed() > STOP_PATIENCE {
                break None;
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        if status.is_some_and(|status| status.success()) {
            return Ok(true);
        }
        // It hangs, or it was killed and could not take the runtime with it.
        if status.is_none() {
            self.child
                .kill()
                .explain(|| "cannot end the launcher".to_owned())?;
            self.child
                .wait()
                .explain(|| "lost track of the launcher".to_owned())?;
        }
        if let Some(pid) = self.runtime.and_then(|pid| i32::try_from(pid).ok()) {
            // Gone already is what we want.
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
        Ok(false)
    }
}

impl Drop for Launcher {
    fn drop(&mut self) {
        if self
            .child
            .try_wait()
            .is_ok_and(|status| status.is_some_and(|status| status.success()))
        {
            return;
        }
        // Failing to stop is told by `stop`; here only the processes matter.
        let _ = self.shut_down();
    }
}

/// Whether programs started from here on inherit the file.
fn inherit(file: &File, inherited: bool) -> Outcome {
    let flags = if inherited {
        FdFlag::empty()
    } else {
        FdFlag::FD_CLOEXEC
    };
    fcntl(file, FcntlArg::F_SETFD(flags))
        .map(drop)
        .explain(|| "cannot share the data folder's lock".to_owned())
}
