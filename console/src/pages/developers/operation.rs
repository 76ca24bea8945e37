//! One operation of the API: who may, the same by hand, what it takes and what it answers. Words of
//! the document are English in every language, and say so.

use crate::components::button::Weight;
use crate::components::copy::CopyButton;
use crate::i18n::{Word, fill, shown, t, tr, word, wording};
use crate::logic::api_reference::{self, Answer, Content, Operation, Parameter, Reference};
use crate::logic::api_schema::Member;
use crate::pages::snippets::{Command, origin};
use crate::reactive::{Memo, derive, effect, memo, part};
use leptos::html;
use leptos::prelude::*;
use std::sync::Arc;

/// Who may, in words; tracked.
pub(super) fn role_words(role: &str) -> &'static str {
    let (common, words) = (&t().common, &t().developers);
    match role {
        "viewer" => common.role_viewer,
        "operator" => common.role_operator,
        "supervisor" => common.role_supervisor,
        "admin" => common.role_admin,
        "device" => words.role_device,
        "signed in" => words.role_signed_in,
        "bootstrap" => words.role_bootstrap,
        "signed URL" => words.role_signed_url,
        _ => words.role_anyone,
    }
}

/// What is below the line of an operation that is open.
#[component]
pub(super) fn Details(
    operation: StoredValue<Operation>,
    data: Memo<Arc<Reference>>,
    /// Whether the page scrolls to it.
    comes_into_sight: bool,
) -> impl IntoView {
    let place = NodeRef::<html::Div>::new();
    effect(move |_| {
        if let Some(element) = place.get().filter(|_| comes_into_sight) {
            let row = element
                .parent_element()
                .unwrap_or_else(|| element.clone().into());
            // Once everything around it has its size.
            request_animation_frame(move || row.scroll_into_view());
        }
    });
    let details = memo(move || {
        operation
            .with_value(|operation| data.with(|reference| reference.details(operation, &origin())))
    });
    let curl = derive(move || details.with(|details| details.curl.clone()));
    let link = derive(move || window().location().href().unwrap_or_default());
    view! {
        <div class="operation-details" node_ref=place>
            {part(move || {
                let api_reference::Details { description, right, parameters, body, answers, .. } = details.get();
                let needs = move || match &*right {
                    "" => String::new(),
                    "all" => t().developers.right_all.to_owned(),
                    right => fill(t().developers.right, &[("right", right)]),
                };
                view! {
                    <div class="wrap-row">
                        {(!description.is_empty()).then(|| view! { <p class="grow" lang="en">{description}</p> })}
                        <span class="dim">{part(needs)}</span>
                        <span class="more">
                            <CopyButton text=link label=wording(word!(developers.copy_link)) weight=Weight::Quiet/>
                        </span>
                    </div>
                    <h4>{tr!(developers.curl)}</h4>
                    <Command title=wording(word!(developers.curl)) text=curl/>
                    <p class="dim">{tr!(developers.curl_note)}</p>
                    {(!parameters.is_empty()).then(|| parameter_table(parameters))}
                    {body.map(|body| view! {
                        <h4>{tr!(developers.body)}</h4>
                        {content_view(body)}
                    })}
                    <h4>{tr!(developers.answers)}</h4>
                    <ul class="answers">{answers.into_iter().map(answer_view).collect_view()}</ul>
                }
            })}
        </div>
    }
}

fn parameter_table(parameters: Vec<Parameter>) -> AnyView {
    let row = |one: Parameter| {
        let place: Word = match &*one.place {
            "path" => word!(developers.place_path),
            "query" => word!(developers.place_query),
            _ => word!(developers.place_header),
        };
        view! {
            <tr>
                <th scope="row"><code>{one.name}</code> {marks(one.is_required, false)}</th>
                <td class="dim">{shown(place)}</td>
                <td><code class="kind">{one.kind}</code></td>
                <td lang="en">{one.note}</td>
            </tr>
        }
    };
    view! {
        <h4>{tr!(developers.parameters)}</h4>
        <div class="table-scroll" tabindex="0" role="group" aria-label=tr!(developers.parameters)>
            <table class="parameters">
                <thead>
                    <tr>
                        <th scope="col">{tr!(developers.column_name)}</th>
                        <th scope="col">{tr!(developers.column_place)}</th>
                        <th scope="col">{tr!(developers.column_kind)}</th>
                        <th scope="col">{tr!(developers.column_meaning)}</th>
                    </tr>
                </thead>
                <tbody>{parameters.into_iter().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn marks(is_required: bool, is_read_only: bool) -> AnyView {
    view! {
        {is_required.then(|| view! { <span class="mark-required">{tr!(developers.required)}</span> })}
        {is_read_only.then(|| view! { <span class="dim">{tr!(developers.read_only)}</span> })}
    }
    .into_any()
}

fn content_view(content: Content) -> AnyView {
    view! {
        <p class="content-kind"><code class="kind">{content.kind}</code> " " <span class="dim">{content.types}</span></p>
        {member_list(content.members, true)}
    }
    .into_any()
}

/// What is sent has members that must be there; of answers it does not matter.
fn member_list(members: Vec<Member>, is_sent: bool) -> AnyView {
    let member = move |member: Member| {
        let class = format!("member depth-{}", member.depth);
        view! {
            <li class=class>
                <code>{member.name}</code>
                <code class="kind">{member.kind}</code>
                {is_sent.then(|| marks(member.is_required, member.is_read_only))}
                <span class="sub" lang="en">{member.note}</span>
            </li>
        }
    };
    view! {
        {(!members.is_empty()).then(|| view! {
            <ul class="members">{members.into_iter().map(member).collect_view()}</ul>
        })}
    }
    .into_any()
}

fn answer_view(answer: Answer) -> AnyView {
    let tone = match answer.status.as_bytes().first() {
        Some(b'4' | b'5') => "status bad-text",
        _ => "status ok-text",
    };
    let words = view! {
        <b class=tone>{answer.status}</b>
        <span class="sub" lang="en">{answer.note}</span>
    };
    match answer.content {
        None => view! { <li class="answer">{words}</li> }.into_any(),
        Some(content) if content.members.is_empty() => {
            view! { <li class="answer">{words} <code class="kind">{content.kind}</code></li> }.into_any()
        }
        Some(content) => view! {
            <li>
                <details>
                    <summary class="answer">{words} <code class="kind">{content.kind}</code></summary>
                    {member_list(content.members, false)}
                </details>
            </li>
        }
        .into_any(),
    }
}
