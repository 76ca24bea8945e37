//! Operations on routes and everything around them, a group of its own
//! (`query-routing-events.md` §3.9, §5.2).

use super::message::Method;

/// An operation under `/api/v1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoutingOperation {
    /// `GET routing`
    Get,
    /// `PUT routing`
    Put,
    /// `POST routing/test`
    Test,
    /// `POST routing/test-all`
    TestAll,
    /// `GET routing/endpoints/health`
    Health,
    /// `POST routing/endpoints/{name}/validate`, of subscriptions too, as all below
    Validate(String),
    /// `GET routing/endpoints/{name}/dead-letters`
    ListDeadLetters(String),
    /// `POST routing/endpoints/{name}/dead-letters/resend`
    ResendDeadLetters(String),
    /// `DELETE routing/endpoints/{name}/dead-letters`
    DeleteDeadLetters(String),
    /// `GET routes/{name}`
    GetRoute(String),
    /// `PUT routes/{name}`
    PutRoute(String),
    /// `DELETE routes/{name}`
    DeleteRoute(String),
    /// `GET subscriptions`
    ListSubscriptions,
    /// `GET subscriptions/{name}`
    GetSubscription(String),
    /// `PUT subscriptions/{name}`
    PutSubscription(String),
    /// `DELETE subscriptions/{name}`
    DeleteSubscription(String),
    /// `GET secrets`
    ListSecrets,
    /// `PUT secrets/{name}`
    PutSecret(String),
    /// `DELETE secrets/{name}`
    DeleteSecret(String),
}

/// The operation of a path; `literals` are its segments in lower case, `texts` as decoded.
pub fn route(method: Method, literals: &[&str], texts: &[&str]) -> Option<RoutingOperation> {
    use Method::{Delete, Get, Post, Put};
    use RoutingOperation as O;
    let text = |place: usize| texts.get(place).copied().unwrap_or_default().to_owned();
    Some(match (method, literals) {
        (Get, ["routing"]) => O::Get,
        (Put, ["routing"]) => O::Put,
        (Post, ["routing", "test"]) => O::Test,
        (Post, ["routing", "test-all"]) => O::TestAll,
        (Get, ["routing", "endpoints", "health"]) => O::Health,
        (Post, ["routing", "endpoints", _, "validate"]) => O::Validate(text(2)),
        (Get, ["routing", "endpoints", _, "dead-letters"]) => O::ListDeadLetters(text(2)),
        (Post, ["routing", "endpoints", _, "dead-letters", "resend"]) => {
            O::ResendDeadLetters(text(2))
        }
        (Delete, ["routing", "endpoints", _, "dead-letters"]) => O::DeleteDeadLetters(text(2)),
        (Get, ["routes", _]) => O::GetRoute(text(1)),
        (Put, ["routes", _]) => O::PutRoute(text(1)),
        (Delete, ["routes", _]) => O::DeleteRoute(text(1)),
        (Get, ["subscriptions"]) => O::ListSubscriptions,
        (Get, ["subscriptions", _]) => O::GetSubscription(text(1)),
        (Put, ["subscriptions", _]) => O::PutSubscription(text(1)),
        (Delete, ["subscriptions", _]) => O::DeleteSubscription(text(1)),
        (Get, ["secrets"]) => O::ListSecrets,
        (Put, ["secrets", _]) => O::PutSecret(text(1)),
        (Delete, ["secrets", _]) => O::DeleteSecret(text(1)),
        _ => return None,
    })
}

impl RoutingOperation {
    /// Whether it changes nothing.
    pub fn only_reads(&self) -> bool {
        matches!(
            self,
            Self::Get
                | Self::Test
                | Self::TestAll
                | Self::Health
                | Self::ListDeadLetters(_)
                | Self::GetRoute(_)
                | Self::ListSubscriptions
                | Self::GetSubscription(_)
        )
    }

    /// Of what it is; empty for what has no name.
    pub fn name(&self) -> &str {
        match self {
            Self::Validate(name)
            | Self::ListDeadLetters(name)
            | Self::ResendDeadLetters(name)
            | Self::DeleteDeadLetters(name)
            | Self::GetRoute(name)
            | Self::PutRoute(name)
            | Self::DeleteRoute(name)
            | Self::GetSubscription(name)
            | Self::PutSubscription(name)
            | Self::DeleteSubscription(name)
            | Self::PutSecret(name)
            | Self::DeleteSecret(name) => name,
            _ => "",
        }
    }

    /// Whether it is about keys.
    pub fn is_about_secrets(&self) -> bool {
        matches!(
            self,
            Self::ListSecrets | Self::PutSecret(_) | Self::DeleteSecret(_)
        )
    }
}
