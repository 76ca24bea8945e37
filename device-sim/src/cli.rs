//! The command line.

use crate::behaviours::telemetry::Profile;
use crate::duration::{RunLength, parse_duration, parse_run_length};
use crate::expectation::{DesiredExpectation, parse_desired_expectation};
use crate::faults::{FaultPlan, parse_fault_plan};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

/// Simulated devices for an IoT hub, and a load generator.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done, 1 an expectation failed, 2 wrong usage, 3 the hub cannot be reached, \
4 the hub refused.";

const RUN_EXAMPLES: &str = "Examples:
  Twenty devices of four kinds, until Ctrl-C:
    device-sim run --connection-string \"$CS\" --url http://127.0.0.1:8787 --devices 20 --create
  2,000 devices that must all receive a desired change; exit code 1 if one does not:
    device-sim run --connection-string \"$CS\" --url http://127.0.0.1:8787 --devices 2000 --create \\
      --expect-connected --expect-desired fleet.ring=b --expect-timeout 120s --json
  Bad links and wrong clocks, the same ones at every run:
    device-sim run … --fault drop=0.01,slow=0.1:2s,flap=0.05:30s,clock-skew=0.02:10m,update=0.2 --seed 7

Devices implement the methods reboot, factoryReset, firmwareUpdate and ping, follow desired
telemetryConfig {configId, interval} and firmware {fwVersion, fwPackageURI, fwPackageCheckValue}
(a check value or sha256 that begins with \"bad\" stands for a damaged package), acknowledge
cloud-to-device messages and remember the last one in reported lastCommand.";

const LOAD_EXAMPLES: &str = "The last line is JSON: {\"mode\",\"connections\",\"messages\",\"acked\",\"seconds\",\"perSecond\",\"p50Ms\",\"p99Ms\",\"errors\"}.
perSecond counts only what the other side acknowledged within the measured time; served, in the
message modes, how many connections got at least one acknowledgement in it.

Examples:
  device-sim load --connection-string \"$CS\" --url http://127.0.0.1:8787 --connections 200 --create
  device-sim load --mode raw-echo --url http://127.0.0.1:8790/echo --connections 200 --window 10";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a fleet of simulated devices.
    #[command(after_help = RUN_EXAMPLES)]
    Run(Box<RunOptions>),
    /// Generate load and measure it.
    #[command(after_help = LOAD_EXAMPLES)]
    Load(Box<LoadOptions>),
}

/// Which hub, and how to reach it.
#[derive(Debug, Args)]
pub struct HubOptions {
    /// Connection string of a policy such as iothubowner; else the variable SKERRY_CONNECTION_STRING.
    #[arg(long, value_name = "TEXT")]
    pub connection_string: Option<String>,
    /// Where to connect to, if not to the host name in the connection string over TLS.
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// PEM file with the CA that signed the hub's certificate; else the system's.
    #[arg(long, value_name = "PATH")]
    pub ca_file: Option<PathBuf>,
}

/// `device-sim run`.
#[derive(Debug, Args)]
pub struct RunOptions {
    /// The hub.
    #[command(flatten)]
    pub hub: HubOptions,
    /// How many devices.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=50_000))]
    pub devices: u32,
    /// Names all devices PREFIX-0001 and so on; without it, the profile mixed names pumps pump-0001,
    /// chillers chiller-0002 …, and the others sim-0001.
    #[arg(long, value_parser = parse_prefix)]
    pub prefix: Option<String>,
    /// Create devices that do not exist, with tags (site, line, model); existing ones keep their keys.
    #[arg(long)]
    pub create: bool,
    /// At the end, delete the devices that this run created.
    #[arg(long, requires = "create")]
    pub delete_after: bool,
    /// What the devices measure.
    #[arg(long, value_enum, default_value_t = Profile::Mixed)]
    pub profile: Profile,
    /// Time between two messages of a device, until desired telemetryConfig.interval says otherwise.
    #[arg(long, default_value = "5s", value_parser = parse_duration)]
    pub interval: Duration,
    /// A device that has sent nothing for so long sends an empty heartbeat.
    #[arg(long, default_value = "60s", value_parser = parse_duration)]
    pub heartbeat: Duration,
    /// How long to run: a length of time, or forever (until Ctrl-C).
    #[arg(long, default_value = "forever", value_parser = parse_run_length)]
    pub duration: RunLength,
    /// Seed of everything random: the same seed repeats the run.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Faults: drop=P (chance per message to lose the link), slow=SHARE[:LONGEST], flap=SHARE[:PERIOD],
    /// clock-skew=SHARE[:LARGEST], update=P (chance of a firmware update to fail).
    #[arg(long, value_name = "PLAN", default_value = "", value_parser = parse_fault_plan, hide_default_value = true)]
    pub fault: FaultPlan,
    /// How long one step of a reboot, factory reset or firmware update takes.
    #[arg(long, default_value = "2s", value_parser = parse_duration)]
    pub step_time: Duration,
    /// Life of the devices' tokens; they reconnect with a fresh one when a fifth is left.
    #[arg(long, default_value = "1h", value_parser = parse_duration)]
    pub token_lifetime: Duration,
    /// MQTT keep-alive in seconds.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u16).range(5..=1177))]
    pub keep_alive: u16,
    /// How many connections to open per second at most.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub connect_rate: u32,
    /// Expect all devices connected and in sync at the same moment.
    #[arg(long)]
    pub expect_connected: bool,
    /// Expect this value in the desired properties of every device; repeatable. VALUE is JSON, or else a text.
    #[arg(long, value_name = "PATH=VALUE", value_parser = parse_desired_expectation)]
    pub expect_desired: Vec<DesiredExpectation>,
    /// Expect that the hub drops no connection.
    #[arg(long)]
    pub expect_no_drops: bool,
    /// How long expectations may take. Without --duration the run ends as soon as all are met.
    #[arg(long, default_value = "60s", value_parser = parse_duration)]
    pub expect_timeout: Duration,
    /// Write one line "DEVICE MESSAGE-ID" per acknowledged message to this file.
    #[arg(long, value_name = "PATH")]
    pub acknowledged_log: Option<PathBuf>,
    /// Write JSON documents, one per line, instead of a live display.
    #[arg(long)]
    pub json: bool,
}

/// What the load generator does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LoadMode {
    /// Devices publish; acknowledged messages count.
    Telemetry,
    /// Devices connect, get CONNACK and leave, again and again.
    Connect,
    /// Devices connect and stay: prints {"connected":N}, waits for the end of the input or the duration.
    Idle,
    /// Baseline: the same bytes over a WebSocket that echoes them.
    RawEcho,
    /// Baseline: a WebSocket is opened and closed.
    RawConnect,
    /// Baseline: WebSockets stay open.
    RawIdle,
}

/// `device-sim load`.
#[derive(Debug, Args)]
pub struct LoadOptions {
    /// The hub; the raw modes need only --url.
    #[command(flatten)]
    pub hub: HubOptions,
    /// What to do.
    #[arg(long, value_enum, default_value_t = LoadMode::Telemetry)]
    pub mode: LoadMode,
    /// How many connections.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=50_000))]
    pub connections: u32,
    /// Messages in flight per connection.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub window: u16,
    /// Bytes of payload per message.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(0..=262_000))]
    pub payload: u32,
    /// 1: a message counts with its PUBACK. 0: with the PINGRESP behind its window.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(0..=1))]
    pub qos: u8,
    /// How long to measure; 10s, but idle connections stay until the end of the input.
    #[arg(long, value_parser = parse_duration)]
    pub duration: Option<Duration>,
    /// How long to run before the measuring begins.
    #[arg(long, default_value = "1s", value_parser = parse_duration)]
    pub warm_up: Duration,
    /// Messages per second over all connections; without it, as many as the window allows.
    /// Latencies then count from the moment a message should have been sent.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub rate: Option<u32>,
    /// Connections opened at the same time (connect modes, and while the others start).
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=5_000))]
    pub parallel: u32,
    /// Create the devices PREFIX-0001 … first; without it they must stem from an earlier --create.
    #[arg(long)]
    pub create: bool,
    /// At the end, delete the devices that this run created.
    #[arg(long, requires = "create")]
    pub delete_after: bool,
    /// Prefix of the device ids.
    #[arg(long, default_value = "load", value_parser = parse_prefix)]
    pub prefix: String,
    /// MQTT keep-alive in seconds.
    #[arg(long, default_value_t = 1177, value_parser = clap::value_parser!(u16).range(5..=1177))]
    pub keep_alive: u16,
    /// Print only the JSON lines.
    #[arg(long)]
    pub json: bool,
}

fn parse_prefix(text: &str) -> Result<String, String> {
    let id = shared::ids::DeviceId::parse(text).map_err(|error| error.to_string())?;
    if id.as_str().len() > 64 {
        Err("a prefix has at most 64 characters".to_owned())
    } else {
        Ok(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_full_run_line_is_understood() {
        let line = "device-sim run --connection-string HostName=h;SharedAccessKeyName=p;SharedAccessKey=AA== \
            --url http://127.0.0.1:8787 --devices 2000 --create --delete-after --profile random-walk \
            --fault drop=0.01,flap=0.1:30s --expect-desired a.b=1 --expect-desired c=text --duration 60s --json";
        let Command::Run(options) = Cli::try_parse_from(line.split_whitespace())
            .unwrap()
            .command
        else {
            panic!("not run");
        };
        assert_eq!(
            (options.devices, options.profile),
            (2000, Profile::RandomWalk)
        );
        assert_eq!(options.fault.drop, 0.01);
        assert_eq!(options.expect_desired.len(), 2);
        assert_eq!(options.duration, RunLength::For(Duration::from_secs(60)));
    }

    #[test]
    fn nonsense_is_refused() {
        for line in [
            "device-sim run --devices 0",
            "device-sim run --delete-after",
            "device-sim run --fault crash=1",
            "device-sim run --prefix a/b",
            "device-sim run --expect-desired novalue",
            "device-sim load --qos 2",
            "device-sim load --window 0",
        ] {
            assert!(
                Cli::try_parse_from(line.split_whitespace()).is_err(),
                "{line}"
            );
        }
    }
}
