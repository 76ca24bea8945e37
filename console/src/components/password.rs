//! The dialog in which a person changes the password of their own account.

use crate::api::session as api;
use crate::components::dialog::FormDialog;
use crate::components::field::TextField;
use crate::components::question::Question;
use crate::components::state_view::ErrorNote;
use crate::i18n::{word, wording};
use crate::reactive::{RwSignal, derive, effect};
use crate::session;
use leptos::prelude::*;
use leptos::task::spawn_local;

/// The dialog.
#[component]
pub fn PasswordDialog(
    /// Whether it shows, and how it fares.
    question: Question,
) -> impl IntoView {
    let (current, password) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    effect(move |_| {
        question.open.track();
        current.set(String::new());
        password.set(String::new());
    });
    let unready = derive(move || {
        question.busy.get() || current.with(String::is_empty) || password.with(String::is_empty)
    });
    let send = move |()| {
        if !question.begin() {
            return;
        }
        let (old, new) = (current.get_untracked(), password.get_untracked());
        spawn_local(async move {
            if question
                .settle(api::change_password(&old, &new).await)
                .is_some()
            {
                session::ended();
            }
        });
    };
    view! {
        <FormDialog
            open=question.open
            title=wording(word!(common.change_password))
            action=wording(word!(common.change_password))
            disabled=unready
            on_send=send
        >
            <TextField label=wording(word!(common.current_password)) value=current kind="password" first=true/>
            <TextField
                label=wording(word!(common.new_password))
                hint=wording(word!(common.new_password_hint))
                value=password
                kind="password"
            />
            <ErrorNote error=question.failure/>
        </FormDialog>
    }
}
