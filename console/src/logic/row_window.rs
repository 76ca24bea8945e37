//! Which rows of a long list are in sight, and where they stand. A browser cannot lay out more
//! than some ten million pixels; a longer list is scrolled in larger steps, so that its end can
//! still be reached. Whoever shows rows takes all positions from here.

use std::ops::Range;

/// Pixels of a row; `.grid-row` of the style sheet has the same height.
pub const ROW: f64 = 38.0;
/// The tallest area that every browser scrolls exactly.
const TALLEST: f64 = 12_000_000.0;
/// Rows above and below those in sight that are built already, so that scrolling shows no gap.
const MARGIN: u64 = 6;
/// The first row built moves in steps of so many, so that not every pixel builds one.
const STEP: u64 = 4;

/// A list of so many rows behind an opening of so many pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RowWindow {
    /// Rows of the list.
    pub total: u64,
    /// Pixels of the opening.
    pub opening: f64,
    /// How far it was scrolled.
    pub offset: f64,
}

impl RowWindow {
    /// Pixels that the list is tall.
    pub fn height(&self) -> f64 {
        (self.total as f64 * ROW).min(TALLEST)
    }

    /// Pixels of the list, of which `height` may be only a part.
    fn whole(&self) -> f64 {
        self.total as f64 * ROW
    }

    /// How many pixels of the list a scrolled pixel stands for.
    fn factor(&self) -> f64 {
        let room = self.height() - self.opening;
        if self.whole() <= TALLEST || room <= 0.0 {
            return 1.0;
        }
        (self.whole() - self.opening) / room
    }

    /// The first row in sight.
    pub fn first(&self) -> u64 {
        let row = (self.offset.max(0.0) * self.factor() / ROW).floor();
        (row as u64).min(self.total.saturating_sub(1))
    }

    /// The rows to build.
    pub fn rows(&self) -> Range<u64> {
        let begin = self.first().saturating_sub(MARGIN) / STEP * STEP;
        let seen = (self.opening / ROW).ceil() as u64 + 1;
        let end = begin + seen + 2 * MARGIN + STEP;
        begin..end.min(self.total)
    }

    /// Where the first of the rows that are built stands within the scrolled area.
    pub fn top(&self) -> f64 {
        let begin = self.rows().start as f64 * ROW;
        // What is in sight stays where the scroll position says, in a shortened list too.
        let hidden = self.offset.max(0.0) * self.factor() - begin;
        (self.offset.max(0.0) - hidden).max(0.0)
    }

    /// The scroll position that brings a row to the top.
    pub fn offset_of(&self, row: u64) -> f64 {
        row as f64 * ROW / self.factor()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(total: u64, offset: f64) -> RowWindow {
        RowWindow {
            total,
            opening: 800.0,
            offset,
        }
    }

    #[test]
    fn a_short_list_is_built_whole() {
        assert_eq!(at(5, 0.0).rows(), 0..5);
        assert_eq!(at(0, 0.0).rows(), 0..0);
        assert_eq!(at(0, 0.0).first(), 0);
    }

    #[test]
    fn only_what_is_in_sight_is_built() {
        let window = at(100_000, ROW * 50_000.0);
        assert_eq!(window.first(), 50_000);
        let rows = window.rows();
        assert!(rows.start <= 49_994 && rows.end >= 50_022 && rows.end - rows.start < 50);
        assert_eq!(window.top(), rows.start as f64 * ROW);
        assert_eq!(window.offset_of(50_000), ROW * 50_000.0);
    }

    #[test]
    fn the_end_of_a_long_list_can_be_reached() {
        let longest = at(5_000_000, 0.0);
        assert!(longest.height() <= TALLEST);
        let end = at(5_000_000, longest.height() - 800.0);
        assert_eq!(end.rows().end, 5_000_000);
        assert!(end.first() >= 4_999_970);
        // The last row ends where the area ends.
        let bottom = end.top() + (end.rows().end - end.rows().start) as f64 * ROW;
        assert!((bottom - longest.height()).abs() < 1.0, "{bottom}");
        assert_eq!(at(5_000_000, end.offset_of(77_777) + 0.01).first(), 77_777);
    }

    #[test]
    fn small_movements_build_nothing() {
        let rows = at(1_000, ROW * 100.0).rows();
        assert_eq!(at(1_000, ROW * 101.5).rows(), rows);
    }
}
