//! The closing table and the last line, `N passed, N failed`.

use std::time::Duration;

use crate::progress;
use crate::test::count::Count;

/// How a step ended.
#[derive(Debug)]
pub enum Verdict {
    /// It passed, with this many tests if it counts them.
    Passed(Option<Count>),
    /// It failed, and why.
    Failed(String),
}

impl Verdict {
    /// Whether the step failed.
    pub fn is_failure(&self) -> bool {
        matches!(self, Self::Failed(_))
    }
}

/// A row of the table.
#[derive(Debug)]
pub struct Line {
    /// The step.
    pub name: &'static str,
    /// How it ended.
    pub verdict: Verdict,
    /// How long it took.
    pub took: Duration,
}

/// Prints the table and the last line.
pub fn print(lines: &[Line]) {
    println!("\nstep            result      time  tests");
    for line in lines {
        let (result, detail) = match &line.verdict {
            Verdict::Passed(Some(count)) => ("passed", format!("{} passed", count.passed)),
            Verdict::Passed(None) => ("passed", String::new()),
            Verdict::Failed(reason) => ("FAILED", reason.clone()),
        };
        println!(
            "{:<14}  {result}  {:>10}  {detail}",
            line.name,
            progress::duration(line.took)
        );
    }
    let total: Duration = lines.iter().map(|line| line.took).sum();
    println!("in all          {}", progress::duration(total));
    println!("{}", totals(lines));
}

/// A step that counts its tests stands for them, any other for one.
fn totals(lines: &[Line]) -> String {
    let (mut passed, mut failed) = (0, 0);
    for line in lines {
        match &line.verdict {
            Verdict::Passed(count) => passed += count.as_ref().map_or(1, |count| count.passed),
            Verdict::Failed(_) => failed += 1,
        }
    }
    format!("{passed} passed, {failed} failed")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(verdict: Verdict) -> Line {
        Line {
            name: "step",
            verdict,
            took: Duration::ZERO,
        }
    }

    #[test]
    fn totals_count_tests_where_known_and_steps_elsewhere() {
        let lines = [
            line(Verdict::Passed(None)),
            line(Verdict::Passed(Some(Count { passed: 41 }))),
            line(Verdict::Failed("broken".to_owned())),
        ];
        assert_eq!(totals(&lines), "42 passed, 1 failed");
        assert_eq!(totals(&[]), "0 passed, 0 failed");
    }
}
