//! File uploads that are open at a shard, and the notifications of those that ended
//! (`device.md` §7, `query-routing-events.md` §4.8).

use serde_json::{Value, json};
use shared::auth::{audience, sas};
use shared::error::{ErrorCode, HubError};
use shared::hub::administration::bootstrap::ENTROPY_BYTES;
use shared::ipc::file_upload::FileUploadSettings;
use shared::ipc::hub::{HubReply, HubRequest};
use shared::ipc::registry::{
    AsDevice, DeleteDevice, DeviceOperation, EndUpload, OpenUpload, Precondition, PutDevice,
    RegistryReply, RegistryRequest, Retire, RetireMode, RetireReason,
};
use shared::time::Timestamp;
use simulation::actor::Input;
use simulation::device::HOST;
use simulation::stage::{Stage, device, identity, settings};

const KEY: &str = "AAECAwQFBgcICQoLDA0ODw==";

fn stage(notifies: bool) -> Stage {
    let mut stage = Stage::registry();
    let mut settings = settings();
    settings.version = 2;
    settings.file_upload = FileUploadSettings {
        notifications_enabled: notifies,
        notification_max_delivery_count: 2,
        ..FileUploadSettings::default()
    };
    stage.asked(RegistryRequest::ApplySettings(Box::new(settings)));
    for id in ["a", "b"] {
        create(&mut stage, id);
    }
    stage
}

fn create(stage: &mut Stage, id: &str) {
    let keys = json!({ "primaryKey": KEY, "secondaryKey": KEY });
    let entropy = stage.random.bytes(80);
    stage.asked(RegistryRequest::PutDevice(PutDevice {
        device: device(id),
        precondition: Precondition::None,
        body: json!({ "authentication": { "symmetricKey": keys } }),
        entropy,
        missing_scopes: Vec::new(),
    }));
}

fn as_device(
    stage: &mut Stage,
    id: &str,
    operation: DeviceOperation,
) -> Result<RegistryReply, HubError> {
    let resource = audience::device_resource(HOST, &identity(id));
    let token = sas::sign(KEY, &resource, stage.now.plus_seconds(60), None).unwrap();
    let entropy = stage.random.bytes(16);
    stage.ask(RegistryRequest::AsDevice(AsDevice {
        identity: identity(id),
        authorization: Some(token),
        certificate: None,
        operation,
        entropy,
    }))
}

fn begin(stage: &mut Stage, id: &str) -> Result<OpenUpload, HubError> {
    let blob = format!("{id}/log.txt");
    match as_device(stage, id, DeviceOperation::BeginUpload(blob))? {
        RegistryReply::Upload(upload) => Ok(*upload),
        other => panic!("{other:?}"),
    }
}

fn end(
    stage: &mut Stage,
    id: &str,
    correlation: &str,
    seen: Option<(String, Timestamp, u64)>,
) -> Result<RegistryReply, HubError> {
    let end = EndUpload {
        correlation: correlation.to_owned(),
        success: true,
        seen,
    };
    as_device(stage, id, DeviceOperation::EndUpload(end))
}

fn seen(stage: &Stage) -> Option<(String, Timestamp, u64)> {
    let uri = "https://hub/blobs/uploads/a/log.txt".to_owned();
    Some((uri, stage.now, 1234))
}

fn code<T: std::fmt::Debug>(result: Result<T, HubError>) -> ErrorCode {
    result.expect_err("refused").code
}

fn count(stage: &Stage, table: &str) -> i64 {
    let count = format!("SELECT count(*) FROM {table}");
    stage.actor.sql.number(&count, &[]).unwrap()
}

fn notification(stage: &mut Stage) -> Option<(String, Value)> {
    match stage.asked(RegistryRequest::ReceiveFileNotification) {
        RegistryReply::Feedback {
            lock_token: Some(token),
            mut records,
        } => {
            assert_eq!(records.len(), 1, "one at a time");
            Some((token, records.remove(0)))
        }
        _ => None,
    }
}

fn settle(stage: &mut Stage, token: &str, complete: bool) -> Result<RegistryReply, HubError> {
    stage.ask(RegistryRequest::SettleFileNotification(
        token.to_owned(),
        complete,
    ))
}

#[test]
fn ten_uploads_of_a_device_are_open_and_no_more() {
    let mut stage = stage(false);
    let first = begin(&mut stage, "a").unwrap();
    assert_eq!(
        (first.container.as_str(), first.blob.as_str()),
        ("uploads", "a/log.txt")
    );
    assert_eq!(first.expires, stage.now.plus_seconds(3600));
    for _ in 1..10 {
        let next = begin(&mut stage, "a").unwrap();
        assert_ne!(next.correlation, first.correlation);
    }
    assert_eq!(
        code(begin(&mut stage, "a")),
        ErrorCode::DeviceMaximumActiveFileUploadLimitExceeded
    );
    begin(&mut stage, "b").expect("each device has its own ten");
    // One that ends makes room, and so does time.
    end(&mut stage, "a", &first.correlation, None).unwrap();
    begin(&mut stage, "a").expect("there is room again");
    assert!(begin(&mut stage, "a").is_err());
    stage.wait(3_600_000);
    begin(&mut stage, "a").expect("the others have expired");
    stage.input(Input::Alarm);
    assert_eq!(count(&stage, "upload"), 1, "the alarm swept the others");
}

#[test]
fn an_upload_ends_once_by_its_own_device_in_its_time() {
    let mut stage = stage(false);
    let upload = begin(&mut stage, "a").unwrap();
    let wrong = ErrorCode::InvalidFileUploadCorrelationId;
    assert_eq!(code(end(&mut stage, "b", &upload.correlation, None)), wrong);
    assert_eq!(code(end(&mut stage, "a", "", None)), wrong);
    assert_eq!(code(end(&mut stage, "a", "ffffffffff-1", None)), wrong);
    end(&mut stage, "a", &upload.correlation, None).unwrap();
    assert_eq!(code(end(&mut stage, "a", &upload.correlation, None)), wrong);
    assert_eq!(count(&stage, "upload"), 0);
    assert!(
        notification(&mut stage).is_none(),
        "nobody wants to be told"
    );

    let late = begin(&mut stage, "a").unwrap();
    stage.wait(3_600_000);
    for _ in 0..2 {
        assert_eq!(
            code(end(&mut stage, "a", &late.correlation, None)),
            ErrorCode::ExpiredFileUploadCorrelationId
        );
        stage.input(Input::Alarm);
    }
}

#[test]
fn what_worked_is_told_to_back_ends_under_a_lock() {
    let mut stage = stage(true);
    let upload = begin(&mut stage, "a").unwrap();
    // The shard asks for a look at the blob first, and the upload stays open.
    match end(&mut stage, "a", &upload.correlation, None).unwrap() {
        RegistryReply::Upload(asked) => assert_eq!(*asked, upload),
        other => panic!("{other:?}"),
    }
    assert!(notification(&mut stage).is_none());
    let found = seen(&stage);
    end(&mut stage, "a", &upload.correlation, found).unwrap();
    let (token, record) = notification(&mut stage).expect("it is told");
    assert_eq!(
        record,
        json!({
            "deviceId": "a",
            "blobUri": "https://hub/blobs/uploads/a/log.txt",
            "blobName": "a/log.txt",
            "lastUpdatedTime": "2026-03-01T00:00:00+00:00",
            "blobSizeInBytes": 1234,
            "enqueuedTimeUtc": "2026-03-01T00:00:00.0000000Z",
        })
    );
    assert!(notification(&mut stage).is_none(), "locked");
    let lost = ErrorCode::DeviceMessageLockLost;
    assert_eq!(code(settle(&mut stage, "x", true)), lost);
    stage.wait(60_000);
    assert_eq!(
        code(settle(&mut stage, &token, true)),
        lost,
        "after a minute"
    );
    let (token, _) = notification(&mut stage).expect("free again");
    settle(&mut stage, &token, false).unwrap();
    let (token, _) = notification(&mut stage).expect("given back");
    settle(&mut stage, &token, false).unwrap();
    assert!(notification(&mut stage).is_none(), "abandoned too often");
    assert_eq!(count(&stage, "file_notification"), 0);
}

#[test]
fn a_notification_is_completed_or_forgotten_in_time() {
    let mut stage = stage(true);
    for _ in 0..2 {
        let upload = begin(&mut stage, "a").unwrap();
        let found = seen(&stage);
        end(&mut stage, "a", &upload.correlation, found).unwrap();
    }
    let (token, _) = notification(&mut stage).unwrap();
    settle(&mut stage, &token, true).unwrap();
    assert_eq!(count(&stage, "file_notification"), 1);
    stage.wait(3_600_000);
    assert!(notification(&mut stage).is_none());
    stage.input(Input::Alarm);
    assert_eq!(count(&stage, "file_notification"), 0);
}

#[test]
fn what_failed_is_told_to_nobody() {
    let mut stage = stage(true);
    let upload = begin(&mut stage, "a").unwrap();
    let failed = EndUpload {
        correlation: upload.correlation,
        success: false,
        seen: None,
    };
    as_device(&mut stage, "a", DeviceOperation::EndUpload(failed)).unwrap();
    assert!(notification(&mut stage).is_none());
    assert_eq!(count(&stage, "upload"), 0);
}

#[test]
fn a_deleted_or_retired_device_has_no_open_uploads() {
    let mut stage = stage(true);
    begin(&mut stage, "a").unwrap();
    begin(&mut stage, "b").unwrap();
    stage.asked(RegistryRequest::DeleteDevice(DeleteDevice {
        device: device("a"),
        precondition: Precondition::Any,
    }));
    assert_eq!(count(&stage, "upload"), 1);
    let entropy = stage.random.bytes(80);
    stage.asked(RegistryRequest::Retire(Box::new(Retire {
        device: device("b"),
        mode: RetireMode::Retire,
        replacement: None,
        reason: RetireReason::Failure,
        delete_after_seconds: 3600,
        entropy,
    })));
    assert_eq!(count(&stage, "upload"), 0);
}

#[test]
fn settings_keep_to_their_ranges() {
    let mut stage = Stage::hub();
    let entropy = stage.random.bytes(ENTROPY_BYTES);
    let ready = stage.administer(HubRequest::Bootstrap {
        host_names: vec![HOST.to_owned()],
        layout: simulation::stage::LAYOUT,
        entropy,
    });
    assert!(ready.is_ok(), "{ready:?}");
    let mut put = |change: &dyn Fn(&mut FileUploadSettings)| {
        let mut wanted = FileUploadSettings::default();
        change(&mut wanted);
        stage.administer(HubRequest::PutFileUpload(Box::new(wanted)))
    };
    type Change = Box<dyn Fn(&mut FileUploadSettings)>;
    let wrong: [Change; 7] = [
        Box::new(|wanted| wanted.container_name = "UP".to_owned()),
        Box::new(|wanted| wanted.sas_ttl_seconds = 0),
        Box::new(|wanted| wanted.sas_ttl_seconds = 172_801),
        Box::new(|wanted| wanted.notification_ttl_seconds = 59),
        Box::new(|wanted| wanted.notification_lock_seconds = 301),
        Box::new(|wanted| wanted.notification_lock_seconds = 4),
        Box::new(|wanted| wanted.notification_max_delivery_count = 0),
    ];
    for change in wrong {
        assert_eq!(code(put(&change)), ErrorCode::ArgumentInvalid);
    }
    let stored = put(&|wanted| {
        wanted.container_name = "inbox".to_owned();
        wanted.sas_ttl_seconds = 172_800;
        wanted.notification_lock_seconds = 5;
    });
    match stored.unwrap() {
        HubReply::Settings(settings) => assert_eq!(settings.file_upload.container_name, "inbox"),
        other => panic!("{other:?}"),
    }
}
