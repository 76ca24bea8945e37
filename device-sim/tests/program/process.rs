//! Starting the program and reading what it prints.

use crate::stand_in::StandIn;
use serde_json::Value;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// A running `device-sim`, with the documents it has printed so far.
pub struct Program {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    seen: Vec<Value>,
}

impl Program {
    pub fn start(hub: &StandIn, arguments: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_device-sim"));
        command.args(arguments.split_whitespace()).arg("--json");
        if !arguments.contains("--url") {
            command.args(["--url", &hub.url()]);
        }
        if !arguments.contains("--connection-string") {
            // Not as an argument: those are visible to everybody on a machine.
            command.env("SKERRY_CONNECTION_STRING", hub.connection_string());
        }
        let mut child = command
            .stdout(Stdio::piped())
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self {
            child,
            lines,
            seen: Vec::new(),
        }
    }

    pub async fn next(&mut self) -> Option<Value> {
        let line = tokio::time::timeout(Duration::from_secs(30), self.lines.next_line()).await;
        let document: Value =
            serde_json::from_str(&line.expect("no line for 30 s").unwrap()?).unwrap();
        self.seen.push(document.clone());
        Some(document)
    }

    pub async fn event(&mut self, name: &str) -> Value {
        while let Some(document) = self.next().await {
            if document["event"] == name {
                return document;
            }
        }
        panic!("ended without {name}: {:#?}", self.seen);
    }

    /// Reads to the end: the exit code and the last document.
    pub async fn end(&mut self) -> (i32, Value) {
        while self.next().await.is_some() {}
        let status = self.child.wait().await.unwrap();
        (
            status.code().unwrap(),
            self.seen.last().cloned().unwrap_or(Value::Null),
        )
    }

    /// Asks it to stop, as Ctrl-C does.
    pub fn interrupt(&self) {
        let id = rustix::process::Pid::from_raw(self.child.id().unwrap().cast_signed()).unwrap();
        rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    }
}
