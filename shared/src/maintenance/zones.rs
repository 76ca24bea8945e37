//! The rules of time zones, which only a platform has.

use crate::ordered::OrderedMap;
use crate::time::Timestamp;
use std::cell::RefCell;
use std::fmt;

/// Offsets change at the beginning of such a part of an hour, wherever there are offsets.
const GRAIN_SECONDS: i64 = 900;
/// Answers that are kept; then they are asked for anew.
const MOST_KNOWN: usize = 20_000;

/// The rules of time zones.
pub trait Zones: fmt::Debug {
    /// Seconds that local time is ahead of UTC at a moment; `None` for a zone that nobody
    /// knows.
    fn offset(&self, zone: &str, at: Timestamp) -> Option<i64>;
}

/// Knows UTC alone.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoZones;

impl Zones for NoZones {
    fn offset(&self, zone: &str, _at: Timestamp) -> Option<i64> {
        (zone == "UTC").then_some(0)
    }
}

/// A platform's rules, with its answers remembered: asking is slow, and each device asks
/// about the same hours.
pub struct RememberedZones<Ask> {
    ask: Ask,
    known: RefCell<OrderedMap<String, OrderedMap<i64, Option<i64>>>>,
}

impl<Ask: Fn(&str, Timestamp) -> Option<i64>> RememberedZones<Ask> {
    /// Over something that tells the offset of a zone at a moment.
    pub fn new(ask: Ask) -> Self {
        Self {
            ask,
            known: RefCell::default(),
        }
    }
}

impl<Ask> fmt::Debug for RememberedZones<Ask> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("RememberedZones")
    }
}

impl<Ask: Fn(&str, Timestamp) -> Option<i64>> Zones for RememberedZones<Ask> {
    fn offset(&self, zone: &str, at: Timestamp) -> Option<i64> {
        let grain = at.seconds().div_euclid(GRAIN_SECONDS);
        let mut known = self.known.borrow_mut();
        if let Some(offset) = known.get(zone).and_then(|zone| zone.get(&grain)) {
            return *offset;
        }
        if known.values().map(OrderedMap::len).sum::<usize>() >= MOST_KNOWN {
            known.clear();
        }
        let offset = (self.ask)(zone, at);
        known.or_default(zone.to_owned()).insert(grain, offset);
        offset
    }
}
