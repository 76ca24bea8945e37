//! The connect modes: open, say goodbye, again, on `--parallel` connections at a time.

use super::report::Tally;
use super::{Target, open};
use crate::cli::LoadOptions;
use crate::clock;
use crate::hub::websocket::{Buffers, WebSocket};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;

/// How long a goodbye may take.
const GOODBYE: Duration = Duration::from_secs(5);
/// Pause after a failure, so that a hub that is gone does not spin the generator.
const AFTER_FAILURE: Duration = Duration::from_millis(100);

/// Runs the load; the time that was measured.
pub async fn run(
    options: &LoadOptions,
    target: Arc<Target>,
    tally: Arc<Tally>,
    duration: Duration,
) -> Duration {
    let devices = usize::try_from(options.connections).unwrap_or(usize::MAX);
    // Each worker has devices of its own: two sessions of one device would take each other over.
    let workers = usize::try_from(options.parallel)
        .unwrap_or(usize::MAX)
        .min(devices);
    let mut tasks = JoinSet::new();
    for worker in 0..workers {
        let (target, tally) = (target.clone(), tally.clone());
        tasks.spawn(async move {
            for index in (worker..devices).step_by(workers).cycle() {
                let started = clock::elapsed();
                let counts = tally.measuring();
                if counts {
                    tally.sent.add();
                }
                match open::one(&target, index, Buffers::Small).await {
                    Ok(socket) => {
                        if counts && tally.measuring() {
                            tally.acknowledged.add();
                            tally
                                .latencies
                                .record(clock::elapsed().saturating_sub(started));
                        }
                        say_goodbye(socket, matches!(target.as_ref(), Target::Hub(_))).await;
                    }
                    Err(error) => {
                        tally.failed(error);
                        tokio::time::sleep(AFTER_FAILURE).await;
                    }
                }
            }
        });
    }
    tokio::time::sleep(options.warm_up).await;
    let began = clock::elapsed();
    tally.measure(true);
    tokio::time::sleep(duration).await;
    tally.measure(false);
    let measured = clock::elapsed().saturating_sub(began);
    tasks.abort_all();
    measured
}

/// Leaves properly, so that the other side keeps nothing.
async fn say_goodbye(mut socket: WebSocket, mqtt: bool) {
    let leaving = async {
        if mqtt {
            socket
                .feed(Message::Binary(Bytes::from_static(&[0xe0, 0])))
                .await?;
        }
        socket.close(None).await?;
        while let Some(received) = socket.next().await {
            received?;
        }
        Ok::<(), tokio_tungstenite::tungstenite::Error>(())
    };
    // The connect has been counted already; how the other side closes is its own affair.
    let _ = tokio::time::timeout(GOODBYE, leaving).await;
}
