//! Ctrl-C and SIGTERM as messages on a channel.

use std::sync::mpsc::{self, Receiver};

use crate::failure::{Explain, Outcome};

/// A message for each request to stop; to be called once per process.
pub fn stop_requests() -> Outcome<Receiver<()>> {
    let (sender, receiver) = mpsc::channel();
    ctrlc::set_handler(move || {
        // Nobody listens any more only while the process is ending anyway.
        let _ = sender.send(());
    })
    .explain(|| "cannot watch for Ctrl-C".to_owned())?;
    Ok(receiver)
}
