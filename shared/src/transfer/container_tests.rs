use super::*;
use crate::http::fake::{FakeHub, block_on};
use crate::http::outbound::Answer as Sent;

const URL: &str = "http://store.example:9000/account/fleet/?sv=1&sig=secret%3D";

fn answer(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Sent {
    let headers = headers.iter();
    Sent {
        status,
        headers: headers
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        body: body.to_vec(),
    }
}

fn hub(answers: Vec<Sent>) -> FakeHub {
    let hub = FakeHub::new();
    // The last one is taken first.
    *hub.fetch_answers.borrow_mut() = answers.into_iter().rev().collect();
    hub
}

#[test]
fn the_verbs_are_those_of_blob_storage() {
    let hub = hub(vec![
        answer(201, &[], b""),
        answer(201, &[], b""),
        answer(201, &[], b""),
        answer(200, &[("etag", "\"v1\""), ("content-length", "7")], b""),
        answer(206, &[], b"abc"),
        answer(202, &[], b""),
    ]);
    let container = Container::new(&hub, URL).unwrap();
    block_on(async {
        container.put("a b.txt", b"x".to_vec()).await.unwrap();
        container
            .put_block("out/f", 7, b"y".to_vec())
            .await
            .unwrap();
        container.put_block_list("out/f", 2).await.unwrap();
        let found = container.properties("f").await.unwrap();
        assert_eq!((found.size, found.etag.as_str()), (7, "\"v1\""));
        assert_eq!(container.read("f", "\"v1\"", 3, 3).await.unwrap(), b"abc");
        container.delete("f").await.unwrap();
    });
    let sent = hub.fetched.borrow();
    let shown: Vec<String> = sent
        .iter()
        .map(|(origin, request)| {
            assert_eq!(origin, "http://store.example:9000");
            assert!(request.header("x-ms-version").is_some());
            format!(
                "{} {}?{}",
                request.method.as_str(),
                request.path,
                request.query
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            "PUT /account/fleet/a%20b.txt?sv=1&sig=secret%3D",
            "PUT /account/fleet/out/f?comp=block&blockid=YmxvY2stMDAwMDAwMDc%3D&sv=1&sig=secret%3D",
            "PUT /account/fleet/out/f?comp=blocklist&sv=1&sig=secret%3D",
            "HEAD /account/fleet/f?sv=1&sig=secret%3D",
            "GET /account/fleet/f?sv=1&sig=secret%3D",
            "DELETE /account/fleet/f?sv=1&sig=secret%3D",
        ]
    );
    assert_eq!(sent[0].1.header("x-ms-blob-type"), Some("BlockBlob"));
    let list = String::from_utf8(sent[2].1.body.clone()).unwrap();
    assert!(
        list.contains("<Latest>YmxvY2stMDAwMDAwMDA=</Latest><Latest>YmxvY2stMDAwMDAwMDE=</Latest>")
    );
    assert_eq!(sent[4].1.header("x-ms-range"), Some("bytes=3-5"));
    assert_eq!(sent[4].1.header("if-match"), Some("\"v1\""));
}

#[test]
fn what_fails_says_whether_it_may_pass_and_never_the_url() {
    for (status, may_pass) in [
        (403, false),
        (404, false),
        (412, false),
        (302, false),
        (429, true),
        (503, true),
    ] {
        let hub = hub(vec![answer(status, &[], b"<Error>secret</Error>")]);
        let container = Container::new(&hub, URL).unwrap();
        let error = block_on(container.delete("f")).unwrap_err();
        assert_eq!(
            (error.clone(), error.may_pass()),
            (ContainerError::Status(status), may_pass)
        );
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    // Nobody answers: asked twice, as a kept connection may have been closed.
    let hub = hub(Vec::new());
    let container = Container::new(&hub, URL).unwrap();
    let error = block_on(container.delete("f")).unwrap_err();
    assert!(matches!(error, ContainerError::Unreachable(_)) && error.may_pass());
    assert_eq!(hub.fetched.borrow().len(), 2);
}

#[test]
fn places_that_make_no_sense_or_are_private_are_refused() {
    let hub = FakeHub::new();
    for url in [
        "",
        "https://a.example",
        "https://a.example?x",
        "ftp://a.example/x",
        "https://a.example/x y",
        "https://a.example/x#y",
    ] {
        assert!(Container::new(&hub, url).is_err(), "{url}");
    }
    for url in [
        "https://10.0.0.1/x",
        "http://store.example:9001/x",
        "https://localhost.localdomain.internal/x",
    ] {
        let container = Container::new(&hub, url).unwrap();
        let error = block_on(container.delete("f")).unwrap_err();
        assert!(
            matches!(error, ContainerError::Forbidden(_)) && !error.may_pass(),
            "{url}"
        );
    }
    assert!(hub.fetched.borrow().is_empty(), "nothing was sent");
}
