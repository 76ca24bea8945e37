//! Short notices about what just happened. Good news leaves by itself; a failure stays until it
//! is dismissed, with its tracking id.

use crate::api::ApiError;
use crate::components::icon::{Icon, IconView};
use crate::components::state_view::explain;
use crate::i18n::tr;
use crate::reactive::For;
use leptos::prelude::*;
use std::cell::RefCell;
use std::time::Duration;

#[derive(Debug, Clone, PartialEq)]
struct Toast {
    key: u64,
    bad: bool,
    text: String,
    tracking_id: Option<String>,
}

/// More than this many are not kept.
const MOST: usize = 4;

thread_local! {
    static TOASTS: RefCell<Option<ArcRwSignal<Vec<Toast>>>> = const { RefCell::new(None) };
    static NEXT: RefCell<u64> = const { RefCell::new(0) };
}

fn list() -> ArcRwSignal<Vec<Toast>> {
    TOASTS.with(|cell| {
        cell.borrow_mut()
            .get_or_insert_with(|| ArcRwSignal::new(Vec::new()))
            .clone()
    })
}

fn add(bad: bool, text: String, tracking_id: Option<String>) -> u64 {
    let key = NEXT.with(|next| {
        *next.borrow_mut() += 1;
        *next.borrow()
    });
    list().update(|all| {
        all.push(Toast {
            key,
            bad,
            text,
            tracking_id,
        });
        let surplus = all.len().saturating_sub(MOST);
        all.drain(..surplus);
    });
    key
}

fn remove(key: u64) {
    list().update(|all| all.retain(|toast| toast.key != key));
}

/// Something worked.
pub fn success(text: String) {
    let key = add(false, text, None);
    set_timeout(move || remove(key), Duration::from_secs(5));
}

/// Something did not work.
pub fn failure(text: String, tracking_id: Option<String>) {
    add(true, text, tracking_id);
}

/// A call did not work.
pub fn failed_call(error: &ApiError) {
    let (text, tracking_id) = untrack(|| explain(error));
    failure(text, tracking_id);
}

/// Where the notices show.
#[component]
pub fn Toasts() -> impl IntoView {
    let toasts = list();
    view! {
        <section class="toasts" aria-label=tr!(common.notifications) aria-live="polite" aria-relevant="additions">
            <For each=move || toasts.get() key=|toast| toast.key let(toast)>
                <div class="toast" class:bad=toast.bad>
                    <IconView icon=if toast.bad { Icon::Warning } else { Icon::Check }/>
                    <div class="toast-text">
                        <div>{toast.text.clone()}</div>
                        {toast.tracking_id.clone().map(|id| view! {
                            <div class="tracking">{tr!(common.tracking_id)} " " <code>{id}</code></div>
                        })}
                    </div>
                    <button type="button" class="btn quiet icon-only" aria-label=tr!(common.dismiss)
                        on:click=move |_| remove(toast.key)>
                        <IconView icon=Icon::Close/>
                    </button>
                </div>
            </For>
        </section>
    }
}
