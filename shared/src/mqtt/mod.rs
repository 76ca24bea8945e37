//! MQTT 3.1.1 as Azure IoT Hub speaks it, without any I/O (`device.md` §1–§6, §8, §9).
//!
//! Both sides use this module: the hub's gateway and the device simulator. It turns bytes
//! into packets, topics into meanings and back. It must never read a clock, a socket or
//! stored state, and reading telemetry must never allocate.

pub mod client;
pub mod decode;
pub mod encode;
pub mod malformed;
pub mod packet;
pub mod property_bag;
pub mod stream;
pub mod topic;
pub mod user_name;

pub use decode::decode;
pub use malformed::MalformedPacket;
pub use packet::{ConnAck, Connect, ConnectCode, Limits, Packet, Publish, Will};
pub use stream::StreamDecoder;

#[cfg(test)]
mod codec_tests;
