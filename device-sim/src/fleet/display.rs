//! What a person or a script sees while a fleet runs.

use super::statistics::Snapshot;
use crate::error::SimError;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use serde_json::{Value, json};
use std::io::{IsTerminal, Write};
use std::time::Duration;

/// Between two lines when the output is no terminal.
const PLAIN_LINE_EVERY: Duration = Duration::from_secs(10);

/// How the run is shown.
pub struct Display {
    json: bool,
    bar: ProgressBar,
    last_line: Option<Duration>,
}

impl Display {
    /// JSON lines, or bars on the terminal.
    pub fn new(json: bool) -> Self {
        Self {
            json,
            bar: ProgressBar::with_draw_target(None, target(json)),
            last_line: None,
        }
    }

    /// Starts a bar for so many steps.
    pub fn begin(&mut self, what: &'static str, steps: usize) {
        self.bar.finish_and_clear();
        self.bar = ProgressBar::with_draw_target(u64::try_from(steps).ok(), target(self.json));
        if let Ok(style) =
            ProgressStyle::with_template("{prefix} [{bar:16}] {pos}/{len}  {wide_msg}")
        {
            self.bar.set_style(style.progress_chars("=> "));
        }
        self.bar.set_prefix(what);
        if !self.json && self.bar.is_hidden() {
            say(&format!("{what}: {steps}"));
        }
    }

    /// A handle that steps the bar from other tasks.
    pub fn stepper(&self) -> ProgressBar {
        self.bar.clone()
    }

    /// A stage is reached.
    pub fn event(&self, name: &str, text: &str, details: Value) {
        if !self.json {
            return self.bar.suspend(|| say(text));
        }
        let mut document = json!({"event": name});
        if let (Value::Object(document), Value::Object(details)) = (&mut document, details) {
            document.extend(details);
        }
        say(&document.to_string());
    }

    /// The state of the running fleet.
    pub fn progress(&mut self, at: Duration, snapshot: &Snapshot) {
        if self.json {
            return self.document("progress", at, snapshot);
        }
        let line = line(snapshot);
        if !self.bar.is_hidden() {
            self.bar.set_position(snapshot.connected);
            self.bar.set_message(line);
        } else if self
            .last_line
            .is_none_or(|last| at >= last + PLAIN_LINE_EVERY)
        {
            self.last_line = Some(at);
            say(&format!(
                "connected {}/{}  {line}",
                snapshot.connected, snapshot.devices
            ));
        }
    }

    /// The end.
    pub fn summary(&self, at: Duration, snapshot: &Snapshot, expectations: &[(String, bool)]) {
        self.bar.finish_and_clear();
        if self.json {
            let list: Vec<Value> = expectations
                .iter()
                .map(|(name, met)| json!({"name": name, "met": met}))
                .collect();
            let mut document = with_event("summary", at, snapshot);
            document["expectations"] = Value::Array(list);
            document["ok"] = Value::Bool(expectations.iter().all(|(_, met)| *met));
            return say(&document.to_string());
        }
        say(&format!(
            "After {:.1} s: {}\n  connects {} (p50 {} ms, p99 {} ms), refused {}, unreachable {}, lost {}, planned {}, \
             by fault {}\n  messages unacknowledged {}, skipped {}, heartbeats {}; twins read {}, reports {}, twin \
             errors {}, commands {}",
            at.as_secs_f64(),
            line(snapshot),
            snapshot.connects,
            snapshot.connect_p50_ms,
            snapshot.connect_p99_ms,
            snapshot.refused,
            snapshot.unreachable,
            snapshot.lost,
            snapshot.planned,
            snapshot.faults,
            snapshot.unacknowledged,
            snapshot.skipped,
            snapshot.heartbeats,
            snapshot.twins_read,
            snapshot.reports,
            snapshot.twin_errors,
            snapshot.commands,
        ));
        for (name, met) in expectations {
            say(&format!(
                "  expectation {}: {name}",
                if *met { "met" } else { "FAILED" }
            ));
        }
    }

    fn document(&self, name: &str, at: Duration, snapshot: &Snapshot) {
        say(&with_event(name, at, snapshot).to_string());
    }
}

/// Bars need somebody who watches: output that is redirected gets plain lines.
fn target(json: bool) -> ProgressDrawTarget {
    if json || !std::io::stdout().is_terminal() {
        ProgressDrawTarget::hidden()
    } else {
        ProgressDrawTarget::stderr()
    }
}

fn with_event(name: &str, at: Duration, snapshot: &impl Serialize) -> Value {
    let mut document = json!({"event": name, "seconds": in_seconds(at)});
    // A snapshot holds only numbers and texts, which always have a JSON form.
    if let (Value::Object(document), Ok(Value::Object(fields))) =
        (&mut document, serde_json::to_value(snapshot))
    {
        document.extend(fields);
    }
    document
}

/// Seconds with three decimals.
pub fn in_seconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1000.0).round() / 1000.0
}

fn line(snapshot: &Snapshot) -> String {
    let failure = match &snapshot.last_failure {
        Some(failure)
            if snapshot.connected < snapshot.in_sync.max(1)
                || snapshot.lost + snapshot.refused > 0 =>
        {
            format!("  last failure: {failure}")
        }
        _ => String::new(),
    };
    format!(
        "sent {} acked {} (p50 {} ms, p99 {} ms) desired {} methods {}{failure}",
        snapshot.sent,
        snapshot.acked,
        snapshot.ack_p50_ms,
        snapshot.ack_p99_ms,
        snapshot.desired_received,
        snapshot.methods
    )
}

/// Reports the error that ends the program.
pub fn fail(json: bool, error: &SimError) {
    if json {
        say(
            &json!({"event": "error", "code": error.code(), "message": error.to_string()})
                .to_string(),
        );
    } else {
        eprintln!("device-sim: {error}");
    }
}

/// Writes a line at once; a reader that went away is no reason to fall over.
pub fn say(line: &str) {
    let mut output = std::io::stdout().lock();
    let _ = writeln!(output, "{line}").and_then(|()| output.flush());
}
