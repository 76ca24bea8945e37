//! What an import would do: the counts, and the lines that would be refused.

use super::refused::RefusedTable;
use crate::components::icon::{Icon, IconView};
use crate::i18n::{fill, t, tr, word, wording};
use crate::logic::dry_run::DryRun;
use crate::logic::number::grouped;
use crate::reactive::derive;
use leptos::prelude::*;

/// The result.
#[component]
pub fn CheckResult(
    /// What the hub answered.
    run: DryRun,
) -> impl IntoView {
    let figure = |n: u64, bad: bool, words: Signal<String>| {
        view! {
            <li class:bad-text=bad && n != 0><b>{grouped(n)}</b> <span>{move || words.get()}</span></li>
        }
    };
    let words = |read: fn(&'static crate::i18n::transfers::Transfers) -> &'static str| {
        derive(move || read(&t().transfers).to_owned())
    };
    let (shown, total) = (run.refused.len() as u64, run.refusals());
    view! {
        <section class="card" aria-labelledby="result-title">
            <header><h2 id="result-title">{tr!(transfers.result_title)}</h2></header>
            <ul class="figures body">
                {figure(run.create, false, words(|t| t.count_create))}
                {figure(run.update, false, words(|t| t.count_update))}
                {figure(run.delete, false, words(|t| t.count_delete))}
                {figure(run.skip, false, words(|t| t.count_skip))}
                {figure(run.conflict, true, words(|t| t.count_conflict))}
                {figure(run.error, true, words(|t| t.count_error))}
            </ul>
            <div class="card-note" role="status">
                {move || if total == 0 { t().transfers.all_fine } else { t().transfers.some_refused }}
            </div>
            {(total > 0).then(|| view! {
                <RefusedTable lines=run.refused label=wording(word!(transfers.refused_table))/>
            })}
            {(shown < total).then(|| view! {
                <div class="card-note">
                    {move || fill(t().transfers.log_first, &[("n", &grouped(shown)), ("total", &grouped(total))])}
                </div>
            })}
        </section>
    }
}

/// A sentence about a file that could not be checked.
#[component]
pub fn Unchecked(
    /// The sentence.
    #[prop(into)]
    text: Signal<String>,
) -> impl IntoView {
    view! {
        <div class="notice warn" role="status"><IconView icon=Icon::Warning/><div>{move || text.get()}</div></div>
    }
}
