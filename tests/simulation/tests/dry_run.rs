//! What an import would do, and that it does not do it (`POST /api/v1/import/dry-run`).

use serde_json::{Value, json};
use shared::http::{Backend, Body, Method, Request, handle};
use shared::ipc::registry::{RegistryReply, RegistryRequest};
use simulation::{Faults, Simulation};

/// Sends a file; the lines of the answer.
fn dry_run(simulation: &mut Simulation, content_type: &str, file: &str) -> (u16, Vec<Value>) {
    dry_run_in_pieces(simulation, content_type, file, 16 * 1024)
}

fn dry_run_in_pieces(
    simulation: &mut Simulation,
    content_type: &str,
    file: &str,
    bytes: usize,
) -> (u16, Vec<Value>) {
    let hub = simulation.hub();
    let operator = simulation.operator();
    // The operator signs requests; a dry run answers with lines, so it is sent by hand.
    let token = simulation.finish(async move { operator.token() });
    let request = Request {
        method: Method::Post,
        path: "/api/v1/import/dry-run".to_owned(),
        query: String::new(),
        headers: vec![
            ("authorization".to_owned(), token),
            ("content-type".to_owned(), content_type.to_owned()),
        ],
        body: Vec::new(),
        secure: true,
    };
    hub.send_body(file.as_bytes().chunks(bytes).map(<[u8]>::to_vec));
    let response = simulation.finish(async move { handle(&hub, request).await });
    let Body::Bytes(bytes) = response.body else {
        panic!("no body")
    };
    let text = String::from_utf8(bytes).unwrap();
    let lines = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    (response.status, lines)
}

fn outcomes(lines: &[Value]) -> Vec<(u64, &str)> {
    lines
        .iter()
        .filter(|line| line.get("counts").is_none())
        .map(|line| {
            (
                line["line"].as_u64().unwrap(),
                line["outcome"].as_str().unwrap(),
            )
        })
        .collect()
}

/// Everything that storage holds of the registry.
fn stored(simulation: &mut Simulation) -> Vec<Value> {
    let hub = simulation.hub();
    simulation.finish(async move {
        let mut all = Vec::new();
        for shard in 0..hub.layout().shards {
            let list = shared::ipc::registry::ListDevices { top: 1000 };
            match hub
                .registry(shard, RegistryRequest::ListDevices(list))
                .await
            {
                Ok(RegistryReply::Devices(devices)) => all.extend(devices),
                other => panic!("{other:?}"),
            }
        }
        all
    })
}

#[test]
fn each_line_says_what_would_happen_and_nothing_does() {
    let mut simulation = Simulation::new(1, Faults::none());
    let operator = simulation.operator();
    simulation.finish(async move {
        for id in ["old", "edge", "gone"] {
            operator.create_device(id).await;
        }
    });
    let before = stored(&mut simulation);
    let file = [
        "Keys were left out of this file.",
        r#"{"id":"new","status":"enabled","tags":{"site":"a"}}"#,
        r#"{"id":"new","moduleId":"m"}"#,
        r#"{"id":"old","status":"disabled"}"#,
        r#"{"id":"edge","status":"enabled","importMode":"create"}"#,
        r#"{"id":"gone","importMode":"delete"}"#,
        r#"{"id":"nobody","status":"enabled","importMode":"update"}"#,
        r#"{"id":"old","moduleId":"x","importMode":"updateTwin"}"#,
        r#"{"id":"old","importMode":"delete"}"#,
        r#"{"id":"bad","authentication":{"symmetricKey":{"primaryKey":"x"}}}"#,
        r#"{"id":"worse","#,
        r#"{"id":"stale","importMode":"updateIfMatchETag","eTag":"MA=="}"#,
    ]
    .join("\n");
    let (status, lines) = dry_run(&mut simulation, "application/x-ndjson", &file);
    assert_eq!(status, 200);
    assert_eq!(
        outcomes(&lines),
        [
            (1, "skip"),
            (2, "create"),
            (3, "create"),
            (4, "update"),
            (5, "conflict"),
            (6, "delete"),
            (7, "error"),
            (8, "error"),
            (9, "error"),
            (10, "error"),
            (11, "error"),
            (12, "error"),
        ]
    );
    assert!(lines[8]["errorStatus"].as_str().unwrap().contains("line 4"));
    assert_eq!(lines[10]["errorCode"], 400_012);
    assert!(lines[10]["column"].is_number());
    let counts = &lines.last().unwrap()["counts"];
    assert_eq!(
        *counts,
        json!({ "conflict": 1, "create": 2, "delete": 1, "error": 6, "skip": 1, "update": 1 })
    );
    assert_eq!(stored(&mut simulation), before);
    simulation.run(10_000);
    let operator = simulation.operator();
    let records = simulation.finish(async move { operator.get("/api/v1/audit").await.body });
    assert_eq!(
        records["records"].as_array().unwrap().len(),
        3,
        "a dry run is no change"
    );
}

#[test]
fn a_table_is_understood_too() {
    let mut simulation = Simulation::new(1, Faults::none());
    let table = "id,importMode,status,tags.site,desired.rate\n\
                 a,,enabled,north,5\n\
                 b,create,disabled,south,\n\
                 a,delete,,,\n\
                 ,create,enabled,,\n";
    let (status, lines) = dry_run(&mut simulation, "text/csv; charset=utf-8", table);
    assert_eq!(status, 200);
    assert_eq!(
        outcomes(&lines),
        [(2, "create"), (3, "create"), (4, "error"), (5, "error")]
    );
    assert_eq!(lines[3]["column"], 1);
    let (status, _) = dry_run(&mut simulation, "text/csv", "name\nx\n");
    assert_eq!(status, 400, "no id");
    assert_eq!(stored(&mut simulation), Vec::<Value>::new());
}

/// Devices that are told of a change in a dry run would be told a lie.
#[test]
fn nobody_hears_of_a_dry_run() {
    let mut simulation = Simulation::new(1, Faults::none());
    let habits = simulation::device::Habits::default();
    let device = simulation.connected_device("a", habits);
    let operator = simulation.operator();
    simulation.finish(async move {
        let route = json!({ "source": "TwinChangeEvents" });
        operator.json(Method::Put, "/api/v1/routes/r", &route).await
    });
    let file = r#"{"id":"a","importMode":"updateTwin","properties":{"desired":{"x":1}}}"#;
    let (_, lines) = dry_run(&mut simulation, "application/x-ndjson", file);
    assert_eq!(outcomes(&lines), [(1, "update")]);
    let gone = r#"{"id":"a","importMode":"delete"}"#;
    let (_, lines) = dry_run(&mut simulation, "application/x-ndjson", gone);
    assert_eq!(outcomes(&lines), [(1, "delete")]);
    simulation.run(20_000);
    assert!(simulation.world().devices[device].is_ready(), "still there");
    assert_ne!(simulation.world().devices[device].diary.desired, Some(2));
    let operator = simulation.operator();
    let events = simulation.finish(async move { operator.all_events().await });
    assert!(
        events
            .iter()
            .all(|event| event["source"] != "twinChangeEvents"
                || event["body"]["properties"].get("desired").is_none()),
        "{events:?}"
    );
}

/// A shard is asked in parts; a device and its modules are judged together all the same.
#[test]
fn a_large_file_is_judged_as_a_whole() {
    let mut simulation = Simulation::new(1, Faults::none());
    let operator = simulation.operator();
    simulation.finish(async move { operator.create_device("old").await });
    let mut lines: Vec<String> = (0..3_000)
        .map(|number| format!(r#"{{"id":"d{number}","status":"enabled"}}"#))
        .collect();
    // Far behind their devices, and so that they would fall into other parts.
    lines.extend(
        (0..3_000)
            .rev()
            .map(|number| format!(r#"{{"id":"d{number}","moduleId":"m"}}"#)),
    );
    lines.push(r#"{"id":"nobody","moduleId":"m"}"#.to_owned());
    lines.push(r#"{"id":"old","importMode":"delete"}"#.to_owned());
    lines.push(r#"{"id":"old","moduleId":"m"}"#.to_owned());
    let before = stored(&mut simulation);
    let (status, lines) = dry_run(&mut simulation, "application/x-ndjson", &lines.join("\n"));
    assert_eq!(status, 200);
    let counts = &lines.last().unwrap()["counts"];
    assert_eq!(*counts, json!({ "create": 6_000, "delete": 1, "error": 2 }));
    assert_eq!(lines[6_000]["errorCode"], 404_001);
    assert_eq!(
        lines[6_002]["errorCode"], 404_001,
        "deleted two lines before"
    );
    assert_eq!(stored(&mut simulation), before);
}

#[test]
fn tags_and_parents_are_judged_too() {
    let mut simulation = Simulation::new(1, Faults::none());
    let operator = simulation.operator();
    simulation.finish(async move {
        let schema =
            json!({ "mode": "enforce", "schema": { "properties": { "floor": { "maximum": 3 } } } });
        operator
            .json(Method::Put, "/api/v1/schemas/tags", &schema)
            .await
    });
    let file = [
        r#"{"id":"a","status":"enabled","tags":{"floor":4}}"#,
        r#"{"id":"b","status":"enabled","tags":{"floor":3}}"#,
        r#"{"id":"c","status":"enabled","deviceScope":"ms-azure-iot-edge://nobody-1"}"#,
    ]
    .join("\n");
    let (_, lines) = dry_run(&mut simulation, "application/x-ndjson", &file);
    assert_eq!(
        outcomes(&lines),
        [(1, "error"), (2, "create"), (3, "error")]
    );
    assert!(
        lines[0]["errorStatus"]
            .as_str()
            .unwrap()
            .contains("tags.floor")
    );
    assert_eq!(lines[2]["errorCode"], 400_028);
}

#[test]
fn pieces_may_end_anywhere() {
    let mut simulation = Simulation::new(1, Faults::none());
    let lines = "Keys were left out.\r\n{\"id\":\"köln\"}\n\n{\"id\":\"a\",\"status\":\"enabled\"}\n{\"id\":";
    let table = "id,status,tags.name\r\n\r\n\"a\",enabled,\"two\nlines, \"\"quoted\"\"\"\nb,,\n\nc,enabled,köln";
    for (content_type, file, expected) in [
        (
            "application/x-ndjson",
            lines,
            vec![
                (1, "skip"),
                (2, "error"),
                (3, "skip"),
                (4, "create"),
                (5, "error"),
            ],
        ),
        (
            "text/csv",
            table,
            vec![(3, "create"), (5, "error"), (7, "create")],
        ),
    ] {
        let whole = dry_run_in_pieces(&mut simulation, content_type, file, usize::MAX);
        assert_eq!(outcomes(&whole.1), expected);
        for bytes in [1, 2, 3, 7] {
            let pieces = dry_run_in_pieces(&mut simulation, content_type, file, bytes);
            assert_eq!(pieces, whole, "{bytes} bytes");
        }
    }
}

/// Lines that are looked at together are far fewer than these, so that a line before them and
/// one behind them never are.
fn many_other_devices() -> Vec<String> {
    let lines = 501 * usize::from(Simulation::new(1, Faults::none()).hub().layout().shards);
    (0..lines)
        .map(|number| format!(r#"{{"id":"other-{number}","status":"enabled"}}"#))
        .collect()
}

#[test]
fn what_early_lines_do_counts_for_late_ones() {
    let mut simulation = Simulation::new(1, Faults::none());
    let operator = simulation.operator();
    simulation.finish(async move {
        for id in ["old", "gone", "becomes-edge"] {
            operator.create_device(id).await;
        }
    });
    let before = stored(&mut simulation);
    let mut file: Vec<String> = [
        r#"{"id":"new","status":"enabled"}"#,
        r#"{"id":"gone","importMode":"delete"}"#,
        r#"{"id":"becomes-edge","status":"enabled","capabilities":{"iotEdge":true}}"#,
        r#"{"id":"new","moduleId":"first"}"#,
        r#"{"id":"refused","status":"enabled","importMode":"update"}"#,
    ]
    .map(str::to_owned)
    .to_vec();
    let others = many_other_devices();
    file.extend(others.iter().cloned());
    let late = file.len() as u64;
    file.extend(
        [
            r#"{"id":"new","moduleId":"second"}"#,
            r#"{"id":"gone","moduleId":"m"}"#,
            r#"{"id":"becomes-edge","moduleId":"$edgeAgent","importMode":"updateTwin"}"#,
            r#"{"id":"old","moduleId":"$edgeAgent","importMode":"updateTwin"}"#,
            r#"{"id":"new","moduleId":"first","importMode":"delete"}"#,
            r#"{"id":"refused","moduleId":"m"}"#,
            r#"{"id":"other-7","status":"enabled"}"#,
        ]
        .map(str::to_owned),
    );
    let (status, lines) = dry_run(&mut simulation, "application/x-ndjson", &file.join("\n"));
    assert_eq!(status, 200);
    let outcomes = outcomes(&lines);
    let words: Vec<&str> = outcomes.iter().map(|(_, outcome)| *outcome).collect();
    assert_eq!(
        words[..5],
        ["create", "delete", "update", "create", "error"]
    );
    assert!(
        words[5..5 + others.len()]
            .iter()
            .all(|word| *word == "create")
    );
    assert_eq!(
        words[5 + others.len()..],
        [
            "create", "error", "update", "error", "error", "error", "error"
        ]
    );
    let twice = |line: &Value| line["errorStatus"].as_str().unwrap().to_owned();
    let last = &lines[usize::try_from(late).unwrap()..];
    assert!(twice(&last[4]).contains("line 4"), "{last:?}");
    assert!(twice(&last[6]).contains("line 13"), "{last:?}");
    assert_eq!(stored(&mut simulation), before);
}
