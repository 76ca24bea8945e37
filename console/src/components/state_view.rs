//! What a view shows when it has no data yet, none at all, or cannot get it. Every screen uses
//! these, so that waiting, emptiness and failure look the same everywhere.

use crate::api::ApiError;
use crate::clock;
use crate::components::button::{Button, Weight};
use crate::components::icon::{Icon, IconView};
use crate::i18n::{ago, fill, t, tr, word, wording};
use crate::live::{Freshness, Live};
use crate::logic::time;
use crate::reactive::{Callback, Memo, Read, derive, memo, part};
use leptos::prelude::*;

/// A failed call in words, with the tracking id if the hub gave one.
pub fn explain(error: &ApiError) -> (String, Option<String>) {
    let common = &t().common;
    match error {
        ApiError::Unreachable => (common.error_unreachable.to_owned(), None),
        ApiError::Waits => (t().resources.waits.to_owned(), None),
        ApiError::Unreadable(detail) => {
            (fill(common.error_unreadable, &[("detail", detail)]), None)
        }
        ApiError::Refused {
            status,
            text,
            tracking_id,
            code,
        } => {
            let words = match (status, text.is_empty(), code) {
                (_, false, Some(code)) => format!("{text} ({code})"),
                (_, false, None) => text.clone(),
                (403, true, _) => common.error_forbidden.to_owned(),
                (status, true, _) => fill(common.error_status, &[("status", &status.to_string())]),
            };
            (words, tracking_id.clone())
        }
    }
}

/// A failure that fills its place, with a way to try again.
#[component]
pub fn ErrorState(
    /// What went wrong.
    #[prop(into)]
    error: Signal<ApiError>,
    /// Tries again; no button without it.
    #[prop(optional, into)]
    on_retry: Option<Callback<()>>,
) -> impl IntoView {
    let words = memo(move || explain(&error.get()));
    view! {
        <div class="state-view bad" role="alert">
            <span class="state-icon"><IconView icon=Icon::Warning/></span>
            <h2>{tr!(common.error_title)}</h2>
            <p>{move || words.get().0}</p>
            {move || words.get().1.map(|id| view! {
                <p class="tracking">{tr!(common.tracking_id)} " " <code>{id}</code></p>
            })}
            {on_retry.map(|retry| view! {
                <Button label=wording(word!(common.retry)) on_press=retry/>
            })}
        </div>
    }
}

/// A failure beside a form: one line, announced.
#[component]
pub fn ErrorNote(
    /// What went wrong; nothing shows without it.
    #[prop(into)]
    error: Signal<Option<ApiError>>,
) -> impl IntoView {
    view! {
        <div role="alert">
            {move || error.get().map(|error| {
                let (text, tracking_id) = explain(&error);
                let waits = error == ApiError::Waits;
                view! {
                    <div class="notice" class:bad=!waits>
                        <IconView icon=if waits { Icon::Clock } else { Icon::Warning }/>
                        <div>
                            <div>{text}</div>
                            {tracking_id.map(|id| view! {
                                <div class="tracking">{tr!(common.tracking_id)} " " <code>{id}</code></div>
                            })}
                        </div>
                    </div>
                }
            })}
        </div>
    }
}

/// Nothing here, and what to do about it.
#[component]
pub fn EmptyState(
    /// The picture.
    icon: Icon,
    /// In a few words.
    #[prop(into)]
    title: Signal<String>,
    /// The next step.
    #[prop(into)]
    text: Signal<String>,
    /// Buttons and links.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="state-view">
            <span class="state-icon"><IconView icon/></span>
            <h2>{move || title.get()}</h2>
            <p>{move || text.get()}</p>
            {children.map(|children| view! { <div class="state-actions">{children()}</div> })}
        </div>
    }
}

/// Grey lines in the shape of what is coming.
#[component]
pub fn Skeleton(
    /// How many lines.
    #[prop(default = 3)]
    lines: usize,
) -> impl IntoView {
    view! {
        <div class="skeleton" role="status">
            <span class="visually-hidden">{tr!(common.loading)}</span>
            {(0..lines).map(|_| view! { <span class="bone" aria-hidden="true"></span> }).collect_view()}
        </div>
    }
}

/// Says that the data shown is old because the last refresh failed.
#[component]
fn StaleNotice(
    /// The freshness of the data in question.
    fresh: Freshness,
) -> impl IntoView {
    let stale = memo(move || fresh.error.with(Option::is_some) && fresh.known.get());
    view! {
        {move || stale.get().then(|| view! {
            <div class="notice warn" role="status">
                <IconView icon=Icon::Offline/>
                <div class="grow">
                    {move || {
                        let age = fresh.at.get().map(|at| ago(time::distance(at, clock::now()))).unwrap_or_default();
                        fill(t().common.stale, &[("age", &age)])
                    }}
                </div>
                <Button label=wording(word!(common.retry)) weight=Weight::Quiet
                    on_press=move |()| fresh.refresh()/>
            </div>
        })}
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Loading,
    Failed,
    Ready,
}

/// Shows live data, or why there is none. The view is built once and follows the data by itself;
/// old data stays, greyed, when a refresh fails.
pub fn live_view<T, V>(
    live: Live<T>,
    skeleton_lines: usize,
    view: impl Fn(Memo<T>) -> V + Send + Sync + 'static,
) -> AnyView
where
    T: Clone + PartialEq + Send + Sync + 'static,
    V: IntoView + 'static,
{
    let ready = move || Some(view(live.latest()?).into_any());
    framed(live.fresh, skeleton_lines, Box::new(ready))
}

/// What surrounds live data. `ready` builds their view, if there are any.
fn framed(
    fresh: Freshness,
    skeleton_lines: usize,
    ready: Box<dyn Read<Option<AnyView>> + Send + Sync>,
) -> AnyView {
    let phase = memo(move || {
        if fresh.known.get() {
            Phase::Ready
        } else if fresh.error.with(Option::is_some) {
            Phase::Failed
        } else {
            Phase::Loading
        }
    });
    part(move || match phase.get() {
        Phase::Loading => view! { <Skeleton lines=skeleton_lines/> }.into_any(),
        Phase::Failed => {
            let error = derive(move || fresh.error.get().unwrap_or(ApiError::Unreachable));
            view! { <ErrorState error on_retry=move |()| fresh.refresh()/> }.into_any()
        }
        Phase::Ready => match ready.read() {
            None => view! { <Skeleton lines=skeleton_lines/> }.into_any(),
            Some(shown) => view! {
                <StaleNotice fresh/>
                <div class="live-data" class:stale=move || fresh.error.with(Option::is_some)>
                    {shown}
                </div>
            }
            .into_any(),
        },
    })
}
