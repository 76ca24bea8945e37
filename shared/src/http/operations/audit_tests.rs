//! Whose records a caller sees.

use super::*;
use crate::auth::Role;
use crate::http::fake::{FakeHub, block_on, request};
use crate::http::handle;
use crate::http::message::Method;
use crate::ipc::audit::AuditPage;

fn hub() -> FakeHub {
    FakeHub::new()
        .registry_answers(|_, request| match request {
            RegistryRequest::ReadRecords(_) => Ok(RegistryReply::Audit(AuditPage::default())),
            other => panic!("unexpected {other:?}"),
        })
        .hub_answers(|request| match request {
            HubRequest::ReadRecords(_) => Ok(HubReply::Audit(AuditPage::default())),
            other => panic!("unexpected {other:?}"),
        })
}

fn actors_asked_for(hub: &FakeHub) -> Vec<Option<String>> {
    let asked = hub.asked_registry.borrow();
    asked
        .iter()
        .map(|(_, request)| match request {
            RegistryRequest::ReadRecords(wanted) => {
                assert_eq!(wanted["of"], "audit");
                wanted["actor"].as_str().map(str::to_owned)
            }
            other => panic!("unexpected {other:?}"),
        })
        .collect()
}

#[test]
fn an_operator_sees_only_what_is_their_own() {
    for (role, own) in [
        (Role::Viewer, true),
        (Role::Operator, true),
        (Role::Supervisor, false),
        (Role::Admin, false),
    ] {
        let hub = hub();
        let asked = request(Method::Get, "/api/v1/audit?actor=policy:iothubowner")
            .with("cookie", &hub.cookie(role));
        assert_eq!(block_on(handle(&hub, asked)).status, 200);
        let expected = if own {
            "person:Ada"
        } else {
            "policy:iothubowner"
        };
        assert!(
            actors_asked_for(&hub)
                .iter()
                .all(|actor| actor.as_deref() == Some(expected)),
            "{role:?}"
        );
    }
}

#[test]
fn proving_needs_the_right_to_read_all() {
    for (role, status) in [(Role::Viewer, 403), (Role::Operator, 403)] {
        let hub = hub();
        let asked = request(Method::Get, "/api/v1/audit/verify").with("cookie", &hub.cookie(role));
        assert_eq!(block_on(handle(&hub, asked)).status, status, "{role:?}");
    }
    let hub = hub();
    let asked = request(Method::Get, "/api/v1/audit").with("authorization", &hub.token("service"));
    assert_eq!(block_on(handle(&hub, asked)).status, 401);
}
