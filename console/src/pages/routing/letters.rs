//! The dead letters of an endpoint: what its receiver called no good.

use crate::api::routing as api;
use crate::components::button::{Button, Weight};
use crate::components::dialog::{Confirm, Dialog};
use crate::components::json_view::JsonView;
use crate::components::question::Question;
use crate::components::state_view::{ErrorNote, live_view};
use crate::components::time_text::Moment;
use crate::components::toast;
use crate::i18n::{count, fill, t, t_once, tr, word, wording};
use crate::live::{Live, live};
use crate::logic::json_document::text;
use crate::reactive::{Callback, Memo, RwSignal, derive, part};
use crate::session::Permission;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::Value;

/// Whose letters are looked at.
#[derive(Clone, Copy)]
pub(super) struct Opened {
    open: RwSignal<bool>,
    endpoint: RwSignal<String>,
    forget: Question,
    /// Which letter is to be forgotten; none: all of them.
    forgotten: RwSignal<Option<String>>,
}

impl Opened {
    /// Nobody's.
    pub fn new() -> Self {
        Self {
            open: RwSignal::new(false),
            endpoint: RwSignal::new(String::new()),
            forget: Question::new(),
            forgotten: RwSignal::new(None),
        }
    }

    /// Those of an endpoint.
    pub fn open(self, endpoint: &str) {
        self.endpoint.set(endpoint.to_owned());
        self.open.set(true);
    }

    fn forget(self, id: Option<String>) {
        self.forgotten.set(id);
        self.forget.ask();
    }
}

type Read = Live<(Vec<Value>, bool)>;

/// The dialog.
#[component]
pub(super) fn Letters(
    /// Whose.
    opened: Opened,
    /// Called after letters were taken.
    on_done: Callback<()>,
) -> impl IntoView {
    let letters = live(
        move || opened.open.get().then(|| opened.endpoint.get()),
        None,
        |endpoint: Option<String>| async move {
            match endpoint {
                Some(endpoint) => api::letters(&endpoint).await,
                None => Ok((Vec::new(), false)),
            }
        },
    );
    let title = derive(move || {
        let name = opened.endpoint.get();
        fill(t().routing.letters_title, &[("name", &name)])
    });
    let Opened {
        forget, forgotten, ..
    } = opened;
    let confirm = move |()| {
        if !forget.begin() {
            return;
        }
        let endpoint = opened.endpoint.get_untracked();
        let id = forgotten.get_untracked();
        spawn_local(async move {
            let outcome = api::take_letters(&endpoint, id.as_deref(), false).await;
            if let Some(n) = forget.settle(outcome) {
                let words = &t_once().routing;
                toast::success(count(n, words.forgotten_one, words.forgotten_other));
                letters.refresh();
                on_done.try_run(());
            }
        });
    };
    view! {
        <Dialog open=opened.open title>
            <div class="dialog-body">
                <p>{tr!(routing.letters_explained)}</p>
                {live_view(letters, 3, move |data| listed(data, letters, opened, on_done))}
                <footer class="dialog-foot">
                    <Button label=wording(word!(routing.close)) on_press=move |()| opened.open.set(false)/>
                </footer>
            </div>
        </Dialog>
        <Confirm
            open=forget.open
            title=wording(word!(routing.forget_title))
            text=wording(word!(routing.forget_text))
            action=wording(word!(routing.forget))
            busy=forget.busy
            on_confirm=confirm
        >
            <ErrorNote error=forget.failure/>
        </Confirm>
    }
}

fn listed(
    data: Memo<(Vec<Value>, bool)>,
    letters: Read,
    opened: Opened,
    on_done: Callback<()>,
) -> impl IntoView {
    let resend = move |id: Option<String>| {
        let endpoint = opened.endpoint.get_untracked();
        spawn_local(async move {
            match api::take_letters(&endpoint, id.as_deref(), true).await {
                Ok(n) => {
                    let words = &t_once().routing;
                    toast::success(count(n, words.resent_one, words.resent_other));
                }
                Err(error) => toast::failed_call(&error),
            }
            letters.refresh();
            on_done.try_run(());
        });
    };
    part(move || {
        let (all, more) = data.get();
        if all.is_empty() {
            return view! { <p class="dim" role="status">{tr!(routing.letters_none)}</p> }
                .into_any();
        }
        let items = all.into_iter().map(|letter| {
            let id = text(&letter, "id").to_owned();
            let other = id.clone();
            let event = letter.get("event").cloned().unwrap_or_default();
            view! {
                <li class="letter">
                    <div class="letter-head">
                        <b class="grow">{text(&letter, "reason").to_owned()}</b>
                        <Moment at=Signal::stored(Some(text(&letter, "time").to_owned()))/>
                        <Button
                            label=wording(word!(routing.resend))
                            weight=Weight::Quiet
                            permission=Permission::ConfigurationsWrite
                            on_press=move |()| resend(Some(id.clone()))
                        />
                        <Button
                            label=wording(word!(routing.forget))
                            weight=Weight::Quiet
                            permission=Permission::ConfigurationsWrite
                            on_press=move |()| opened.forget(Some(other.clone()))
                        />
                    </div>
                    <JsonView value=Signal::stored(event) label=wording(word!(routing.letters))/>
                </li>
            }
        });
        view! {
            {more.then(|| view! { <p class="dim">{tr!(routing.letters_more)}</p> })}
            <div class="actions">
                <Button
                    label=wording(word!(routing.resend_all))
                    permission=Permission::ConfigurationsWrite
                    on_press=move |()| resend(None)
                />
                <Button
                    label=wording(word!(routing.forget_all))
                    weight=Weight::Danger
                    permission=Permission::ConfigurationsWrite
                    on_press=move |()| opened.forget(None)
                />
            </div>
            <ul class="letters">{items.collect_view()}</ul>
        }
        .into_any()
    })
}
