//! Sign-in by name and password, or by the hub's one-time link (`console.md`, Sign in). Neither a
//! password nor a token is held longer than the one request needs.

use crate::api::ApiError;
use crate::api::session::{self as session_api, Session};
use crate::components::button::{Button, Weight};
use crate::components::copy::CopyButton;
use crate::components::field::TextField;
use crate::components::icon::{Icon, IconView, Mark};
use crate::components::page_title::PageTitle;
use crate::components::state_view::ErrorNote;
use crate::i18n::{Language, t, tr, word, wording};
use crate::logic::connection_string::sign_in_token;
use crate::preferences::preferences;
use crate::reactive::{RwSignal, derive};
use crate::session::{self, SessionState};
use leptos::prelude::*;
use leptos::task::spawn_local;
use std::pin::Pin;

/// A sign-in under way.
type Signing = Pin<Box<dyn Future<Output = Result<Session, ApiError>>>>;

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
    let (name, password) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let enter = move |signing: Signing| {
        failure.set(None);
        busy.set(true);
        spawn_local(async move {
            match signing.await {
                Ok(session) => {
                    rejected.set(None);
                    session::state().set(SessionState::SignedIn(session));
                }
                Err(error) => {
                    let _ = failure.try_set(Some(error));
                }
            }
            let _ = busy.try_set(false);
        });
    };
    let by_link = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let pasted = typed.get_untracked();
        let Some(token) = sign_in_token(&pasted).map(str::to_owned) else {
            malformed.set(true);
            return;
        };
        malformed.set(false);
        enter(Box::pin(async move {
            let outcome = session_api::sign_in(&token).await;
            if let Err(error) = &outcome
                && error.status() == Some(401)
            {
                let _ = rejected.try_set(Some(error.clone()));
            }
            outcome
        }));
    };
    let by_name = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let (who, secret) = (name.get_untracked(), password.get_untracked());
        password.set(String::new());
        rejected.set(None);
        enter(Box::pin(async move {
            session_api::sign_in_by_name(&who, &secret).await
        }));
    };
    let unnamed = derive(move || {
        busy.get() || name.with(String::is_empty) || password.with(String::is_empty)
    });
    let field_error = derive(move || malformed.get().then(|| t().sign_in.field_error.to_owned()));
    let language = preferences().language;
    view! {
        <PageTitle text=wording(word!(sign_in.title))/>
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
                <ErrorNote error=derive(move || failure.get().filter(|_| rejected.with(Option::is_none)))/>
                <form class="stack" on:submit=by_name>
                    <TextField label=wording(word!(sign_in.name)) value=name/>
                    <TextField label=wording(word!(sign_in.password)) value=password kind="password"/>
                    <Button
                        label=derive(move || {
                            (if busy.get() { t().sign_in.busy } else { t().sign_in.submit }).to_owned()
                        })
                        weight=Weight::Primary
                        disabled=unnamed
                        submit=true
                        on_press=|()| ()
                    />
                </form>
                <form class="stack gate-help" on:submit=by_link>
                    <h2>{tr!(sign_in.link_title)}</h2>
                    <p class="sub">{tr!(sign_in.intro)}</p>
                    <TextField
                        label=wording(word!(sign_in.field))
                        value=typed
                        error=field_error
                        kind="password"
                        mono=true
                    />
                    <Button label=wording(word!(sign_in.use_link)) disabled=busy submit=true on_press=|()| ()/>
                </form>
                <section class="gate-help">
                    <h2>{tr!(sign_in.how_title)}</h2>
                    <p>{tr!(sign_in.how_restart)}</p>
                    <div class="command">
                        <code>{COMMAND}</code>
                        <CopyButton
                            text=Signal::stored(COMMAND.to_owned())
                            label=wording(word!(common.copy))
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
