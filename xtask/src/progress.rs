//! The progress line of a long step: what is done, for how long, what it waits for.
//!
//! On a terminal the line is redrawn in place; elsewhere it is one line at the
//! start, a sign of life now and then, and one line at the end. It must never
//! write to stdout: that belongs to results.

use std::cell::Cell;
use std::fs::File;
use std::io::{IsTerminal, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How often a sign of life appears when the output is not a terminal.
const SIGN_OF_LIFE: Duration = Duration::from_secs(30);
/// How often the line is redrawn on a terminal.
const REDRAW: Duration = Duration::from_millis(500);
/// The longest detail shown behind the elapsed time.
const DETAIL_LENGTH: usize = 60;

thread_local! {
    static IN_BACKGROUND: Cell<bool> = const { Cell::new(false) };
}

/// From here on, this thread's steps leave the redrawn line to the main thread.
pub fn in_background() {
    IN_BACKGROUND.set(true);
}

/// A step that is under way.
pub struct Progress {
    step: String,
    waits_for: String,
    log: Option<PathBuf>,
    started: Instant,
    drawn: Instant,
    terminal: bool,
}

impl Progress {
    /// Shows the step. `log` is followed for a detail line while the step runs.
    pub fn start(step: &str, waits_for: &str, log: Option<PathBuf>) -> Self {
        let progress = Self {
            step: step.to_owned(),
            waits_for: waits_for.to_owned(),
            log,
            started: Instant::now(),
            drawn: Instant::now(),
            terminal: is_terminal() && !IN_BACKGROUND.get(),
        };
        if progress.terminal {
            progress.draw();
        } else {
            line(&format!("  {step} … ({waits_for})"));
        }
        progress
    }

    /// Redraws the line when it is time to.
    pub fn tick(&mut self) {
        let pause = if self.terminal { REDRAW } else { SIGN_OF_LIFE };
        if self.drawn.elapsed() < pause {
            return;
        }
        self.drawn = Instant::now();
        if self.terminal {
            self.draw();
        } else {
            let detail = self.detail();
            line(&format!("  … {}, {}: {detail}", self.step, self.elapsed()));
        }
    }

    /// Ends the line: the step succeeded.
    pub fn done(self) {
        self.finish('✓');
    }

    /// Ends the line: the step failed.
    pub fn failed(self) {
        self.finish('✗');
    }

    fn finish(&self, mark: char) {
        line(&format!("{mark} {} ({})", self.step, self.elapsed()));
    }

    fn draw(&self) {
        eprint!(
            "\r\x1b[K  {} … {} · {}",
            self.step,
            self.elapsed(),
            self.detail()
        );
        // A line that cannot be flushed is only a line not seen.
        let _ = std::io::stderr().flush();
    }

    fn elapsed(&self) -> String {
        duration(self.started.elapsed())
    }

    /// The last line of the log, or what the step waits for when there is none yet.
    fn detail(&self) -> String {
        let line = self
            .log
            .as_ref()
            .and_then(last_line)
            .unwrap_or_else(|| self.waits_for.clone());
        line.chars().take(DETAIL_LENGTH).collect()
    }
}

/// One line that says a step needed no work.
pub fn already_done(step: &str) {
    line(&format!("✓ {step} (already done)"));
}

/// One line for the user, beside the results.
pub fn note(text: &str) {
    line(&format!("  {text}"));
}

fn is_terminal() -> bool {
    std::io::stderr().is_terminal()
}

/// A whole line; it wipes a redrawn one, which comes back at its next tick.
fn line(text: &str) {
    let wipe = if is_terminal() { "\r\x1b[K" } else { "" };
    eprintln!("{wipe}{text}");
}

/// A duration the way people say it.
pub fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 10 {
        format!("{:.1} s", time.as_secs_f64())
    } else if seconds < 120 {
        format!("{seconds} s")
    } else {
        format!("{} min {} s", seconds / 60, seconds % 60)
    }
}

fn last_line(path: &PathBuf) -> Option<String> {
    let mut file = File::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(4096)))
        .ok()?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail).ok()?;
    String::from_utf8_lossy(&tail)
        .lines()
        .rev()
        .map(|line| line.trim().replace(|letter: char| letter.is_control(), ""))
        .find(|line| !line.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_like_speech() {
        assert_eq!(duration(Duration::from_millis(1234)), "1.2 s");
        assert_eq!(duration(Duration::from_secs(45)), "45 s");
        assert_eq!(duration(Duration::from_secs(125)), "2 min 5 s");
    }

    #[test]
    fn the_detail_is_the_last_line_with_text() {
        let path = std::env::temp_dir().join(format!("progress-{}.log", std::process::id()));
        std::fs::write(&path, "one\n  Compiling two\n\n").unwrap();
        assert_eq!(last_line(&path).as_deref(), Some("Compiling two"));
        std::fs::remove_file(&path).unwrap();
        assert_eq!(last_line(&path), None);
    }
}
