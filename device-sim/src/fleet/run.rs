//! `device-sim run`: prepares identities, runs the fleet, judges expectations, cleans up.

use super::Fleet;
use super::character::Character;
use super::device;
use super::display::{Display, in_seconds};
use super::stop::stop_signal;
use crate::behaviours::model::FleetSettings;
use crate::cli::RunOptions;
use crate::clock;
use crate::duration::RunLength;
use crate::error::SimError;
use crate::hub::access::HubAccess;
use crate::hub::dial::Dialer;
use crate::hub::identities::{self, Credential, Source, Wanted};
use crate::hub::open_files::allow_sockets;
use crate::hub::signal::Interruption;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// How long devices may take to say goodbye.
const STOPPING: Duration = Duration::from_secs(15);

/// Runs a fleet to its end.
pub async fn run(options: RunOptions) -> Result<(), SimError> {
    let count = usize::try_from(options.devices).unwrap_or(usize::MAX);
    allow_sockets(count)?;
    let access = HubAccess::from_option(options.hub.connection_string.as_deref())?;
    let dialer = Dialer::from_options(&options.hub, &access)?;
    let settings = Arc::new(FleetSettings {
        seed: options.seed,
        profile: options.profile,
        prefix: options.prefix.clone(),
        interval: options.interval,
        heartbeat: options.heartbeat,
        step: options.step_time,
        faults: options.fault,
    });
    let fleet = Arc::new(Fleet::new(&options, dialer, access)?);
    let mut display = Display::new(options.json);
    let mut interruption = Interruption::new()?;

    let source = if options.create {
        Source::Create
    } else {
        Source::Read
    };
    let wanted: Vec<Wanted> = (0..count)
        .map(|index| {
            let character = Character::new(
                settings.seed,
                index,
                settings.profile,
                settings.prefix.as_deref(),
            );
            let tags = options
                .create
                .then(|| character.tags(options.heartbeat.as_secs().max(1)));
            Wanted {
                device_id: character.device_id,
                tags,
            }
        })
        .collect();
    display.begin(
        if options.create {
            "creating devices"
        } else {
            "reading keys"
        },
        count,
    );
    let bar = display.stepper();
    let started = clock::elapsed();
    let preparing = identities::prepare(
        &fleet.dialer,
        &fleet.access,
        wanted,
        source,
        clock::now,
        Arc::new(move || bar.inc(1)),
    );
    let credentials = tokio::select! {
        credentials = preparing => credentials?,
        () = interruption.received() => return Ok(()),
    };
    let created: Vec<String> = credentials
        .iter()
        .filter(|one| one.created)
        .map(|one| one.device_id.clone())
        .collect();
    let seconds = in_seconds(clock::elapsed() - started);
    display.event(
        "prepared",
        &format!(
            "{count} devices are ready to connect, {} of them new ({seconds:.1} s)",
            created.len()
        ),
        json!({"devices": count, "created": created.len(), "seconds": seconds}),
    );

    let outcome = keep_running(
        &options,
        &fleet,
        &settings,
        credentials,
        &mut display,
        &mut interruption,
    )
    .await;
    if options.delete_after && !created.is_empty() {
        display.begin("deleting devices", created.len());
        let bar = display.stepper();
        let done = created.len();
        identities::delete(
            &fleet.dialer,
            &fleet.access,
            created,
            clock::now,
            Arc::new(move || bar.inc(1)),
        )
        .await?;
        display.event(
            "deleted",
            &format!("{done} devices deleted"),
            json!({"devices": done}),
        );
    }
    outcome
}

async fn keep_running(
    options: &RunOptions,
    fleet: &Arc<Fleet>,
    settings: &Arc<FleetSettings>,
    credentials: Vec<Credential>,
    display: &mut Display,
    interruption: &mut Interruption,
) -> Result<(), SimError> {
    let count = credentials.len();
    let (stopper, stop) = stop_signal();
    let mut devices = JoinSet::new();
    for (index, credential) in credentials.into_iter().enumerate() {
        devices.spawn(device::run(
            fleet.clone(),
            settings.clone(),
            index,
            credential,
            stop.clone(),
        ));
    }
    display.begin("connected", count);
    let mut watch = Watch::new(options, count);
    let started = clock::elapsed();
    let mut ticks = tokio::time::interval(Duration::from_millis(250));
    let mut tick = 0u64;
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = interruption.received() => break,
        }
        let at = clock::elapsed() - started;
        if tick.is_multiple_of(4) {
            display.progress(at, &fleet.statistics.snapshot(count));
            if let Some(log) = &fleet.log {
                log.flush()?;
            }
        }
        tick += 1;
        if watch.look(fleet, at, display)
            || matches!(options.duration, RunLength::For(length) if at >= length)
        {
            break;
        }
    }
    watch.look(fleet, clock::elapsed() - started, display);
    let at = clock::elapsed() - started;
    let expectations = watch.judge(fleet);
    let at_end = fleet.statistics.snapshot(count);
    stopper.stop();
    let everybody = async { while devices.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(STOPPING, everybody).await;
    if let Some(log) = &fleet.log {
        log.flush()?;
    }
    let mut snapshot = fleet.statistics.snapshot(count);
    // The goodbyes are no news: the summary shows who was there until then.
    snapshot.connected = at_end.connected;
    snapshot.in_sync = at_end.in_sync;
    display.summary(at, &snapshot, &expectations);
    let failed: Vec<&str> = expectations
        .iter()
        .filter(|(_, met)| !met)
        .map(|(name, _)| name.as_str())
        .collect();
    if failed.is_empty() {
        return Ok(());
    }
    Err(SimError::Expectation(format!(
        "not met: {}",
        failed.join("; ")
    )))
}

/// Follows the expectations while the fleet runs.
struct Watch {
    devices: u64,
    expect_connected: bool,
    expect_no_drops: bool,
    timeout: Duration,
    /// The run ends by itself once everything is met.
    ends_when_met: bool,
    all_in_sync_at: Option<Duration>,
    desired_met: Vec<(String, Option<Duration>)>,
}

impl Watch {
    fn new(options: &RunOptions, devices: usize) -> Self {
        let name = |one: &crate::expectation::DesiredExpectation| {
            format!("desired {}={}", one.path, one.value)
        };
        Self {
            devices: u64::try_from(devices).unwrap_or(u64::MAX),
            expect_connected: options.expect_connected,
            expect_no_drops: options.expect_no_drops,
            timeout: options.expect_timeout,
            ends_when_met: options.duration == RunLength::Forever
                && (options.expect_connected || !options.expect_desired.is_empty()),
            all_in_sync_at: None,
            desired_met: options
                .expect_desired
                .iter()
                .map(|one| (name(one), None))
                .collect(),
        }
    }

    /// Notes what is met by now; true if the run is decided and should end.
    fn look(&mut self, fleet: &Fleet, at: Duration, display: &Display) -> bool {
        let seconds = in_seconds(at);
        if self.all_in_sync_at.is_none() && fleet.statistics.in_sync.get() >= self.devices {
            self.all_in_sync_at = Some(at);
            display.event(
                "connected",
                &format!(
                    "all {} devices are connected ({seconds:.1} s)",
                    self.devices
                ),
                json!({"devices": self.devices, "seconds": seconds}),
            );
        }
        for ((name, met), count) in self.desired_met.iter_mut().zip(&fleet.statistics.meeting) {
            if met.is_none() && count.get() >= self.devices {
                *met = Some(at);
                display.event(
                    "expectation",
                    &format!("all {} devices have {name} ({seconds:.1} s)", self.devices),
                    json!({"name": name, "met": true, "devices": self.devices, "seconds": seconds}),
                );
            }
        }
        let desired_all_met = self.desired_met.iter().all(|(_, met)| met.is_some());
        let waits_for_connect =
            (self.expect_connected || !desired_all_met) && self.all_in_sync_at.is_none();
        if waits_for_connect {
            return at >= self.timeout;
        }
        if !desired_all_met {
            // The time for desired changes begins when the last device could receive them.
            return self
                .all_in_sync_at
                .is_some_and(|since| at >= since + self.timeout);
        }
        self.ends_when_met
    }

    /// The verdicts.
    fn judge(&self, fleet: &Fleet) -> Vec<(String, bool)> {
        let mut verdicts = Vec::new();
        if self.expect_connected {
            let name = match self.all_in_sync_at {
                Some(_) => format!("all {} devices connected", self.devices),
                None => {
                    format!(
                        "all {} devices connected ({} are)",
                        self.devices,
                        fleet.statistics.in_sync.get()
                    )
                }
            };
            verdicts.push((name, self.all_in_sync_at.is_some()));
        }
        for ((name, met), count) in self.desired_met.iter().zip(&fleet.statistics.meeting) {
            let name = match met {
                Some(_) => name.clone(),
                None => format!(
                    "{name} ({} of {} devices have it)",
                    count.get(),
                    self.devices
                ),
            };
            verdicts.push((name, met.is_some()));
        }
        if self.expect_no_drops {
            let lost = fleet.statistics.lost.get();
            let name = if lost == 0 {
                "no dropped connection".to_owned()
            } else {
                format!("no dropped connection ({lost} were)")
            };
            verdicts.push((name, lost == 0));
        }
        verdicts
    }
}
