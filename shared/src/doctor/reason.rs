//! What the words mean with which connections end: a kind, and a sentence for people.

use crate::mqtt::malformed::MalformedPacket;
use crate::mqtt::topic::TopicError;

/// What stands behind an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The device said goodbye.
    Goodbye,
    /// Another connection took the identity over.
    TakenOver,
    /// The token or certificate ended.
    Expired,
    /// Nothing was heard for too long.
    Silent,
    /// The network connection broke.
    Lost,
    /// Somebody changed the identity.
    Changed,
    /// The hub itself.
    Hub,
    /// Too much at once.
    Throttled,
    /// The device broke a rule of MQTT or of IoT Hub.
    Protocol,
}

/// Words that are not broken rules.
const PLAIN: [(&str, Kind, &str); 16] = [
    (
        "clientDisconnected",
        Kind::Goodbye,
        "the device ended the session itself",
    ),
    (
        "takenOver",
        Kind::TakenOver,
        "another connection with the same id took over",
    ),
    ("tokenExpired", Kind::Expired, "the SAS token expired"),
    (
        "certificateExpired",
        Kind::Expired,
        "the client certificate, or the authority behind it, expired",
    ),
    (
        "keepAliveExpired",
        Kind::Silent,
        "nothing was heard for one and a half keep-alives",
    ),
    (
        "connectionLost",
        Kind::Lost,
        "the network connection ended without DISCONNECT",
    ),
    (
        "gatewayRestarted",
        Kind::Hub,
        "the hub restarted, or lost sight of the connection",
    ),
    ("deviceDisabled", Kind::Changed, "the device was disabled"),
    ("deviceDeleted", Kind::Changed, "the device was deleted"),
    ("deviceRetired", Kind::Changed, "the device was retired"),
    (
        "credentialsChanged",
        Kind::Changed,
        "the keys or thumbprints were changed",
    ),
    (
        "serverError",
        Kind::Hub,
        "the hub could not decide at that moment",
    ),
    (
        "storageUnavailable",
        Kind::Hub,
        "the hub could not store messages at that moment",
    ),
    (
        "throttled",
        Kind::Throttled,
        "more was sent than the hub's throttles let through",
    ),
    ("closedByHub", Kind::Hub, "the hub closed the connection"),
    (
        "connectTimedOut",
        Kind::Lost,
        "CONNECT did not come within a minute",
    ),
];

/// Rules that are IoT Hub's; those of MQTT are in [`MalformedPacket`], those of topics in
/// [`TopicError`].
const RULES: [(&str, &str); 6] = [
    (
        "qosNotSupported",
        "QoS 2 is not supported; publish with QoS 0 or 1",
    ),
    (
        "messageTooLarge",
        "body and properties of a message have at most 262,144 bytes",
    ),
    (
        "malformedPropertyBag",
        "the property bag of the topic cannot be read; percent-encode names and values",
    ),
    (
        "methodResponseTooLarge",
        "the answer to a method has at most 128 KB",
    ),
    (
        "twinGetWithoutRequestId",
        "a twin request needs $rid: $iothub/twin/GET/?$rid={request id}",
    ),
    (
        "unsupportedProtocolLevel",
        "the hub speaks MQTT 3.1.1 (protocol level 4) only",
    ),
];

/// The kind of an end. Whatever is no plain word is a broken rule.
pub fn kind(reason: &str) -> Kind {
    plain(reason).map_or(Kind::Protocol, |(_, kind, _)| *kind)
}

fn plain(reason: &str) -> Option<&'static (&'static str, Kind, &'static str)> {
    PLAIN.iter().find(|(word, ..)| *word == reason)
}

/// What happened, with the packet that was at fault.
pub fn detail(reason: &str, packet: &str) -> String {
    let text = text(reason, packet);
    if packet.is_empty() {
        text.to_owned()
    } else {
        [packet, text].join(": ")
    }
}

fn text<'a>(reason: &'a str, packet: &str) -> &'a str {
    if let Some((.., text)) = plain(reason) {
        return text;
    }
    if let Some((_, text)) = RULES.iter().find(|(word, _)| *word == reason) {
        return text;
    }
    let malformed = MalformedPacket::ALL.iter();
    if let Some(rule) = malformed.copied().find(|rule| rule.code() == reason) {
        return rule.text();
    }
    let mut topics = TopicError::ALL.into_iter();
    if let Some(rule) = topics.find(|rule| rule.code() == reason) {
        return rule.text();
    }
    match (reason, packet) {
        ("protocolError", "CONNECT") => "a second CONNECT came on one connection",
        ("protocolError", "PUBREC" | "PUBREL" | "PUBCOMP") => {
            "it belongs to QoS 2, which is not supported"
        }
        ("protocolError", "") => "what came is not MQTT in binary WebSocket messages",
        ("protocolError", _) => "a device must not send this packet here",
        _ => reason,
    }
}
