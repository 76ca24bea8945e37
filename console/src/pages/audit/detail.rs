//! An opened record: its facts, and what stood there before and after.

use super::names;
use crate::api::audit::AuditRecord;
use crate::components::button::Weight;
use crate::components::copy::CopyButton;
use crate::components::diff_view::DiffView;
use crate::components::time_text::Moment;
use crate::i18n::{fill, t, tr, word, wording};
use crate::logic::json_document::pretty;
use crate::logic::number::grouped;
use leptos::prelude::*;
use serde_json::Value;

/// The record.
#[component]
pub fn Detail(
    /// Which.
    record: AuditRecord,
) -> impl IntoView {
    let text = |name: &str| match record.text(name) {
        empty if empty.is_empty() => "–".to_owned(),
        text => text,
    };
    let place = {
        let (chain, number) = (record.text("chain"), grouped(record.number()));
        move || {
            fill(
                t().audit.place_of,
                &[("chain", &chain), ("number", &number)],
            )
        }
    };
    let role = record.text("role");
    let has_role = !role.is_empty();
    let hash = record.text("hash");
    view! {
        <div class="record-body">
            <dl class="kv">
                <dt>{tr!(audit.exact_time)}</dt>
                <dd><Moment at=Signal::stored(Some(record.text("time")))/></dd>
                <dt>{tr!(audit.actor)}</dt>
                <dd><code>{text("actor")}</code></dd>
                {has_role.then(|| view! {
                    <dt>{tr!(audit.role)}</dt>
                    <dd>{move || names::role(&role)}</dd>
                })}
                <dt>{tr!(audit.action_name)}</dt>
                <dd><code>{text("action")}</code></dd>
                <dt>{tr!(audit.result)}</dt>
                <dd><code>{text("result")}</code></dd>
                <dt>{tr!(audit.column_source)}</dt>
                <dd><code class="wrap">{text("source")}</code></dd>
                <dt>{tr!(audit.request_id)}</dt>
                <dd><code class="wrap">{text("requestId")}</code></dd>
                <dt>{tr!(audit.place)}</dt>
                <dd>{place}</dd>
                <dt>{tr!(audit.hash)}</dt>
                <dd class="with-action">
                    <code class="clip-code" title=hash.clone()>{hash.clone()}</code>
                    <CopyButton text=Signal::stored(hash) label=wording(word!(audit.copy_hash)) icon_only=true weight=Weight::Quiet/>
                </dd>
            </dl>
            <section class="record-change">
                <h2>{tr!(audit.change_title)}</h2>
                {change(&record)}
            </section>
        </div>
    }
}

fn change(record: &AuditRecord) -> AnyView {
    let printed = |name: &str| match record.document(name) {
        Value::Null => String::new(),
        document => pretty(document),
    };
    let (old, new) = (printed("before"), printed("after"));
    if old.is_empty() && new.is_empty() {
        let refused = record.refused();
        return view! {
            <p class="dim">{move || if refused { t().audit.nothing_changed } else { t().audit.no_documents }}</p>
        }
        .into_any();
    }
    view! { <DiffView old=Signal::stored(old) new=Signal::stored(new)/> }.into_any()
}
