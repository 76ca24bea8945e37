//! What the hub goes by: maintenance policies, certificates, patterns, the schema of tags and what
//! breaks it, indexes, and how long things are kept.

use super::Screen;
use super::definition::{Act, Cell, Column, Field, Form, Input, Resource, Text};
use crate::components::badge::Tone;
use crate::i18n::word;
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

const DELETE: Act = Act::delete(word!(settings.delete_title), word!(settings.delete_text));

static MAINTENANCE: Resource = Resource {
    columns: &[
        Column::code(word!(settings.target), "/targetCondition"),
        Column::plain(word!(settings.priority), "/priority"),
        Column::plain(word!(settings.version), "/version"),
    ],
    form: Some(Form::new(
        word!(settings.maintenance_add),
        &[
            Field::id(word!(resources.name), "id"),
            Field::whole(MAINTENANCE_EXAMPLE, word!(settings.maintenance_hint)),
        ],
    )),
    acts: &[DELETE],
    permission: Some(Permission::HubManage),
    ..Resource::list(
        "maintenance",
        "/maintenance-policies",
        "/id",
        [
            word!(settings.maintenance),
            word!(settings.maintenance_explained),
            word!(settings.maintenance_empty),
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
        Column::yes_or_no(word!(settings.disruptive), "/disruptive"),
        Column::yes_or_no(word!(settings.built_in), "/builtIn"),
    ],
    form: Some(Form::new(
        word!(settings.patterns_add),
        &[
            Field::id(word!(resources.name), "id"),
            Field::whole("{}", word!(settings.patterns_hint)),
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
            word!(settings.patterns),
            word!(settings.patterns_explained),
            word!(settings.patterns_empty),
        ],
    )
};

static CERTIFICATES: Resource = Resource {
    columns: &[
        Column::plain(word!(settings.subject), "/properties/subject"),
        Column::yes_or_no(word!(settings.verified), "/properties/isVerified"),
        Column::time(word!(settings.expiry), "/properties/expiry"),
        Column::code(word!(settings.code), "/properties/verificationCode"),
    ],
    form: Some(Form {
        edits: false,
        ..Form::new(
            word!(settings.certificates_add),
            &[
                Field::id(word!(resources.name), "name"),
                Field::new(
                    word!(settings.certificate),
                    "properties/certificate",
                    Input::Area,
                )
                .explained(word!(settings.certificate_hint)),
            ],
        )
    }),
    acts: &[
        Act {
            is_harmless: true,
            ..Act::post(
                word!(settings.challenge),
                "/generateVerificationCode",
                [
                    word!(settings.challenge_title),
                    word!(settings.challenge_text),
                    word!(settings.challenge_done),
                ],
            )
        },
        Act {
            body: Some(("certificate", Text::Written(word!(settings.certificate)))),
            applies: |certificate, _| {
                certificate.pointer("/properties/isVerified") != Some(&Value::Bool(true))
            },
            is_harmless: true,
            ..Act::post(
                word!(settings.verify),
                "/verify",
                [
                    word!(settings.verify_title),
                    word!(settings.verify_text),
                    word!(settings.verify_done),
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
            word!(settings.certificates),
            word!(settings.certificates_explained),
            word!(settings.certificates_empty),
        ],
    )
};

static SCHEMA: Resource = Resource {
    empty: word!(settings.schema_empty),
    form: Some(Form::new(
        word!(settings.schema_add),
        &[Field::whole(SCHEMA_EXAMPLE, word!(settings.schema_hint))],
    )),
    acts: &[Act::delete(
        word!(settings.schema_delete),
        word!(settings.delete_text),
    )],
    ..Resource::settings(
        "tag-schema",
        "/schemas/tags",
        [word!(settings.schema), word!(settings.schema_explained)],
        &[Column::shown(
            word!(settings.mode),
            "/mode",
            Cell::Words(&[
                ("off", Tone::Neutral, word!(settings.mode_off)),
                ("warn", Tone::Warn, word!(settings.mode_warn)),
                ("enforce", Tone::Ok, word!(settings.mode_enforce)),
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
    columns: &[Column::plain(word!(settings.violation), "/violation")],
    ..Resource::list(
        "tag-violations",
        "/schemas/tags/violations",
        "/deviceId",
        [
            word!(settings.violations),
            word!(settings.violations_explained),
            word!(settings.violations_empty),
        ],
    )
};

static INDEXES: Resource = Resource::settings(
    "query-indexes",
    "/query/indexes",
    [word!(settings.indexes), word!(settings.indexes_explained)],
    &[Column::code(word!(settings.paths), "/paths")],
    &[Field {
        kind: Kind::Lines,
        ..Field::new(word!(settings.paths), "paths", Input::Area)
            .explained(word!(settings.paths_hint))
    }],
);

static CONSUMERS: Resource = Resource {
    form: Some(Form {
        edits: false,
        ..Form::new(
            word!(settings.consumers_add),
            &[Field::id(word!(resources.name), "name")],
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
            word!(settings.consumers),
            word!(settings.consumers_explained),
            word!(settings.consumers_explained),
        ],
    )
};

static MESSAGING: Resource = Resource::settings(
    "messaging",
    "/messaging",
    [
        word!(settings.messaging),
        word!(settings.messaging_explained),
    ],
    &[
        Column::plain(word!(settings.event_days), "/events/retentionTimeInDays"),
        Column::plain(word!(settings.ttl), "/cloudToDevice/defaultTtlSeconds"),
        Column::plain(
            word!(settings.deliveries),
            "/cloudToDevice/maxDeliveryCount",
        ),
    ],
    &[
        Field::number(word!(settings.event_days), "events/retentionTimeInDays"),
        Field::number(word!(settings.event_bytes), "events/maxBytesPerPartition"),
        Field::number(word!(settings.ttl), "cloudToDevice/defaultTtlSeconds"),
        Field::number(word!(settings.deliveries), "cloudToDevice/maxDeliveryCount"),
        Field::number(
            word!(settings.feedback_ttl),
            "cloudToDevice/feedbackTtlSeconds",
        ),
        Field::number(
            word!(settings.feedback_lock),
            "cloudToDevice/feedbackLockSeconds",
        ),
    ],
);

static UPLOADS: Resource = Resource::settings(
    "file-upload",
    "/file-upload",
    [word!(settings.uploads), word!(settings.uploads_explained)],
    &[
        Column::code(word!(settings.container), "/containerName"),
        Column::plain(word!(settings.url_ttl), "/sasTtlSeconds"),
        Column::yes_or_no(word!(settings.notifies), "/notificationsEnabled"),
    ],
    &[
        Field::new(word!(settings.container), "containerName", Input::Code),
        Field::number(word!(settings.url_ttl), "sasTtlSeconds"),
        Field::switch(word!(settings.notifies), "notificationsEnabled", "false"),
        Field::number(word!(settings.notification_ttl), "notificationTtlSeconds"),
        Field::number(word!(settings.notification_lock), "notificationLockSeconds"),
        Field::number(word!(settings.deliveries), "notificationMaxDeliveryCount"),
    ],
);

static HISTORY: Resource = Resource::settings(
    "twin-history",
    "/twin-history",
    [word!(settings.history), word!(settings.history_explained)],
    &[
        Column::plain(word!(settings.history_seconds), "/seconds"),
        Column::plain(word!(settings.history_changes), "/changes"),
    ],
    &[
        Field::number(word!(settings.history_seconds), "seconds"),
        Field::number(word!(settings.history_changes), "changes"),
    ],
);
