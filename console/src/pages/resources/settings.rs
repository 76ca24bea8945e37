//! What the hub goes by: maintenance policies, certificates, patterns, the schema of tags and what
//! breaks it, indexes, and how long things are kept.

use super::Screen;
use super::definition::{Act, Cell, Column, Field, Form, Input, Resource, Text};
use crate::components::badge::Tone;
use crate::logic::form_values::Kind;
use crate::session::Permission;
use serde_json::Value;

pub(super) static SCREEN: Screen = Screen {
    name: "settings",
    kinds: &[
        &MAINTENANCE,
        &PATTERNS,
        &CERTIFICATES,
        &SCHEMA,
        &VIOLATIONS,
        &INDEXES,
        &CONSUMERS,
        &MESSAGING,
        &UPLOADS,
        &HISTORY,
    ],
};

const DELETE: Act = Act::delete(|t| t.settings.delete_title, |t| t.settings.delete_text);

static MAINTENANCE: Resource = Resource {
    columns: &[
        Column::code(|t| t.settings.target, "/targetCondition"),
        Column::plain(|t| t.settings.priority, "/priority"),
        Column::plain(|t| t.settings.version, "/version"),
    ],
    form: Some(Form::new(
        |t| t.settings.maintenance_add,
        &[
            Field::id(|t| t.resources.name, "id"),
            Field::whole(MAINTENANCE_EXAMPLE, |t| t.settings.maintenance_hint),
        ],
    )),
    acts: &[DELETE],
    permission: Some(Permission::HubManage),
    ..Resource::list(
        "maintenance",
        "/maintenance-policies",
        "/id",
        [
            |t| t.settings.maintenance,
            |t| t.settings.maintenance_explained,
            |t| t.settings.maintenance_empty,
        ],
    )
};

const MAINTENANCE_EXAMPLE: &str = r#"{
  "priority": 10,
  "targetCondition": "tags.site = 's1'",
  "appliesTo": ["method:reboot"],
  "windows": [
    { "days": ["sun"], "start": "02:00", "durationMinutes": 180, "timezone": "Europe/Oslo" }
  ],
  "blackouts": []
}"#;

static PATTERNS: Resource = Resource {
    columns: &[
        Column::yes_or_no(|t| t.settings.disruptive, "/disruptive"),
        Column::yes_or_no(|t| t.settings.built_in, "/builtIn"),
    ],
    form: Some(Form::new(
        |t| t.settings.patterns_add,
        &[
            Field::id(|t| t.resources.name, "id"),
            Field::whole("{}", |t| t.settings.patterns_hint),
        ],
    )),
    acts: &[Act {
        applies: |pattern, _| pattern.get("builtIn") != Some(&Value::Bool(true)),
        ..DELETE
    }],
    permission: Some(Permission::ConfigurationsWrite),
    ..Resource::list(
        "patterns",
        "/patterns",
        "/id",
        [
            |t| t.settings.patterns,
            |t| t.settings.patterns_explained,
            |t| t.settings.patterns_empty,
        ],
    )
};

static CERTIFICATES: Resource = Resource {
    columns: &[
        Column::plain(|t| t.settings.subject, "/properties/subject"),
        Column::yes_or_no(|t| t.settings.verified, "/properties/isVerified"),
        Column::time(|t| t.settings.expiry, "/properties/expiry"),
        Column::code(|t| t.settings.code, "/properties/verificationCode"),
    ],
    form: Some(Form {
        edits: false,
        ..Form::new(
            |t| t.settings.certificates_add,
            &[
                Field::id(|t| t.resources.name, "name"),
                Field::new(
                    |t| t.settings.certificate,
                    "properties/certificate",
                    Input::Area,
                )
                .explained(|t| t.settings.certificate_hint),
            ],
        )
    }),
    acts: &[
        Act {
            is_harmless: true,
            ..Act::post(
                |t| t.settings.challenge,
                "/generateVerificationCode",
                [
                    |t| t.settings.challenge_title,
                    |t| t.settings.challenge_text,
                    |t| t.settings.challenge_done,
                ],
            )
        },
        Act {
            body: Some(("certificate", Text::Written(|t| t.settings.certificate))),
            applies: |certificate, _| {
                certificate.pointer("/properties/isVerified") != Some(&Value::Bool(true))
            },
            is_harmless: true,
            ..Act::post(
                |t| t.settings.verify,
                "/verify",
                [
                    |t| t.settings.verify_title,
                    |t| t.settings.verify_text,
                    |t| t.settings.verify_done,
                ],
            )
        },
        DELETE,
    ],
    permission: Some(Permission::HubManage),
    ..Resource::list(
        "certificates",
        "/certificates",
        "/name",
        [
            |t| t.settings.certificates,
            |t| t.settings.certificates_explained,
            |t| t.settings.certificates_empty,
        ],
    )
};

static SCHEMA: Resource = Resource {
    empty: |t| t.settings.schema_empty,
    form: Some(Form::new(
        |t| t.settings.schema_add,
        &[Field::whole(SCHEMA_EXAMPLE, |t| t.settings.schema_hint)],
    )),
    acts: &[Act::delete(
        |t| t.settings.schema_delete,
        |t| t.settings.delete_text,
    )],
    ..Resource::settings(
        "tag-schema",
        "/schemas/tags",
        [|t| t.settings.schema, |t| t.settings.schema_explained],
        &[Column::shown(
            |t| t.settings.mode,
            "/mode",
            Cell::Words(&[
                ("off", Tone::Neutral, |t| t.settings.mode_off),
                ("warn", Tone::Warn, |t| t.settings.mode_warn),
                ("enforce", Tone::Ok, |t| t.settings.mode_enforce),
            ]),
        )],
        &[],
    )
};

const SCHEMA_EXAMPLE: &str = r#"{
  "mode": "warn",
  "schema": {
    "type": "object",
    "required": ["site"],
    "properties": { "site": { "type": "string", "enum": ["s1", "s2"] } }
  }
}"#;

static VIOLATIONS: Resource = Resource {
    columns: &[Column::plain(|t| t.settings.violation, "/violation")],
    ..Resource::list(
        "tag-violations",
        "/schemas/tags/violations",
        "/deviceId",
        [
            |t| t.settings.violations,
            |t| t.settings.violations_explained,
            |t| t.settings.violations_empty,
        ],
    )
};

static INDEXES: Resource = Resource::settings(
    "query-indexes",
    "/query/indexes",
    [|t| t.settings.indexes, |t| t.settings.indexes_explained],
    &[Column::code(|t| t.settings.paths, "/paths")],
    &[Field {
        kind: Kind::Lines,
        ..Field::new(|t| t.settings.paths, "paths", Input::Area)
            .explained(|t| t.settings.paths_hint)
    }],
);

static CONSUMERS: Resource = Resource {
    form: Some(Form {
        edits: false,
        ..Form::new(
            |t| t.settings.consumers_add,
            &[Field::id(|t| t.resources.name, "name")],
        )
    }),
    acts: &[Act {
        applies: |group, _| group.get("name").and_then(Value::as_str) != Some("$Default"),
        ..DELETE
    }],
    permission: Some(Permission::ConfigurationsWrite),
    ..Resource::list(
        "consumer-groups",
        "/consumer-groups",
        "/name",
        [
            |t| t.settings.consumers,
            |t| t.settings.consumers_explained,
            |t| t.settings.consumers_explained,
        ],
    )
};

static MESSAGING: Resource = Resource::settings(
    "messaging",
    "/messaging",
    [|t| t.settings.messaging, |t| t.settings.messaging_explained],
    &[
        Column::plain(|t| t.settings.event_days, "/events/retentionTimeInDays"),
        Column::plain(|t| t.settings.ttl, "/cloudToDevice/defaultTtlSeconds"),
        Column::plain(|t| t.settings.deliveries, "/cloudToDevice/maxDeliveryCount"),
    ],
    &[
        Field::number(|t| t.settings.event_days, "events/retentionTimeInDays"),
        Field::number(|t| t.settings.event_bytes, "events/maxBytesPerPartition"),
        Field::number(|t| t.settings.ttl, "cloudToDevice/defaultTtlSeconds"),
        Field::number(|t| t.settings.deliveries, "cloudToDevice/maxDeliveryCount"),
        Field::number(
            |t| t.settings.feedback_ttl,
            "cloudToDevice/feedbackTtlSeconds",
        ),
        Field::number(
            |t| t.settings.feedback_lock,
            "cloudToDevice/feedbackLockSeconds",
        ),
    ],
);

static UPLOADS: Resource = Resource::settings(
    "file-upload",
    "/file-upload",
    [|t| t.settings.uploads, |t| t.settings.uploads_explained],
    &[
        Column::code(|t| t.settings.container, "/containerName"),
        Column::plain(|t| t.settings.url_ttl, "/sasTtlSeconds"),
        Column::yes_or_no(|t| t.settings.notifies, "/notificationsEnabled"),
    ],
    &[
        Field::new(|t| t.settings.container, "containerName", Input::Code),
        Field::number(|t| t.settings.url_ttl, "sasTtlSeconds"),
        Field::switch(|t| t.settings.notifies, "notificationsEnabled", "false"),
        Field::number(|t| t.settings.notification_ttl, "notificationTtlSeconds"),
        Field::number(|t| t.settings.notification_lock, "notificationLockSeconds"),
        Field::number(|t| t.settings.deliveries, "notificationMaxDeliveryCount"),
    ],
);

static HISTORY: Resource = Resource::settings(
    "twin-history",
    "/twin-history",
    [|t| t.settings.history, |t| t.settings.history_explained],
    &[
        Column::plain(|t| t.settings.history_seconds, "/seconds"),
        Column::plain(|t| t.settings.history_changes, "/changes"),
    ],
    &[
        Field::number(|t| t.settings.history_seconds, "seconds"),
        Field::number(|t| t.settings.history_changes, "changes"),
    ],
);
