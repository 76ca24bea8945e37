//! Alerts as server-sent events (`device-management.md` §5): what is open, then what is opened,
//! changes and is resolved.
//!
//! The shell pulls, as it does events. The id of an event is the revision of its alert, from
//! which a client goes on that comes back.

use super::backend::Backend;
use super::pace::{self, Looks, Pace};
use crate::error::HubError;
use crate::ipc::alert::ListAlerts;
use crate::ipc::hub::{HubReply, HubRequest};
use crate::time::Timestamp;
use serde_json::Value;

/// Between two looks at the alerts.
const PAUSE_MILLISECONDS: i64 = 1_000;
/// Alerts of one look.
const MOST: u32 = 500;

/// A running stream.
#[derive(Debug)]
pub struct AlertStream {
    /// Everything up to this revision was sent.
    since: u64,
    pace: Pace,
    begun: bool,
}

impl AlertStream {
    /// Begins behind a revision, or with what is open.
    pub fn new(since: u64, now: Timestamp, ends: Timestamp) -> Self {
        Self {
            since,
            pace: Pace::new(now, ends),
            begun: false,
        }
    }

    /// The next chunk, or `None` at the end.
    pub async fn next<B: Backend>(&mut self, backend: &B) -> Option<Vec<u8>> {
        pace::next(self, backend).await
    }
}

impl Looks for AlertStream {
    const NAME: &'static str = "a stream of alerts";

    fn pace(&mut self) -> &mut Pace {
        &mut self.pace
    }

    async fn look<B: Backend>(&mut self, backend: &B) -> Result<String, HubError> {
        let began = backend.now();
        let wanted = ListAlerts {
            since: Some(self.since),
            limit: MOST,
            ..ListAlerts::default()
        };
        let mut chunk = String::new();
        if !std::mem::replace(&mut self.begun, true) {
            chunk.push_str("retry: 1000\n\n");
        }
        let listed = backend
            .hub(HubRequest::ListAlerts(Box::new(wanted)))
            .await?;
        self.pace.looked(began, backend.now(), PAUSE_MILLISECONDS);
        let HubReply::Alerts(alerts, _) = listed else {
            return Ok(chunk);
        };
        let since = self.since;
        for mut alert in alerts {
            let mut take = |name: &str| {
                let taken = alert.as_object_mut().and_then(|alert| alert.remove(name));
                taken.as_ref().and_then(Value::as_u64).unwrap_or(0)
            };
            let (revision, born) = (take("revision"), take("born"));
            self.since = self.since.max(revision);
            let name = match alert.get("state").and_then(Value::as_str) {
                Some("resolved") => "resolved",
                _ if born > since => "opened",
                _ => "changed",
            };
            chunk.push_str(&format!("id: {revision}\nevent: {name}\ndata: {alert}\n\n"));
        }
        Ok(chunk)
    }
}
