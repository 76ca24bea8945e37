//! What the hub object is asked about who may use the hub (`device-management.md` §6).
//!
//! Documents are plain: every type that travels costs the worker a reader.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A member of a document; null if there is none.
pub fn member(document: &Value, name: &str) -> Value {
    document.get(name).cloned().unwrap_or(Value::Null)
}

/// Sets a member of a document, which is an object.
pub fn set(document: &mut Value, name: &str, value: Value) {
    if let Value::Object(members) = document {
        members.insert(name.to_owned(), value);
    }
}

/// What to do with the document that comes along.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AccessVerb {
    /// `{kind, id?, name?}` → documents of `account`, `token`, `session` or `approval`: that one,
    /// or those of that person, or all.
    List,
    /// `{id, role, scope, isEnabled, passwordHash?}` → the document. A new one needs the hash.
    PutAccount,
    /// `{id}`
    DeleteAccount,
    /// `{id, source, passwordHash}`: of one's own, after `BeginSignIn`.
    SetPassword,
    /// `{id, source}` → `{passwordHash}`, or 429 after too many attempts that failed.
    BeginSignIn,
    /// `{id, name, account, passed, source, issued, expires}` → the document, or 401.
    StartSession,
    /// `{id, name?}`: with a name only if it is that person's.
    EndSession,
    /// `{id, name, role, scope, until, tokenHash}` → the document
    CreateToken,
    /// `{id}`
    DeleteToken,
    /// `{id}`: it was used.
    UseToken,
    /// The document of a request that waits for somebody else's approval → it.
    RequestApproval,
    /// `{id, state, by, note}`: `approved`, `rejected`, or `withdrawn` by who has asked → it.
    DecideApproval,
    /// `{id, outcome}`: what came of it → the document.
    CloseApproval,
    /// `{approvalThreshold}`
    PutThreshold,
}

impl AccessVerb {
    /// What the record of changes calls it; none for what is not recorded.
    pub fn action(self) -> Option<&'static str> {
        Some(match self {
            Self::List | Self::BeginSignIn | Self::UseToken => return None,
            Self::PutAccount => "putAccount",
            Self::DeleteAccount => "deleteAccount",
            Self::SetPassword => "setPassword",
            Self::StartSession => "signIn",
            Self::EndSession => "endSession",
            Self::CreateToken => "createToken",
            Self::DeleteToken => "deleteToken",
            Self::RequestApproval => "requestApproval",
            Self::DecideApproval => "decideApproval",
            Self::CloseApproval => "runApproved",
            Self::PutThreshold => "putApprovalThreshold",
        })
    }

    /// The kind of document that it is about.
    pub fn kind(self) -> &'static str {
        match self {
            Self::List | Self::PutThreshold => "",
            Self::PutAccount | Self::DeleteAccount | Self::SetPassword | Self::BeginSignIn => {
                "account"
            }
            Self::StartSession | Self::EndSession => "session",
            Self::CreateToken | Self::DeleteToken | Self::UseToken => "token",
            Self::RequestApproval | Self::DecideApproval | Self::CloseApproval => "approval",
        }
    }
}
