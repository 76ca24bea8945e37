//! Many devices that fail for one cause, told as one incident.
//!
//! A *cause* is a text: why connections ended and the packet, or why connects were refused. A
//! tally counts devices by marks of 32 bits, so that one that fails again and again is one
//! device; from some thousand on, further ends count as devices each.

use super::reason::{self, Kind};
use crate::time::Timestamp;

/// Devices of one tally that are told apart.
const MOST_MARKS: usize = 2_000;
/// Ids that are named.
pub const EXAMPLES: usize = 5;
/// Begins the cause of refused connects.
const REFUSED: &str = "refused ";

/// Devices that failed for one cause, in one minute or longer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// In milliseconds.
    pub first: i64,
    /// In milliseconds.
    pub last: i64,
    /// One for each device, sorted.
    marks: Vec<u32>,
    /// What came when there were too many marks.
    beyond: u64,
    /// Ids between spaces.
    pub examples: String,
}

impl Tally {
    /// Counts a device.
    pub fn note(&mut self, device: &str, at: Timestamp) {
        let at = at.milliseconds();
        if self.last == 0 {
            self.first = at;
        }
        self.last = self.last.max(at);
        self.add(mark(device));
        self.name(device);
    }

    fn add(&mut self, mark: u32) {
        if let Err(place) = self.marks.binary_search(&mark) {
            if self.marks.len() < MOST_MARKS {
                self.marks.insert(place, mark);
            } else {
                self.beyond += 1;
            }
        }
    }

    fn name(&mut self, device: &str) {
        let mut known = self.examples.split(' ').filter(|id| !id.is_empty());
        if known.clone().count() < EXAMPLES && !known.any(|id| id == device) {
            if !self.examples.is_empty() {
                self.examples.push(' ');
            }
            self.examples.push_str(device);
        }
    }

    /// Adds what another one counted.
    pub fn merge(&mut self, other: &Self) {
        if self.last == 0 {
            self.first = other.first;
        }
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.beyond += other.beyond;
        for mark in &other.marks {
            self.add(*mark);
        }
        for device in other.examples.split(' ') {
            self.name(device);
        }
    }

    /// How many devices.
    pub fn devices(&self) -> u64 {
        self.beyond + self.marks.len() as u64
    }

    /// The marks as bytes, and what came beyond them.
    pub fn stored(&self) -> (Vec<u8>, u64) {
        let bytes = self.marks.iter().flat_map(|mark| mark.to_le_bytes());
        (bytes.collect(), self.beyond)
    }

    /// From what was stored.
    pub fn from_stored(first: i64, last: i64, marks: &[u8], beyond: u64, examples: &str) -> Self {
        let words = marks.chunks_exact(4);
        let marks = words.filter_map(|word| word.try_into().ok().map(u32::from_le_bytes));
        Self {
            first,
            last,
            marks: marks.collect(),
            beyond,
            examples: examples.to_owned(),
        }
    }
}

/// FNV-1a.
fn mark(device: &str) -> u32 {
    device.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

/// The cause of an end; `None` where a device left as it should, or somebody meant it to.
pub fn of_end(reason: &str, packet: &str) -> Option<String> {
    (!matches!(reason::kind(reason), Kind::Goodbye | Kind::Changed))
        .then(|| [reason, packet].join(" "))
}

/// The cause of a refused connect.
pub fn of_refusal(why: &str) -> String {
    // What the client wrote itself is no cause.
    let why = if why.starts_with('"') {
        "the host name is none of this hub's"
    } else {
        why
    };
    [REFUSED, why].concat()
}

/// A cause in words: the word, the packet, what happened, what to do.
pub fn words(cause: &str) -> (&str, &str, String, &'static str) {
    if let Some(why) = cause.strip_prefix(REFUSED) {
        let summary = ["Connects were refused: ", why, "."].concat();
        return (
            "refused",
            "",
            summary,
            "Look at the keys, tokens and host name these devices have; operations records name them.",
        );
    }
    let (word, packet) = cause.split_once(' ').unwrap_or((cause, ""));
    let summary = ["Connections ended: ", &reason::detail(word, packet), "."].concat();
    let hint = match reason::kind(word) {
        Kind::TakenOver => {
            "Two clients share each of these ids, or connections die half open: see a device's diagnosis."
        }
        Kind::Expired => "Have the devices renew their tokens or certificates in time.",
        Kind::Silent | Kind::Lost => "Look for what they share: site, network, operator, power.",
        Kind::Hub => "Look at the hub's log and storage; devices come back by themselves.",
        Kind::Throttled => "Raise the throttle, or have the devices send less often.",
        _ => "The devices run a program that breaks this rule: correct it.",
    };
    (word, packet, summary, hint)
}
