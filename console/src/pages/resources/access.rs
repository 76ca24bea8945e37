//! Who may use the hub: accounts, API tokens, sessions, shared access policies, and what waits
//! for an approval.

use super::Screen;
use super::definition::{Act, Cell, Column, Field, Form, Input, Resource, Text, always};
use crate::components::badge::Tone;
use crate::i18n::Read;
use crate::logic::form_values::Kind;
use crate::logic::json_document::text;
use crate::session::Permission;
use gloo_net::http::Method;
use serde_json::Value;

pub(super) static SCREEN: Screen = Screen {
    name: "access",
    kinds: &[
        &APPROVALS, &ACCOUNTS, &TOKENS, &SESSIONS, &POLICIES, &THRESHOLD,
    ],
};

const ROLES: &[(&str, Read)] = &[
    ("viewer", |t| t.access.viewer),
    ("operator", |t| t.access.operator),
    ("supervisor", |t| t.access.supervisor),
    ("admin", |t| t.access.admin),
];

const ROLE_WORDS: &[(&str, Tone, Read)] = &[
    ("viewer", Tone::Neutral, |t| t.access.viewer),
    ("operator", Tone::Neutral, |t| t.access.operator),
    ("supervisor", Tone::Info, |t| t.access.supervisor),
    ("admin", Tone::Warn, |t| t.access.admin),
];

const ROLE: Column = Column {
    name: |t| t.access.role,
    place: "/role",
    cell: Cell::Words(ROLE_WORDS),
};

const SCOPE: Column = Column {
    name: |t| t.access.scope,
    place: "/scope",
    cell: Cell::Code,
};

const ROLE_FIELD: Field = Field {
    name: |t| t.access.role,
    hint: None,
    place: "role",
    kind: Kind::Text,
    input: Input::Choice(ROLES),
    first: "viewer",
    only_new: false,
};

const SCOPE_FIELD: Field = Field {
    name: |t| t.access.scope,
    hint: Some(|t| t.access.scope_hint),
    place: "scope",
    kind: Kind::Text,
    input: Input::Code,
    first: "",
    only_new: false,
};

const STATES: &[(&str, Tone, Read)] = &[
    ("pending", Tone::Warn, |t| t.access.pending),
    ("approved", Tone::Ok, |t| t.access.approved),
    ("rejected", Tone::Bad, |t| t.access.rejected),
    ("withdrawn", Tone::Neutral, |t| t.access.withdrawn),
    ("expired", Tone::Neutral, |t| t.access.expired),
];

fn is_pending(approval: &Value, _: &str) -> bool {
    text(approval, "state") == "pending"
}

fn is_own(approval: &Value, me: &str) -> bool {
    text(approval, "requestedBy").strip_prefix("person:") == Some(me)
}

static APPROVALS: Resource = Resource {
    name: "approvals",
    path: "/approvals",
    is_single: false,
    title: |t| t.access.approvals,
    explained: |t| t.access.approvals_explained,
    empty: |t| t.access.approvals_empty,
    id: "/id",
    label: "/request/path",
    newest: "/requestedAt",
    columns: &[
        Column {
            name: |t| t.access.state,
            place: "/state",
            cell: Cell::Words(STATES),
        },
        Column {
            name: |t| t.access.asked_by,
            place: "/requestedBy",
            cell: Cell::Code,
        },
        Column {
            name: |t| t.access.verb,
            place: "/request/method",
            cell: Cell::Code,
        },
        Column {
            name: |t| t.access.until,
            place: "/expiresAt",
            cell: Cell::Time,
        },
        Column {
            name: |t| t.access.decided_by,
            place: "/decidedBy",
            cell: Cell::Code,
        },
        Column {
            name: |t| t.access.outcome,
            place: "/outcome/status",
            cell: Cell::Code,
        },
    ],
    form: None,
    acts: &[
        Act {
            name: |t| t.access.approve,
            title: |t| t.access.approve_title,
            text: |t| t.access.approve_text,
            done: |t| t.access.approve_done,
            method: || Method::POST,
            suffix: "/approve",
            body: Some(("note", Text::Note(|t| t.access.note))),
            applies: |approval, me| is_pending(approval, me) && !is_own(approval, me),
            is_harmless: true,
        },
        Act {
            name: |t| t.access.reject,
            title: |t| t.access.reject_title,
            text: |t| t.access.reject_text,
            done: |t| t.access.reject_done,
            method: || Method::POST,
            suffix: "/reject",
            body: Some(("note", Text::Note(|t| t.access.note))),
            applies: |approval, me| is_pending(approval, me) && !is_own(approval, me),
            is_harmless: false,
        },
        Act {
            name: |t| t.access.withdraw,
            title: |t| t.access.withdraw_title,
            text: |t| t.access.withdraw_text,
            done: |t| t.access.withdraw_done,
            method: || Method::POST,
            suffix: "/withdraw",
            body: None,
            applies: |approval, me| is_pending(approval, me) && is_own(approval, me),
            is_harmless: false,
        },
    ],
    permission: None,
};

static ACCOUNTS: Resource = Resource {
    name: "accounts",
    path: "/accounts",
    is_single: false,
    title: |t| t.access.accounts,
    explained: |t| t.access.accounts_explained,
    empty: |t| t.access.accounts_empty,
    id: "/id",
    label: "/id",
    newest: "",
    columns: &[
        ROLE,
        SCOPE,
        Column {
            name: |t| t.access.may_sign_in,
            place: "/isEnabled",
            cell: Cell::Words(&[
                ("true", Tone::Ok, |t| t.resources.yes),
                ("false", Tone::Neutral, |t| t.resources.no),
            ]),
        },
        Column {
            name: |t| t.access.last_sign_in,
            place: "/lastSignInAt",
            cell: Cell::Time,
        },
    ],
    form: Some(Form {
        add: Some(|t| t.access.add_account),
        edits: true,
        posts: false,
        fields: &[
            Field {
                name: |t| t.access.account_name,
                hint: Some(|t| t.access.account_name_hint),
                place: "id",
                kind: Kind::Text,
                input: Input::Code,
                first: "",
                only_new: true,
            },
            ROLE_FIELD,
            SCOPE_FIELD,
            Field {
                name: |t| t.access.password,
                hint: Some(|t| t.access.password_hint),
                place: "password",
                kind: Kind::Text,
                input: Input::Secret,
                first: "",
                only_new: false,
            },
            Field {
                name: |t| t.access.may_sign_in,
                hint: None,
                place: "isEnabled",
                kind: Kind::Switch,
                input: Input::Choice(&[
                    ("true", |t| t.resources.yes),
                    ("false", |t| t.resources.no),
                ]),
                first: "true",
                only_new: false,
            },
        ],
        reveals: None,
    }),
    acts: &[Act {
        name: |t| t.resources.delete,
        title: |t| t.access.delete_account,
        text: |t| t.access.delete_account_text,
        done: |t| t.resources.deleted,
        method: || Method::DELETE,
        suffix: "",
        body: None,
        applies: always,
        is_harmless: false,
    }],
    permission: Some(Permission::HubManage),
};

static TOKENS: Resource = Resource {
    name: "api-tokens",
    path: "/api-tokens",
    is_single: false,
    title: |t| t.access.tokens,
    explained: |t| t.access.tokens_explained,
    empty: |t| t.access.tokens_empty,
    id: "/id",
    label: "/name",
    newest: "",
    columns: &[
        ROLE,
        SCOPE,
        Column {
            name: |t| t.access.until,
            place: "/until",
            cell: Cell::Time,
        },
        Column {
            name: |t| t.access.last_used,
            place: "/lastUsedAt",
            cell: Cell::Time,
        },
        Column {
            name: |t| t.access.made_by,
            place: "/createdBy",
            cell: Cell::Code,
        },
    ],
    form: Some(Form {
        add: Some(|t| t.access.add_token),
        edits: false,
        posts: true,
        fields: &[
            Field {
                name: |t| t.access.purpose,
                hint: Some(|t| t.access.purpose_hint),
                place: "name",
                kind: Kind::Text,
                input: Input::Line,
                first: "",
                only_new: true,
            },
            ROLE_FIELD,
            SCOPE_FIELD,
            Field {
                name: |t| t.access.days,
                hint: Some(|t| t.access.days_hint),
                place: "days",
                kind: Kind::Number,
                input: Input::Line,
                first: "90",
                only_new: true,
            },
        ],
        reveals: Some("token"),
    }),
    acts: &[Act {
        name: |t| t.resources.delete,
        title: |t| t.access.delete_token,
        text: |t| t.access.delete_token_text,
        done: |t| t.resources.deleted,
        method: || Method::DELETE,
        suffix: "",
        body: None,
        applies: always,
        is_harmless: false,
    }],
    permission: Some(Permission::HubManage),
};

static SESSIONS: Resource = Resource {
    name: "sessions",
    path: "/sessions",
    is_single: false,
    title: |t| t.access.sessions,
    explained: |t| t.access.sessions_explained,
    empty: |t| t.access.sessions_empty,
    id: "/id",
    label: "/name",
    newest: "/issued",
    columns: &[
        ROLE,
        Column {
            name: |t| t.access.from,
            place: "/source",
            cell: Cell::Code,
        },
        Column {
            name: |t| t.access.browser,
            place: "/userAgent",
            cell: Cell::Code,
        },
        Column {
            name: |t| t.access.since,
            place: "/issued",
            cell: Cell::Time,
        },
        Column {
            name: |t| t.access.until,
            place: "/expires",
            cell: Cell::Time,
        },
    ],
    form: None,
    acts: &[Act {
        name: |t| t.access.end,
        title: |t| t.access.end_title,
        text: |t| t.access.end_text,
        done: |t| t.access.end_done,
        method: || Method::DELETE,
        suffix: "",
        body: None,
        applies: always,
        is_harmless: false,
    }],
    permission: None,
};

const fn regenerate(name: Read, which: &'static str) -> Act {
    Act {
        name,
        title: |t| t.access.regenerate_title,
        text: |t| t.access.regenerate_text,
        done: |t| t.access.regenerate_done,
        method: || Method::POST,
        suffix: "/regenerate",
        body: Some(("key", Text::Fixed(which))),
        applies: always,
        is_harmless: false,
    }
}

static POLICIES: Resource = Resource {
    name: "policies",
    path: "/policies",
    is_single: false,
    title: |t| t.access.policies,
    explained: |t| t.access.policies_explained,
    empty: |t| t.access.policies_empty,
    id: "/name",
    label: "/name",
    newest: "",
    columns: &[
        Column {
            name: |t| t.access.rights,
            place: "/rights",
            cell: Cell::Code,
        },
        Column {
            name: |t| t.access.copy_primary,
            place: "/primaryConnectionString",
            cell: Cell::Key,
        },
        Column {
            name: |t| t.access.copy_secondary,
            place: "/secondaryConnectionString",
            cell: Cell::Key,
        },
    ],
    form: Some(Form {
        add: Some(|t| t.access.add_policy),
        edits: true,
        posts: false,
        fields: &[
            Field {
                name: |t| t.access.policy_name,
                hint: None,
                place: "name",
                kind: Kind::Text,
                input: Input::Code,
                first: "",
                only_new: true,
            },
            Field {
                name: |t| t.access.rights,
                hint: Some(|t| t.access.rights_hint),
                place: "rights",
                kind: Kind::Text,
                input: Input::Code,
                first: "ServiceConnect",
                only_new: false,
            },
        ],
        reveals: None,
    }),
    acts: &[
        regenerate(|t| t.access.new_primary, "primary"),
        regenerate(|t| t.access.new_secondary, "secondary"),
        Act {
            name: |t| t.resources.delete,
            title: |t| t.access.delete_policy,
            text: |t| t.access.delete_policy_text,
            done: |t| t.resources.deleted,
            method: || Method::DELETE,
            suffix: "",
            body: None,
            applies: |policy, _| text(policy, "name") != "iothubowner",
            is_harmless: false,
        },
    ],
    permission: Some(Permission::HubManage),
};

static THRESHOLD: Resource = Resource {
    name: "approval-settings",
    path: "/access/settings",
    is_single: true,
    title: |t| t.access.threshold_title,
    explained: |t| t.access.threshold_explained,
    empty: |t| t.access.threshold_explained,
    id: "/id",
    label: "/id",
    newest: "",
    columns: &[Column {
        name: |t| t.access.threshold,
        place: "/approvalThreshold",
        cell: Cell::Plain,
    }],
    form: Some(Form {
        add: None,
        edits: true,
        posts: false,
        fields: &[Field {
            name: |t| t.access.threshold,
            hint: Some(|t| t.access.threshold_hint),
            place: "approvalThreshold",
            kind: Kind::Number,
            input: Input::Line,
            first: "",
            only_new: false,
        }],
        reveals: None,
    }),
    acts: &[],
    permission: Some(Permission::HubManage),
};
