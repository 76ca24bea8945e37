//! X.509 certificates as far as the hub must read them: authorities that prove their
//! possession (`service.md` §16, `device.md` §2.3).
//!
//! This room reads bytes; it never says that a signature is good (the platform computes
//! that, see [`SignatureCheck`]), never builds a chain, and knows no device.

pub mod certificate;
mod der;
pub mod signature;

pub use certificate::Certificate;
pub use signature::SignatureCheck;
