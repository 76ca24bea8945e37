//! Who is signed in, and what that role may do (`device-management.md §6`). The hub decides;
//! this only keeps a person from trying what will be refused, and says why.

use crate::api::session::Session;
use leptos::prelude::*;
use std::cell::RefCell;

/// What the console knows about the person in front of it.
#[derive(Debug, Clone, PartialEq)]
pub enum SessionState {
    /// The first answer is not there yet.
    Unknown,
    /// Nobody is signed in; `expired` if somebody was a moment ago.
    SignedOut {
        /// Whether a session ended while the console was open.
        expired: bool,
    },
    /// Signed in.
    SignedIn(Session),
}

/// Something a role may or may not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// Create, enable, disable identities.
    DevicesWrite,
    /// Delete identities.
    DevicesDelete,
    /// Write tags and desired properties.
    TwinsWrite,
    /// Call methods.
    MethodsInvoke,
    /// Send and purge messages.
    MessagesWrite,
    /// See keys.
    KeysRead,
    /// Read and verify the whole record of changes.
    AuditRead,
    /// Schedule, pause, resume, retry jobs.
    JobsWrite,
    /// Stop a job that runs.
    JobsForce,
    /// Make, change, delete configurations.
    ConfigurationsWrite,
    /// Look after alerts, snooze and resolve them.
    AlertsHandle,
    /// Erase archived devices, change alert rules.
    HubManage,
}

impl Permission {
    /// The name an administrator would look for.
    pub fn name(self) -> &'static str {
        match self {
            Self::DevicesWrite => "devices/write",
            Self::DevicesDelete => "devices/delete",
            Self::TwinsWrite => "twins/write",
            Self::MethodsInvoke => "directMethods/invoke",
            Self::MessagesWrite => "cloudToDeviceMessages/send",
            Self::KeysRead => "credentials/read",
            Self::AuditRead => "audit/read",
            Self::JobsWrite => "jobs/write",
            Self::JobsForce => "jobs/forceCancel",
            Self::ConfigurationsWrite => "configurations/write",
            Self::AlertsHandle => "alerts/handle",
            Self::HubManage => "hub/manage",
        }
    }
}

/// Whether a role has a permission; unknown roles have none.
pub fn allows(role: &str, permission: Permission) -> bool {
    let rank = match role {
        "operator" => 1,
        "supervisor" => 2,
        "admin" => 3,
        _ => 0,
    };
    rank >= match permission {
        Permission::KeysRead | Permission::HubManage => 3,
        Permission::AuditRead | Permission::JobsForce | Permission::ConfigurationsWrite => 2,
        _ => 1,
    }
}

thread_local! {
    static STATE: RefCell<Option<ArcRwSignal<SessionState>>> = const { RefCell::new(None) };
}

/// The session as a signal.
pub fn state() -> ArcRwSignal<SessionState> {
    STATE.with(|cell| {
        cell.borrow_mut()
            .get_or_insert_with(|| ArcRwSignal::new(SessionState::Unknown))
            .clone()
    })
}

/// Called when the hub says the session is over.
pub fn ended() {
    let state = state();
    if matches!(state.get_untracked(), SessionState::SignedIn(_)) {
        state.set(SessionState::SignedOut { expired: true });
    }
}

/// The name of the person; tracked, empty while nobody is signed in.
pub fn name() -> String {
    match state().get() {
        SessionState::SignedIn(session) => session.name,
        _ => String::new(),
    }
}

/// Whether the person may do this; tracked.
pub fn may(permission: Permission) -> bool {
    match state().get() {
        SessionState::SignedIn(session) => allows(&session.role, permission),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_follow_the_table() {
        assert!(!allows("viewer", Permission::TwinsWrite));
        assert!(allows("operator", Permission::TwinsWrite));
        // An operator asks; somebody else approves.
        assert!(allows("operator", Permission::DevicesDelete));
        assert!(!allows("viewer", Permission::DevicesDelete));
        assert!(allows("supervisor", Permission::DevicesDelete));
        assert!(!allows("supervisor", Permission::KeysRead));
        assert!(allows("admin", Permission::KeysRead));
        assert!(!allows("operator", Permission::AuditRead));
        assert!(allows("supervisor", Permission::AuditRead));
        assert!(!allows("operator", Permission::ConfigurationsWrite));
        assert!(allows("operator", Permission::JobsWrite));
        assert!(!allows("operator", Permission::JobsForce));
        assert!(allows("supervisor", Permission::JobsForce));
        assert!(!allows("supervisor", Permission::HubManage));
        assert!(!allows("someone", Permission::MethodsInvoke));
    }
}
