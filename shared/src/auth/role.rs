//! What people and API tokens of the console may do (`device-management.md` §6).
//!
//! SDK clients have policies and rights instead ([`super::policy`]). The twin
//! condition that may narrow a role is judged where the twin is.

use serde::{Deserialize, Serialize};

/// The four roles, each holding everything of the one before, approvals aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// Looks.
    Viewer,
    /// Runs devices day by day.
    Operator,
    /// Answers for disruptive work.
    Supervisor,
    /// Runs the hub.
    Admin,
}

/// The rows of the matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    /// Read devices, twins, jobs, configurations, statistics, events, progress, alerts.
    Read,
    /// Queries, saved reports, dashboards, CSV.
    RunQueries,
    /// Acknowledge and snooze alerts.
    HandleAlerts,
    /// Write tags and desired properties.
    WriteTwins,
    /// Send and purge cloud-to-device messages.
    SendCloudToDevice,
    /// Call a method that interrupts nothing.
    InvokeMethods,
    /// Create or cancel a job within the approval threshold that interrupts nothing.
    RunJobs,
    /// A disruptive or larger job, a factory reset.
    RunDisruptiveJobs,
    /// Override a maintenance policy or force-cancel a running job.
    OverridePolicies,
    /// Create, enable, disable devices; provision in bulk.
    WriteDevices,
    /// Retire, restore, delete devices.
    DeleteDevices,
    /// Configurations, routes, subscriptions.
    WriteConfigurations,
    /// Maintenance policies, alert rules, users, SAS keys, hub settings.
    ManageHub,
    /// See keys and credentials.
    ReadCredentials,
    /// One's own entries in the audit log.
    ReadOwnAudit,
    /// The whole audit log.
    ReadAudit,
}

/// A cell of the matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// May do it, and may approve it where others have to ask.
    Allowed,
    /// May ask; somebody else who is allowed approves.
    OnApproval,
    /// May not.
    Denied,
}

impl Role {
    /// All roles, least first.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Operator, Self::Supervisor, Self::Admin];

    /// As it stands in cookies and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Supervisor => "supervisor",
            Self::Admin => "admin",
        }
    }

    /// The inverse of [`Role::as_str`], in any case.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str().eq_ignore_ascii_case(text))
    }

    /// The matrix.
    pub fn grant(self, action: Action) -> Grant {
        let (least, asks) = match action {
            Action::Read | Action::RunQueries | Action::ReadOwnAudit => (Self::Viewer, false),
            Action::HandleAlerts
            | Action::WriteTwins
            | Action::SendCloudToDevice
            | Action::InvokeMethods
            | Action::RunJobs
            | Action::WriteDevices => (Self::Operator, false),
            Action::RunDisruptiveJobs | Action::DeleteDevices => (Self::Supervisor, true),
            Action::OverridePolicies | Action::WriteConfigurations | Action::ReadAudit => {
                (Self::Supervisor, false)
            }
            Action::ManageHub | Action::ReadCredentials => (Self::Admin, false),
        };
        if self >= least {
            Grant::Allowed
        } else if asks && self == Self::Operator {
            Grant::OnApproval
        } else {
            Grant::Denied
        }
    }

    /// Whether the action may be done at once.
    pub fn can(self, action: Action) -> bool {
        self.grant(action) == Grant::Allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The contract's table, row by row: viewer, operator, supervisor, admin.
    #[test]
    fn the_matrix_is_the_contract() {
        use Action::*;
        for (action, row) in [
            (Read, "YYYY"),
            (RunQueries, "YYYY"),
            (HandleAlerts, "-YYY"),
            (WriteTwins, "-YYY"),
            (SendCloudToDevice, "-YYY"),
            (InvokeMethods, "-YYY"),
            (RunJobs, "-YYY"),
            (RunDisruptiveJobs, "-rYY"),
            (OverridePolicies, "--YY"),
            (WriteDevices, "-YYY"),
            (DeleteDevices, "-rYY"),
            (WriteConfigurations, "--YY"),
            (ManageHub, "---Y"),
            (ReadCredentials, "---Y"),
            (ReadOwnAudit, "YYYY"),
            (ReadAudit, "--YY"),
        ] {
            for (role, cell) in Role::ALL.into_iter().zip(row.chars()) {
                let expected = match cell {
                    'Y' => Grant::Allowed,
                    'r' => Grant::OnApproval,
                    _ => Grant::Denied,
                };
                assert_eq!(role.grant(action), expected, "{role:?} {action:?}");
                assert_eq!(role.can(action), cell == 'Y', "{role:?} {action:?}");
            }
        }
    }

    #[test]
    fn names_read_back() {
        for role in Role::ALL {
            assert_eq!(Role::parse(role.as_str()), Some(role));
            assert_eq!(serde_json::to_value(role).unwrap(), role.as_str());
        }
        assert_eq!(Role::parse("root"), None);
    }
}
