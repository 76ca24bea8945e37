//! The blob store as a part of the whole hub, under its own clock.

use serde_json::json;
use shared::http::Method;
use simulation::{Faults, Simulation};

#[test]
fn a_url_that_the_hub_made_opens_its_store_until_it_ends() {
    let mut simulation = Simulation::new(1, Faults::none());
    let operator = simulation.operator();
    let (url, written) = simulation.finish(async move {
        let asked =
            json!({"container": "exports", "blob": "devices.txt", "rights": "rw", "minutes": 5});
        let reply = operator
            .json(Method::Post, "/api/v1/blobs/sas", &asked)
            .await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        let url = reply.body["url"].as_str().unwrap().to_owned();
        let content = b"{\"id\":\"pump-7\"}\n".to_vec();
        let (status, _) = operator.blob(Method::Put, &url, content.clone()).await;
        assert_eq!(status, 201);
        assert_eq!(
            operator.blob(Method::Get, &url, Vec::new()).await,
            (200, content.clone())
        );
        let (status, text) = operator.blob(Method::Delete, &url, Vec::new()).await;
        assert_eq!(status, 403);
        let text = String::from_utf8(text).unwrap();
        assert!(text.contains("AuthorizationPermissionMismatch"), "{text}");
        (url, content)
    });
    simulation.run(5 * 60_000);
    let operator = simulation.operator();
    let late = simulation.finish(async move { operator.blob(Method::Get, &url, Vec::new()).await });
    assert_eq!(late.0, 403);
    assert_ne!(late.1, written);
}
