//! A line of the log for each request: method, route, status, duration, request id.
//!
//! The route is a template, since ids in paths are the caller's words; query, headers and
//! bodies are never told. What devices do all the time is told only when it fails, so that the
//! log costs nothing where there is most to do.

use super::backend::Backend;
use super::error::Trace;
use super::message::Method;
use super::operation::Operation;

/// Whether an operation is told of only when it fails.
pub(super) fn is_quiet(operation: &Operation) -> bool {
    matches!(
        operation,
        Operation::SendTelemetry(_)
            | Operation::ReceiveMessage(_)
            | Operation::SettleMessage(..)
            | Operation::Health
            | Operation::TerminatorCertificates
    )
}

/// Writes the line.
pub(super) fn write<B: Backend>(
    backend: &B,
    method: Method,
    route: &str,
    status: u16,
    trace: &Trace,
) {
    let milliseconds = backend.now().milliseconds() - trace.time.milliseconds();
    let (method, request_id) = (method.as_str(), &trace.request_id);
    // Words of the hub's own, which hold nothing that JSON would have to escape.
    backend.log(&format!(
        "{{\"event\":\"request\",\"method\":\"{method}\",\"route\":\"{route}\",\"status\":{status},\
         \"milliseconds\":{milliseconds},\"requestId\":\"{request_id}\"}}"
    ));
}

#[cfg(test)]
#[path = "request_log_tests.rs"]
mod tests;
