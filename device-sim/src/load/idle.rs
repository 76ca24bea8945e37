//! The idle modes: connections that do nothing but stay, for measuring memory.

use super::report::Tally;
use super::{Target, open};
use crate::cli::LoadOptions;
use crate::clock;
use crate::error::SimError;
use crate::fleet::display::say;
use crate::hub::signal::Interruption;
use crate::hub::websocket::{Buffers, WebSocket};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;

/// Opens all connections, says so, and keeps them. Returns the time that opening took.
pub async fn run(
    options: &LoadOptions,
    target: Arc<Target>,
    tally: Arc<Tally>,
) -> Result<Duration, SimError> {
    let mut interruption = Interruption::new()?;
    let began = clock::elapsed();
    let sockets = open::many(
        &target,
        &tally,
        options.connections,
        options.parallel,
        Buffers::Small,
    )
    .await;
    let took = clock::elapsed().saturating_sub(began);
    tally
        .sent
        .add_many(usize::try_from(options.connections).unwrap_or(usize::MAX));
    say(&json!({"connected": sockets.len()}).to_string());
    let ping = match target.as_ref() {
        // Well within the keep-alive, so that a slow timer does not cost the connection.
        Target::Hub(_) => Some(Duration::from_secs(u64::from(options.keep_alive)).mul_f64(0.75)),
        Target::Raw(_) => None,
    };
    let mut holders = JoinSet::new();
    for (_, socket) in sockets {
        let tally = tally.clone();
        holders.spawn(async move {
            let why = hold(socket, ping).await;
            tally.failed(why);
        });
    }
    match options.duration {
        Some(duration) => {
            tokio::select! {
                () = tokio::time::sleep(duration) => {}
                () = interruption.received() => {}
            }
        }
        None => {
            tokio::select! {
                () = end_of_input() => {}
                () = interruption.received() => {}
            }
        }
    }
    // A holder ends only when its connection does.
    while holders.try_join_next().is_some() {}
    tally.acknowledged.add_many(holders.len());
    holders.abort_all();
    Ok(took)
}

/// Keeps a connection until it breaks; why it did.
async fn hold(mut socket: WebSocket, ping: Option<Duration>) -> String {
    loop {
        let received = match ping {
            None => socket.next().await,
            Some(ping) => match tokio::time::timeout(ping, socket.next()).await {
                Ok(received) => received,
                Err(_) => {
                    let packet = Message::Binary(Bytes::from_static(&[0xc0, 0]));
                    if let Err(error) = socket.send(packet).await {
                        return error.to_string();
                    }
                    continue;
                }
            },
        };
        match received {
            Some(Ok(Message::Close(_))) | None => {
                return "an idle connection was closed by the other side".to_owned();
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => return error.to_string(),
        }
    }
}

/// Waits until the standard input is closed. A thread of its own: a read cannot be called
/// off, and must not keep the program from ending.
async fn end_of_input() {
    let (ended, end) = oneshot::channel::<()>();
    std::thread::spawn(move || {
        let mut input = std::io::stdin().lock();
        let mut buffer = [0; 256];
        while matches!(input.read(&mut buffer), Ok(count) if count > 0) {}
        // Nobody listens any more if the run was interrupted.
        let _ = ended.send(());
    });
    let _ = end.await;
}
