//! Maintenance policies: when a disruptive step may reach a device
//! (`device-management.md` §4).
//!
//! [`Policy`] reads and checks a policy's document; [`Policies::decide`] says for one device
//! and one [`Step`] whether it may be touched now, why not, and when to look again. Pure: the
//! time, the twin and the rules of time zones ([`Zones`]) are arguments. It never touches a
//! device, and knows nothing of jobs or configurations.

mod concurrency;
mod decide;
mod gate;
mod geofence;
mod policy;
mod step;
mod window;
mod zones;

pub use concurrency::{Most, Wish};
pub use decide::{Hold, INTERLOCK_GATE, Policies, Verdict};
pub use policy::{OnHoldTimeout, Policy, check};
pub use step::{Action, Disruption, Step};
pub use zones::{NoZones, RememberedZones, Zones};
