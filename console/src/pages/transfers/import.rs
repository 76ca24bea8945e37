//! An import in three steps on one page: choose a file, see what it would do, do it.

use super::StartFailure;
use super::check::{CheckResult, Unchecked};
use crate::api::{ApiError, blobs, transfers as api};
use crate::clock;
use crate::components::button::{Button, Weight};
use crate::components::dialog::Confirm;
use crate::components::field::unique_id;
use crate::components::icon::{Icon, IconView};
use crate::components::page_title::PageTitle;
use crate::components::question::Question;
use crate::components::state_view::ErrorNote;
use crate::components::toast;
use crate::i18n::{fill, t, t_once, tr, word, wording};
use crate::logic::dry_run::DryRun;
use crate::logic::number::{bytes, grouped, percent};
use crate::logic::transfer::{Format, MOST_CHECKED_BYTES, file_in, import_order, new_container};
use crate::reactive::{RwSignal, derive, memo};
use crate::routes;
use crate::session::Permission;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_navigate;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{File, HtmlInputElement};

/// How the check of the chosen file stands.
#[derive(Debug, Clone, PartialEq)]
enum Check {
    /// No file, or none that can be asked about.
    None,
    /// It is empty.
    Empty,
    /// It has more bytes than can be checked.
    TooLarge(u64),
    /// Lines so far.
    Running(u64),
    /// The whole answer.
    Done(DryRun),
    /// The answer ended early.
    CutOff,
    /// It was changed or moved after it was chosen: the browser does not read it any more.
    Gone,
}

/// The chosen file and what is known of it.
#[derive(Clone, Copy)]
struct Chosen {
    file: StoredValue<Option<File>, LocalStorage>,
    name: RwSignal<String>,
    check: RwSignal<Check>,
    failure: RwSignal<Option<ApiError>>,
    /// Counts choices: an answer about an earlier one is not shown.
    round: StoredValue<u32>,
}

impl Chosen {
    fn choose(self, file: Option<File>) {
        self.name
            .set(file.as_ref().map(File::name).unwrap_or_default());
        self.file.set_value(file);
        self.check();
    }

    fn check(self) {
        self.round.update_value(|round| *round += 1);
        self.failure.set(None);
        let Some(file) = self.file.get_value() else {
            self.check.set(Check::None);
            return;
        };
        if file.size() == 0.0 {
            self.check.set(Check::Empty);
            return;
        }
        if file.size() > MOST_CHECKED_BYTES {
            self.check.set(Check::TooLarge(file.size() as u64));
            return;
        }
        self.check.set(Check::Running(0));
        let mine = self.round.get_value();
        let current = move || self.round.try_get_value() == Some(mine);
        spawn_local(async move {
            if !is_there(&file).await {
                if current() {
                    self.check.set(Check::Gone);
                }
                return;
            }
            let mut run = DryRun::default();
            let outcome = api::dry_run(&file, Format::of(&file.name()), |piece| {
                run.push(piece);
                current() && {
                    self.check.set(Check::Running(run.lines()));
                    true
                }
            })
            .await;
            if !current() {
                return;
            }
            run.finish();
            match outcome {
                Ok(()) if run.ended => self.check.set(Check::Done(run)),
                Ok(()) => self.check.set(Check::CutOff),
                Err(error) => {
                    self.check.set(Check::None);
                    self.failure.set(Some(error));
                }
            }
        });
    }

    /// Why the file cannot be imported now. Tracked.
    fn obstacle(self) -> Option<String> {
        let words = &t().transfers;
        let name = self.name.get();
        self.check.with(|check| match check {
            Check::Done(_) | Check::TooLarge(_) if Format::of(&name) == Format::Table => {
                Some(words.table_only_checked.to_owned())
            }
            Check::Done(run) if run.applied() == 0 => Some(words.nothing_to_import.to_owned()),
            _ => None,
        })
    }
}

/// The page.
#[component]
pub fn ImportPage() -> impl IntoView {
    let chosen = Chosen {
        file: StoredValue::new_local(None),
        name: RwSignal::new(String::new()),
        check: RwSignal::new(Check::None),
        failure: RwSignal::new(None),
        round: StoredValue::new(0),
    };
    view! {
        <PageTitle text=wording(word!(transfers.import_title))/>
        <div class="pagehead">
            <div class="grow">
                <nav class="crumbs" aria-label=tr!(transfers.title)>
                    <a href=routes::transfers("")>{tr!(transfers.title)}</a>
                </nav>
                <h1>{tr!(transfers.import_title)}</h1>
                <p class="lead">{tr!(transfers.import_text)}</p>
            </div>
            <div class="actions"><Start chosen/></div>
        </div>
        <div class="card">
            <div class="body"><FileField chosen/></div>
        </div>
        <ErrorNote error=chosen.failure/>
        {move || match chosen.check.get() {
            Check::None => ().into_any(),
            Check::Empty => view! { <Unchecked text=wording(word!(transfers.empty_file))/> }.into_any(),
            Check::CutOff => view! { <Unchecked text=wording(word!(transfers.check_stopped))/> }.into_any(),
            Check::Gone => view! { <Unchecked text=wording(word!(transfers.file_gone))/> }.into_any(),
            Check::TooLarge(size) => view! {
                <Unchecked text=derive(move || fill(t().transfers.too_large, &[("size", &bytes(size))]))/>
            }
            .into_any(),
            Check::Running(lines) => view! {
                <p class="dim" role="status">{move || fill(t().transfers.checking, &[("n", &grouped(lines))])}</p>
            }
            .into_any(),
            Check::Done(run) => view! { <CheckResult run/> }.into_any(),
        }}
    }
}

#[component]
fn FileField(chosen: Chosen) -> impl IntoView {
    let note = unique_id("file-note");
    let changed = move |event: leptos::ev::Event| {
        let input = event
            .target()
            .and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
        chosen.choose(
            input
                .and_then(|input| input.files())
                .and_then(|files| files.get(0)),
        );
    };
    // A browser tells of a choice only if it differs: without this, a corrected file could not be
    // chosen again.
    let clear = move |event: leptos::ev::MouseEvent| {
        if let Some(input) = event
            .target()
            .and_then(|target| target.dyn_into::<HtmlInputElement>().ok())
        {
            input.set_value("");
            chosen.choose(None);
        }
    };
    let again = derive(move || {
        chosen
            .check
            .with(|check| matches!(check, Check::None | Check::Running(_) | Check::TooLarge(_)))
            && chosen.failure.with(Option::is_none)
    });
    view! {
        <div class="field">
            <div class="wrap-row">
                <label class="btn file">
                    <input type="file" class="visually-hidden" accept=".txt,.json,.jsonl,.ndjson,.csv" aria-describedby=note.clone() on:click=clear on:change=changed/>
                    <IconView icon=Icon::Upload/>
                    <span>{tr!(transfers.choose)}</span>
                </label>
                <span class="grow wrap sub">{move || chosen.name.get()}</span>
                <Button
                    label=wording(word!(transfers.check_again))
                    icon=Icon::Refresh
                    disabled=again
                    on_press=move |()| chosen.check()
                />
            </div>
            <div class="field-note" id=note>{tr!(transfers.choose_hint)}</div>
        </div>
    }
}

/// The button that imports, and its question.
#[component]
fn Start(chosen: Chosen) -> impl IntoView {
    let question = Question::new();
    let sent = RwSignal::new(None::<(u64, u64)>);
    let ready = memo(move || {
        chosen
            .check
            .with(|check| matches!(check, Check::Done(_) | Check::TooLarge(_)))
    });
    let text = derive(move || {
        let words = &t().transfers;
        chosen.check.with(|check| match check {
            Check::Done(run) => fill(
                words.import_consequence,
                &[
                    ("create", &grouped(run.create)),
                    ("update", &grouped(run.update)),
                    ("delete", &grouped(run.delete)),
                ],
            ),
            _ => words.import_unchecked.to_owned(),
        })
    });
    let navigate = StoredValue::new_local(use_navigate());
    let confirm = move |()| {
        let Some(file) = chosen.file.get_value() else {
            return;
        };
        if !question.begin() {
            return;
        }
        spawn_local(async move {
            if !is_there(&file).await {
                question.give_up();
                let _ = chosen.check.try_set(Check::Gone);
                return;
            }
            let outcome = begin(&file, sent).await;
            let _ = sent.try_set(None);
            if let Some(job) = question.settle(outcome) {
                toast::success(t_once().transfers.import_started.to_owned());
                if let Some(go) = navigate.try_with_value(Clone::clone) {
                    go(&routes::transfers(&job.job_id), routes::to_screen());
                }
            }
        });
    };
    view! {
        <Button
            label=wording(word!(transfers.import_start))
            weight=Weight::Primary
            permission=Permission::HubManage
            obstacle=derive(move || chosen.obstacle())
            disabled=derive(move || !ready.get())
            on_press=move |()| question.ask()
        />
        <Confirm
            open=question.open
            title=derive(move || fill(t().transfers.import_question, &[("file", &chosen.name.get())]))
            text
            action=wording(word!(transfers.import_start))
            busy=question.busy
            on_confirm=confirm
        >
            <div role="status" class="dim">{move || sent.get().map(|(part, whole)| {
                fill(t().transfers.uploading, &[("percent", &percent(part, whole))])
            })}</div>
            <StartFailure failure=question.failure/>
        </Confirm>
    }
}

/// Whether the browser can still read a file.
async fn is_there(file: &File) -> bool {
    match file.slice_with_f64_and_f64(0.0, 1.0) {
        Ok(start) => JsFuture::from(start.array_buffer()).await.is_ok(),
        Err(_) => false,
    }
}

/// Sends the file into a container of its own and asks for the job.
async fn begin(file: &File, sent: RwSignal<Option<(u64, u64)>>) -> Result<api::Job, ApiError> {
    let container = new_container(clock::now_once(), js_sys::Math::random());
    let url = blobs::container(&container).await?;
    let size = file.size() as u64;
    let _ = sent.try_set(Some((0, size)));
    blobs::put(&url, &file_in(&container), file, |arrived| {
        let _ = sent.try_set(Some((arrived as u64, size)));
    })
    .await?;
    api::create(&import_order(&url, &container)).await
}
