//! One version of a twin: what it changed, how it differs from the present, and going back to it.

use super::Shared;
use crate::api::history::{self as api, ChangePage};
use crate::api::twins;
use crate::components::button::Button;
use crate::components::dialog::Confirm;
use crate::components::diff_view::DiffView;
use crate::components::field::Segmented;
use crate::components::icon::Icon;
use crate::components::question::Question;
use crate::components::state_view::{ErrorNote, live_view};
use crate::components::toast;
use crate::i18n::{Word, fill, t, t_once, tr, word, wording};
use crate::live::{Live, live};
use crate::logic::history_filter::{Against, HistoryFilter, comparable, writable};
use crate::logic::json_document::pretty;
use crate::reactive::{Callback, Memo, derive, memo, part};
use crate::session::Permission;
use leptos::prelude::*;
use leptos::task::spawn_local;

/// Two twins to compare.
#[derive(Debug, Clone, PartialEq)]
struct Compared {
    old: String,
    new: String,
    /// Whether going back would change nothing.
    is_present: bool,
    /// Guards going back.
    etag: String,
}

async fn read(
    device: String,
    version: u64,
    against: Against,
) -> Result<Compared, crate::api::ApiError> {
    let then = api::past(&device, version).await?;
    let now = twins::get(&device).await?;
    let is_present = writable(&then) == writable(&now.raw);
    let (old, new) = match against {
        Against::Before => {
            let before = api::past(&device, version.saturating_sub(1)).await?;
            (comparable(&before), comparable(&then))
        }
        // The way back: from the present to what was.
        Against::Present => (writable(&now.raw), writable(&then)),
    };
    Ok(Compared {
        old: pretty(&old),
        new: pretty(&new),
        is_present,
        etag: now.etag,
    })
}

/// The version.
#[component]
pub fn Version(
    /// The device.
    shared: Shared,
    /// Which.
    version: u64,
    /// The list that it stands in.
    page: Live<ChangePage>,
    /// The filter of the address.
    filter: Memo<HistoryFilter>,
    /// Writes a new one.
    change: Callback<HistoryFilter>,
) -> impl IntoView {
    let against = memo(move || filter.with(|f| f.against));
    let compared = live(
        move || (shared.id.get_value(), against.get()),
        None,
        move |(id, against)| read(id, version, against),
    );
    let choose = move |name: String| {
        let mut next = filter.get_untracked();
        next.against = if name == "present" {
            Against::Present
        } else {
            Against::Before
        };
        change.run(next);
    };
    let chosen = derive(move || {
        match against.get() {
            Against::Before => "before",
            Against::Present => "present",
        }
        .to_owned()
    });
    view! {
        <div class="version">
            <div class="wrap-row">
                <span class="sub">{tr!(history.compare)}</span>
                <Segmented
                    label=wording(word!(history.compare))
                    value=chosen
                    on_change=choose
                    options=vec![
                        ("before", wording(word!(history.against_before))),
                        ("present", wording(word!(history.against_present))),
                    ]
                />
                <span class="grow"></span>
                <Revert shared version page compared/>
            </div>
            <div class="record-change">
                {live_view(compared, 3, |data| part(move || difference(data.get())))}
            </div>
        </div>
    }
}

fn difference(compared: Compared) -> AnyView {
    if compared.old == compared.new {
        return view! { <p class="sub">{tr!(history.same)}</p> }.into_any();
    }
    view! { <DiffView old=Signal::stored(compared.old) new=Signal::stored(compared.new)/> }
        .into_any()
}

#[component]
fn Revert(
    shared: Shared,
    version: u64,
    page: Live<ChangePage>,
    compared: Live<Compared>,
) -> impl IntoView {
    let question = Question::new();
    let named =
        move |read: Word| derive(move || fill(read.of(t()), &[("n", &version.to_string())]));
    let obstacle = derive(move || {
        let same = compared
            .data
            .with(|c| c.as_ref().is_some_and(|c| c.is_present));
        same.then(|| t().history.obstacle_same.to_owned())
    });
    let confirm = move |()| {
        let etag = compared
            .data
            .with_untracked(|c| c.as_ref().map(|c| c.etag.clone()));
        let Some(etag) = etag else {
            return;
        };
        if !question.begin() {
            return;
        }
        let id = shared.id.get_value();
        spawn_local(async move {
            let outcome = api::revert(&id, version, &etag).await;
            // Somebody else may have changed the twin meanwhile: the next try is against that.
            compared.refresh();
            if question.settle(outcome).is_some() {
                let n = version.to_string();
                toast::success(fill(t_once().history.reverted, &[("n", &n)]));
                page.refresh();
            }
        });
    };
    view! {
        <Button
            label=named(word!(history.revert))
            icon=Icon::Restore
            permission=Permission::TwinsWrite
            obstacle
            disabled=derive(move || compared.data.with(Option::is_none))
            on_press=move |()| question.ask()
        />
        <Confirm
            open=question.open
            title=named(word!(history.revert_title))
            text=wording(word!(history.revert_text))
            action=named(word!(history.revert))
            busy=question.busy
            on_confirm=confirm
        >
            <ErrorNote error=question.failure/>
        </Confirm>
    }
}
