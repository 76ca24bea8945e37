//! Making a configuration, and changing what can be changed of one: written, seen as a
//! difference, confirmed.

use super::detail::Gone;
use super::draft::Draft;
use crate::api::configurations::{self as api, Configuration};
use crate::components::button::{Button, Weight};
use crate::components::dialog::Confirm;
use crate::components::diff_view::DiffView;
use crate::components::field::TextField;
use crate::components::json_editor::JsonEditor;
use crate::components::json_view::JsonView;
use crate::components::page_title::PageTitle;
use crate::components::pairs::{PairRows, PairWords};
use crate::components::question::Question;
use crate::components::state_view::{ErrorNote, live_view};
use crate::components::toast;
use crate::i18n::{count, fill, t, t_once, tr, word, wording};
use crate::live::live;
use crate::logic::configuration::MOST_METRICS;
use crate::logic::json_document::pretty;
use crate::logic::number::grouped;
use crate::pages::not_found::NotFound;
use crate::reactive::{derive, memo, part};
use crate::routes;
use crate::session::Permission;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::{use_location, use_navigate};
use serde_json::Value;

const LABELS: PairWords = PairWords {
    title: word!(configurations.labels),
    name: word!(configurations.label_name),
    text: word!(configurations.label_text),
    add: word!(configurations.add_label),
    remove: word!(configurations.remove_label),
};

const METRICS: PairWords = PairWords {
    title: word!(configurations.metrics),
    name: word!(configurations.metric_name),
    text: word!(configurations.metric_text),
    add: word!(configurations.add_metric),
    remove: word!(configurations.remove_metric),
};

/// Labels that the form has room for.
const MOST_LABELS: usize = 20;

/// A new one.
#[component]
pub fn ConfigurePage() -> impl IntoView {
    view! {
        <PageTitle text=wording(word!(configurations.create_title))/>
        <Form base=None/>
    }
}

/// One that exists.
#[component]
pub fn EditConfigurationPage() -> impl IntoView {
    let path = use_location().pathname;
    let id = memo(move || routes::read_configuration(&path.get()));
    part(move || match id.get() {
        Some(id) => view! { <Edit id/> }.into_any(),
        None => view! { <NotFound/> }.into_any(),
    })
}

#[component]
fn Edit(id: String) -> impl IntoView {
    let id = StoredValue::new(id);
    // Read once: what somebody is editing must not change under their hands. The entity tag
    // tells if it did meanwhile.
    let one = live(
        move || id.get_value(),
        None,
        |id| async move { api::get(&id).await },
    );
    let title = derive(move || fill(t().configurations.edit_title, &[("id", &id.get_value())]));
    let gone = memo(move || {
        let status = one
            .fresh
            .error
            .with(|e| e.as_ref().and_then(|e| e.status()));
        status == Some(404)
    });
    view! {
        <PageTitle text=title/>
        {move || if gone.get() {
            view! { <Gone id=id.get_value()/> }.into_any()
        } else {
            view! { {live_view(one, 8, |data| view! { <Form base=Some(data.get_untracked())/> })} }.into_any()
        }}
    }
}

#[component]
fn Form(base: Option<Configuration>) -> impl IntoView {
    let draft = Draft::new(base);
    let title = move || {
        if draft.is_new() {
            t().configurations.create_title.to_owned()
        } else {
            fill(t().configurations.edit_title, &[("id", &draft.id.get())])
        }
    };
    let back = if draft.is_new() {
        routes::configurations()
    } else {
        draft.id.with_untracked(|id| routes::configuration(id))
    };
    let picks = move || {
        let words = &t().configurations;
        let n = draft
            .verdict
            .data
            .with(|verdict| verdict.as_ref().and_then(|verdict| verdict.count))?;
        Some(count(n, words.matches_one, words.matches_other))
    };
    let refusal = derive(move || draft.verdict.fresh.error.get());
    view! {
        <div class="pagehead">
            <div class="grow">
                <nav class="crumbs" aria-label=tr!(configurations.title)>
                    <a href=routes::configurations()>{tr!(configurations.title)}</a>
                </nav>
                <h1>{part(title)}</h1>
                <p class="lead">{tr!(configurations.form_explained)}</p>
            </div>
            <div class="actions">
                <a class="btn" href=back>{tr!(common.cancel)}</a>
                <Save draft/>
            </div>
        </div>
        <div class="grid g2">
            <section class="card">
                <div class="body stack">
                    {draft.is_new().then(|| view! {
                        <TextField
                            label=wording(word!(configurations.id))
                            hint=wording(word!(configurations.id_hint))
                            value=draft.id
                            error=derive(move || draft.id_problem())
                            mono=true
                        />
                    })}
                    <TextField
                        label=wording(word!(configurations.column_priority))
                        hint=wording(word!(configurations.priority_hint))
                        value=draft.priority
                        error=derive(move || draft.priority_problem())
                    />
                    <div>
                        <TextField
                            label=wording(word!(configurations.column_condition))
                            hint=wording(word!(configurations.condition_hint))
                            value=draft.condition
                            error=derive(move || draft.condition_problem())
                            mono=true
                        />
                        <p class="picks" role="status">{part(picks)}</p>
                        <ErrorNote error=refusal/>
                    </div>
                    <PairRows
                        pairs=draft.metrics
                        words=METRICS
                        most=MOST_METRICS
                        error=derive(move || draft.metric_problem())
                    />
                    <PairRows pairs=draft.labels words=LABELS most=MOST_LABELS error=Signal::stored(None::<String>)/>
                </div>
            </section>
            <div class="stack">
                <Content draft/>
                {(!draft.is_new()).then(|| view! { <Changes draft/> })}
            </div>
        </div>
    }
}

#[component]
fn Content(draft: Draft) -> impl IntoView {
    if draft.is_new() {
        let complaint = derive(move || draft.content_problem());
        return view! {
            <section class="card">
                <div class="body">
                    <JsonEditor
                        label=wording(word!(configurations.content))
                        hint=wording(word!(configurations.content_hint))
                        text=draft.content
                        complaint
                        visible_label=true
                        rows=14
                    />
                </div>
            </section>
        }
        .into_any();
    }
    let content = draft.content_value().unwrap_or(Value::Null);
    view! {
        <section class="card" aria-labelledby="content-title">
            <header><h2 id="content-title">{tr!(configurations.content)}</h2></header>
            <JsonView value=Signal::stored(content) label=wording(word!(configurations.content))/>
            <p class="card-note dim">{tr!(configurations.content_fixed)}</p>
        </section>
    }
    .into_any()
}

/// What differs from the one that is edited.
#[component]
fn Changes(draft: Draft) -> impl IntoView {
    let before = memo(move || {
        draft.base.with_value(|base| {
            let settings = base.as_ref().map(Configuration::settings);
            settings.unwrap_or_default()
        })
    });
    let after = memo(move || draft.settings());
    let same = memo(move || before.get() == after.get());
    view! {
        <section class="card" aria-labelledby="changes-title">
            <header><h2 id="changes-title">{tr!(configurations.changes)}</h2></header>
            {move || if same.get() {
                view! { <p class="body sub">{tr!(configurations.no_change)}</p> }.into_any()
            } else {
                view! {
                    <DiffView
                        old=derive(move || pretty(&before.get().document()))
                        new=derive(move || pretty(&after.get().document()))
                    />
                }
                .into_any()
            }}
        </section>
    }
}

#[component]
fn Save(draft: Draft) -> impl IntoView {
    let question = Question::new();
    let navigate = use_navigate();
    let confirm = move |()| {
        if !question.begin() {
            return;
        }
        let navigate = navigate.clone();
        let (id, body) = untrack(|| (draft.id.get(), draft.body()));
        let etag = draft
            .base
            .with_value(|base| base.as_ref().map(|one| one.etag.clone()));
        spawn_local(async move {
            let outcome = api::put(&id, &body, etag.as_deref()).await;
            if question.settle(outcome).is_some() {
                toast::success(fill(t_once().configurations.saved, &[("id", &id)]));
                navigate(&routes::configuration(&id), routes::to_screen());
            }
        });
    };
    let title = derive(move || {
        let words = &t().configurations;
        let text = if draft.is_new() {
            words.save_create_title
        } else {
            words.save_edit_title
        };
        fill(text, &[("id", &draft.id.get())])
    });
    let text = derive(move || {
        let n = draft
            .verdict
            .data
            .with(|verdict| verdict.as_ref().and_then(|verdict| verdict.count));
        let n = n.map_or_else(|| "–".to_owned(), grouped);
        fill(t().configurations.save_text, &[("n", &n)])
    });
    view! {
        <Button
            label=wording(word!(configurations.save))
            weight=Weight::Primary
            permission=Permission::ConfigurationsWrite
            obstacle=derive(move || draft.obstacle())
            on_press=move |()| question.ask()
        />
        <Confirm
            open=question.open
            title
            text
            action=wording(word!(configurations.save))
            harmless=true
            busy=question.busy
            on_confirm=confirm
        >
            <ErrorNote error=question.failure/>
        </Confirm>
    }
}
