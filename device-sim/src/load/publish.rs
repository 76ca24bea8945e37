//! One publishing connection: keeps its window full, or follows a schedule.
//!
//! Packet ids are the numbers of the window's places, free again with their PUBACK, so
//! that nothing has to be looked up. Frames are fed in batches and flushed once.

use super::report::Tally;
use super::template::Template;
use crate::clock;
use crate::hub::websocket::WebSocket;
use bytes::Bytes;
use futures_util::{FutureExt, SinkExt, StreamExt};
use shared::mqtt::packet::{Limits, Packet};
use shared::mqtt::stream::StreamDecoder;
use std::ops::ControlFlow;
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;

/// When messages are due in an open-loop run.
#[derive(Debug, Clone, Copy)]
pub struct Schedule {
    /// The next one.
    pub next: Duration,
    /// Between two of one connection.
    pub gap: Duration,
}

/// The places of a window.
pub struct Places {
    sent_at: Vec<Duration>,
    free: Vec<u16>,
    sequence: u64,
    schedule: Option<Schedule>,
    /// Something was acknowledged while it was measured.
    served: bool,
}

impl Places {
    /// All free.
    pub fn new(window: u16, schedule: Option<Schedule>) -> Self {
        // The first place is handed out first, and packet id 0 does not exist.
        Self {
            sent_at: vec![Duration::ZERO; usize::from(window) + 1],
            free: (1..=window).rev().collect(),
            sequence: 0,
            schedule,
            served: false,
        }
    }

    /// Takes a place for a message that should be sent now: packet id and sequence number.
    pub fn take(&mut self, now: Duration) -> Option<(u16, u64)> {
        let sent_at = match &mut self.schedule {
            // Latency counts from the planned moment: a stalled hub must not look fast.
            Some(schedule) if schedule.next <= now => {
                let planned = schedule.next;
                if !self.free.is_empty() {
                    schedule.next += schedule.gap;
                }
                planned
            }
            Some(_) => return None,
            None => now,
        };
        let place = self.free.pop()?;
        self.sent_at[usize::from(place)] = sent_at;
        self.sequence += 1;
        Some((place, self.sequence))
    }

    /// Frees a place; the latency, or `None` if the place was not in use.
    pub fn release(&mut self, place: u16, now: Duration) -> Option<Duration> {
        let sent_at = self
            .sent_at
            .get_mut(usize::from(place))
            .filter(|at| **at != Duration::ZERO)?;
        let latency = now.saturating_sub(*sent_at);
        *sent_at = Duration::ZERO;
        self.free.push(place);
        Some(latency)
    }

    /// How long until the next message is due; `None` if only an acknowledgement helps.
    pub fn wait(&self, now: Duration) -> Option<Duration> {
        let schedule = self.schedule.as_ref().filter(|_| !self.free.is_empty())?;
        Some(schedule.next.saturating_sub(now))
    }
}

/// Waits for the next frame or the next planned message, whichever comes first.
pub async fn next_frame(
    socket: &mut WebSocket,
    wait: Option<Duration>,
) -> Result<Option<Message>, String> {
    let received = match wait {
        None => socket.next().await,
        Some(wait) => match tokio::time::timeout(wait, socket.next()).await {
            Ok(received) => received,
            Err(_) => return Ok(None),
        },
    };
    closed_is_an_error(received).map(Some)
}

/// A frame that is there already.
pub fn waiting_frame(socket: &mut WebSocket) -> Result<Option<Message>, String> {
    match socket.next().now_or_never() {
        None => Ok(None),
        Some(received) => closed_is_an_error(received).map(Some),
    }
}

fn closed_is_an_error(
    received: Option<Result<Message, tokio_tungstenite::tungstenite::Error>>,
) -> Result<Message, String> {
    match received {
        Some(Ok(Message::Close(frame))) => Err(frame.map_or_else(
            || "closed".to_owned(),
            |frame| format!("closed: {} {}", frame.code, frame.reason),
        )),
        Some(Ok(message)) => Ok(message),
        Some(Err(error)) => Err(error.to_string()),
        None => Err("closed".to_owned()),
    }
}

/// Publishes until the task is aborted or the connection breaks.
pub async fn run(
    mut socket: WebSocket,
    template: &Template,
    window: u16,
    qos: u8,
    schedule: Option<Schedule>,
    tally: &Tally,
) -> Result<(), String> {
    let mut places = Places::new(window, schedule);
    let mut decoder = StreamDecoder::new();
    // QoS 0: the places that the PINGREQ under way stands behind, and those sent after it.
    let (mut covered, mut uncovered): (Vec<u16>, Vec<u16>) = (Vec::new(), Vec::new());
    let mut answered: Vec<u16> = Vec::with_capacity(usize::from(window));
    loop {
        let now = clock::elapsed();
        let mut sent = 0;
        while let Some((place, sequence)) = places.take(now) {
            let packet = Message::Binary(template.fill(place, sequence));
            socket
                .feed(packet)
                .await
                .map_err(|error| error.to_string())?;
            sent += 1;
            if qos == 0 {
                uncovered.push(place);
            }
        }
        if covered.is_empty() && !uncovered.is_empty() {
            std::mem::swap(&mut covered, &mut uncovered);
            let ping = Message::Binary(Bytes::from_static(&[0xc0, 0]));
            socket.feed(ping).await.map_err(|error| error.to_string())?;
        }
        // Costs nothing when nothing was fed.
        socket.flush().await.map_err(|error| error.to_string())?;
        if tally.measuring() {
            tally.sent.add_many(sent);
        }
        let mut received = next_frame(&mut socket, places.wait(now)).await?;
        while let Some(message) = received {
            if let Message::Binary(frame) = message {
                decoder
                    .feed(&frame, &Limits::HUB, &mut |packet| {
                        match packet {
                            Packet::PubAck(place) => answered.push(place),
                            Packet::PingResp => answered.append(&mut covered),
                            _ => {}
                        }
                        ControlFlow::Continue(())
                    })
                    .map_err(|error| error.to_string())?;
            }
            received = waiting_frame(&mut socket)?;
        }
        count(&mut places, &mut answered, tally)?;
    }
}

/// Frees what was answered and counts it.
pub fn count(places: &mut Places, answered: &mut Vec<u16>, tally: &Tally) -> Result<(), String> {
    let now = clock::elapsed();
    let measuring = tally.measuring();
    let acknowledged = answered.len();
    for place in answered.drain(..) {
        let latency = places
            .release(place, now)
            .ok_or_else(|| format!("acknowledgement of {place}, which was not sent"))?;
        if measuring {
            tally.latencies.record(latency);
        }
    }
    if measuring {
        tally.acknowledged.add_many(acknowledged);
        if acknowledged > 0 && !std::mem::replace(&mut places.served, true) {
            tally.served.add();
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_window_is_never_exceeded_and_places_come_back() {
        let mut places = Places::new(3, None);
        let taken: Vec<u16> = std::iter::from_fn(|| places.take(SECOND))
            .map(|(place, _)| place)
            .collect();
        assert_eq!(taken, [1, 2, 3]);
        assert_eq!(places.release(2, SECOND * 3), Some(SECOND * 2));
        assert_eq!(places.release(2, SECOND * 3), None, "acknowledged twice");
        assert_eq!(places.release(9, SECOND), None, "never sent");
        assert_eq!(places.take(SECOND * 4), Some((2, 4)));
    }

    #[test]
    fn an_open_loop_counts_from_the_planned_moment() {
        let mut places = Places::new(
            2,
            Some(Schedule {
                next: SECOND,
                gap: SECOND,
            }),
        );
        assert_eq!(places.take(SECOND / 2), None);
        assert_eq!(places.wait(SECOND / 2), Some(SECOND / 2));
        assert!(places.take(SECOND * 10).is_some() && places.take(SECOND * 10).is_some());
        assert_eq!(places.take(SECOND * 10), None, "the window is full");
        assert_eq!(places.wait(SECOND * 10), None);
        assert_eq!(places.release(1, SECOND * 10), Some(SECOND * 9));
        assert_eq!(places.release(2, SECOND * 10), Some(SECOND * 8));
        assert_eq!(
            places.wait(SECOND * 10),
            Some(Duration::ZERO),
            "the backlog is due"
        );
    }
}
