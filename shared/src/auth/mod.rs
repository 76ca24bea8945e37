//! Who may speak and what they may do: keys, SAS tokens, policies, console sessions, roles
//! (`device.md` §2.3, `service.md` §2, `device-management.md` §6).
//!
//! This room judges credentials that it is handed; it never looks anything up,
//! never reads a clock or a random source, and never puts a secret into an error,
//! a log text or a `Debug` form. Secrets are compared in constant time.

pub mod audience;
pub mod client_certificate;
pub mod connection_string;
pub mod device_auth;
pub mod grant;
pub mod keys;
pub mod password;
pub mod policy;
pub mod role;
pub mod sas;
pub mod session;
pub mod signature;

pub use client_certificate::ClientCertificate;
pub use connection_string::ConnectionString;
pub use device_auth::{AuthenticationType, ConnectionAuth};
pub use grant::{Grant, Grants};
pub use keys::KeyPair;
pub use policy::{Rights, SharedAccessPolicy};
pub use role::{Action, Role};
pub use sas::{MatchedKey, SasRefusal, SasToken};
pub use session::Session;
