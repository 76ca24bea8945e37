//! The rules: what becomes an alert, and when.

use super::rule_form::{Editing, RuleForm};
use super::{Tabs, words};
use crate::api::alerts as api;
use crate::components::badge::Badge;
use crate::components::button::{Button, Weight};
use crate::components::dialog::Confirm;
use crate::components::icon::Icon;
use crate::components::page_title::PageTitle;
use crate::components::question::Question;
use crate::components::state_view::{ErrorNote, live_view};
use crate::components::toast;
use crate::i18n::{fill, t, t_once, tr, word, wording};
use crate::live::live;
use crate::logic::alert_rule::{is_custom, number};
use crate::logic::json_document::text;
use crate::reactive::{Callback, Memo, RwSignal, derive, part};
use crate::session::Permission;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::Value;

/// The page.
#[component]
pub fn AlertRulesPage() -> impl IntoView {
    let rules = live(|| (), None, |()| api::rules());
    let refresh = Callback::new(move |()| rules.refresh());
    let editing = Editing::new();
    let removing = (Question::new(), RwSignal::new(Value::Null));
    let taken = derive(move || {
        let known = rules.data.get().unwrap_or_default();
        let ids = known.iter().map(|rule| text(rule, "id").to_owned());
        ids.collect::<Vec<_>>()
    });
    view! {
        <PageTitle text=wording(word!(alerts.rules_title))/>
        <div class="pagehead">
            <div class="grow">
                <h1>{tr!(alerts.rules_title)}</h1>
                <p class="lead">{tr!(alerts.rules_explained)}</p>
            </div>
            <div class="actions">
                <Button
                    label=wording(word!(alerts.add))
                    icon=Icon::Plus
                    weight=Weight::Primary
                    permission=Permission::HubManage
                    on_press=move |()| editing.create()
                />
            </div>
        </div>
        <Tabs rules=true/>
        <section class="card" aria-label=tr!(alerts.rules_title)>
            {live_view(rules, 8, move |data| table(data, editing, removing))}
        </section>
        <RuleForm editing taken on_done=refresh/>
        <Remove removing on_done=refresh/>
    }
}

/// The question and the rule that it is about.
type Removing = (Question, RwSignal<Value>);

fn table(data: Memo<Vec<Value>>, editing: Editing, removing: Removing) -> impl IntoView {
    view! {
        <div class="table-scroll" tabindex="0" role="group" aria-label=tr!(alerts.rules_title)>
            <table>
                <thead>
                    <tr>
                        <th scope="col">{tr!(alerts.column_rule)}</th>
                        <th scope="col" class="grow">{tr!(alerts.column_when)}</th>
                        <th scope="col">{tr!(alerts.column_severity)}</th>
                        <th scope="col" class="num">{tr!(alerts.column_lasting)}</th>
                        <th scope="col">{tr!(alerts.column_group)}</th>
                        <th scope="col"><span class="visually-hidden">{tr!(alerts.column_actions)}</span></th>
                    </tr>
                </thead>
                <tbody>
                    {move || data.get().into_iter().map(|rule| row(rule, editing, removing)).collect_view()}
                </tbody>
            </table>
        </div>
    }
}

fn row(rule: Value, editing: Editing, (question, asked): Removing) -> impl IntoView {
    let id = text(&rule, "id").to_owned();
    let severity = text(&rule, "severity").to_owned();
    let group = text(&rule, "groupBy").to_owned();
    let enabled = rule.get("enabled").and_then(Value::as_bool) != Some(false);
    let custom = is_custom(&rule);
    // A rule that was never changed has no etag.
    let changed = rule.get("etag").is_some();
    let seconds = number(&rule, "forSeconds").and_then(|text| text.parse::<u64>().ok());
    let lasting = move || match seconds.unwrap_or(0) {
        0 => t().alerts.at_once.to_owned(),
        n if n % 60 == 0 => fill(t().alerts.minutes, &[("n", &(n / 60).to_string())]),
        n => fill(t().alerts.seconds, &[("n", &n.to_string())]),
    };
    let about = words::rule(&id);
    let condition = text(&rule, "condition").to_owned();
    let (to_edit, to_remove) = (rule.clone(), rule);
    view! {
        <tr class:off=!enabled>
            <th scope="row"><code>{id}</code></th>
            <td class="wrapping">{match about {
                Some(words) => view! { <span>{move || words.of(t())}</span> }.into_any(),
                None => view! { <code class="wrap">{condition}</code> }.into_any(),
            }}</td>
            <td>{if enabled {
                let name = severity.clone();
                view! { <Badge tone=Signal::stored(words::tone(&severity)) text=derive(move || words::severity(&name).to_owned())/> }.into_any()
            } else {
                view! { <span class="dim">{tr!(alerts.off)}</span> }.into_any()
            }}</td>
            <td class="num">{part(lasting)}</td>
            <td>{if group.is_empty() {
                view! { <span class="dim">{tr!(alerts.ungrouped)}</span> }.into_any()
            } else {
                view! { <code>{group}</code> }.into_any()
            }}</td>
            <td class="row-actions always">
                <Button
                    label=wording(word!(alerts.edit))
                    icon=Icon::Edit
                    weight=Weight::Quiet
                    permission=Permission::HubManage
                    on_press=move |()| editing.edit(&to_edit)
                />
                {(custom || changed).then(|| view! {
                    <Button
                        label=if custom { wording(word!(alerts.delete)) } else { wording(word!(alerts.reset)) }
                        weight=Weight::Quiet
                        permission=Permission::HubManage
                        on_press=move |()| {
                            asked.set(to_remove.clone());
                            question.ask();
                        }
                    />
                })}
            </td>
        </tr>
    }
}

#[component]
fn Remove(removing: Removing, on_done: Callback<()>) -> impl IntoView {
    let (question, asked) = removing;
    let custom = derive(move || asked.with(is_custom));
    let worded = move |own: fn() -> &'static str, built_in: fn() -> &'static str| {
        derive(move || {
            let id = asked.with(|rule| text(rule, "id").to_owned());
            fill(
                if custom.get() { own() } else { built_in() },
                &[("id", &id)],
            )
        })
    };
    let confirm = move |()| {
        if !question.begin() {
            return;
        }
        let id = asked.with_untracked(|rule| text(rule, "id").to_owned());
        let custom = asked.with_untracked(is_custom);
        spawn_local(async move {
            if question.settle(api::delete_rule(&id).await).is_some() {
                let words = &t_once().alerts;
                let done = if custom {
                    words.deleted
                } else {
                    words.reset_done
                };
                toast::success(fill(done, &[("id", &id)]));
                on_done.try_run(());
            }
        });
    };
    view! {
        <Confirm
            open=question.open
            title=worded(|| t().alerts.delete_title, || t().alerts.reset_title)
            text=worded(|| t().alerts.delete_text, || t().alerts.reset_text)
            action=worded(|| t().alerts.delete, || t().alerts.reset)
            busy=question.busy
            on_confirm=confirm
        >
            <ErrorNote error=question.failure/>
        </Confirm>
    }
}
