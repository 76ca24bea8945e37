//! The record of changes: who did what to which device, what was refused, and the proof that
//! nothing in it was altered. The address holds the filters and the open record.

mod detail;
mod export;
mod filters;
pub mod names;
mod records;
mod verification;

use crate::api::ApiError;
use crate::api::audit::{self as api, AuditPage as Page, AuditProof, AuditRecord};
use crate::components::button::{Button, Weight};
use crate::components::icon::{Icon, IconView};
use crate::components::keyboard::list_keys;
use crate::components::page_title::PageTitle;
use crate::components::state_view::{EmptyState, ErrorNote, live_view};
use crate::i18n::{count, fill, t, tr, word, wording};
use crate::live::{Live, live};
use crate::logic::audit_filter::AuditFilter;
use crate::logic::number::grouped;
use crate::reactive::{Callback, Memo, RwSignal, derive, effect, memo, part};
use crate::routes;
use crate::session::{Permission, may};
use filters::Filters;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::{use_location, use_navigate};
use records::RecordTable;
use verification::Verification;

/// What was loaded after the first page.
#[derive(Clone, Copy)]
struct Older {
    records: RwSignal<Vec<AuditRecord>>,
    cursor: RwSignal<Option<String>>,
    busy: RwSignal<bool>,
    failure: RwSignal<Option<ApiError>>,
}

impl Older {
    /// Follows the first page: when that changes, what came after it is no longer its sequel.
    fn after(first: Live<Page>) -> Self {
        let this = Self {
            records: RwSignal::new(Vec::new()),
            cursor: RwSignal::new(None),
            busy: RwSignal::new(false),
            failure: RwSignal::new(None),
        };
        effect(move |_| {
            let cursor = first
                .data
                .with(|page| page.as_ref().and_then(|page| page.cursor.clone()));
            this.records.set(Vec::new());
            this.failure.set(None);
            this.busy.set(false);
            this.cursor.set(cursor);
        });
        this
    }

    fn load(self, wanted: Memo<AuditFilter>) {
        let Some(cursor) = self.cursor.get_untracked() else {
            return;
        };
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        self.failure.set(None);
        let asked = wanted.get_untracked();
        spawn_local(async move {
            let outcome = api::page(&asked, Some(&cursor)).await;
            // Another filter or a fresh first page: this answer belongs to neither.
            if self.cursor.try_get_untracked().flatten() != Some(cursor) {
                return;
            }
            self.busy.set(false);
            match outcome {
                Ok(page) => {
                    self.records.update(|all| all.extend(page.records));
                    self.cursor.set(page.cursor);
                }
                Err(error) => self.failure.set(Some(error)),
            }
        });
    }
}

/// The page.
#[component]
pub fn AuditPage() -> impl IntoView {
    let search = use_location().search;
    let filter = memo(move || AuditFilter::read(&search.get()));
    let wanted = memo(move || filter.with(AuditFilter::closed));
    let first = live(
        move || wanted.get(),
        None,
        |filter| async move { api::page(&filter, None).await },
    );
    let older = Older::after(first);
    let all = memo(move || {
        let mut all = first
            .data
            .with(|page| page.as_ref().map(|page| page.records.clone()))
            .unwrap_or_default();
        older.records.with(|more| all.extend(more.iter().cloned()));
        all
    });
    let navigate = use_navigate();
    let change = Callback::new(move |filter: AuditFilter| {
        navigate(&routes::audit(&filter), routes::same_screen());
    });
    list_keys();
    let proof = RwSignal::new(None::<Result<AuditProof, ApiError>>);
    let shown = move || {
        let words = &t().audit;
        let n = all.with(Vec::len) as u64;
        if older.cursor.with(Option::is_some) {
            fill(words.shown_more, &[("n", &grouped(n))])
        } else {
            count(n, words.shown_one, words.shown_other)
        }
    };
    view! {
        <PageTitle text=wording(word!(audit.title))/>
        <div class="pagehead">
            <div class="grow">
                <h1>{tr!(audit.title)}</h1>
                <p class="lead">{tr!(audit.explained)}</p>
            </div>
            <div class="actions">
                <Button
                    label=wording(word!(audit.export))
                    described=derive(|| format!("{}: {}", t().audit.export, t().audit.export_hint))
                    icon=Icon::Download
                    disabled=derive(move || all.with(Vec::is_empty))
                    on_press=move |()| export::save(&all.get_untracked())
                />
                <verification::VerifyButton proof/>
            </div>
        </div>
        {move || (!may(Permission::AuditRead)).then(|| view! {
            <div class="notice" role="note"><IconView icon=Icon::Person/><div>{tr!(audit.own_only)}</div></div>
        })}
        <Verification proof/>
        <section class="card" aria-label=tr!(audit.table)>
            <Filters filter change/>
            <div class="list-head">
                <span class="dim grow" role="status">{move || first.data.with(Option::is_some).then(shown)}</span>
                <Button
                    label=wording(word!(audit.refresh))
                    icon=Icon::Refresh
                    weight=Weight::Quiet
                    on_press=move |()| first.refresh()
                />
            </div>
            {live_view(first, 8, move |_| listed(all, older, wanted, filter, change))}
        </section>
    }
}

fn listed(
    all: Memo<Vec<AuditRecord>>,
    older: Older,
    wanted: Memo<AuditFilter>,
    filter: Memo<AuditFilter>,
    change: Callback<AuditFilter>,
) -> impl IntoView {
    let empty = memo(move || all.with(Vec::is_empty));
    let ended = memo(move || older.cursor.with(Option::is_none));
    let load_words = derive(move || {
        (if older.busy.get() {
            t().audit.load_more_busy
        } else {
            t().audit.load_more
        })
        .to_owned()
    });
    part(move || {
        if !empty.get() {
            return view! {
                <RecordTable all filter change/>
                <div class="body-tight"><ErrorNote error=older.failure/></div>
                <footer class="card-foot centred">
                    {move || if ended.get() {
                        view! { <span class="dim">{tr!(audit.all_shown)}</span> }.into_any()
                    } else {
                        view! {
                            <Button label=load_words disabled=older.busy on_press=move |()| older.load(wanted)/>
                        }
                        .into_any()
                    }}
                </footer>
            }
            .into_any();
        }
        if filter.with(AuditFilter::narrows) {
            view! {
                <EmptyState
                    icon=Icon::Search
                    title=wording(word!(audit.no_match_title))
                    text=wording(word!(audit.no_match_text))
                >
                    <Button label=wording(word!(devices.clear))
                        on_press=move |()| change.run(AuditFilter::default())/>
                </EmptyState>
            }
            .into_any()
        } else {
            view! {
                <EmptyState
                    icon=Icon::Record
                    title=wording(word!(audit.empty_title))
                    text=wording(word!(audit.empty_text))
                />
            }
            .into_any()
        }
    })
}
