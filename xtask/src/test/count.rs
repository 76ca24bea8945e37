//! Reading how many tests passed from what a test runner prints.

/// The tests of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// Passed tests.
    pub passed: u32,
}

/// The number before the word `passed` in the last line that has one: nextest
/// (`Summary [1.2s] 42 tests run: 42 passed, 0 skipped`), pytest (`== 12 passed in 3.4s ==`)
/// and Playwright (`  7 passed (1.2m)`) all say it so.
pub fn passed_tests(output: &str) -> Option<Count> {
    output.lines().rev().find_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        words.windows(2).find_map(|pair| match pair {
            [number, word] if word.trim_end_matches([',', ';', ':']) == "passed" => {
                number.parse().ok().map(|passed| Count { passed })
            }
            // Node's runner: `ℹ pass 5`, or `# pass 5` without a terminal.
            ["pass", number] => number.parse().ok().map(|passed| Count { passed }),
            _ => None,
        })
    })
}

/// The number before the word `skipped`, in the last line that has one.
pub fn skipped_tests(output: &str) -> u32 {
    output
        .lines()
        .rev()
        .find_map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            words.windows(2).find_map(|pair| match pair {
                [number, word] if word.trim_end_matches([',', ';', ':']) == "skipped" => {
                    number.parse().ok()
                }
                ["skipped", number] => number.parse().ok(),
                _ => None,
            })
        })
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runners_summaries_are_understood() {
        for (output, passed) in [
            (
                "PASS a\n     Summary [   1.204s] 42 tests run: 42 passed, 0 skipped\n",
                42,
            ),
            ("....\n======== 12 passed in 3.40s ========\n", 12),
            ("Running 7 tests\n\n  7 passed (1.2m)\n", 7),
            ("# tests 5\n# pass 5\n# fail 0\n# skipped 0\n", 5),
        ] {
            assert_eq!(passed_tests(output), Some(Count { passed }), "{output}");
        }
        assert_eq!(passed_tests("nothing ran"), None);
        assert_eq!(
            skipped_tests("== 1 failed, 12 passed, 3 skipped in 3s =="),
            3
        );
        assert_eq!(skipped_tests("42 tests run: 42 passed, 0 skipped"), 0);
        assert_eq!(skipped_tests("7 passed"), 0);
        assert_eq!(skipped_tests("# pass 5\n# skipped 2\n"), 2);
    }
}
