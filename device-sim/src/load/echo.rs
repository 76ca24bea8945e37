//! One connection of the baseline: the same bytes and window as a publishing device, over a
//! WebSocket that sends every message back.

use super::publish::{Places, Schedule, count, next_frame, waiting_frame};
use super::report::Tally;
use super::template::Template;
use crate::clock;
use crate::hub::websocket::WebSocket;
use futures_util::SinkExt;
use tokio_tungstenite::tungstenite::Message;

/// Sends until the task is aborted or the connection breaks.
pub async fn run(
    mut socket: WebSocket,
    template: &Template,
    window: u16,
    schedule: Option<Schedule>,
    tally: &Tally,
) -> Result<(), String> {
    let mut places = Places::new(window, schedule);
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
        }
        if sent > 0 {
            socket.flush().await.map_err(|error| error.to_string())?;
            if tally.measuring() {
                tally.sent.add_many(sent);
            }
        }
        let mut received = next_frame(&mut socket, places.wait(now)).await?;
        while let Some(message) = received {
            if let Message::Binary(frame) = message {
                let place = template
                    .packet_id_of(&frame)
                    .ok_or("what came back is not what was sent")?;
                answered.push(place);
            }
            received = waiting_frame(&mut socket)?;
        }
        count(&mut places, &mut answered, tally)?;
    }
}
