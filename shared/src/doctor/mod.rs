//! The connection doctor: why a device is not connected, or not for long, in words that say
//! what to do (`device-management.md` §8, §9.1; `device.md` §2.4, §2.6, §9).
//!
//! Pure: it is given the last ends of a device's sessions and what was refused, and says what
//! they mean. It must never ask a device, keep anything, or know who reads the answer.

pub mod diagnosis;
pub mod ends;
pub mod incident;
pub mod reason;

#[cfg(test)]
mod tests;
