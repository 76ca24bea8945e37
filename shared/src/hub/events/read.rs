//! Reading a partition: positions, filters, pages, and readers that wait for news
//! (`query-routing-events.md` §5.2).

use super::document::{Place, device_of, document};
use super::readers::no_place;
use super::{Events, log};
use crate::error::{ErrorCode, HubError};
use crate::hub::effects::{Effects, Token};
use crate::hub::segment::Reader;
use crate::ipc::events::{EventPage, EventsReply, EventsResult, Position, ReadEvents, ReaderPlace};
use crate::routing::table::{BUILT_IN_MASK, stamps_of};
use crate::routing::{self, Condition, EventMessage, Outcome};
use crate::sql::Sql;
use crate::time::Timestamp;
use serde_json::Value;

/// Readers that may wait on one partition.
const MAX_WAITING: usize = 256;
/// Most events of a page.
const MAX_PAGE: u32 = 1_000;
/// Segments looked at in one call; a filter that matches nothing must not hold the object up.
const MAX_SEGMENTS: i64 = 64;
/// Bytes of segments looked at in one call.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// What is read, with its condition compiled.
#[derive(Debug)]
struct Question {
    read: ReadEvents,
    filter: Option<Condition>,
}

impl Question {
    fn new(read: ReadEvents) -> Result<Self, HubError> {
        let filter = read.filter.as_ref();
        let filter = filter.map(|text| routing::event::filter(text, &read.sources));
        Ok(Self {
            filter: filter.transpose()?,
            read,
        })
    }

    fn takes(&self, event: &Value) -> bool {
        has_source(event, &self.read.sources)
            && self.filter.as_ref().is_none_or(|filter| {
                filter.evaluate(&EventMessage::new(event, None)) == Outcome::True
            })
    }
}

/// A reader whose page is still empty.
#[derive(Debug)]
pub(super) struct Waiting {
    token: Token,
    question: Question,
    position: i64,
    until: Timestamp,
    gap: bool,
}

impl Waiting {
    /// Whose place it has.
    pub(super) fn place(&self) -> Option<&ReaderPlace> {
        self.question.read.place.as_ref()
    }
}

pub(super) fn stored_checkpoint(sql: &dyn Sql, group: &str) -> Result<Option<i64>, HubError> {
    let rows = sql.query(
        "SELECT sequence FROM checkpoint WHERE consumer_group = ?",
        &[group.into()],
    )?;
    Ok(rows.first().and_then(|row| row.integer(0)))
}

impl Events {
    pub(super) fn read(
        &mut self,
        now: Timestamp,
        token: Token,
        read: ReadEvents,
        sql: &dyn Sql,
        effects: &mut Effects<EventsResult>,
    ) -> Option<EventsResult> {
        let found = Question::new(read).and_then(|question| {
            let position = self.resolve(&question.read.position, sql)?;
            let page = self.page(&question, position, sql)?;
            Ok((question, page))
        });
        let (question, page) = match found {
            Ok(found) => found,
            Err(error) => return Some(Err(error)),
        };
        let at_end = page.position >= self.end.sequence.unsigned_abs();
        match question.read.wait_until {
            Some(until) if page.events.is_empty() && at_end && until > now => {
                if self.waiting.len() >= MAX_WAITING {
                    return Some(Err(HubError::new(
                        ErrorCode::ThrottlingException,
                        "Too many readers wait on this partition; read without wait, or later.",
                    )));
                }
                if let Some(place) = &question.read.place
                    && !self.take_place(place, now)
                {
                    return Some(Err(no_place(&place.group)));
                }
                effects.wake_at(until);
                let position = i64::try_from(page.position).unwrap_or(i64::MAX);
                self.waiting.push(Waiting {
                    token,
                    question,
                    position,
                    until,
                    gap: page.gap,
                });
                None
            }
            _ => Some(Ok(EventsReply::Page(page))),
        }
    }

    /// Turns a position into "behind this sequence number".
    fn resolve(&self, position: &Position, sql: &dyn Sql) -> Result<i64, HubError> {
        Ok(match position {
            Position::Earliest => {
                log::beginning(sql)?.map_or(self.end.sequence, |(first, _)| first - 1)
            }
            Position::Latest => self.end.sequence,
            Position::After(sequence) => i64::try_from(*sequence).unwrap_or(i64::MAX),
            Position::AfterOffset(offset) => {
                let offset = offset.parse::<i64>().map_err(|_| {
                    HubError::invalid(format!("{offset:?} is not an offset of this hub."))
                })?;
                log::at_offset(sql, offset, self.end)?
            }
            Position::Time(time) => log::before_time(sql, *time, self.end)?,
            Position::Checkpoint(group) => match stored_checkpoint(sql, group)? {
                Some(sequence) => sequence,
                None => log::beginning(sql)?.map_or(self.end.sequence, |(first, _)| first - 1),
            },
        })
    }

    fn page(
        &self,
        question: &Question,
        position: i64,
        sql: &dyn Sql,
    ) -> Result<EventPage, HubError> {
        // A reader from the future (of another hub, or of a log that was reset) starts at the end.
        let position = position.min(self.end.sequence);
        let begin = log::beginning(sql)?.map_or(self.end.sequence + 1, |(first, _)| first);
        let gap = position + 1 < begin;
        let max = usize::try_from(question.read.max.clamp(1, MAX_PAGE)).unwrap_or(1);
        let mut page = EventPage {
            events: Vec::new(),
            position: position.unsigned_abs(),
            gap,
        };
        let mut bytes = 0;
        'segments: while bytes < MAX_BYTES && page.events.len() < max {
            let from = i64::try_from(page.position).unwrap_or(i64::MAX);
            let segments = log::after(sql, from, 8.min(MAX_SEGMENTS))?;
            if segments.is_empty() {
                break;
            }
            for segment in &segments {
                bytes += segment.data.len();
                collect(self.partition, segment, question, max, &mut page)?;
                if page.events.len() >= max || bytes >= MAX_BYTES {
                    break 'segments;
                }
            }
        }
        Ok(page)
    }

    /// Gives waiting readers what has just been appended.
    pub(super) fn serve_waiting(
        &mut self,
        now: Timestamp,
        sql: &dyn Sql,
        effects: &mut Effects<EventsResult>,
    ) {
        for mut waiting in std::mem::take(&mut self.waiting) {
            match self.page(&waiting.question, waiting.position, sql) {
                Ok(page) if page.events.is_empty() => {
                    waiting.position = i64::try_from(page.position).unwrap_or(i64::MAX);
                    self.waiting.push(waiting);
                }
                Ok(mut page) => {
                    self.keep_place(waiting.place(), now);
                    page.gap |= waiting.gap;
                    effects
                        .replies
                        .push((waiting.token, Ok(EventsReply::Page(page))));
                }
                Err(error) => effects.replies.push((waiting.token, Err(error))),
            }
        }
    }

    pub(super) fn expire_waiting(&mut self, now: Timestamp, effects: &mut Effects<EventsResult>) {
        for waiting in std::mem::take(&mut self.waiting) {
            if waiting.until > now {
                effects.wake_at(waiting.until);
                self.waiting.push(waiting);
                continue;
            }
            self.keep_place(waiting.place(), now);
            let page = EventPage {
                events: Vec::new(),
                position: waiting.position.unsigned_abs(),
                gap: waiting.gap,
            };
            effects
                .replies
                .push((waiting.token, Ok(EventsReply::Page(page))));
        }
    }
}

/// Adds a segment's matching events to the page and moves its position.
fn collect(
    partition: u16,
    segment: &log::Segment,
    question: &Question,
    max: usize,
    page: &mut EventPage,
) -> Result<(), HubError> {
    let mut reader = Reader::new(&segment.data);
    let mut sequence = segment.first;
    loop {
        let consumed = segment.data.len() - reader.remaining();
        let Some(entry) = reader.next() else { break };
        let entry = entry?;
        let behind = sequence.unsigned_abs() > page.position;
        let of_device = question
            .read
            .device
            .as_deref()
            .is_none_or(|device| device == device_of(&entry));
        if behind {
            if of_device {
                let place = Place {
                    partition,
                    sequence,
                    offset: segment.start_offset + i64::try_from(consumed).unwrap_or(0),
                    enqueued: segment.enqueued,
                    is_routed: false,
                };
                let stamps = stamps_of(reader.routed().stamps, BUILT_IN_MASK);
                if let Some(event) = document(&entry, place, &stamps)
                    && question.takes(&event)
                {
                    page.events.push(event);
                }
            }
            page.position = sequence.unsigned_abs();
            if page.events.len() >= max {
                return Ok(());
            }
        }
        sequence += 1;
    }
    page.position = page.position.max(segment.last.unsigned_abs());
    Ok(())
}

fn has_source(event: &Value, sources: &[String]) -> bool {
    sources.is_empty()
        || event
            .get("source")
            .and_then(Value::as_str)
            .is_some_and(|source| {
                sources
                    .iter()
                    .any(|wanted| wanted.eq_ignore_ascii_case(source))
            })
}
