//! Events over a WebSocket (`query-routing-events.md` §5.2).
//!
//! The client says where to begin, and how many events it takes (its *credit*); the hub sends
//! as many and no more. A client without credit costs a timer: nothing is read for it and
//! nothing kept. What it acknowledges becomes the checkpoint of its consumer group. The shell
//! only moves frames ([`Socket`]); what was told by a frame is [`Talk`], without any I/O.

use super::backend::Backend;
use super::cursor::EventCursor;
use super::error::public_text;
use super::event_follower::EventFollower;
use super::event_reader::{EventReader, MergedPage};
use super::operations::event_query::EventQuery;
use super::operations::events;
use crate::error::{ErrorCode, HubError};
use crate::ipc::Layout;
use crate::ipc::events::ReaderPlace;
use crate::json;
use crate::time::Timestamp;
use crate::writing::JsonText;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

/// Longest frame of a client, in bytes.
pub const MAX_FRAME: usize = 4096;
/// Most events that may be owed to a client.
const MAX_CREDIT: u32 = 10_000;
/// Events of one read.
const PAGE: u32 = 250;
/// What is sent to a client that says nothing meanwhile: a socket does not tell how much of it
/// is still on its way.
const MAX_UNHEARD: usize = 16 * 1024 * 1024;
/// How long a client may take for its first frame.
const START_MILLISECONDS: i64 = 60_000;
/// One wait for news.
const WAIT_MILLISECONDS: i64 = 15_000;

/// The session is over in good order: the client may come back.
const GOING_AWAY: u16 = 1001;
/// A frame was no text.
const UNSUPPORTED: u16 = 1003;
/// A frame broke the rules.
const POLICY: u16 = 1008;
/// A frame was too large.
const TOO_LARGE: u16 = 1009;
/// The hub failed.
const FAILED: u16 = 1011;

/// What came from a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// A text; the shell looks at its length before it is copied.
    Text(String),
    /// A text of more than [`MAX_FRAME`] characters, or more at once than anybody needs.
    TooLarge,
    /// Bytes.
    Binary,
    /// It is gone.
    Closed,
}

/// A WebSocket, as the shell has it.
#[allow(async_fn_in_trait)] // as with `Backend`
pub trait Socket {
    /// The next frame. Asked again only after it has answered.
    async fn next(&self) -> Frame;
    /// Sends a text.
    fn send(&self, text: &str);
    /// Closes, with a word that says why.
    fn close(&self, code: u16, reason: &str);
}

/// A socket that was let in and has not begun yet.
#[derive(Debug)]
pub struct EventSocket {
    /// When its credentials, or its time, are over.
    pub ends: Timestamp,
    /// Whether it may move checkpoints.
    pub may_checkpoint: bool,
    /// Its name among the readers of a partition.
    pub name: String,
}

/// What the client has said so far.
#[derive(Debug, Default)]
struct Talk {
    /// The consumer group, once it has begun.
    group: Option<String>,
    /// Events that it still takes.
    credit: u32,
    /// The newest place that it has acknowledged, and that nobody is storing.
    acknowledged: Option<EventCursor>,
    /// Bytes that were sent since its last frame.
    unheard: usize,
}

impl Talk {
    /// Takes a frame; the first one brings what is to be read.
    fn frame(&mut self, text: &str, layout: Layout) -> Result<Option<EventQuery>, HubError> {
        let frame: Map<String, Value> = serde_json::from_str(text)
            .map_err(|_| HubError::invalid("A frame must be a JSON object."))?;
        self.unheard = 0;
        match (frame.get("type").and_then(Value::as_str), &self.group) {
            (Some("start"), None) => {
                let query = EventQuery::of(&|name| member(&frame, name), layout, "checkpoint")?;
                self.group = Some(query.named_group.clone());
                if frame.contains_key("credit") {
                    self.add_credit(frame.get("credit"), "credit")?;
                }
                Ok(Some(query))
            }
            (Some("credit"), Some(_)) => self.add_credit(frame.get("n"), "n").map(|()| None),
            (Some("ack"), Some(_)) => {
                let cursor = frame.get("cursor").and_then(Value::as_str);
                let cursor = cursor.ok_or_else(|| {
                    HubError::invalid("cursor must be the one of an event, unchanged.")
                })?;
                self.acknowledge(EventCursor::decode(cursor, layout.partitions)?);
                Ok(None)
            }
            _ => Err(HubError::invalid(
                "A frame's type must be start in the first one, and credit or ack in all others.",
            )),
        }
    }

    /// Of places that nobody has stored yet only the last one of each partition counts.
    fn acknowledge(&mut self, cursor: EventCursor) {
        let newest = &mut self.acknowledged.get_or_insert_default().0;
        for (partition, sequence) in cursor.0 {
            let known = newest.or_insert_with(partition, || sequence);
            *known = sequence.max(*known);
        }
    }

    fn add_credit(&mut self, given: Option<&Value>, name: &str) -> Result<(), HubError> {
        let sum = given
            .and_then(Value::as_u64)
            .map(|more| more.saturating_add(u64::from(self.credit)));
        match sum.map(u32::try_from) {
            Some(Ok(sum)) if sum <= MAX_CREDIT => {
                self.credit = sum;
                Ok(())
            }
            _ => Err(HubError::invalid(format!(
                "{name} must be a number of events; at most {MAX_CREDIT} may be outstanding."
            ))),
        }
    }
}

/// A member of a frame as a query parameter would have it; null and an empty text are none.
fn member<'a>(frame: &'a Map<String, Value>, name: &str) -> Option<Cow<'a, str>> {
    match frame.get(name)? {
        Value::Null => None,
        Value::String(text) => Some(text)
            .filter(|text| !text.is_empty())
            .map(|text| Cow::Borrowed(text.as_str())),
        // What is no text where one belongs will not be understood as one.
        other => Some(Cow::Owned(other.json_text())),
    }
}

/// A page, and where it begins.
type Read = Result<(EventFollower, EventCursor, MergedPage), HubError>;
type Work<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// What happened next.
enum Step {
    Frame(Frame),
    Read(Read),
    Stored(Result<(), HubError>),
    Alarm,
}

impl EventSocket {
    /// Talks with a client until either side ends it.
    pub async fn run<B: Backend, S: Socket>(self, backend: &B, socket: &S) {
        if let Err((code, error)) = self.talk(backend, socket).await {
            send_error(backend, socket, &error);
            socket.close(code, error.code.name());
        }
    }

    /// `Ok`: the socket is closed already.
    async fn talk<B: Backend, S: Socket>(
        &self,
        backend: &B,
        socket: &S,
    ) -> Result<(), (u16, HubError)> {
        let mut talk = Talk::default();
        let mut start_by = Some(backend.now().plus_milliseconds(START_MILLISECONDS));
        // Whoever reads has it; it comes back with the page.
        let mut follower: Option<EventFollower> = None;
        let mut frame: Work<'_, Frame> = Box::pin(socket.next());
        let mut read: Option<Work<'_, Read>> = None;
        let mut store: Option<Work<'_, Result<(), HubError>>> = None;
        let mut alarm: Option<Work<'_, ()>> = None;
        loop {
            let now = backend.now();
            let until = start_by.unwrap_or(self.ends).min(self.ends);
            if now >= until {
                match start_by {
                    Some(_) => return Err((POLICY, no_start())),
                    None => socket.close(GOING_AWAY, "timeIsOver"),
                }
                return Ok(());
            }
            if alarm.is_none() {
                let left = until.milliseconds() - now.milliseconds();
                let left = u32::try_from(left).unwrap_or(u32::MAX);
                alarm = Some(Box::pin(backend.sleep(left)));
            }
            if talk.credit > 0
                && talk.unheard < MAX_UNHEARD
                && let Some(idle) = follower.take()
            {
                let wait = now.plus_milliseconds(WAIT_MILLISECONDS).min(self.ends);
                let most = talk.credit.min(PAGE);
                read = Some(Box::pin(next_page(idle, backend, most, wait)));
            }
            if store.is_none()
                && let Some(cursor) = talk.acknowledged.take()
            {
                let group = talk.group.clone().unwrap_or_default();
                let may = self.may_checkpoint;
                store = Some(Box::pin(acknowledge(backend, group, cursor, may)));
            }
            let step = poll_fn(|context| {
                if let Poll::Ready(frame) = frame.as_mut().poll(context) {
                    return Poll::Ready(Step::Frame(frame));
                }
                if let Some(done) = finished(&mut read, context) {
                    return Poll::Ready(Step::Read(done));
                }
                if let Some(done) = finished(&mut store, context) {
                    return Poll::Ready(Step::Stored(done));
                }
                match finished(&mut alarm, context) {
                    Some(()) => Poll::Ready(Step::Alarm),
                    None => Poll::Pending,
                }
            });
            match step.await {
                Step::Frame(came) => {
                    let text = match came {
                        Frame::Text(text) if text.len() <= MAX_FRAME => text,
                        Frame::Closed => return Ok(()),
                        Frame::Text(_) | Frame::TooLarge => return Err((TOO_LARGE, too_large())),
                        Frame::Binary => {
                            return Err((UNSUPPORTED, HubError::invalid("Frames are texts.")));
                        }
                    };
                    frame = Box::pin(socket.next());
                    let begun = talk.frame(&text, backend.layout());
                    if let Some(query) = begun.map_err(|error| (POLICY, error))? {
                        start_by = None;
                        alarm = None;
                        read = Some(Box::pin(open(backend, query, self.name.clone())));
                    }
                }
                Step::Read(done) => {
                    let (idle, before, page) = done.map_err(|error| (close_code(&error), error))?;
                    follower = Some(idle);
                    send_page(socket, &mut talk, before, page);
                    if talk.unheard >= MAX_UNHEARD {
                        send_error(backend, socket, &unheard());
                    }
                }
                Step::Stored(Ok(())) => {}
                // Another reader of the group is further on: nothing is lost.
                Step::Stored(Err(error))
                    if matches!(
                        error.code,
                        ErrorCode::GenericConflict | ErrorCode::Forbidden
                    ) =>
                {
                    send_error(backend, socket, &error);
                }
                Step::Stored(Err(error)) => return Err((close_code(&error), error)),
                Step::Alarm => {}
            }
        }
    }
}

/// The outcome of work that has ended; its place is free then.
fn finished<T>(work: &mut Option<Work<'_, T>>, context: &mut Context<'_>) -> Option<T> {
    let Poll::Ready(done) = work.as_mut()?.as_mut().poll(context) else {
        return None;
    };
    *work = None;
    Some(done)
}

/// Fixes where a reader begins. No event is taken: the client may have no credit yet.
async fn open<B: Backend>(backend: &B, query: EventQuery, name: String) -> Read {
    // It may acknowledge in that group whether or not it begins at its checkpoint.
    events::check_group_exists(backend, Some(&query.named_group)).await?;
    let mut reader: EventReader = query.reader;
    if let Some(group) = query.counts_in {
        reader = reader.counted(ReaderPlace {
            group,
            stream: Some(name),
        });
    }
    let (follower, gap) = EventFollower::open(reader, backend).await?;
    let cursor = follower.reader.cursor();
    let page = MergedPage {
        events: Vec::new(),
        gap,
    };
    Ok((follower, cursor, page))
}

async fn next_page<B: Backend>(
    mut follower: EventFollower,
    backend: &B,
    most: u32,
    until: Timestamp,
) -> Read {
    let before = follower.reader.cursor();
    let page = follower.next(backend, most, until).await?;
    Ok((follower, before, page))
}

async fn acknowledge<B: Backend>(
    backend: &B,
    group: String,
    cursor: EventCursor,
    may: bool,
) -> Result<(), HubError> {
    if !may {
        return Err(HubError::new(
            ErrorCode::Forbidden,
            "The role does not allow to move a checkpoint; read without ack.",
        ));
    }
    events::store_checkpoint(backend, &group, &cursor, false).await
}

fn send_page<S: Socket>(socket: &S, talk: &mut Talk, mut cursor: EventCursor, page: MergedPage) {
    if page.gap {
        socket.send(r#"{"type":"gap"}"#);
    }
    for placed in page.events {
        cursor.0.insert(placed.partition, placed.sequence_number);
        let frame = json!({
            "type": "event",
            "cursor": cursor.encode(),
            "event": placed.event,
        });
        let text = frame.json_text();
        talk.credit = talk.credit.saturating_sub(1);
        talk.unheard = talk.unheard.saturating_add(text.len());
        socket.send(&text);
    }
}

fn send_error<B: Backend, S: Socket>(backend: &B, socket: &S, error: &HubError) {
    if error.code == ErrorCode::ServerError {
        backend.report(&format!("a reader of events over a WebSocket: {error}"));
    }
    let frame = json!({
        "type": "error",
        "code": error.code.name(),
        "message": public_text(error),
    });
    socket.send(&frame.json_text());
}

/// What is the client's fault is told apart from what is the hub's.
fn close_code(error: &HubError) -> u16 {
    if error.code.status() < 500 {
        POLICY
    } else {
        FAILED
    }
}

fn no_start() -> HubError {
    HubError::invalid("The first frame must come within 60 seconds: {\"type\":\"start\",…}.")
}

fn too_large() -> HubError {
    HubError::new(
        ErrorCode::MessageTooLarge,
        format!("A frame may have at most {MAX_FRAME} bytes."),
    )
}

fn unheard() -> HubError {
    HubError::new(
        ErrorCode::ThrottlingException,
        "16 MiB were sent since your last frame; send credit or ack more often. The next one \
         lets events go on.",
    )
}

#[cfg(test)]
#[path = "event_socket_tests.rs"]
mod tests;
