//! Sign-in by the hub's one-time link (`console.md`, Sign in). The token is held no longer than
//! the one request needs.

use crate::api::ApiError;
use crate::api::session as session_api;
use crate::components::button::{Button, Weight};
use crate::components::copy::CopyButton;
use crate::components::field::TextField;
use crate::components::icon::{Icon, IconView, Mark};
use crate::components::page_title::PageTitle;
use crate::components::state_view::ErrorNote;
use crate::i18n::{Language, t, tr, wording};
use crate::logic::connection_string::sign_in_token;
use crate::preferences::preferences;
use crate::reactive::RwSignal;
use crate::session::{self, SessionState};
use leptos::prelude::*;
use leptos::task::spawn_local;

const COMMAND: &str = "cargo xtask hub";

/// The page.
#[component]
pub fn SignIn(
    /// Whether a session just ended.
    expired: bool,
    /// Why the link in the address was refused.
    rejected: RwSignal<Option<ApiError>>,
) -> impl IntoView {
    let typed = RwSignal::new(String::new());
    let malformed = RwSignal::new(false);
    let busy = RwSignal::new(false);
    let failure = RwSignal::new(None::<ApiError>);
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let pasted = typed.get_untracked();
        let Some(token) = sign_in_token(&pasted).map(str::to_owned) else {
            malformed.set(true);
            return;
        };
        malformed.set(false);
        failure.set(None);
        busy.set(true);
        spawn_local(async move {
            match session_api::sign_in(&token).await {
                Ok(session) => {
                    rejected.set(None);
                    session::state().set(SessionState::SignedIn(session));
                }
                Err(error) if error.status() == Some(401) => {
                    let _ = rejected.try_set(Some(error));
                }
                Err(error) => {
                    let _ = failure.try_set(Some(error));
                }
            }
            let _ = busy.try_set(false);
        });
    };
    let field_error =
        Signal::derive(move || malformed.get().then(|| t().sign_in.field_error.to_owned()));
    let language = preferences().language;
    view! {
        <PageTitle text=wording(|t| t.sign_in.title)/>
        <main class="gate">
            <div class="gate-card">
                <div class="gate-brand"><Mark/> <b>{tr!(common.product)}</b> <span class="dim">{tr!(sign_in.tagline)}</span></div>
                <h1>{tr!(sign_in.title)}</h1>
                <div role="status">
                    {expired.then(|| view! {
                        <div class="notice warn"><IconView icon=Icon::Warning/><div>{tr!(sign_in.expired)}</div></div>
                    })}
                </div>
                <div role="alert">
                    {move || rejected.get().map(|error| {
                        if error.status() == Some(401) {
                            view! {
                                <div class="notice bad"><IconView icon=Icon::Warning/><div>{tr!(sign_in.link_used)}</div></div>
                            }
                            .into_any()
                        } else {
                            view! { <ErrorNote error=Signal::stored(Some(error))/> }.into_any()
                        }
                    })}
                </div>
                <p class="sub">{tr!(sign_in.intro)}</p>
                <form class="stack" on:submit=submit>
                    <TextField
                        label=wording(|t| t.sign_in.field)
                        value=typed
                        error=field_error
                        kind="password"
                        mono=true
                    />
                    <ErrorNote error=failure/>
                    <Button
                        label=Signal::derive(move || {
                            (if busy.get() { t().sign_in.busy } else { t().sign_in.submit }).to_owned()
                        })
                        weight=Weight::Primary
                        disabled=busy
                        submit=true
                        on_press=|()| ()
                    />
                </form>
                <section class="gate-help">
                    <h2>{tr!(sign_in.how_title)}</h2>
                    <p>{tr!(sign_in.how_restart)}</p>
                    <div class="command">
                        <code>{COMMAND}</code>
                        <CopyButton
                            text=Signal::stored(COMMAND.to_owned())
                            label=wording(|t| t.common.copy)
                            icon_only=true
                            weight=Weight::Quiet
                        />
                    </div>
                    <p class="dim">{tr!(sign_in.how_ask)}</p>
                </section>
                <button
                    type="button"
                    class="btn quiet gate-language"
                    on:click=move |_| language.update(|l| {
                        *l = match *l {
                            Language::English => Language::Korean,
                            Language::Korean => Language::English,
                        };
                    })
                >
                    {move || match preferences().language.get() {
                        Language::English => "한국어",
                        Language::Korean => "English",
                    }}
                </button>
            </div>
        </main>
    }
}
