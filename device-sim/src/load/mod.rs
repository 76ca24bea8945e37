//! `device-sim load`: how many messages and connects a hub takes, beside plain WebSockets.
//!
//! Counts only what the other side acknowledged, within the measured time. Lean on purpose:
//! it shares the machine with the hub that it measures.

mod connect;
mod devices;
mod echo;
mod idle;
mod open;
mod publish;
mod report;
mod template;
mod window;

use crate::cli::{LoadMode, LoadOptions};
use crate::clock;
use crate::error::SimError;
use crate::fleet::display::say;
use crate::hub::dial::Dialer;
use crate::hub::endpoint::Endpoint;
use crate::hub::identities;
use crate::hub::open_files::allow_sockets;
use devices::Devices;
use report::Tally;
use std::sync::Arc;
use std::time::Duration;

/// How long is measured when nothing is said.
const DEFAULT_DURATION: Duration = Duration::from_secs(10);

/// Whom the load goes to.
pub enum Target {
    /// Devices of a hub.
    Hub(Devices),
    /// A WebSocket that knows nothing of MQTT.
    Raw(Dialer),
}

/// Generates load and prints the measured figures as the last line.
pub async fn run(options: LoadOptions) -> Result<(), SimError> {
    let count = usize::try_from(options.connections).unwrap_or(usize::MAX);
    allow_sockets(count)?;
    let raw = matches!(
        options.mode,
        LoadMode::RawEcho | LoadMode::RawConnect | LoadMode::RawIdle
    );
    let target = Arc::new(if raw {
        let url = options.hub.url.as_deref().ok_or_else(|| {
            SimError::Usage(
                "the raw modes need --url with the path of the plain WebSocket".to_owned(),
            )
        })?;
        Target::Raw(Dialer::new(
            Endpoint::parse(url)?,
            options.hub.ca_file.as_deref(),
        )?)
    } else {
        Target::Hub(Devices::prepare(&options).await?)
    });
    let tally = Arc::new(Tally::new());
    let duration = options.duration.unwrap_or(DEFAULT_DURATION);
    let seconds = match options.mode {
        LoadMode::Telemetry | LoadMode::RawEcho => {
            window::run(&options, target.clone(), tally.clone(), duration).await?
        }
        LoadMode::Connect | LoadMode::RawConnect => {
            connect::run(&options, target.clone(), tally.clone(), duration).await
        }
        LoadMode::Idle | LoadMode::RawIdle => {
            idle::run(&options, target.clone(), tally.clone()).await?
        }
    };
    let figures = tally.figures(options.mode, options.connections, seconds);
    if let (Target::Hub(devices), true) = (target.as_ref(), options.delete_after) {
        let created = devices.created();
        identities::delete(
            &devices.dialer,
            &devices.access,
            created,
            clock::now,
            Arc::new(|| {}),
        )
        .await?;
    }
    say(&figures.to_string());
    if tally.acknowledged.get() == 0 {
        let why = tally
            .last_error()
            .unwrap_or_else(|| "nothing was acknowledged".to_owned());
        return Err(SimError::Network(format!("no load got through: {why}")));
    }
    Ok(())
}
