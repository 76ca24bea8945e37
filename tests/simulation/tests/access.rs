//! Accounts, API tokens, sessions, roles, scopes and approvals, through REST down to storage
//! (`device-management.md` §6, row R13).

use serde_json::{Value, json};
use shared::http::Method;
use simulation::device::Habits;
use simulation::operator::Reply;
use simulation::rest::Rest;

const PASSWORD: &str = "a long enough passphrase";

/// Somebody with a role.
struct Someone {
    header: (&'static str, String),
}

impl Someone {
    fn ask(&self, hub: &mut Rest, method: Method, target: &str, body: Value) -> Reply {
        let (name, value) = (self.header.0, self.header.1.as_str());
        let headers = [(name, value), ("x-skerry-console", "1"), ("if-match", "*")];
        // A new account has no etag to match.
        let headers = if method == Method::Put {
            &headers[..2]
        } else {
            &headers
        };
        hub.send(method, target, headers, body)
    }

    fn get(&self, hub: &mut Rest, target: &str) -> Reply {
        self.ask(hub, Method::Get, target, Value::Null)
    }

    fn post(&self, hub: &mut Rest, target: &str, body: Value) -> Reply {
        self.ask(hub, Method::Post, target, body)
    }
}

fn account(hub: &mut Rest, name: &str, role: &str, scope: Option<&str>) -> Someone {
    let body = json!({ "role": role, "scope": scope, "password": PASSWORD });
    let made = hub.put(&format!("/api/v1/accounts/{name}"), None, body);
    assert_eq!(made.status, 201, "{:?}", made.body);
    signed_in(hub, name, PASSWORD).expect("the password is right")
}

fn sign_in(hub: &mut Rest, name: &str, password: &str) -> Reply {
    let headers = [("x-skerry-console", "1"), ("cf-connecting-ip", "192.0.2.7")];
    let body = json!({ "name": name, "password": password });
    hub.send(Method::Post, "/api/v1/session", &headers, body)
}

fn signed_in(hub: &mut Rest, name: &str, password: &str) -> Option<Someone> {
    let reply = sign_in(hub, name, password);
    let cookie = reply.header("set-cookie")?.split(';').next()?.to_owned();
    Some(Someone {
        header: ("cookie", cookie),
    })
}

fn token(hub: &mut Rest, name: &str, role: &str, scope: Option<&str>) -> Someone {
    let body = json!({ "name": name, "role": role, "scope": scope });
    let made = hub.post("/api/v1/api-tokens", body);
    assert_eq!(made.status, 201, "{:?}", made.body);
    let token = made.body["token"].as_str().unwrap();
    Someone {
        header: ("authorization", format!("Bearer {token}")),
    }
}

fn devices(hub: &mut Rest, count: usize) {
    for number in 0..count {
        hub.put(
            &format!("/devices/d{number}"),
            None,
            json!({ "deviceId": format!("d{number}") }),
        );
        let site = if number % 2 == 0 { "s1" } else { "s2" };
        hub.patch(
            &format!("/twins/d{number}"),
            json!({ "tags": { "site": site } }),
        );
    }
}

fn ids(body: &Value, name: &str) -> Vec<String> {
    let items = body.get("items").unwrap_or(body).as_array().unwrap();
    items
        .iter()
        .map(|item| item[name].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_person_signs_in_by_name_and_password_and_out_again() {
    let mut hub = Rest::default();
    let ada = account(&mut hub, "ada", "viewer", None);
    let session = ada.get(&mut hub, "/api/v1/session");
    assert_eq!(session.status, 200);
    assert_eq!(
        (&session.body["name"], &session.body["role"]),
        (&json!("ada"), &json!("viewer"))
    );
    assert_eq!(
        ada.ask(&mut hub, Method::Patch, "/twins/d0", json!({}))
            .status,
        403
    );

    let shown = hub.get("/api/v1/accounts/ada").body;
    assert!(!shown.to_string().contains("argon2"), "{shown}");
    assert!(shown["lastSignInAt"].is_string());

    // The cookie is of no use after signing out, though nobody has taken it away.
    assert_eq!(
        ada.ask(&mut hub, Method::Delete, "/api/v1/session", Value::Null)
            .status,
        204
    );
    assert_eq!(ada.get(&mut hub, "/api/v1/session").status, 401);
    for (name, password) in [("ada", "a wrong passphrase"), ("nobody", PASSWORD)] {
        let refused = sign_in(&mut hub, name, password);
        assert_eq!((refused.status, refused.header("set-cookie")), (401, None));
        assert!(
            refused
                .body
                .to_string()
                .contains("The name or the password is wrong.")
        );
    }
    let record = hub.get("/api/v1/audit?action=signIn").body;
    let results: Vec<&Value> = record["records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["result"])
        .collect();
    assert_eq!(
        results,
        ["IotHubUnauthorizedAccess", "IotHubUnauthorizedAccess", "ok"]
    );
    assert!(!record.to_string().contains("passphrase"));
}

#[test]
fn who_guesses_is_made_to_wait_and_nobody_else() {
    let mut hub = Rest::default();
    account(&mut hub, "ada", "viewer", None);
    for _ in 0..10 {
        assert_eq!(sign_in(&mut hub, "ada", "a wrong passphrase").status, 401);
    }
    let refused = sign_in(&mut hub, "ada", PASSWORD);
    assert_eq!(refused.status, 429, "{:?}", refused.body);
    assert!(
        refused
            .header("retry-after")
            .is_some_and(|after| after.parse::<u32>().unwrap() > 60)
    );
    // From elsewhere she gets in.
    let headers = [("x-skerry-console", "1"), ("cf-connecting-ip", "192.0.2.8")];
    let body = json!({ "name": "ada", "password": PASSWORD });
    assert_eq!(
        hub.send(Method::Post, "/api/v1/session", &headers, body)
            .status,
        200
    );
    hub.0.run(15 * 60_000 + 1_000);
    assert_eq!(sign_in(&mut hub, "ada", PASSWORD).status, 200);
}

#[test]
fn sessions_end_with_the_password_the_account_and_by_hand() {
    let mut hub = Rest::default();
    let ada = account(&mut hub, "ada", "operator", None);
    let boss = account(&mut hub, "boss", "admin", None);
    let own = ada.get(&mut hub, "/api/v1/sessions").body;
    assert_eq!(ids(&own, "name"), ["ada"]);
    let all = boss.get(&mut hub, "/api/v1/sessions").body;
    assert_eq!(all["items"].as_array().unwrap().len(), 2);
    let boss_session = boss.get(&mut hub, "/api/v1/session").body["sessionId"]
        .as_str()
        .unwrap()
        .to_owned();
    let target = format!("/api/v1/sessions/{boss_session}");
    assert_eq!(
        ada.ask(&mut hub, Method::Delete, &target, Value::Null)
            .status,
        404,
        "not hers"
    );

    let wrong = json!({ "current": "a wrong passphrase", "password": "another long passphrase" });
    assert_eq!(
        ada.post(&mut hub, "/api/v1/session/password", wrong).status,
        400
    );
    let weak = json!({ "current": PASSWORD, "password": "short" });
    assert_eq!(
        ada.post(&mut hub, "/api/v1/session/password", weak).status,
        400
    );
    let right = json!({ "current": PASSWORD, "password": "another long passphrase" });
    hub.0.run(5);
    assert_eq!(
        ada.post(&mut hub, "/api/v1/session/password", right).status,
        204
    );
    assert_eq!(ada.get(&mut hub, "/api/v1/session").status, 401);
    assert!(signed_in(&mut hub, "ada", PASSWORD).is_none());
    let ada = signed_in(&mut hub, "ada", "another long passphrase").unwrap();

    let id = ada.get(&mut hub, "/api/v1/session").body["sessionId"]
        .as_str()
        .unwrap()
        .to_owned();
    let target = format!("/api/v1/sessions/{id}");
    assert_eq!(
        boss.ask(&mut hub, Method::Delete, &target, Value::Null)
            .status,
        204
    );
    assert_eq!(ada.get(&mut hub, "/api/v1/session").status, 401);

    let ada = signed_in(&mut hub, "ada", "another long passphrase").unwrap();
    assert_eq!(hub.delete("/api/v1/accounts/ada", Some("*")).status, 204);
    assert_eq!(ada.get(&mut hub, "/api/v1/session").status, 401);
    // Somebody else with the same name does not bring it back.
    hub.0.run(5);
    account(&mut hub, "ada", "viewer", None);
    assert_eq!(ada.get(&mut hub, "/api/v1/session").status, 401);
}

#[test]
fn a_token_is_shown_once_and_good_until_it_is_deleted() {
    let mut hub = Rest::default();
    let ci = token(&mut hub, "ci", "operator", None);
    assert_eq!(ci.get(&mut hub, "/devices").status, 200);
    let listed = hub.get("/api/v1/api-tokens").body;
    assert_eq!(ids(&listed, "name"), ["ci"]);
    assert!(listed["items"][0]["lastUsedAt"].is_string(), "{listed}");
    let secret = ci.header.1.strip_prefix("Bearer ").unwrap();
    assert!(!listed.to_string().contains(secret) && !listed.to_string().contains("tokenHash"));
    let again = hub.post(
        "/api/v1/api-tokens",
        json!({ "name": "ci", "role": "viewer" }),
    );
    assert_eq!(again.status, 400, "one name, one token");
    assert_eq!(ci.get(&mut hub, "/api/v1/api-tokens").status, 403);
    let id = listed["items"][0]["id"].as_str().unwrap();
    assert_eq!(
        hub.delete(&format!("/api/v1/api-tokens/{id}"), None).status,
        204
    );
    assert_eq!(ci.get(&mut hub, "/devices").status, 401);

    let short = hub
        .post(
            "/api/v1/api-tokens",
            json!({ "name": "short", "role": "viewer", "days": 1 }),
        )
        .body;
    let short = Someone {
        header: (
            "authorization",
            format!("Bearer {}", short["token"].as_str().unwrap()),
        ),
    };
    assert_eq!(short.get(&mut hub, "/devices").status, 200);
    hub.0.run(86_400_000);
    assert_eq!(short.get(&mut hub, "/devices").status, 401);
    assert!(ids(&hub.get("/api/v1/api-tokens").body, "name").is_empty());
}

#[test]
fn a_scope_hides_every_other_device() {
    let mut hub = Rest::default();
    devices(&mut hub, 4);
    let ada = account(&mut hub, "ada", "operator", Some("tags.site = 's1'"));
    assert_eq!(ada.get(&mut hub, "/devices/d0").status, 200);
    for (method, target) in [
        (Method::Get, "/devices/d1"),
        (Method::Get, "/devices/none"),
        (Method::Get, "/twins/d1"),
        (Method::Patch, "/twins/d1"),
        (Method::Get, "/api/v1/devices/d1/connection"),
        (Method::Post, "/twins/d1/methods"),
        (Method::Put, "/devices/d9"),
        (Method::Delete, "/devices/d1/commands"),
    ] {
        let reply = ada.ask(&mut hub, method, target, json!({ "methodName": "m" }));
        assert_eq!(reply.status, 404, "{target} {:?}", reply.body);
    }
    let query = |text: &str| json!({ "query": text });
    let found = ada.post(
        &mut hub,
        "/devices/query",
        query("SELECT * FROM devices WHERE deviceId = 'd1' OR true"),
    );
    assert_eq!(ids(&found.body, "deviceId"), ["d0", "d2"]);
    let counted = ada.post(
        &mut hub,
        "/devices/query",
        query("SELECT COUNT() AS n FROM devices"),
    );
    assert_eq!(counted.body, json!([{ "n": 2 }]));
    let grouped = ada.post(
        &mut hub,
        "/devices/query",
        query("SELECT COUNT() AS n FROM devices GROUP BY tags.site"),
    );
    assert_eq!(grouped.body, json!([{ "n": 2 }]));
    for text in [
        "SELECT * FROM devices.modules",
        "SELECT * FROM devices.jobs",
    ] {
        assert_eq!(
            ada.post(&mut hub, "/devices/query", query(text)).status,
            403,
            "{text}"
        );
    }
    let browsed = ada.get(&mut hub, "/api/v1/devices?search=d").body;
    assert_eq!(ids(&browsed, "deviceId"), ["d0", "d2"]);
    assert_eq!(browsed["total"], 2);
    let page = ada.get(&mut hub, "/api/v1/devices?top=1").body;
    let cursor = page["cursor"].as_str().unwrap();
    let next = ada
        .get(&mut hub, &format!("/api/v1/devices?top=1&cursor={cursor}"))
        .body;
    assert_eq!(
        [ids(&page, "deviceId"), ids(&next, "deviceId")].concat(),
        ["d0", "d2"]
    );
    for target in [
        "/devices",
        "/api/v1/overview",
        "/api/v1/events",
        "/statistics/devices",
        "/api/v1/alerts",
        "/configurations",
    ] {
        let reply = ada.get(&mut hub, target);
        assert_eq!(reply.status, 403, "{target}");
        assert!(
            reply.body.to_string().contains("tags.site = 's1'"),
            "{:?}",
            reply.body
        );
    }

    // A job of hers reaches none but these, and she sees no other.
    let job = |condition: &str| {
        json!({
            "type": "scheduleUpdateTwin",
            "updateTwin": { "etag": "*", "tags": { "seen": true } },
            "queryCondition": condition,
            "maxExecutionTimeInSeconds": 60,
        })
    };
    assert_eq!(hub.put("/jobs/v2/all", None, job("*")).status, 200);
    for (id, condition) in [("one", "*"), ("two", "deviceId = 'd1' OR true -- all")] {
        let made = ada.ask(
            &mut hub,
            Method::Put,
            &format!("/jobs/v2/{id}"),
            job(condition),
        );
        assert_eq!(made.status, 200, "{:?}", made.body);
        hub.0.run(5_000);
        let mine = ada.get(&mut hub, &format!("/jobs/v2/{id}")).body;
        assert_eq!(mine["deviceJobStatistics"]["deviceCount"], 2, "{mine}");
    }
    for condition in ["true) OR (true", "true /*"] {
        let made = ada.ask(&mut hub, Method::Put, "/jobs/v2/three", job(condition));
        assert_eq!(made.status, 400, "{condition}: {:?}", made.body);
    }
    assert_eq!(ada.get(&mut hub, "/jobs/v2/all").status, 404);
    let mut listed = ids(&ada.get(&mut hub, "/jobs/v2/query").body, "jobId");
    listed.sort_unstable();
    assert_eq!(listed, ["one", "two"]);
    assert_eq!(
        ada.get(&mut hub, "/api/v1/jobs/one/devices").body["devices"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[test]
fn a_limited_supervisor_hands_over_to_no_device_that_is_out_of_sight() {
    let mut hub = Rest::default();
    devices(&mut hub, 3);
    let sue = account(&mut hub, "sue", "supervisor", Some("tags.site = 's1'"));
    let retire = |replacement: &str| json!({ "reason": "failure", "mode": "replace", "replacementId": replacement });
    let hidden = sue.post(&mut hub, "/api/v1/devices/d0/retire", retire("d1"));
    assert_eq!(hidden.status, 404, "{:?}", hidden.body);
    let twin = hub.get("/twins/d1").body;
    assert_eq!(twin["tags"], json!({ "site": "s2" }), "nothing was written");
    let taken = sue.post(&mut hub, "/api/v1/devices/d0/retire", retire("d2"));
    assert_eq!(taken.status, 202, "{:?}", taken.body);
}

#[test]
fn nobody_takes_the_name_of_who_has_the_link_or_the_room_of_all_others() {
    let mut hub = Rest::default();
    let body = json!({ "role": "viewer", "password": PASSWORD });
    let taken = hub.put("/api/v1/accounts/Administrator", None, body);
    assert_eq!(taken.status, 400, "{:?}", taken.body);

    account(&mut hub, "ada", "viewer", None);
    account(&mut hub, "bo", "viewer", None);
    let signed_in = (0..120)
        .map(|_| sign_in(&mut hub, "ada", PASSWORD).status)
        .filter(|status| *status == 200)
        .count();
    assert_eq!(signed_in, 99, "with the first one a hundred");
    assert_eq!(sign_in(&mut hub, "bo", PASSWORD).status, 200);
}

#[test]
fn r13_what_an_operator_asks_for_runs_after_somebody_else_approves() {
    let mut hub = Rest::default();
    devices(&mut hub, 1);
    hub.0.connected_device("d0", Habits::default());
    let ada = account(&mut hub, "ada", "operator", None);
    let eve = account(&mut hub, "eve", "viewer", None);
    let sue = account(&mut hub, "sue", "supervisor", None);
    let reboot = json!({ "methodName": "reboot", "responseTimeoutInSeconds": 5 });

    assert_eq!(
        eve.post(&mut hub, "/twins/d0/methods", reboot.clone())
            .status,
        403
    );
    let plain = ada.post(
        &mut hub,
        "/twins/d0/methods",
        json!({ "methodName": "blink" }),
    );
    assert_eq!(plain.status, 200, "{:?}", plain.body);
    let waits = ada.post(&mut hub, "/twins/d0/methods", reboot.clone());
    assert_eq!(waits.status, 202, "{:?}", waits.body);
    assert_eq!(waits.body["state"], "pending");
    let id = waits.body["approvalId"].as_str().unwrap().to_owned();
    assert_eq!(
        waits.header("location"),
        Some(format!("/api/v1/approvals/{id}").as_str())
    );
    let target = |verb: &str| format!("/api/v1/approvals/{id}/{verb}");

    // Neither by herself, nor by who may not, nor by a program.
    assert_eq!(
        ada.post(&mut hub, &target("approve"), json!({})).status,
        403
    );
    assert_eq!(
        eve.post(&mut hub, &target("approve"), json!({})).status,
        404
    );
    assert_eq!(hub.post(&target("approve"), json!({})).status, 401);
    assert!(ids(&eve.get(&mut hub, "/api/v1/approvals").body, "id").is_empty());
    assert_eq!(
        ids(&sue.get(&mut hub, "/api/v1/approvals").body, "id"),
        std::slice::from_ref(&id)
    );

    let run = sue.post(&mut hub, &target("approve"), json!({ "note": "go ahead" }));
    assert_eq!(run.status, 200, "{:?}", run.body);
    assert_eq!(run.body["outcome"]["status"], 200);
    assert_eq!(
        (&run.body["decidedBy"], &run.body["note"]),
        (&json!("person:sue"), &json!("go ahead"))
    );
    let called = hub.get("/api/v1/audit?action=invokeMethod").body;
    assert_eq!(called["records"][0]["actor"], "person:ada");
    assert_eq!(called["records"][0]["after"]["methodName"], "reboot");
    assert_eq!(
        sue.post(&mut hub, &target("approve"), json!({})).status,
        400,
        "once"
    );

    // Rejected, withdrawn, too late: nothing runs.
    for (verb, who) in [("reject", &sue), ("withdraw", &ada)] {
        let waits = ada
            .ask(&mut hub, Method::Delete, "/devices/d0", Value::Null)
            .body;
        let id = waits["approvalId"].as_str().unwrap().to_owned();
        let decided = who.post(
            &mut hub,
            &format!("/api/v1/approvals/{id}/{verb}"),
            json!({}),
        );
        assert_eq!(decided.status, 200, "{:?}", decided.body);
        let late = sue.post(
            &mut hub,
            &format!("/api/v1/approvals/{id}/approve"),
            json!({}),
        );
        assert_eq!(late.status, 400);
    }
    let waits = ada
        .ask(&mut hub, Method::Delete, "/devices/d0", Value::Null)
        .body;
    let id = waits["approvalId"].as_str().unwrap().to_owned();
    hub.0.run(24 * 3_600_000);
    let sue = signed_in(&mut hub, "sue", PASSWORD).unwrap();
    let late = sue.post(
        &mut hub,
        &format!("/api/v1/approvals/{id}/approve"),
        json!({}),
    );
    assert_eq!(late.status, 400, "{:?}", late.body);
    assert!(late.body.to_string().contains("expired"));
    assert_eq!(hub.get("/devices/d0").status, 200);
}

#[test]
fn r13_a_large_job_of_an_operator_waits_for_approval() {
    let mut hub = Rest::default();
    devices(&mut hub, 6);
    assert_eq!(
        hub.put(
            "/api/v1/access/settings",
            None,
            json!({ "approvalThreshold": 3 })
        )
        .status,
        200
    );
    let ada = token(&mut hub, "ada", "operator", None);
    let sue = account(&mut hub, "sue", "supervisor", None);
    let job = |condition: &str| {
        json!({
            "type": "scheduleUpdateTwin",
            "updateTwin": { "etag": "*", "tags": { "seen": true } },
            "queryCondition": condition,
            "maxExecutionTimeInSeconds": 60,
        })
    };
    let small = ada.ask(
        &mut hub,
        Method::Put,
        "/jobs/v2/small",
        job("tags.site = 's1'"),
    );
    assert_eq!(small.status, 200, "{:?}", small.body);
    let large = ada.ask(&mut hub, Method::Put, "/jobs/v2/large", job("*"));
    assert_eq!(large.status, 202, "{:?}", large.body);
    let id = large.body["approvalId"].as_str().unwrap().to_owned();
    assert_eq!(hub.get("/jobs/v2/large").body["status"], "unknown");
    let run = sue.post(
        &mut hub,
        &format!("/api/v1/approvals/{id}/approve"),
        json!({}),
    );
    assert_eq!(run.body["outcome"]["status"], 200, "{:?}", run.body);
    hub.0.run(10_000);
    assert_eq!(hub.get("/jobs/v2/large").body["status"], "completed");
    let created = hub.get("/api/v1/audit?action=createJob").body;
    assert_eq!(created["records"][0]["actor"], "token:ada");

    // Who has asked must still be somebody.
    let again = ada.ask(&mut hub, Method::Delete, "/devices/d0", Value::Null);
    let id = again.body["approvalId"].as_str().unwrap().to_owned();
    let token = hub.get("/api/v1/api-tokens").body["items"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    hub.delete(&format!("/api/v1/api-tokens/{token}"), None);
    let run = sue.post(
        &mut hub,
        &format!("/api/v1/approvals/{id}/approve"),
        json!({}),
    );
    assert_eq!(run.status, 400, "{:?}", run.body);
    assert_eq!(hub.get("/devices/d0").status, 200);
}

#[test]
fn policies_are_added_changed_and_get_new_keys() {
    let mut hub = Rest::default();
    let made = hub.put(
        "/api/v1/policies/reader",
        None,
        json!({ "rights": "RegistryRead" }),
    );
    assert_eq!(made.status, 200, "{:?}", made.body);
    let of = |body: &Value| {
        let items = body["items"].as_array().unwrap().clone();
        items
            .into_iter()
            .find(|policy| policy["name"] == "reader")
            .unwrap()
    };
    let before = of(&made.body);
    let regenerated = hub.post(
        "/api/v1/policies/reader/regenerate",
        json!({ "key": "secondary" }),
    );
    let after = of(&regenerated.body);
    assert_eq!(before["primaryKey"], after["primaryKey"]);
    assert_ne!(before["secondaryKey"], after["secondaryKey"]);
    let wider = hub.put(
        "/api/v1/policies/reader",
        None,
        json!({ "rights": "RegistryWrite, ServiceConnect" }),
    );
    assert_eq!(of(&wider.body)["primaryKey"], before["primaryKey"]);
    assert_eq!(hub.delete("/api/v1/policies/reader", None).status, 200);
    assert_eq!(hub.delete("/api/v1/policies/reader", None).status, 404);
    assert_eq!(hub.delete("/api/v1/policies/iothubowner", None).status, 400);
    let record = hub.get("/api/v1/audit?action=putPolicy").body;
    assert!(
        record.to_string().contains("RegistryWrite")
            && !record
                .to_string()
                .contains(after["primaryKey"].as_str().unwrap())
    );
}
