//! When something that is so becomes an alert, and when that is over
//! (`device-management.md` §5, noise control).
//!
//! Pure: a [`Condition`] is what is known of one rule and one subject; [`Condition::due`] says
//! when to look at it and [`Condition::step`] what to do then. Who keeps it carries out the
//! step. What lasts shorter than a rule says is never an alert; what comes back again and again
//! is one, not many; what befalls many devices of a group at once is one of the group.

use crate::time::Timestamp;

/// An alert that was opened so often within so many seconds is held open.
pub const FLAPS: usize = 3;
/// See [`FLAPS`].
pub const FLAP_SECONDS: i64 = 1_800;
/// So many devices of a group, or so many percent of it, that fail within so many seconds are
/// one alert.
pub const GROUP_DEVICES: u64 = 20;
/// See [`GROUP_DEVICES`].
pub const GROUP_PERCENT: u64 = 20;
/// See [`GROUP_DEVICES`].
pub const GROUP_SECONDS: i64 = 300;
/// One device is no group, whatever its share.
const LEAST_DEVICES: u64 = 2;

/// What a condition has led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing, or it is over.
    Quiet,
    /// An alert of its own is open.
    Alerted,
    /// It is a part of an alert of its group.
    Grouped,
}

/// One rule and one subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// Whether it is so.
    pub is_so: bool,
    /// Since when.
    pub since: Timestamp,
    /// What came of it.
    pub standing: Standing,
    /// When its alert was opened, the last [`FLAPS`] times.
    pub opened: Vec<Timestamp>,
}

/// How large a group is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupSize {
    /// So many devices.
    Known(u64),
    /// It can be found out.
    Unknown,
    /// It cannot, or there is no group.
    Unknowable,
}

/// What is known of a condition's group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Group {
    /// Its alert is open.
    pub is_alerted: bool,
    /// Most of its members that began to fail within [`GROUP_SECONDS`] of this one.
    pub failing: u64,
    /// How many devices there are in it.
    pub size: GroupSize,
}

/// What to do about a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing before then.
    Wait(Timestamp),
    /// Nothing until it changes.
    Rest,
    /// Find out how large the group is, and look again.
    Count,
    /// Open an alert; the one of before, if that is not long ago.
    Open,
    /// Join the alert of the group.
    Join,
    /// Open an alert of the group, and have everybody who fails join it.
    Gather,
    /// Its alert is over.
    Resolve,
    /// It is no part of the group's alert any more.
    Leave,
    /// Forget it.
    Forget,
}

impl Condition {
    /// Something is so, for the first time.
    pub fn new(since: Timestamp) -> Self {
        Self {
            is_so: true,
            since,
            standing: Standing::Quiet,
            opened: Vec::new(),
        }
    }

    /// It is so, or is not, from a moment on. What was said before counts no more.
    pub fn hear(&mut self, is_so: bool, at: Timestamp) {
        if self.is_so != is_so {
            self.is_so = is_so;
            // Clocks of two objects may differ; time does not step back here.
            self.since = at.max(self.since);
        }
    }

    /// Notes that its alert was opened.
    pub fn note_opened(&mut self, now: Timestamp) {
        self.standing = Standing::Alerted;
        self.opened.push(now);
        if self.opened.len() > FLAPS {
            self.opened.remove(0);
        }
    }

    /// Whether its alert comes and goes.
    pub fn is_flapping(&self) -> bool {
        let (first, last) = (self.opened.first(), self.opened.last());
        let within = |first: &Timestamp, last: &Timestamp| first.plus_seconds(FLAP_SECONDS) > *last;
        self.opened.len() >= FLAPS && first.zip(last).is_some_and(|(one, two)| within(one, two))
    }

    /// Whether its alert was open a while ago, so that it is the same one that comes back.
    pub fn is_back(&self, now: Timestamp) -> bool {
        let last = self.opened.last();
        last.is_some_and(|last| last.plus_seconds(FLAP_SECONDS) > now)
    }

    /// When somebody has to look at it; `None`: not before it changes.
    pub fn due(&self, for_seconds: i64) -> Option<Timestamp> {
        let held = self.since.plus_seconds(for_seconds);
        match (self.is_so, self.standing) {
            (true, Standing::Quiet) | (false, Standing::Grouped) => Some(held),
            (true, _) => None,
            (false, Standing::Alerted) if self.is_flapping() => {
                Some(held.max(self.since.plus_seconds(FLAP_SECONDS)))
            }
            (false, Standing::Alerted) => Some(held),
            (false, Standing::Quiet) => {
                let last = self.opened.last();
                Some(last.map_or(self.since, |last| last.plus_seconds(FLAP_SECONDS)))
            }
        }
    }

    /// What to do about it now. The group is asked for only where it matters.
    pub fn step(&self, for_seconds: i64, now: Timestamp, group: impl FnOnce() -> Group) -> Step {
        match self.due(for_seconds) {
            None => return Step::Rest,
            Some(due) if due > now => return Step::Wait(due),
            Some(_) => {}
        }
        match (self.is_so, self.standing) {
            (true, _) => judge(group()),
            (false, Standing::Alerted) => Step::Resolve,
            (false, Standing::Grouped) => Step::Leave,
            (false, Standing::Quiet) => Step::Forget,
        }
    }
}

/// Whether a condition that has lasted is an alert by itself.
fn judge(group: Group) -> Step {
    if group.is_alerted {
        return Step::Join;
    }
    if group.failing >= GROUP_DEVICES {
        return Step::Gather;
    }
    if group.failing < LEAST_DEVICES {
        return Step::Open;
    }
    match group.size {
        GroupSize::Unknown => Step::Count,
        GroupSize::Known(size) if group.failing * 100 >= size * GROUP_PERCENT => Step::Gather,
        GroupSize::Known(_) | GroupSize::Unknowable => Step::Open,
    }
}

#[cfg(test)]
#[path = "engine_tests.rs"]
mod tests;
