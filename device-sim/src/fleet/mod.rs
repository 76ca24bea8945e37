//! A fleet of simulated devices: each a task with one connection, all counted together.

pub mod acknowledged_log;
pub mod character;
pub mod connection;
pub mod device;
pub mod display;
pub mod pace;
pub mod run;
pub mod statistics;
pub mod stop;

use crate::cli::RunOptions;
use crate::expectation::DesiredExpectation;
use crate::hub::access::HubAccess;
use crate::hub::dial::Dialer;
use acknowledged_log::AcknowledgedLog;
use pace::Pace;
use statistics::Statistics;
use std::time::Duration;

/// What all devices share.
pub struct Fleet {
    /// Where to connect.
    pub dialer: Dialer,
    /// Whose hub.
    pub access: HubAccess,
    /// Counters.
    pub statistics: Statistics,
    /// Limits the connects per second.
    pub pace: Pace,
    /// Values that desired properties must have.
    pub expectations: Vec<DesiredExpectation>,
    /// Where acknowledged messages are written down.
    pub log: Option<AcknowledgedLog>,
    /// Life of tokens.
    pub token_lifetime: Duration,
    /// MQTT keep-alive, seconds.
    pub keep_alive: u16,
}

impl Fleet {
    fn new(
        options: &RunOptions,
        dialer: Dialer,
        access: HubAccess,
    ) -> Result<Self, crate::error::SimError> {
        Ok(Self {
            dialer,
            access,
            statistics: Statistics::new(options.expect_desired.len()),
            pace: Pace::new(options.connect_rate),
            expectations: options.expect_desired.clone(),
            log: options
                .acknowledged_log
                .as_deref()
                .map(AcknowledgedLog::create)
                .transpose()?,
            token_lifetime: options.token_lifetime,
            keep_alive: options.keep_alive,
        })
    }
}
