//! The last events of a live tail: capped, pausable, oldest dropped first. Never grows without
//! bound, however fast a device sends.

use std::collections::VecDeque;

/// Rows kept for display (`console.md`, live tail).
pub const MOST_ROWS: usize = 500;

/// A capped list with a pause: while paused, arrivals wait in a second capped list.
#[derive(Debug, Clone, Default)]
pub struct TelemetryBuffer<T> {
    shown: VecDeque<T>,
    waiting: VecDeque<T>,
    dropped: u64,
    paused: bool,
}

impl<T> TelemetryBuffer<T> {
    /// An empty, running buffer.
    pub fn new() -> Self {
        Self {
            shown: VecDeque::new(),
            waiting: VecDeque::new(),
            dropped: 0,
            paused: false,
        }
    }

    /// Takes an arrival.
    pub fn push(&mut self, item: T) {
        let list = if self.paused {
            &mut self.waiting
        } else {
            &mut self.shown
        };
        list.push_back(item);
        if list.len() > MOST_ROWS {
            list.pop_front();
            self.dropped += 1;
        }
    }

    /// Holds arrivals back.
    pub fn pause(&mut self) {
        self.paused = true;
    }

    /// Shows what arrived meanwhile and goes on.
    pub fn resume(&mut self) {
        self.paused = false;
        let waiting = std::mem::take(&mut self.waiting);
        for item in waiting {
            self.push(item);
        }
    }

    /// Forgets all rows, shown and waiting.
    pub fn clear(&mut self) {
        self.shown.clear();
        self.waiting.clear();
        self.dropped = 0;
    }

    /// Rows to show, oldest first.
    pub fn rows(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.shown.iter()
    }

    /// How many rows are shown.
    pub fn len(&self) -> usize {
        self.shown.len()
    }

    /// How many wait for the end of the pause.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// How many rows left the list because it was full.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Whether arrivals are held back.
    pub fn is_paused(&self) -> bool {
        self.paused
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_newest_and_counts_what_left() {
        let mut buffer = TelemetryBuffer::new();
        (0..MOST_ROWS + 3).for_each(|n| buffer.push(n));
        assert_eq!(buffer.len(), MOST_ROWS);
        assert_eq!(buffer.rows().next(), Some(&3));
        assert_eq!(buffer.dropped(), 3);
    }

    #[test]
    fn pause_freezes_the_rows_and_resume_brings_the_rest() {
        let mut buffer = TelemetryBuffer::new();
        buffer.push(1);
        buffer.pause();
        buffer.push(2);
        buffer.push(3);
        assert_eq!((buffer.len(), buffer.waiting()), (1, 2));
        buffer.resume();
        assert_eq!(buffer.rows().copied().collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(buffer.waiting(), 0);
    }

    #[test]
    fn a_long_pause_is_bounded_too() {
        let mut buffer = TelemetryBuffer::new();
        buffer.pause();
        (0..2 * MOST_ROWS).for_each(|n| buffer.push(n));
        assert_eq!(buffer.waiting(), MOST_ROWS);
        buffer.clear();
        assert_eq!(
            (buffer.len(), buffer.waiting(), buffer.dropped()),
            (0, 0, 0)
        );
    }
}
