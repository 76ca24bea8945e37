//! All actors of the hub in one process under virtual time, with faults.
//!
//! A seed decides everything: latencies, faults, what devices do. A run that breaks an
//! invariant prints the seed, and the same seed breaks it again in the same way. Native
//! tests only; nothing of it is part of the product.

pub mod actor;
pub mod alarming;
pub mod backend;
pub mod behaviour;
pub mod checks;
pub mod configuring;
pub mod device;
pub mod diary;
pub mod faults;
pub mod ledger;
pub mod maintaining;
pub mod network;
pub mod operator;
pub mod packets;
pub mod random;
pub mod receivers;
pub mod replay;
pub mod rest;
pub mod scenario;
pub mod scheduling;
pub mod simulation;
pub mod sockets;
pub mod sqlite;
pub mod stage;
pub mod traffic;
pub mod watching;
pub mod world;
pub mod zones;

pub use backend::HubHandle;
pub use faults::Faults;
pub use simulation::Simulation;
