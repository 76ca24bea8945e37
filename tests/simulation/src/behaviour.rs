//! What simulated devices do by themselves, and how they differ.

use shared::hub::gateway::Slot;

/// Something a device does at its own time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Opens a socket, unless it has one.
    Connect,
    /// Keep-alive and timeouts of a connection.
    Tick(Slot),
    /// PUBACK.
    Acknowledge(Slot, u16),
    /// Answers a method call.
    Respond(Slot, String, Vec<u8>),
    /// Makes a new telemetry message.
    Publish,
    /// Reports a property.
    Report,
    /// Leaves with DISCONNECT and comes back.
    Leave,
}

/// How a device behaves; thousandths.
#[derive(Debug, Clone)]
pub struct Habits {
    /// Seconds.
    pub keep_alive: u16,
    /// CleanSession=1 on every connect.
    pub clean_session: bool,
    /// A cloud-to-device message is not acknowledged on this connection.
    pub ignores_messages: u32,
    /// A method call is not answered.
    pub ignores_methods: u32,
    /// The connection breaks when a method is called.
    pub breaks_on_method: u32,
    /// Reconnects by itself.
    pub reconnects: bool,
    /// Filters to subscribe to when there is no stored session.
    pub devicebound_qos: u8,
    /// Seconds that a token lives.
    pub token_seconds: i64,
}

impl Default for Habits {
    fn default() -> Self {
        Self {
            keep_alive: 60,
            clean_session: false,
            ignores_messages: 0,
            ignores_methods: 0,
            breaks_on_method: 0,
            reconnects: true,
            devicebound_qos: 1,
            token_seconds: 3_600,
        }
    }
}
