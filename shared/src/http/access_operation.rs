//! Operations on who may use the hub, a group of its own (`device-management.md` §6).

use super::authorize::Access;
use super::message::Method;
use crate::auth::{Action, Rights};

/// An operation under `/api/v1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccessOperation {
    /// `GET accounts`
    ListAccounts,
    /// `GET accounts/{name}`
    GetAccount(String),
    /// `PUT accounts/{name}`
    PutAccount(String),
    /// `DELETE accounts/{name}`
    DeleteAccount(String),
    /// `GET api-tokens`
    ListTokens,
    /// `POST api-tokens`
    CreateToken,
    /// `DELETE api-tokens/{id}`
    DeleteToken(String),
    /// `GET sessions`: one's own, or everybody's for who manages the hub
    ListSessions,
    /// `DELETE sessions/{id}`
    EndSession(String),
    /// `POST session/password`: one's own
    ChangePassword,
    /// `GET approvals`: one's own, or everybody's for who may approve
    ListApprovals,
    /// `GET approvals/{id}`
    GetApproval(String),
    /// `POST approvals/{id}/approve`, `…/reject`, `…/withdraw`
    DecideApproval(String, Decision),
    /// `GET policies`
    ListPolicies,
    /// `PUT policies/{name}`
    PutPolicy(String),
    /// `DELETE policies/{name}`
    DeletePolicy(String),
    /// `POST policies/{name}/regenerate`
    RegeneratePolicyKey(String),
    /// `GET access/settings`
    GetSettings,
    /// `PUT access/settings`
    PutSettings,
}

/// What becomes of a request that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It runs.
    Approve,
    /// It does not.
    Reject,
    /// Who has asked does not want it any more.
    Withdraw,
}

/// The operation of a path; `literals` are its segments in lower case, `texts` as decoded.
pub fn route(method: Method, literals: &[&str], texts: &[&str]) -> Option<AccessOperation> {
    use AccessOperation as O;
    use Method::{Delete, Get, Post, Put};
    let name = || texts.get(1).copied().unwrap_or_default().to_owned();
    Some(match (method, literals) {
        (Get, ["accounts"]) => O::ListAccounts,
        (Get, ["accounts", _]) => O::GetAccount(name()),
        (Put, ["accounts", _]) => O::PutAccount(name()),
        (Delete, ["accounts", _]) => O::DeleteAccount(name()),
        (Get, ["api-tokens"]) => O::ListTokens,
        (Post, ["api-tokens"]) => O::CreateToken,
        (Delete, ["api-tokens", _]) => O::DeleteToken(name()),
        (Get, ["sessions"]) => O::ListSessions,
        (Delete, ["sessions", _]) => O::EndSession(name()),
        (Post, ["session", "password"]) => O::ChangePassword,
        (Get, ["approvals"]) => O::ListApprovals,
        (Get, ["approvals", _]) => O::GetApproval(name()),
        (Post, ["approvals", _, "approve"]) => O::DecideApproval(name(), Decision::Approve),
        (Post, ["approvals", _, "reject"]) => O::DecideApproval(name(), Decision::Reject),
        (Post, ["approvals", _, "withdraw"]) => O::DecideApproval(name(), Decision::Withdraw),
        (Get, ["policies"]) => O::ListPolicies,
        (Put, ["policies", _]) => O::PutPolicy(name()),
        (Delete, ["policies", _]) => O::DeletePolicy(name()),
        (Post, ["policies", _, "regenerate"]) => O::RegeneratePolicyKey(name()),
        (Get, ["access", "settings"]) => O::GetSettings,
        (Put, ["access", "settings"]) => O::PutSettings,
        _ => return None,
    })
}

impl AccessOperation {
    /// Who may use it. A policy needs all rights there are for what could give it more of them.
    pub fn access(&self) -> Access {
        match self {
            Self::ListAccounts
            | Self::GetAccount(_)
            | Self::PutAccount(_)
            | Self::DeleteAccount(_)
            | Self::ListTokens
            | Self::CreateToken
            | Self::DeleteToken(_)
            | Self::PutPolicy(_)
            | Self::DeletePolicy(_)
            | Self::RegeneratePolicyKey(_)
            | Self::PutSettings => Access::Granted(Rights::ALL, Action::ManageHub),
            Self::ListPolicies => Access::Granted(Rights::ALL, Action::ReadCredentials),
            Self::ListApprovals | Self::GetApproval(_) | Self::GetSettings => {
                Access::Granted(Rights::REGISTRY_READ, Action::Read)
            }
            // Another person decides, not a program.
            Self::ListSessions
            | Self::EndSession(_)
            | Self::ChangePassword
            | Self::DecideApproval(..) => Access::SignedIn,
        }
    }
}
