//! The measured run of the message modes: open, warm up, measure, stop.

use super::publish::{self, Schedule};
use super::report::Tally;
use super::template::Template;
use super::{Target, echo, open};
use crate::cli::LoadOptions;
use crate::clock;
use crate::error::SimError;
use crate::hub::websocket::Buffers;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// Runs the load; the time that was measured.
pub async fn run(
    options: &LoadOptions,
    target: Arc<Target>,
    tally: Arc<Tally>,
    duration: Duration,
) -> Result<Duration, SimError> {
    let payload = usize::try_from(options.payload).unwrap_or(usize::MAX);
    let sockets = open::many(
        &target,
        &tally,
        options.connections,
        options.parallel,
        Buffers::Large,
    )
    .await;
    let count = u32::try_from(sockets.len()).unwrap_or(u32::MAX).max(1);
    let start = clock::elapsed();
    let mut tasks = JoinSet::new();
    for (place, (index, socket)) in sockets.into_iter().enumerate() {
        // Evenly interleaved, so that an open-loop rate has no bursts.
        let schedule = options.rate.map(|rate| {
            let gap = Duration::from_secs_f64(f64::from(count) / f64::from(rate));
            let share = place as f64 / f64::from(count);
            Schedule {
                next: start + gap.mul_f64(share),
                gap,
            }
        });
        let (target, tally, window, qos) =
            (target.clone(), tally.clone(), options.window, options.qos);
        match target.as_ref() {
            Target::Hub(devices) => {
                let template = Template::new(devices.device_id(index), payload, qos)?;
                tasks.spawn(async move {
                    if let Err(error) =
                        publish::run(socket, &template, window, qos, schedule, &tally).await
                    {
                        tally.failed(error);
                    }
                });
            }
            Target::Raw(_) => {
                // The very bytes that a device of the telemetry mode would send with QoS 1.
                let template =
                    Template::new(&format!("{}-{:04}", options.prefix, index + 1), payload, 1)?;
                tasks.spawn(async move {
                    if let Err(error) = echo::run(socket, &template, window, schedule, &tally).await
                    {
                        tally.failed(error);
                    }
                });
            }
        }
    }
    tally.latencies.clear();
    // Ends early when no connection is left.
    let everybody_gone = async { while tasks.join_next().await.is_some() {} };
    let mut measured = Duration::ZERO;
    let measuring = async {
        tokio::time::sleep(options.warm_up).await;
        let began = clock::elapsed();
        tally.measure(true);
        tokio::time::sleep(duration).await;
        tally.measure(false);
        measured = clock::elapsed().saturating_sub(began);
    };
    tokio::select! {
        () = measuring => {}
        () = everybody_gone => {}
    }
    tally.measure(false);
    tasks.abort_all();
    Ok(measured)
}
