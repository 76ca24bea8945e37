//! The query workbench: a query over the fleet, its results as a table, and what else can be
//! done with it. The address holds the query and the columns, so that it can be sent on.

mod call;
mod results;

use crate::api::ApiError;
use crate::api::query as api;
use crate::components::button::{Button, Weight};
use crate::components::field::{SelectField, unique_id};
use crate::components::icon::Icon;
use crate::components::page_title::PageTitle;
use crate::components::search_field::SearchField;
use crate::components::state_view::{EmptyState, live_view};
use crate::i18n::{fill, t, tr, word, wording};
use crate::live::live;
use crate::logic::group::fault;
use crate::logic::query_result::{Workbench, condition};
use crate::preferences;
use crate::reactive::{Callback, Memo, RwSignal, derive, effect, memo, part};
use crate::routes;
use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_navigate};
use results::{Page, Results};

/// Results of a page.
const PAGE: usize = api::MOST;
/// Queries that are remembered in this browser.
const RECENT: usize = 12;

const EXAMPLES: [(&str, crate::i18n::Word, &str); 6] = [
    ("all", word!(query.example_all), "SELECT * FROM devices"),
    (
        "silent",
        word!(query.example_silent),
        "SELECT * FROM devices\nWHERE status = 'enabled' AND connectionState = 'Disconnected'",
    ),
    (
        "sites",
        word!(query.example_sites),
        "SELECT tags.site, COUNT() AS devices FROM devices\nGROUP BY tags.site",
    ),
    (
        "firmware",
        word!(query.example_firmware),
        "SELECT properties.reported.firmware.version AS version, COUNT() AS devices FROM devices\n\
         GROUP BY properties.reported.firmware.version",
    ),
    (
        "modules",
        word!(query.example_modules),
        "SELECT * FROM devices.modules",
    ),
    (
        "jobs",
        word!(query.example_jobs),
        "SELECT * FROM devices.jobs",
    ),
];

/// The page.
#[component]
pub fn QueryPage() -> impl IntoView {
    let search = use_location().search;
    let bench = memo(move || Workbench::read(&search.get()));
    let written = RwSignal::new(bench.with_untracked(|bench| bench.text.clone()));
    let text = memo(move || bench.with(|bench| bench.text.clone()));
    // Another query in the address, as of the back button, is another one to edit.
    effect(move |before: Option<()>| {
        let text = text.get();
        if before.is_some() && written.with_untracked(|written| *written != text) {
            written.set(text);
        }
    });
    let first = live(
        move || text.get(),
        None,
        |text: String| async move { ask(&text).await },
    );
    let recent = RwSignal::new(recent());
    let navigate = use_navigate();
    let change = Callback::new(move |next: Workbench| {
        let options = if next.text == text.get_untracked() {
            routes::same_screen()
        } else {
            routes::to_screen()
        };
        navigate(&routes::query(&next), options);
    });
    let run = Callback::new(move |()| {
        let wanted = written.with_untracked(|text| text.trim().to_owned());
        if wanted.is_empty() {
            return;
        }
        recent.set(remember(&wanted));
        if wanted == text.get_untracked() {
            first.refresh();
        } else {
            change.run(Workbench {
                text: wanted,
                ..bench.get_untracked()
            });
        }
    });
    let complaint = derive(move || {
        let fault = first.fresh.error.with(|error| match error {
            Some(ApiError::Refused { text, .. }) => fault(text, 0),
            _ => None,
        })?;
        Some(fill(
            t().common.json_error,
            &[
                ("line", &fault.line.to_string()),
                ("column", &fault.column.to_string()),
                ("message", &fault.reason),
            ],
        ))
    });
    view! {
        <PageTitle text=wording(word!(query.title))/>
        <div class="pagehead">
            <div class="grow">
                <h1>{tr!(query.title)}</h1>
                <p class="lead">{tr!(query.explained)}</p>
            </div>
        </div>
        <section class="card workbench" aria-label=tr!(query.editor)>
            <Editor written recent complaint run/>
        </section>
        <section class="card" aria-label=tr!(query.results)>
            {move || if text.with(String::is_empty) {
                view! {
                    <EmptyState icon=Icon::Search title=wording(word!(query.begin_title)) text=wording(word!(query.begin_text))/>
                }
                .into_any()
            } else {
                view! {
                    <Tools bench change/>
                    {live_view(first, 6, move |data| view! { <Results data bench/> })}
                }
                .into_any()
            }}
        </section>
        {move || (!text.with(String::is_empty)).then(|| view! { <call::SameCall text/> })}
    }
}

async fn ask(text: &str) -> Result<Page, ApiError> {
    if text.is_empty() {
        return Ok(Page::default());
    }
    let answer = api::page(text, PAGE, None).await?;
    // Of a query over jobs nobody knows the cost.
    let cost = api::explain(text).await.ok();
    Ok(Page {
        text: text.to_owned(),
        rows: answer.value,
        continuation: answer.continuation,
        cost,
    })
}

#[component]
fn Editor(
    written: RwSignal<String>,
    recent: RwSignal<Vec<String>>,
    complaint: Signal<Option<String>>,
    run: Callback<()>,
) -> impl IntoView {
    let id = unique_id("query");
    let note = format!("{id}-note");
    let described = note.clone();
    let mut examples = vec![("", wording(word!(query.pick_example)))];
    examples.extend(EXAMPLES.map(|(name, words, _)| (name, wording(words))));
    let pick = move |name: String| {
        if let Some((_, _, text)) = EXAMPLES.iter().find(|(known, _, _)| *known == name) {
            written.set((*text).to_owned());
        }
    };
    view! {
        <div class="body">
            <div class="field">
                <label class="field-label" for=id.clone()>{tr!(query.editor)}</label>
                <textarea
                    id=id
                    class="input mono"
                    rows="5"
                    spellcheck="false"
                    autocapitalize="off"
                    data-filter=""
                    aria-invalid=move || complaint.with(Option::is_some).then_some("true")
                    aria-describedby=described
                    prop:value=move || written.get()
                    on:input=move |event| written.set(event_target_value(&event))
                    on:keydown=move |event| {
                        if event.key() == "Enter" && (event.ctrl_key() || event.meta_key()) {
                            event.prevent_default();
                            run.run(());
                        }
                    }
                />
                <div class="field-note" id=note class:bad=move || complaint.with(Option::is_some)>
                    {move || complaint.get().unwrap_or_else(|| t().query.editor_hint.to_owned())}
                </div>
            </div>
            <div class="bench-foot">
                <Button
                    label=wording(word!(query.run))
                    icon=Icon::Play
                    weight=Weight::Primary
                    disabled=derive(move || written.with(|text| text.trim().is_empty()))
                    on_press=run
                />
                <SelectField
                    inline=true
                    label=wording(word!(query.examples))
                    value=Signal::stored(String::new())
                    on_change=pick
                    options=examples
                />
                <Recent written recent/>
            </div>
        </div>
    }
}

/// The queries that were run in this browser, to go on with one.
#[component]
fn Recent(written: RwSignal<String>, recent: RwSignal<Vec<String>>) -> impl IntoView {
    let id = unique_id("recent");
    let options = move || {
        let known = recent.get().into_iter().map(|text| {
            let short: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
            view! { <option value=text>{short}</option> }
        });
        known.collect_view()
    };
    view! {
        <div class="field inline" hidden=move || recent.with(Vec::is_empty)>
            <label class="field-label" for=id.clone()>{tr!(query.recent)}</label>
            <select id=id class="input select recent" on:change=move |event| {
                let text = event_target_value(&event);
                if !text.is_empty() {
                    written.set(text);
                }
            }>
                <option value="">{tr!(query.pick_example)}</option>
                {part(options)}
            </select>
        </div>
    }
}

fn recent() -> Vec<String> {
    let stored = preferences::stored("queries").unwrap_or_default();
    serde_json::from_str(&stored).unwrap_or_default()
}

/// Keeps a query in this browser; answers all that are kept, the newest first.
fn remember(text: &str) -> Vec<String> {
    let mut known = recent();
    known.retain(|other| other != text);
    known.insert(0, text.to_owned());
    known.truncate(RECENT);
    preferences::store("queries", &serde_json::json!(known).to_string());
    known
}

/// Columns, and what else a query is good for.
#[component]
fn Tools(bench: Memo<Workbench>, change: Callback<Workbench>) -> impl IntoView {
    let target = memo(move || bench.with(|bench| condition(&bench.text)));
    view! {
        <div class="filter roomy" role="group" aria-label=tr!(query.columns)>
            <SearchField
                main=true
                icon=Icon::Columns
                label=wording(word!(query.columns_hint))
                value=derive(move || bench.with(|bench| bench.columns.clone()))
                on_change=move |columns: String| {
                    change.run(Workbench { columns, ..bench.get_untracked() });
                }
            />
            {move || target.get().map(|condition| view! {
                <a class="btn" href=routes::schedule_for(&condition)>{tr!(query.use_for_job)}</a>
            })}
        </div>
    }
}
