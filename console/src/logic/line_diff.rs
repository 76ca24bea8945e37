//! The difference of two texts by lines, for the review before a save. Bounded: texts too large
//! for the exact method are shown as one removed and one added block.

/// How a line stands in the difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// In both.
    Same,
    /// Only in the new text.
    Added,
    /// Only in the old text.
    Removed,
}

/// One row of the difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiffLine {
    /// How the line stands.
    pub change: Change,
    /// Its number in the old text, from 1; `None` if it is not there.
    pub old: Option<usize>,
    /// Its number in the new text, from 1; `None` if it is not there.
    pub new: Option<usize>,
    /// The line itself.
    pub text: String,
}

/// A row to show: a line, or a fold that hides unchanged ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// A line of the difference.
    Line(DiffLine),
    /// This many unchanged lines are left out here.
    Fold(usize),
}

/// Above this many cells the exact table is not built.
const MOST_CELLS: usize = 4_000_000;

/// Compares two texts line by line (longest common subsequence).
pub fn diff(old: &str, new: &str) -> Vec<DiffLine> {
    let a: Vec<&str> = old.lines().collect();
    let b: Vec<&str> = new.lines().collect();
    let head = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let most_tail = a.len().min(b.len()) - head;
    let tail = a
        .iter()
        .rev()
        .zip(b.iter().rev())
        .take(most_tail)
        .take_while(|(x, y)| x == y)
        .count();
    let (mid_a, mid_b) = (&a[head..a.len() - tail], &b[head..b.len() - tail]);

    let mut out = Vec::with_capacity(a.len().max(b.len()));
    for (index, text) in a[..head].iter().enumerate() {
        out.push(line(Change::Same, Some(index + 1), Some(index + 1), text));
    }
    middle(mid_a, mid_b, head, &mut out);
    for index in 0..tail {
        let (i, j) = (a.len() - tail + index, b.len() - tail + index);
        out.push(line(Change::Same, Some(i + 1), Some(j + 1), a[i]));
    }
    out
}

/// Compares two printed JSON documents: a comma at the end of a line says only that something
/// follows, so it is no change. Lines show as they stand in the new document.
pub fn diff_documents(old: &str, new: &str) -> Vec<DiffLine> {
    let bare = |text: &str| {
        let lines: Vec<&str> = text
            .lines()
            .map(|line| line.strip_suffix(',').unwrap_or(line))
            .collect();
        lines.join("\n")
    };
    let (old_lines, new_lines): (Vec<&str>, Vec<&str>) =
        (old.lines().collect(), new.lines().collect());
    let mut lines = diff(&bare(old), &bare(new));
    for line in &mut lines {
        let from_new = line.new.and_then(|n| new_lines.get(n - 1));
        let from_old = line.old.and_then(|n| old_lines.get(n - 1));
        if let Some(text) = from_new.or(from_old) {
            line.text = (*text).to_owned();
        }
    }
    lines
}

fn middle(a: &[&str], b: &[&str], head: usize, out: &mut Vec<DiffLine>) {
    let width = b.len() + 1;
    let exact = (a.len() + 1).saturating_mul(width) <= MOST_CELLS;
    let mut table = vec![0u32; if exact { (a.len() + 1) * width } else { 0 }];
    if exact {
        for i in (0..a.len()).rev() {
            for j in (0..b.len()).rev() {
                table[i * width + j] = if a[i] == b[j] {
                    table[(i + 1) * width + j + 1] + 1
                } else {
                    table[(i + 1) * width + j].max(table[i * width + j + 1])
                };
            }
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        if exact && i < a.len() && j < b.len() && a[i] == b[j] {
            out.push(line(
                Change::Same,
                Some(head + i + 1),
                Some(head + j + 1),
                a[i],
            ));
            i += 1;
            j += 1;
        } else if i < a.len()
            && (!exact || j == b.len() || table[(i + 1) * width + j] >= table[i * width + j + 1])
        {
            out.push(line(Change::Removed, Some(head + i + 1), None, a[i]));
            i += 1;
        } else {
            out.push(line(Change::Added, None, Some(head + j + 1), b[j]));
            j += 1;
        }
    }
}

fn line(change: Change, old: Option<usize>, new: Option<usize>, text: &str) -> DiffLine {
    DiffLine {
        change,
        old,
        new,
        text: text.to_owned(),
    }
}

/// Keeps `context` unchanged lines around each change and folds the rest.
pub fn fold(lines: Vec<DiffLine>, context: usize) -> Vec<Row> {
    let changed: Vec<usize> = lines
        .iter()
        .enumerate()
        .filter(|(_, l)| l.change != Change::Same)
        .map(|(i, _)| i)
        .collect();
    let near = |index: usize| {
        let next = changed.partition_point(|&c| c < index);
        let after = changed.get(next).is_some_and(|&c| c - index <= context);
        let before = next
            .checked_sub(1)
            .and_then(|p| changed.get(p))
            .is_some_and(|&c| index - c <= context);
        after || before
    };
    let mut rows = Vec::new();
    let mut hidden = 0;
    for (index, entry) in lines.into_iter().enumerate() {
        if near(index) {
            if hidden > 0 {
                rows.push(Row::Fold(hidden));
                hidden = 0;
            }
            rows.push(Row::Line(entry));
        } else {
            hidden += 1;
        }
    }
    if hidden > 0 {
        rows.push(Row::Fold(hidden));
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(old: &str, new: &str) -> String {
        diff(old, new)
            .iter()
            .map(|l| match l.change {
                Change::Same => ' ',
                Change::Added => '+',
                Change::Removed => '-',
            })
            .collect()
    }

    #[test]
    fn equal_texts_have_no_change() {
        assert_eq!(shape("a\nb", "a\nb"), "  ");
    }

    #[test]
    fn a_changed_line_is_removed_then_added() {
        assert_eq!(shape("a\nb\nc", "a\nx\nc"), " -+ ");
        let lines = diff("a\nb\nc", "a\nx\nc");
        assert_eq!((lines[1].old, lines[1].new), (Some(2), None));
        assert_eq!((lines[2].old, lines[2].new), (None, Some(2)));
    }

    #[test]
    fn either_side_can_be_rebuilt_from_the_difference() {
        let (old, new) = ("{\n 1\n 2\n 3\n}", "{\n 0\n 1\n 3\n 3\n}\n");
        let lines = diff(old, new);
        let side = |drop: Change| {
            lines
                .iter()
                .filter(|l| l.change != drop)
                .map(|l| l.text.as_str())
                .collect::<Vec<_>>()
        };
        assert_eq!(side(Change::Added), old.lines().collect::<Vec<_>>());
        assert_eq!(side(Change::Removed), new.lines().collect::<Vec<_>>());
    }

    #[test]
    fn repeated_lines_do_not_overlap_head_and_tail() {
        assert_eq!(shape("a\na", "a\na\na"), "  +");
        assert_eq!(shape("a\na\na", "a"), " --");
    }

    #[test]
    fn far_lines_are_folded_with_their_count() {
        let old: Vec<String> = (0..20).map(|n| n.to_string()).collect();
        let new = old.join("\n").replace("10", "ten");
        let rows = fold(diff(&old.join("\n"), &new), 2);
        assert_eq!(rows.first(), Some(&Row::Fold(8)));
        assert_eq!(rows.last(), Some(&Row::Fold(7)));
        assert_eq!(rows.len(), 2 + 2 + 2 + 2);
    }

    #[test]
    fn a_trailing_comma_is_no_change_in_documents() {
        let (old, new) = ("{\n  \"a\": 1\n}", "{\n  \"a\": 1,\n  \"b\": 2\n}");
        let lines = diff_documents(old, new);
        let changed: Vec<&str> = lines
            .iter()
            .filter(|l| l.change != Change::Same)
            .map(|l| l.text.as_str())
            .collect();
        assert_eq!(changed, ["  \"b\": 2"]);
        assert_eq!(lines[1].text, "  \"a\": 1,");
    }
}
