//! Who may use the hub: accounts, API tokens, sessions, shared access policies, and what waits
//! for an approval.

use super::Screen;
use super::definition::{Act, Cell, Column, Field, Form, Input, Resource, Text};
use crate::components::badge::Tone;
use crate::i18n::Read;
use crate::logic::json_document::text;
use crate::session::Permission;
use serde_json::Value;

pub(super) static SCREEN: Screen = Screen {
    name: "access",
    kinds: &[
        &APPROVALS, &ACCOUNTS, &TOKENS, &SESSIONS, &POLICIES, &THRESHOLD,
    ],
};

const ROLE: Column = Column::shown(
    |t| t.access.role,
    "/role",
    Cell::Words(&[
        ("viewer", Tone::Neutral, |t| t.common.role_viewer),
        ("operator", Tone::Neutral, |t| t.common.role_operator),
        ("supervisor", Tone::Info, |t| t.common.role_supervisor),
        ("admin", Tone::Warn, |t| t.common.role_admin),
    ]),
);

const SCOPE: Column = Column::code(|t| t.access.scope, "/scope");

const ROLE_FIELD: Field = Field::new(
    |t| t.access.role,
    "role",
    Input::Choice(&[
        ("viewer", |t| t.common.role_viewer),
        ("operator", |t| t.common.role_operator),
        ("supervisor", |t| t.common.role_supervisor),
        ("admin", |t| t.common.role_admin),
    ]),
)
.beginning("viewer");

const SCOPE_FIELD: Field =
    Field::new(|t| t.access.scope, "scope", Input::Code).explained(|t| t.access.scope_hint);

fn is_pending(approval: &Value) -> bool {
    text(approval, "state") == "pending"
}

fn is_own(approval: &Value, me: &str) -> bool {
    text(approval, "requestedBy").strip_prefix("person:") == Some(me)
}

const NOTE: Option<(&str, Text)> = Some(("note", Text::Written(|t| t.access.note)));

static APPROVALS: Resource = Resource {
    label: "/request/path",
    newest: "/requestedAt",
    columns: &[
        Column::shown(
            |t| t.access.state,
            "/state",
            Cell::Words(&[
                ("pending", Tone::Warn, |t| t.access.pending),
                ("approved", Tone::Ok, |t| t.access.approved),
                ("rejected", Tone::Bad, |t| t.access.rejected),
                ("withdrawn", Tone::Neutral, |t| t.access.withdrawn),
                ("expired", Tone::Neutral, |t| t.access.expired),
            ]),
        ),
        Column::code(|t| t.access.asked_by, "/requestedBy"),
        Column::code(|t| t.access.verb, "/request/method"),
        Column::time(|t| t.access.until, "/expiresAt"),
        Column::code(|t| t.access.decided_by, "/decidedBy"),
        Column::code(|t| t.access.outcome, "/outcome/status"),
    ],
    acts: &[
        Act {
            body: NOTE,
            applies: |approval, me| is_pending(approval) && !is_own(approval, me),
            is_harmless: true,
            ..Act::post(
                |t| t.access.approve,
                "/approve",
                [
                    |t| t.access.approve_title,
                    |t| t.access.approve_text,
                    |t| t.access.approve_done,
                ],
            )
        },
        Act {
            body: NOTE,
            applies: |approval, me| is_pending(approval) && !is_own(approval, me),
            ..Act::post(
                |t| t.access.reject,
                "/reject",
                [
                    |t| t.access.reject_title,
                    |t| t.access.reject_text,
                    |t| t.access.reject_done,
                ],
            )
        },
        Act {
            applies: |approval, me| is_pending(approval) && is_own(approval, me),
            ..Act::post(
                |t| t.access.withdraw,
                "/withdraw",
                [
                    |t| t.access.withdraw_title,
                    |t| t.access.withdraw_text,
                    |t| t.access.withdraw_done,
                ],
            )
        },
    ],
    ..Resource::list(
        "approvals",
        "/approvals",
        "/id",
        [
            |t| t.access.approvals,
            |t| t.access.approvals_explained,
            |t| t.access.approvals_empty,
        ],
    )
};

static ACCOUNTS: Resource = Resource {
    columns: &[
        ROLE,
        SCOPE,
        Column::yes_or_no(|t| t.access.may_sign_in, "/isEnabled"),
        Column::time(|t| t.access.last_sign_in, "/lastSignInAt"),
    ],
    form: Some(Form::new(
        |t| t.access.add_account,
        &[
            Field::id(|t| t.resources.name, "id").explained(|t| t.access.account_name_hint),
            ROLE_FIELD,
            SCOPE_FIELD,
            Field::new(|t| t.sign_in.password, "password", Input::Secret)
                .explained(|t| t.access.password_hint),
            Field::switch(|t| t.access.may_sign_in, "isEnabled", "true"),
        ],
    )),
    acts: &[Act::delete(
        |t| t.access.delete_account,
        |t| t.access.delete_account_text,
    )],
    permission: Some(Permission::HubManage),
    ..Resource::list(
        "accounts",
        "/accounts",
        "/id",
        [
            |t| t.access.accounts,
            |t| t.access.accounts_explained,
            |t| t.access.accounts_empty,
        ],
    )
};

static TOKENS: Resource = Resource {
    label: "/name",
    columns: &[
        ROLE,
        SCOPE,
        Column::time(|t| t.access.until, "/until"),
        Column::time(|t| t.access.last_used, "/lastUsedAt"),
        Column::code(|t| t.access.made_by, "/createdBy"),
    ],
    form: Some(Form {
        edits: false,
        posts: true,
        reveals: Some("token"),
        ..Form::new(
            |t| t.access.add_token,
            &[
                Field::new(|t| t.access.purpose, "name", Input::Line)
                    .explained(|t| t.access.purpose_hint),
                ROLE_FIELD,
                SCOPE_FIELD,
                Field::number(|t| t.access.days, "days")
                    .explained(|t| t.access.days_hint)
                    .beginning("90"),
            ],
        )
    }),
    acts: &[Act::delete(
        |t| t.access.delete_token,
        |t| t.access.delete_token_text,
    )],
    permission: Some(Permission::HubManage),
    ..Resource::list(
        "api-tokens",
        "/api-tokens",
        "/id",
        [
            |t| t.access.tokens,
            |t| t.access.tokens_explained,
            |t| t.access.tokens_empty,
        ],
    )
};

static SESSIONS: Resource = Resource {
    label: "/name",
    newest: "/issued",
    columns: &[
        ROLE,
        Column::code(|t| t.access.from, "/source"),
        Column::code(|t| t.access.browser, "/userAgent"),
        Column::time(|t| t.access.since, "/issued"),
        Column::time(|t| t.access.until, "/expires"),
    ],
    acts: &[Act {
        name: |t| t.access.end,
        done: |t| t.access.end_done,
        ..Act::delete(|t| t.access.end_title, |t| t.access.end_text)
    }],
    ..Resource::list(
        "sessions",
        "/sessions",
        "/id",
        [
            |t| t.access.sessions,
            |t| t.access.sessions_explained,
            |t| t.access.sessions_empty,
        ],
    )
};

const fn regenerate(name: Read, which: &'static str) -> Act {
    Act {
        body: Some(("key", Text::Fixed(which))),
        ..Act::post(
            name,
            "/regenerate",
            [
                |t| t.access.regenerate_title,
                |t| t.access.regenerate_text,
                |t| t.access.regenerate_done,
            ],
        )
    }
}

static POLICIES: Resource = Resource {
    columns: &[
        Column::code(|t| t.access.rights, "/rights"),
        Column::key(|t| t.access.copy_primary, "/primaryConnectionString"),
        Column::key(|t| t.access.copy_secondary, "/secondaryConnectionString"),
    ],
    form: Some(Form::new(
        |t| t.access.add_policy,
        &[
            Field::id(|t| t.resources.name, "name"),
            Field::new(|t| t.access.rights, "rights", Input::Code)
                .explained(|t| t.access.rights_hint)
                .beginning("ServiceConnect"),
        ],
    )),
    acts: &[
        regenerate(|t| t.access.new_primary, "primary"),
        regenerate(|t| t.access.new_secondary, "secondary"),
        Act {
            applies: |policy, _| text(policy, "name") != "iothubowner",
            ..Act::delete(|t| t.access.delete_policy, |t| t.access.delete_policy_text)
        },
    ],
    permission: Some(Permission::HubManage),
    ..Resource::list(
        "policies",
        "/policies",
        "/name",
        [
            |t| t.access.policies,
            |t| t.access.policies_explained,
            |t| t.access.policies_empty,
        ],
    )
};

static THRESHOLD: Resource = Resource::settings(
    "approval-settings",
    "/access/settings",
    [
        |t| t.access.threshold_title,
        |t| t.access.threshold_explained,
    ],
    &[Column::plain(|t| t.access.threshold, "/approvalThreshold")],
    &[Field::number(|t| t.access.threshold, "approvalThreshold")
        .explained(|t| t.access.threshold_hint)],
);
