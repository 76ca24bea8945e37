//! Why bytes are not MQTT 3.1.1. Every case closes the connection (`device.md` §9).

use std::fmt;

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $text:literal;)*) => {
        /// What is wrong with a packet. Codes and texts are stable, and hold nothing of the
        /// packet itself, so that they may be logged and shown.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum MalformedPacket { $($(#[$doc])* $name,)* }

        impl MalformedPacket {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// A stable word for programs.
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// A sentence for people that names the offending thing.
            pub fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

reasons! {
    /// Types 0 and 15.
    PacketType = "packetType", "the packet type is 0 or 15, which MQTT 3.1.1 reserves; is this MQTT at all?";
    /// The low four bits of the first byte.
    FixedHeaderFlags = "fixedHeaderFlags", "the flags of the fixed header are not those MQTT 3.1.1 prescribes for this packet type";
    /// More than four length bytes.
    RemainingLengthEncoding = "remainingLengthEncoding", "the remaining length takes more than four bytes";
    /// Larger than the limit.
    PacketTooLarge = "packetTooLarge", "the packet is larger than the hub accepts (262,144 bytes of body and properties)";
    /// Shorter than its fields.
    Truncated = "truncated", "the packet ends in the middle of a field; a length inside it is wrong";
    /// Longer than its fields.
    TrailingBytes = "trailingBytes", "the packet has bytes behind its last field";
    /// A text is not UTF-8.
    Utf8 = "utf8", "a text field is not valid UTF-8";
    /// A text holds U+0000.
    NullCharacter = "nullCharacter", "a text field holds the character U+0000, which MQTT forbids";
    /// Not `MQTT`.
    ProtocolName = "protocolName", "the protocol name is not 'MQTT'; MQTT 3.1 ('MQIsdp') is not supported";
    /// Bit 0 of the connect flags.
    ConnectReservedFlag = "connectReservedFlag", "the reserved bit of the connect flags is set";
    /// Password flag without user name flag.
    PasswordWithoutUserName = "passwordWithoutUserName", "CONNECT has a password but no user name";
    /// Will QoS 3, or will bits without a will.
    WillFlags = "willFlags", "the will flags of CONNECT contradict each other, or ask for QoS 3";
    /// Flags of a CONNACK.
    ConnAckFlags = "connAckFlags", "the flags or the return code of CONNACK are reserved values";
    /// QoS 3.
    QualityOfService = "qualityOfService", "the requested QoS is 3 or sets reserved bits";
    /// DUP on QoS 0.
    DuplicateWithoutAcknowledgement = "duplicateWithoutAcknowledgement", "DUP is set on a QoS 0 message";
    /// Empty topic.
    EmptyTopic = "emptyTopic", "the topic or topic filter is empty";
    /// `+` or `#` in a PUBLISH.
    WildcardInTopic = "wildcardInTopic", "the topic of a PUBLISH holds a wildcard ('+' or '#'); percent-encode it in property bags";
    /// Packet id 0.
    PacketIdZero = "packetIdZero", "the packet id is 0";
    /// SUBSCRIBE or UNSUBSCRIBE without a filter.
    NoTopicFilter = "noTopicFilter", "SUBSCRIBE or UNSUBSCRIBE has no topic filter";
    /// Too many filters at once.
    TooManyTopicFilters = "tooManyTopicFilters", "SUBSCRIBE or UNSUBSCRIBE has more than 100 topic filters";
    /// A SUBACK code that does not exist.
    SubAckCode = "subAckCode", "SUBACK holds a return code other than 0, 1, 2 and 0x80";
    /// Too much was sent while CONNECT was being answered.
    TooMuchBeforeConnAck = "tooMuchBeforeConnAck", "the client sent more than the hub keeps while it answers CONNECT; wait for CONNACK";
}

impl fmt::Display for MalformedPacket {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.text())
    }
}

impl std::error::Error for MalformedPacket {}
