//! The table of a kind of document.

use super::act::Acting;
use super::definition::{Cell, Column, Resource};
use super::form::Editing;
use crate::components::badge::Badge;
use crate::components::button::{Button, Weight};
use crate::components::copy::CopyButton;
use crate::components::icon::Icon;
use crate::components::state_view::EmptyState;
use crate::components::time_text::Moment;
use crate::i18n::{fill, shown, t, tr, word, wording};
use crate::reactive::{Memo, derive, part};
use crate::session;
use leptos::prelude::*;
use serde_json::Value;
use shared::sorting;

/// Texts with more characters than this break into lines.
const LONG: usize = 40;

pub(super) fn table(
    resource: &'static Resource,
    documents: Memo<Vec<Value>>,
    editing: Editing,
    acting: Acting,
) -> impl IntoView {
    part(move || {
        let mut documents = documents.get();
        if !resource.newest.is_empty() {
            let time = |document: &Value| {
                let time = document.pointer(resource.newest).and_then(Value::as_str);
                time.unwrap_or_default().to_owned()
            };
            sorting::sort_by(&mut documents, |one, other| time(other).cmp(&time(one)));
        }
        if documents.is_empty() {
            return view! {
                <EmptyState icon=Icon::Layers title=wording(word!(resources.none)) text=wording(resource.empty)/>
            }
            .into_any();
        }
        let heads = resource
            .columns
            .iter()
            .map(|column| view! { <th scope="col">{shown(column.name)}</th> });
        let rows = documents
            .into_iter()
            .map(|document| row(resource, document, editing, acting));
        view! {
            <div class="table-scroll" tabindex="0" role="group" aria-label=wording(resource.title)>
                <table>
                    <thead>
                        <tr>
                            <th scope="col">{if resource.is_single { tr!(resources.setting) } else { tr!(resources.name) }}</th>
                            {heads.collect_view()}
                            <th scope="col"><span class="visually-hidden">{tr!(resources.actions)}</span></th>
                        </tr>
                    </thead>
                    <tbody>{rows.collect_view()}</tbody>
                </table>
            </div>
        }
        .into_any()
    })
}

/// What a document is called by people.
pub(super) fn label_of(resource: &Resource, document: &Value) -> String {
    let label = document.pointer(resource.label).and_then(Value::as_str);
    label.unwrap_or_default().to_owned()
}

/// What a document is called in addresses.
pub(super) fn id_of(resource: &Resource, document: &Value) -> String {
    let id = document.pointer(resource.id).and_then(Value::as_str);
    id.unwrap_or_default().to_owned()
}

fn row(
    resource: &'static Resource,
    document: Value,
    editing: Editing,
    acting: Acting,
) -> impl IntoView {
    let id = label_of(resource, &document);
    let cells = resource
        .columns
        .iter()
        .map(|column| {
            let text = text_in(column, &document);
            let is_long = text.chars().count() > LONG;
            view! { <td class:wrapping=is_long>{cell(column, text)}</td> }
        })
        .collect_view();
    let me = session::name();
    let acts = resource
        .acts
        .iter()
        .filter(|act| (act.applies)(&document, &me));
    let acts = acts
        .map(|act| {
            let (document, id) = (document.clone(), id.clone());
            view! {
                <Button
                    label=wording(act.name)
                    weight=Weight::Quiet
                    permission=resource.permission
                    described=derive(move || fill(t().resources.act_on, &[("act", act.name.of(t())), ("id", &id)]))
                    on_press=move |()| acting.ask(act, document.clone())
                />
            }
        })
        .collect_view();
    let edits = resource.form.as_ref().is_some_and(|form| form.edits);
    let name = if resource.is_single {
        view! { <span>{shown(resource.title)}</span> }.into_any()
    } else {
        view! { <code>{id}</code> }.into_any()
    };
    view! {
        <tr>
            <th scope="row">{name}</th>
            {cells}
            <td class="row-actions always">
                {edits.then(|| view! {
                    <Button
                        label=wording(word!(resources.edit))
                        icon=Icon::Edit
                        weight=Weight::Quiet
                        permission=resource.permission
                        on_press=move |()| editing.edit(document.clone())
                    />
                })}
                {acts}
            </td>
        </tr>
    }
}

/// The text of a column.
fn text_in(column: &Column, document: &Value) -> String {
    let value = document.pointer(column.place).unwrap_or(&Value::Null);
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items
            .iter()
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join(", "),
        value => value.to_string(),
    }
}

fn cell(column: &'static Column, text: String) -> AnyView {
    if text.is_empty() {
        return view! { <span class="dim">"–"</span> }.into_any();
    }
    match column.cell {
        Cell::Plain => view! { <span>{text}</span> }.into_any(),
        Cell::Code => view! { <code class="wrap">{text}</code> }.into_any(),
        Cell::Time => view! { <Moment at=Signal::stored(Some(text))/> }.into_any(),
        Cell::Words(words) => match words.iter().find(|(name, ..)| *name == text) {
            Some((_, tone, words)) => {
                view! { <Badge tone=Signal::stored(*tone) text=wording(*words)/> }.into_any()
            }
            None => view! { <code>{text}</code> }.into_any(),
        },
        Cell::Key => view! {
            <CopyButton text=Signal::stored(text) label=wording(column.name) weight=Weight::Quiet/>
        }
        .into_any(),
    }
}
