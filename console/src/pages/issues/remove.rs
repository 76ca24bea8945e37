//! Deleting a tile, which is deleting its group.

use crate::api::groups as api;
use crate::components::dialog::Confirm;
use crate::components::question::Question;
use crate::components::state_view::ErrorNote;
use crate::components::toast;
use crate::i18n::{fill, t, t_once, word, wording};
use crate::logic::group::Group;
use crate::reactive::{Callback, RwSignal, derive};
use leptos::prelude::*;
use leptos::task::spawn_local;

/// The question and what it is about.
#[derive(Clone, Copy)]
pub(super) struct Removing {
    question: Question,
    group: RwSignal<Group>,
}

impl Removing {
    /// Not asked.
    pub fn new() -> Self {
        Self {
            question: Question::new(),
            group: RwSignal::new(Group::default()),
        }
    }

    /// Asks.
    pub fn ask(self, group: Group) {
        self.group.set(group);
        self.question.ask();
    }
}

/// The dialog.
#[component]
pub(super) fn Remove(
    /// What is asked.
    removing: Removing,
    /// Called after the tile is gone.
    on_done: Callback<()>,
) -> impl IntoView {
    let Removing { question, group } = removing;
    let confirm = move |()| {
        if !question.begin() {
            return;
        }
        let group = group.get_untracked();
        spawn_local(async move {
            let outcome = api::delete(&group.id, &group.etag).await;
            if question.settle(outcome).is_some() {
                toast::success(fill(t_once().issues.deleted, &[("id", &group.id)]));
                on_done.try_run(());
            }
        });
    };
    let title = derive(move || {
        let id = group.with(|group| group.id.clone());
        fill(t().issues.delete_title, &[("id", &id)])
    });
    view! {
        <Confirm
            open=question.open
            title
            text=wording(word!(issues.delete_text))
            action=wording(word!(issues.delete))
            busy=question.busy
            on_confirm=confirm
        >
            <ErrorNote error=question.failure/>
        </Confirm>
    }
}
