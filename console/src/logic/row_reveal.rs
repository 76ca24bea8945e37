//! Which rows are built now. Rows come a page at a time, and building a page of them at once would
//! hold up a frame: those in sight are built first, a few with each frame, the others wait as
//! outlines.

use shared::ordered::OrderedSet;
use std::fmt;

/// What a row is known by: what it is about, or its number while it is an outline.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum RowName {
    /// A known row.
    Known(String),
    /// An outline.
    Outline(u64),
}

impl fmt::Display for RowName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(id) => formatter.write_str(id),
            // No id holds a blank.
            Self::Outline(number) => write!(formatter, " {number}"),
        }
    }
}

/// The rows to show now, of which at most `most` are new, and whether some are still to be built.
/// `wanted` begins at row `begin`; `seen` is the first one in sight.
pub fn reveal(
    wanted: &[RowName],
    shown: &[RowName],
    begin: u64,
    seen: u64,
    most: usize,
) -> (Vec<RowName>, bool) {
    let shown: OrderedSet<&RowName> = shown.iter().collect();
    let is_new = |name: &RowName| matches!(name, RowName::Known(_)) && !shown.contains(name);
    let numbered = || (begin..).zip(wanted).filter(|(_, name)| is_new(name));
    let in_sight = numbered().filter(|(number, _)| *number >= seen);
    let above = numbered().filter(|(number, _)| *number < seen);
    let later: OrderedSet<u64> = in_sight
        .chain(above)
        .skip(most)
        .map(|(number, _)| number)
        .collect();
    let now = (begin..).zip(wanted).map(|(number, name)| {
        if later.contains(&number) {
            RowName::Outline(number)
        } else {
            name.clone()
        }
    });
    (now.collect(), !later.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(id: &str) -> RowName {
        RowName::Known(id.to_owned())
    }

    #[test]
    fn rows_in_sight_come_first_and_few_at_a_time() {
        let wanted: Vec<RowName> = ["a", "b", "c", "d", "e"].map(known).to_vec();
        let (first, more) = reveal(&wanted, &[], 10, 12, 2);
        let outline = RowName::Outline;
        assert_eq!(
            first,
            [
                outline(10),
                outline(11),
                known("c"),
                known("d"),
                outline(14)
            ]
        );
        assert!(more);
        let (second, more) = reveal(&wanted, &first, 10, 12, 2);
        assert_eq!(
            second,
            [known("a"), outline(11), known("c"), known("d"), known("e")]
        );
        assert!(more);
        assert_eq!(reveal(&wanted, &second, 10, 12, 2), (wanted.clone(), false));
    }

    #[test]
    fn what_is_shown_stays() {
        let wanted = [known("b"), known("c"), RowName::Outline(3)];
        let shown = [known("a"), known("b"), known("c")];
        assert_eq!(reveal(&wanted, &shown, 1, 1, 0), (wanted.to_vec(), false));
    }
}
