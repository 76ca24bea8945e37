//! What the hub goes by: maintenance policies, certificates, patterns, the schema of tags and what
//! breaks it, indexes, and how long things are kept.

use super::Screen;
use super::definition::{Act, Cell, Column, Field, Form, Input, Resource, Text, always};
use crate::components::badge::Tone;
use crate::i18n::Read;
use crate::logic::form_values::Kind;
use crate::session::Permission;
use gloo_net::http::Method;
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

const YES: Cell = Cell::Words(&[
    ("true", Tone::Ok, |t| t.resources.yes),
    ("false", Tone::Neutral, |t| t.resources.no),
]);

const ID: Field = Field {
    name: |t| t.resources.name,
    hint: None,
    place: "id",
    kind: Kind::Text,
    input: Input::Code,
    first: "",
    only_new: true,
};

const fn whole(first: &'static str, hint: Read) -> Field {
    Field {
        name: |t| t.resources.document,
        hint: Some(hint),
        place: "",
        kind: Kind::Whole,
        input: Input::Json,
        first,
        only_new: false,
    }
}

const fn number(name: Read, place: &'static str) -> Field {
    Field {
        name,
        hint: None,
        place,
        kind: Kind::Number,
        input: Input::Line,
        first: "",
        only_new: false,
    }
}

const fn plain(name: Read, place: &'static str) -> Column {
    Column {
        name,
        place,
        cell: Cell::Plain,
    }
}

const DELETE: Act = Act {
    name: |t| t.resources.delete,
    title: |t| t.settings.delete_title,
    text: |t| t.settings.delete_text,
    done: |t| t.resources.deleted,
    method: || Method::DELETE,
    suffix: "",
    body: None,
    applies: always,
    is_harmless: false,
};

static MAINTENANCE: Resource = Resource {
    name: "maintenance",
    path: "/maintenance-policies",
    is_single: false,
    title: |t| t.settings.maintenance,
    explained: |t| t.settings.maintenance_explained,
    empty: |t| t.settings.maintenance_empty,
    id: "/id",
    label: "/id",
    newest: "",
    columns: &[
        Column {
            name: |t| t.settings.target,
            place: "/targetCondition",
            cell: Cell::Code,
        },
        plain(|t| t.settings.priority, "/priority"),
        plain(|t| t.settings.version, "/version"),
    ],
    form: Some(Form {
        add: Some(|t| t.settings.maintenance_add),
        edits: true,
        posts: false,
        fields: &[
            ID,
            whole(MAINTENANCE_EXAMPLE, |t| t.settings.maintenance_hint),
        ],
        reveals: None,
    }),
    acts: &[DELETE],
    permission: Some(Permission::HubManage),
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
    name: "patterns",
    path: "/patterns",
    is_single: false,
    title: |t| t.settings.patterns,
    explained: |t| t.settings.patterns_explained,
    empty: |t| t.settings.patterns_empty,
    id: "/id",
    label: "/id",
    newest: "",
    columns: &[
        Column {
            name: |t| t.settings.disruptive,
            place: "/disruptive",
            cell: YES,
        },
        Column {
            name: |t| t.settings.built_in,
            place: "/builtIn",
            cell: YES,
        },
    ],
    form: Some(Form {
        add: Some(|t| t.settings.patterns_add),
        edits: true,
        posts: false,
        fields: &[ID, whole("{}", |t| t.settings.patterns_hint)],
        reveals: None,
    }),
    acts: &[Act {
        applies: |pattern, _| pattern.get("builtIn") != Some(&Value::Bool(true)),
        ..DELETE
    }],
    permission: Some(Permission::ConfigurationsWrite),
};

static CERTIFICATES: Resource = Resource {
    name: "certificates",
    path: "/certificates",
    is_single: false,
    title: |t| t.settings.certificates,
    explained: |t| t.settings.certificates_explained,
    empty: |t| t.settings.certificates_empty,
    id: "/name",
    label: "/name",
    newest: "",
    columns: &[
        plain(|t| t.settings.subject, "/properties/subject"),
        Column {
            name: |t| t.settings.verified,
            place: "/properties/isVerified",
            cell: YES,
        },
        Column {
            name: |t| t.settings.expiry,
            place: "/properties/expiry",
            cell: Cell::Time,
        },
        Column {
            name: |t| t.settings.code,
            place: "/properties/verificationCode",
            cell: Cell::Code,
        },
    ],
    form: Some(Form {
        add: Some(|t| t.settings.certificates_add),
        edits: false,
        posts: false,
        fields: &[
            Field {
                place: "name",
                ..ID
            },
            Field {
                name: |t| t.settings.certificate,
                hint: Some(|t| t.settings.certificate_hint),
                place: "properties/certificate",
                kind: Kind::Text,
                input: Input::Area,
                first: "",
                only_new: false,
            },
        ],
        reveals: None,
    }),
    acts: &[
        Act {
            name: |t| t.settings.challenge,
            title: |t| t.settings.challenge_title,
            text: |t| t.settings.challenge_text,
            done: |t| t.settings.challenge_done,
            method: || Method::POST,
            suffix: "/generateVerificationCode",
            body: None,
            applies: always,
            is_harmless: true,
        },
        Act {
            name: |t| t.settings.verify,
            title: |t| t.settings.verify_title,
            text: |t| t.settings.verify_text,
            done: |t| t.settings.verify_done,
            method: || Method::POST,
            suffix: "/verify",
            body: Some(("certificate", Text::Area(|t| t.settings.certificate))),
            applies: |certificate, _| {
                certificate.pointer("/properties/isVerified") != Some(&Value::Bool(true))
            },
            is_harmless: true,
        },
        DELETE,
    ],
    permission: Some(Permission::HubManage),
};

static SCHEMA: Resource = Resource {
    name: "tag-schema",
    path: "/schemas/tags",
    is_single: true,
    title: |t| t.settings.schema,
    explained: |t| t.settings.schema_explained,
    empty: |t| t.settings.schema_empty,
    id: "/id",
    label: "/id",
    newest: "",
    columns: &[Column {
        name: |t| t.settings.mode,
        place: "/mode",
        cell: Cell::Words(&[
            ("off", Tone::Neutral, |t| t.settings.mode_off),
            ("warn", Tone::Warn, |t| t.settings.mode_warn),
            ("enforce", Tone::Ok, |t| t.settings.mode_enforce),
        ]),
    }],
    form: Some(Form {
        add: Some(|t| t.settings.schema_add),
        edits: true,
        posts: false,
        fields: &[whole(SCHEMA_EXAMPLE, |t| t.settings.schema_hint)],
        reveals: None,
    }),
    acts: &[Act {
        title: |t| t.settings.schema_delete,
        ..DELETE
    }],
    permission: Some(Permission::HubManage),
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
    name: "tag-violations",
    path: "/schemas/tags/violations",
    is_single: false,
    title: |t| t.settings.violations,
    explained: |t| t.settings.violations_explained,
    empty: |t| t.settings.violations_empty,
    id: "/deviceId",
    label: "/deviceId",
    newest: "",
    columns: &[plain(|t| t.settings.violation, "/violation")],
    form: None,
    acts: &[],
    permission: None,
};

static INDEXES: Resource = Resource {
    name: "query-indexes",
    path: "/query/indexes",
    is_single: true,
    title: |t| t.settings.indexes,
    explained: |t| t.settings.indexes_explained,
    empty: |t| t.settings.indexes_explained,
    id: "/id",
    label: "/id",
    newest: "",
    columns: &[Column {
        name: |t| t.settings.paths,
        place: "/paths",
        cell: Cell::Code,
    }],
    form: Some(Form {
        add: None,
        edits: true,
        posts: false,
        fields: &[Field {
            name: |t| t.settings.paths,
            hint: Some(|t| t.settings.paths_hint),
            place: "paths",
            kind: Kind::Lines,
            input: Input::Area,
            first: "",
            only_new: false,
        }],
        reveals: None,
    }),
    acts: &[],
    permission: Some(Permission::HubManage),
};

static CONSUMERS: Resource = Resource {
    name: "consumer-groups",
    path: "/consumer-groups",
    is_single: false,
    title: |t| t.settings.consumers,
    explained: |t| t.settings.consumers_explained,
    empty: |t| t.settings.consumers_explained,
    id: "/name",
    label: "/name",
    newest: "",
    columns: &[],
    form: Some(Form {
        add: Some(|t| t.settings.consumers_add),
        edits: false,
        posts: false,
        fields: &[Field {
            place: "name",
            ..ID
        }],
        reveals: None,
    }),
    acts: &[Act {
        applies: |group, _| group.get("name").and_then(Value::as_str) != Some("$Default"),
        ..DELETE
    }],
    permission: Some(Permission::ConfigurationsWrite),
};

static MESSAGING: Resource = Resource {
    name: "messaging",
    path: "/messaging",
    is_single: true,
    title: |t| t.settings.messaging,
    explained: |t| t.settings.messaging_explained,
    empty: |t| t.settings.messaging_explained,
    id: "/id",
    label: "/id",
    newest: "",
    columns: &[
        plain(|t| t.settings.event_days, "/events/retentionTimeInDays"),
        plain(|t| t.settings.ttl, "/cloudToDevice/defaultTtlSeconds"),
        plain(|t| t.settings.deliveries, "/cloudToDevice/maxDeliveryCount"),
    ],
    form: Some(Form {
        add: None,
        edits: true,
        posts: false,
        fields: &[
            number(|t| t.settings.event_days, "events/retentionTimeInDays"),
            number(|t| t.settings.event_bytes, "events/maxBytesPerPartition"),
            number(|t| t.settings.ttl, "cloudToDevice/defaultTtlSeconds"),
            number(|t| t.settings.deliveries, "cloudToDevice/maxDeliveryCount"),
            number(
                |t| t.settings.feedback_ttl,
                "cloudToDevice/feedbackTtlSeconds",
            ),
            number(
                |t| t.settings.feedback_lock,
                "cloudToDevice/feedbackLockSeconds",
            ),
        ],
        reveals: None,
    }),
    acts: &[],
    permission: Some(Permission::HubManage),
};

static UPLOADS: Resource = Resource {
    name: "file-upload",
    path: "/file-upload",
    is_single: true,
    title: |t| t.settings.uploads,
    explained: |t| t.settings.uploads_explained,
    empty: |t| t.settings.uploads_explained,
    id: "/id",
    label: "/id",
    newest: "",
    columns: &[
        Column {
            name: |t| t.settings.container,
            place: "/containerName",
            cell: Cell::Code,
        },
        plain(|t| t.settings.url_ttl, "/sasTtlSeconds"),
        Column {
            name: |t| t.settings.notifies,
            place: "/notificationsEnabled",
            cell: YES,
        },
    ],
    form: Some(Form {
        add: None,
        edits: true,
        posts: false,
        fields: &[
            Field {
                name: |t| t.settings.container,
                hint: None,
                place: "containerName",
                kind: Kind::Text,
                input: Input::Code,
                first: "",
                only_new: false,
            },
            number(|t| t.settings.url_ttl, "sasTtlSeconds"),
            Field {
                name: |t| t.settings.notifies,
                hint: None,
                place: "notificationsEnabled",
                kind: Kind::Switch,
                input: Input::Choice(&[
                    ("true", |t| t.resources.yes),
                    ("false", |t| t.resources.no),
                ]),
                first: "false",
                only_new: false,
            },
            number(|t| t.settings.notification_ttl, "notificationTtlSeconds"),
            number(|t| t.settings.notification_lock, "notificationLockSeconds"),
            number(|t| t.settings.deliveries, "notificationMaxDeliveryCount"),
        ],
        reveals: None,
    }),
    acts: &[],
    permission: Some(Permission::HubManage),
};

static HISTORY: Resource = Resource {
    name: "twin-history",
    path: "/twin-history",
    is_single: true,
    title: |t| t.settings.history,
    explained: |t| t.settings.history_explained,
    empty: |t| t.settings.history_explained,
    id: "/id",
    label: "/id",
    newest: "",
    columns: &[
        plain(|t| t.settings.history_seconds, "/seconds"),
        plain(|t| t.settings.history_changes, "/changes"),
    ],
    form: Some(Form {
        add: None,
        edits: true,
        posts: false,
        fields: &[
            number(|t| t.settings.history_seconds, "seconds"),
            number(|t| t.settings.history_changes, "changes"),
        ],
        reveals: None,
    }),
    acts: &[],
    permission: Some(Permission::HubManage),
};
