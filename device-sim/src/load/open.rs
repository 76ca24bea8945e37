//! Opens the connections of a run, a few at a time.

use super::Target;
use super::report::Tally;
use crate::clock;
use crate::error::SimError;
use crate::hub::websocket::{self, Buffers, WebSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::task::JoinSet;

/// Opens one connection of a target.
pub async fn one(target: &Target, index: usize, buffers: Buffers) -> Result<WebSocket, SimError> {
    match target {
        Target::Hub(devices) => devices.connect(index, buffers).await,
        Target::Raw(dialer) => websocket::open(dialer, "", None, buffers).await,
    }
}

/// Opens `count` connections, `parallel` at a time; failures are counted. The latency of each is recorded.
pub async fn many(
    target: &Arc<Target>,
    tally: &Arc<Tally>,
    count: u32,
    parallel: u32,
    buffers: Buffers,
) -> Vec<(usize, WebSocket)> {
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let next = Arc::new(AtomicUsize::new(0));
    let mut workers = JoinSet::new();
    for _ in 0..parallel {
        let (target, tally, next) = (target.clone(), tally.clone(), next.clone());
        workers.spawn(async move {
            let mut opened = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= count {
                    return opened;
                }
                let started = clock::elapsed();
                match one(&target, index, buffers).await {
                    Ok(socket) => {
                        tally
                            .latencies
                            .record(clock::elapsed().saturating_sub(started));
                        opened.push((index, socket));
                    }
                    Err(error) => tally.failed(error),
                }
            }
        });
    }
    workers.join_all().await.into_iter().flatten().collect()
}
