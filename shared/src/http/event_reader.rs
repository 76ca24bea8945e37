//! Reading several event partitions as one log (`query-routing-events.md` §5.2).
//!
//! Pages of all partitions are merged by the time they were stored; within a partition the
//! order is never changed. What does not fit into a page is read again the next time: the
//! cursor stays in front of it.

use super::backend::Backend;
use super::cursor::EventCursor;
use crate::error::HubError;
use crate::ipc::events::{
    EventPage, EventsReply, EventsRequest, Position, ReadEvents, ReaderPlace,
};
use crate::ordered::OrderedMap;
use crate::time::Timestamp;
use crate::together::{Boxed, first, join_all};
use serde_json::Value;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Which events are wanted; the others count as read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Only of this device.
    pub device: Option<String>,
    /// Only of these sources; empty: all.
    pub sources: Vec<String>,
    /// Only those for which this condition of routes is true.
    pub condition: Option<String>,
}

/// An event with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct PlacedEvent {
    /// Partition.
    pub partition: u16,
    /// Sequence number in the partition.
    pub sequence_number: u64,
    /// The event document.
    pub event: Value,
}

/// A merged page.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MergedPage {
    /// Events in order.
    pub events: Vec<PlacedEvent>,
    /// Retention has passed a position.
    pub gap: bool,
}

/// A reader of one, some or all partitions, with its positions.
#[derive(Debug, Clone)]
pub struct EventReader {
    /// Where each partition that is read continues.
    positions: OrderedMap<u16, Position>,
    /// Partitions that the caller's cursor knows but this reader does not read.
    untouched: OrderedMap<u16, u64>,
    filter: EventFilter,
    place: Option<ReaderPlace>,
}

impl EventReader {
    /// A reader that begins at these positions.
    pub fn new(
        positions: OrderedMap<u16, Position>,
        untouched: OrderedMap<u16, u64>,
        filter: EventFilter,
    ) -> Self {
        Self {
            positions,
            untouched,
            filter,
            place: None,
        }
    }

    /// The same, counted among the readers of its partitions while it waits.
    pub fn counted(mut self, place: ReaderPlace) -> Self {
        self.place = Some(place);
        self
    }

    /// The partitions that are read.
    pub fn partitions(&self) -> impl Iterator<Item = u16> + '_ {
        self.positions.keys().copied()
    }

    /// Whether more than one partition is read.
    pub fn is_merged(&self) -> bool {
        self.positions.len() > 1
    }

    /// How far everything has been read. Complete after the first page.
    pub fn cursor(&self) -> EventCursor {
        let mut positions = self.untouched.clone();
        for (partition, position) in &self.positions {
            if let Position::After(sequence) = position {
                positions.insert(*partition, *sequence);
            }
        }
        EventCursor(positions)
    }

    /// What is there now.
    pub async fn page<B: Backend>(
        &mut self,
        backend: &B,
        max: u32,
    ) -> Result<MergedPage, HubError> {
        let reads = self.positions.iter().map(|(partition, position)| {
            self.read(backend, *partition, position.clone(), max, None)
        });
        let pages = join_all(reads)
            .await
            .into_iter()
            .collect::<Result<Vec<_>, _>>()?;
        Ok(self.take(pages, max))
    }

    /// Only fixes the positions (`latest` becomes a number), without taking an event.
    pub async fn resolve<B: Backend>(&mut self, backend: &B) -> Result<bool, HubError> {
        let reads = self
            .positions
            .iter()
            .map(|(partition, position)| self.read(backend, *partition, position.clone(), 1, None));
        let pages = join_all(reads)
            .await
            .into_iter()
            .collect::<Result<Vec<_>, _>>()?;
        Ok(self.take(pages, 0).gap)
    }

    /// Waits until `until` for the first events of any partition. Comes back early without
    /// events when a partition only got on with a log full of unwanted ones.
    pub async fn wait<B: Backend>(
        &mut self,
        backend: &B,
        max: u32,
        until: Timestamp,
    ) -> Result<MergedPage, HubError> {
        let pages = self.first_answers(backend, max, until).await?;
        Ok(self.take(pages, max))
    }

    async fn first_answers<B: Backend>(
        &self,
        backend: &B,
        max: u32,
        until: Timestamp,
    ) -> Result<Vec<(u16, EventPage)>, HubError> {
        let reads = self.positions.iter().map(|(partition, position)| {
            let read = self.read(backend, *partition, position.clone(), max, Some(until));
            Box::pin(read) as Boxed<'_, Result<(u16, EventPage), HubError>>
        });
        let mut waiting: Vec<Boxed<'_, Result<(u16, EventPage), HubError>>> = reads.collect();
        let mut pages = Vec::new();
        while !waiting.is_empty() {
            let (partition, page) = first(&mut waiting).await?;
            let asked = self.positions.get(&partition);
            let found = !page.events.is_empty() || asked != Some(&Position::After(page.position));
            pages.push((partition, page));
            if found {
                break;
            }
        }
        Ok(pages)
    }

    async fn read<B: Backend>(
        &self,
        backend: &B,
        partition: u16,
        position: Position,
        max: u32,
        wait_until: Option<Timestamp>,
    ) -> Result<(u16, EventPage), HubError> {
        let request = EventsRequest::Read(ReadEvents {
            position,
            max,
            device: self.filter.device.clone(),
            sources: self.filter.sources.clone(),
            filter: self.filter.condition.clone(),
            wait_until,
            place: self.place.clone(),
        });
        match backend.events(partition, request).await? {
            EventsReply::Page(page) => Ok((partition, page)),
            _ => Err(HubError::internal(
                "a partition answered a read with something else",
            )),
        }
    }

    /// Merges pages, takes the first `max` events and moves the positions behind them.
    fn take(&mut self, pages: Vec<(u16, EventPage)>, max: u32) -> MergedPage {
        let mut merged = MergedPage::default();
        let mut queues = OrderedMap::new();
        let mut heads = BinaryHeap::new();
        for (partition, page) in pages {
            merged.gap |= page.gap;
            self.positions
                .insert(partition, Position::After(page.position));
            let mut events = page.events.into_iter();
            if let Some(event) = events.next() {
                heads.push(Reverse(Head::new(partition, event)));
            }
            queues.insert(partition, events);
        }
        let max = usize::try_from(max).unwrap_or(usize::MAX);
        while merged.events.len() < max {
            let Some(Reverse(head)) = heads.pop() else {
                break;
            };
            if let Some(next) = queues.get_mut(&head.partition).and_then(Iterator::next) {
                heads.push(Reverse(Head::new(head.partition, next)));
            }
            merged.events.push(PlacedEvent {
                partition: head.partition,
                sequence_number: head.sequence_number,
                event: head.event,
            });
        }
        for Reverse(head) in heads {
            let before = head.sequence_number.saturating_sub(1);
            self.positions
                .insert(head.partition, Position::After(before));
        }
        merged
    }
}

/// The next event of a partition; ordered by time, then place.
struct Head {
    enqueued: i64,
    partition: u16,
    sequence_number: u64,
    event: Value,
}

impl Head {
    fn new(partition: u16, event: Value) -> Self {
        let enqueued = event
            .get("enqueuedTime")
            .and_then(Value::as_str)
            .and_then(Timestamp::parse)
            .map_or(0, Timestamp::milliseconds);
        let sequence_number = event
            .get("sequenceNumber")
            .and_then(Value::as_u64)
            .unwrap_or(0);
        Self {
            enqueued,
            partition,
            sequence_number,
            event,
        }
    }

    fn key(&self) -> (i64, u16, u64) {
        (self.enqueued, self.partition, self.sequence_number)
    }
}

impl PartialEq for Head {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Head {}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Head {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

#[cfg(test)]
#[path = "event_reader_tests.rs"]
mod tests;
