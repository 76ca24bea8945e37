//! Who may use the hub: accounts, API tokens, sessions, shared access policies, and what waits
//! for an approval.

use super::Screen;
use super::definition::{Act, Cell, Column, Field, Form, Input, Resource, Text};
use crate::components::badge::Tone;
use crate::i18n::{Word, word};
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
    word!(access.role),
    "/role",
    Cell::Words(&[
        ("viewer", Tone::Neutral, word!(common.role_viewer)),
        ("operator", Tone::Neutral, word!(common.role_operator)),
        ("supervisor", Tone::Info, word!(common.role_supervisor)),
        ("admin", Tone::Warn, word!(common.role_admin)),
    ]),
);

const SCOPE: Column = Column::code(word!(access.scope), "/scope");

const ROLE_FIELD: Field = Field::new(
    word!(access.role),
    "role",
    Input::Choice(&[
        ("viewer", word!(common.role_viewer)),
        ("operator", word!(common.role_operator)),
        ("supervisor", word!(common.role_supervisor)),
        ("admin", word!(common.role_admin)),
    ]),
)
.beginning("viewer");

const SCOPE_FIELD: Field =
    Field::new(word!(access.scope), "scope", Input::Code).explained(word!(access.scope_hint));

fn is_pending(approval: &Value) -> bool {
    text(approval, "state") == "pending"
}

fn is_own(approval: &Value, me: &str) -> bool {
    text(approval, "requestedBy").strip_prefix("person:") == Some(me)
}

const NOTE: Option<(&str, Text)> = Some(("note", Text::Written(word!(access.note))));

static APPROVALS: Resource = Resource {
    label: "/request/path",
    newest: "/requestedAt",
    columns: &[
        Column::shown(
            word!(access.state),
            "/state",
            Cell::Words(&[
                ("pending", Tone::Warn, word!(access.pending)),
                ("approved", Tone::Ok, word!(access.approved)),
                ("rejected", Tone::Bad, word!(access.rejected)),
                ("withdrawn", Tone::Neutral, word!(access.withdrawn)),
                ("expired", Tone::Neutral, word!(access.expired)),
            ]),
        ),
        Column::code(word!(access.asked_by), "/requestedBy"),
        Column::code(word!(access.verb), "/request/method"),
        Column::time(word!(access.until), "/expiresAt"),
        Column::code(word!(access.decided_by), "/decidedBy"),
        Column::code(word!(access.outcome), "/outcome/status"),
    ],
    acts: &[
        Act {
            body: NOTE,
            applies: |approval, me| is_pending(approval) && !is_own(approval, me),
            is_harmless: true,
            ..Act::post(
                word!(access.approve),
                "/approve",
                [
                    word!(access.approve_title),
                    word!(access.approve_text),
                    word!(access.approve_done),
                ],
            )
        },
        Act {
            body: NOTE,
            applies: |approval, me| is_pending(approval) && !is_own(approval, me),
            ..Act::post(
                word!(access.reject),
                "/reject",
                [
                    word!(access.reject_title),
                    word!(access.reject_text),
                    word!(access.reject_done),
                ],
            )
        },
        Act {
            applies: |approval, me| is_pending(approval) && is_own(approval, me),
            ..Act::post(
                word!(access.withdraw),
                "/withdraw",
                [
                    word!(access.withdraw_title),
                    word!(access.withdraw_text),
                    word!(access.withdraw_done),
                ],
            )
        },
    ],
    ..Resource::list(
        "approvals",
        "/approvals",
        "/id",
        [
            word!(access.approvals),
            word!(access.approvals_explained),
            word!(access.approvals_empty),
        ],
    )
};

static ACCOUNTS: Resource = Resource {
    columns: &[
        ROLE,
        SCOPE,
        Column::yes_or_no(word!(access.may_sign_in), "/isEnabled"),
        Column::time(word!(access.last_sign_in), "/lastSignInAt"),
    ],
    form: Some(Form::new(
        word!(access.add_account),
        &[
            Field::id(word!(resources.name), "id").explained(word!(access.account_name_hint)),
            ROLE_FIELD,
            SCOPE_FIELD,
            Field::new(word!(sign_in.password), "password", Input::Secret)
                .explained(word!(access.password_hint)),
            Field::switch(word!(access.may_sign_in), "isEnabled", "true"),
        ],
    )),
    acts: &[Act::delete(
        word!(access.delete_account),
        word!(access.delete_account_text),
    )],
    permission: Some(Permission::HubManage),
    ..Resource::list(
        "accounts",
        "/accounts",
        "/id",
        [
            word!(access.accounts),
            word!(access.accounts_explained),
            word!(access.accounts_empty),
        ],
    )
};

static TOKENS: Resource = Resource {
    label: "/name",
    columns: &[
        ROLE,
        SCOPE,
        Column::time(word!(access.until), "/until"),
        Column::time(word!(access.last_used), "/lastUsedAt"),
        Column::code(word!(access.made_by), "/createdBy"),
    ],
    form: Some(Form {
        edits: false,
        posts: true,
        reveals: Some("token"),
        ..Form::new(
            word!(access.add_token),
            &[
                Field::new(word!(access.purpose), "name", Input::Line)
                    .explained(word!(access.purpose_hint)),
                ROLE_FIELD,
                SCOPE_FIELD,
                Field::number(word!(access.days), "days")
                    .explained(word!(access.days_hint))
                    .beginning("90"),
            ],
        )
    }),
    acts: &[Act::delete(
        word!(access.delete_token),
        word!(access.delete_token_text),
    )],
    permission: Some(Permission::HubManage),
    ..Resource::list(
        "api-tokens",
        "/api-tokens",
        "/id",
        [
            word!(access.tokens),
            word!(access.tokens_explained),
            word!(access.tokens_empty),
        ],
    )
};

static SESSIONS: Resource = Resource {
    label: "/name",
    newest: "/issued",
    columns: &[
        ROLE,
        Column::code(word!(access.from), "/source"),
        Column::code(word!(access.browser), "/userAgent"),
        Column::time(word!(access.since), "/issued"),
        Column::time(word!(access.until), "/expires"),
    ],
    acts: &[Act {
        name: word!(access.end),
        done: word!(access.end_done),
        ..Act::delete(word!(access.end_title), word!(access.end_text))
    }],
    ..Resource::list(
        "sessions",
        "/sessions",
        "/id",
        [
            word!(access.sessions),
            word!(access.sessions_explained),
            word!(access.sessions_empty),
        ],
    )
};

const fn regenerate(name: Word, which: &'static str) -> Act {
    Act {
        body: Some(("key", Text::Fixed(which))),
        ..Act::post(
            name,
            "/regenerate",
            [
                word!(access.regenerate_title),
                word!(access.regenerate_text),
                word!(access.regenerate_done),
            ],
        )
    }
}

static POLICIES: Resource = Resource {
    columns: &[
        Column::code(word!(access.rights), "/rights"),
        Column::key(word!(access.copy_primary), "/primaryConnectionString"),
        Column::key(word!(access.copy_secondary), "/secondaryConnectionString"),
    ],
    form: Some(Form::new(
        word!(access.add_policy),
        &[
            Field::id(word!(resources.name), "name"),
            Field::new(word!(access.rights), "rights", Input::Code)
                .explained(word!(access.rights_hint))
                .beginning("ServiceConnect"),
        ],
    )),
    acts: &[
        regenerate(word!(access.new_primary), "primary"),
        regenerate(word!(access.new_secondary), "secondary"),
        Act {
            applies: |policy, _| text(policy, "name") != "iothubowner",
            ..Act::delete(
                word!(access.delete_policy),
                word!(access.delete_policy_text),
            )
        },
    ],
    permission: Some(Permission::HubManage),
    ..Resource::list(
        "policies",
        "/policies",
        "/name",
        [
            word!(access.policies),
            word!(access.policies_explained),
            word!(access.policies_empty),
        ],
    )
};

static THRESHOLD: Resource = Resource::settings(
    "approval-settings",
    "/access/settings",
    [
        word!(access.threshold_title),
        word!(access.threshold_explained),
    ],
    &[Column::plain(word!(access.threshold), "/approvalThreshold")],
    &[Field::number(word!(access.threshold), "approvalThreshold")
        .explained(word!(access.threshold_hint))],
);
