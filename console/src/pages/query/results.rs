//! Results as a table: more of them on demand, and as a file.

use crate::api::ApiError;
use crate::api::query::{self as api, Cost};
use crate::clock;
use crate::components::button::{Button, Weight};
use crate::components::icon::Icon;
use crate::components::state_view::{EmptyState, ErrorNote};
use crate::i18n::{count, fill, t, tr, word, wording};
use crate::logic::number::grouped;
use crate::logic::query_result::{Workbench, cell, csv, lines};
use crate::logic::time;
use crate::logic::url_state::encode;
use crate::reactive::{Memo, RwSignal, derive, effect, memo, part};
use crate::routes::{self, Tab};
use crate::save;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::Value;

/// The first results of a query.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Page {
    /// The query.
    pub text: String,
    /// Results.
    pub rows: Vec<Value>,
    /// Where the next ones begin.
    pub continuation: Option<String>,
    /// What it cost, if that is known.
    pub cost: Option<Cost>,
}

/// The table with what belongs to it.
#[component]
pub(super) fn Results(data: Memo<Page>, bench: Memo<Workbench>) -> impl IntoView {
    let more = RwSignal::new(Vec::<Value>::new());
    let next = RwSignal::new(None::<String>);
    let (busy, failure) = (RwSignal::new(false), RwSignal::new(None::<ApiError>));
    // Other first results: what came behind the old ones is not their sequel.
    effect(move |_| {
        next.set(data.with(|page| page.continuation.clone()));
        more.set(Vec::new());
        busy.set(false);
        failure.set(None);
    });
    let load = move |()| {
        let Some(from) = next.get_untracked().filter(|_| !busy.get_untracked()) else {
            return;
        };
        busy.set(true);
        failure.set(None);
        let text = data.with_untracked(|page| page.text.clone());
        spawn_local(async move {
            let outcome = api::page::<Value>(&text, api::MOST, Some(&from)).await;
            if next.try_get_untracked().flatten() != Some(from) {
                return;
            }
            busy.set(false);
            match outcome {
                Ok(answer) => {
                    more.update(|all| all.extend(answer.value));
                    next.set(answer.continuation);
                }
                Err(error) => failure.set(Some(error)),
            }
        });
    };
    let rows = memo(move || {
        let mut rows = data.with(|page| page.rows.clone());
        more.with(|more| rows.extend(more.iter().cloned()));
        rows
    });
    let columns = memo(move || bench.with(|bench| rows.with(|rows| bench.columns_of(rows))));
    let empty = memo(move || rows.with(Vec::is_empty));
    let shown = move || {
        let words = &t().query;
        let n = rows.with(Vec::len) as u64;
        if next.with(Option::is_some) {
            fill(words.shown_more, &[("n", &grouped(n))])
        } else {
            count(n, words.shown_one, words.shown_other)
        }
    };
    let cost = move || {
        let cost = data.with(|page| page.cost.clone())?;
        let words = &t().query;
        let text = if cost.indexes.is_empty() {
            words.cost
        } else {
            words.cost_indexed
        };
        let values = [
            ("matched", grouped(cost.rows_matched)),
            ("scanned", grouped(cost.rows_scanned)),
            ("indexes", cost.indexes.join(", ")),
        ];
        let values = values
            .each_ref()
            .map(|(name, value)| (*name, value.as_str()));
        Some(fill(text, &values))
    };
    let load_words = derive(move || {
        (if busy.get() {
            t().query.load_more_busy
        } else {
            t().query.load_more
        })
        .to_owned()
    });
    view! {
        <div class="list-head">
            <span class="dim grow" role="status">{part(shown)} <span class="cost">{part(cost)}</span></span>
            <Export rows columns/>
        </div>
        {move || if empty.get() {
            view! {
                <EmptyState icon=Icon::Search title=wording(word!(query.none_title)) text=wording(word!(query.none_text))/>
            }
            .into_any()
        } else {
            view! {
                <Table rows columns/>
                <div class="body-tight"><ErrorNote error=failure/></div>
                <footer class="card-foot centred">
                    {move || if next.with(Option::is_none) {
                        view! { <span class="dim">{tr!(query.all_shown)}</span> }.into_any()
                    } else {
                        view! { <Button label=load_words disabled=busy on_press=load/> }.into_any()
                    }}
                </footer>
            }
            .into_any()
        }}
    }
}

#[component]
fn Table(rows: Memo<Vec<Value>>, columns: Memo<Vec<String>>) -> impl IntoView {
    view! {
        <div class="table-scroll tall" tabindex="0" role="group" aria-label=tr!(query.results)>
            <table class="results">
                <thead>
                    <tr>{move || columns.get().into_iter().map(|path| view! { <th scope="col"><code>{path}</code></th> }).collect_view()}</tr>
                </thead>
                <tbody>
                    {move || {
                        let columns = columns.get();
                        rows.with(|rows| rows.iter().map(|row| line(row, &columns)).collect_view())
                    }}
                </tbody>
            </table>
        </div>
    }
}

fn line(row: &Value, columns: &[String]) -> impl IntoView + use<> {
    let device = row.get("deviceId").and_then(Value::as_str);
    let cells = columns.iter().map(|path| {
        let text = cell(row, path);
        match device.filter(|id| path == "deviceId" && *id == text) {
            Some(id) => view! {
                <td><a class="mono" data-row="" href=routes::device(id, Tab::Twin)>{text}</a></td>
            }
            .into_any(),
            None => view! { <td class="clip" title=text.clone()><code>{text.clone()}</code></td> }
                .into_any(),
        }
    });
    view! { <tr>{cells.collect_view()}</tr> }
}

#[component]
fn Export(rows: Memo<Vec<Value>>, columns: Memo<Vec<String>>) -> impl IntoView {
    let none = derive(move || rows.with(Vec::is_empty));
    let fixed = |format: &'static str| Signal::stored(format.to_owned());
    let named =
        |format: &'static str| derive(move || fill(t().query.export_named, &[("format", format)]));
    let offer = move |kind: &str, ending: &str, text: String| {
        let at = time::timestamp(clock::now_once()).replace(':', "");
        let address = format!("data:{kind};charset=utf-8,{}", encode(&text));
        save::save(&address, &format!("query-{at}.{ending}"));
    };
    let as_table = move |()| {
        let text = rows.with_untracked(|rows| columns.with_untracked(|columns| csv(rows, columns)));
        offer("text/csv", "csv", text);
    };
    let as_lines = move |()| {
        offer(
            "application/x-ndjson",
            "ndjson",
            rows.with_untracked(|rows| lines(rows)),
        )
    };
    view! {
        <Button
            label=fixed("CSV")
            described=named("CSV")
            icon=Icon::Download
            weight=Weight::Quiet
            disabled=none
            on_press=as_table
        />
        <Button
            label=fixed("NDJSON")
            described=named("NDJSON")
            icon=Icon::Download
            weight=Weight::Quiet
            disabled=none
            on_press=as_lines
        />
    }
}
