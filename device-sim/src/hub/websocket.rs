//! The WebSocket under MQTT: path, sub-protocol and buffer sizes (`device.md` §1).

use crate::error::SimError;
use crate::hub::dial::{Dialer, Stream};
use std::time::Duration;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

/// Path of the hub's device endpoint.
pub const DEVICE_PATH: &str = "/$iothub/websocket";

/// How long the upgrade may take once the stream is open.
const UPGRADE_TIMEOUT: Duration = Duration::from_secs(30);

/// An open WebSocket to the hub.
pub type WebSocket = WebSocketStream<Stream>;

/// How much memory a socket takes for its buffers.
#[derive(Debug, Clone, Copy)]
pub enum Buffers {
    /// Thousands of mostly idle devices.
    Small,
    /// A load connection that reads many acknowledgements at once.
    Large,
}

/// Opens a WebSocket at a path, asking for a sub-protocol if one is given.
pub async fn open(
    dialer: &Dialer,
    path: &str,
    protocol: Option<&'static str>,
    buffers: Buffers,
) -> Result<WebSocket, SimError> {
    let endpoint = dialer.endpoint();
    let scheme = if endpoint.tls { "wss" } else { "ws" };
    let url = format!("{scheme}://{}{}{path}", endpoint.authority(), endpoint.path);
    let mut request = url.as_str().into_client_request().map_err(|error| {
        SimError::Usage(format!("{url} cannot be opened as a WebSocket: {error}"))
    })?;
    if let Some(protocol) = protocol {
        request
            .headers_mut()
            .insert("Sec-WebSocket-Protocol", HeaderValue::from_static(protocol));
    }
    let read_buffer = match buffers {
        Buffers::Small => 4 * 1024,
        Buffers::Large => 32 * 1024,
    };
    let config = WebSocketConfig::default()
        .read_buffer_size(read_buffer)
        .write_buffer_size(read_buffer)
        .max_write_buffer_size(1024 * 1024)
        .max_message_size(Some(512 * 1024))
        .max_frame_size(Some(512 * 1024));
    let stream = dialer.dial().await?;
    let upgrade = tokio_tungstenite::client_async_with_config(request, stream, Some(config));
    match tokio::time::timeout(UPGRADE_TIMEOUT, upgrade).await {
        Ok(Ok((socket, _))) => Ok(socket),
        Ok(Err(error)) => Err(SimError::Network(format!(
            "{url} refused the WebSocket: {error}"
        ))),
        Err(_) => Err(SimError::Network(format!(
            "{url} did not answer the WebSocket request within {} s",
            UPGRADE_TIMEOUT.as_secs()
        ))),
    }
}
