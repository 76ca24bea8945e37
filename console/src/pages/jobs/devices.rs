//! The devices of a job, a page at a time, with what came back from each.

use super::detail::follow;
use super::words::row_words;
use crate::api::jobs::{self as api, Job, RowPage};
use crate::components::badge::{Badge, Tone};
use crate::components::button::{Button, Weight};
use crate::components::dialog::Confirm;
use crate::components::field::SelectField;
use crate::components::pager::{Pager, page_number};
use crate::components::question::Question;
use crate::components::state_view::{ErrorNote, live_view};
use crate::components::time_text::Ago;
use crate::components::toast;
use crate::i18n::{fill, t, t_once, tr, word, wording};
use crate::live::{Live, live};
use crate::logic::job_failures::JobRow;
use crate::logic::job_filter::{ROW_STATES, RowFilter};
use crate::logic::json_document::text;
use crate::reactive::{Callback, Memo, RwSignal, derive, memo, part};
use crate::routes::{self, Tab};
use crate::session::Permission;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_navigate;

/// A device that is to be left out, and the question about it.
#[derive(Clone, Copy)]
struct LeaveOut {
    device: RwSignal<String>,
    question: Question,
}

/// The card.
#[component]
pub fn Devices(
    /// The job's id.
    id: StoredValue<String>,
    /// The job.
    data: Memo<Job>,
    /// The filter in the address.
    filter: Memo<RowFilter>,
) -> impl IntoView {
    let rows = live(
        move || (id.get_value(), filter.get()),
        None,
        |(id, filter)| async move { api::rows(&id, filter).await },
    );
    follow(data, rows);
    let navigate = use_navigate();
    let change = Callback::new(move |filter: RowFilter| {
        let address = id.with_value(|id| routes::job(id, &filter));
        navigate(&address, routes::page_of(&filter.cursors));
    });
    let leave_out = LeaveOut {
        device: RwSignal::new(String::new()),
        question: Question::new(),
    };
    let mut states = vec![("", wording(word!(jobs.all_states)))];
    states.extend(ROW_STATES.map(|state| {
        let words = derive(move || row_words(state).to_owned());
        (state, words)
    }));
    view! {
        <section class="card" aria-labelledby="devices-title">
            <header><h2 id="devices-title">{tr!(jobs.devices)}</h2></header>
            <div class="filter" role="search" aria-label=tr!(jobs.devices)>
                <SelectField
                    inline=true
                    label=wording(word!(jobs.devices_filter))
                    value=derive(move || filter.with(|f| f.status.clone()))
                    on_change=move |status: String| change.run(RowFilter::of(&status))
                    options=states
                />
            </div>
            {live_view(rows, 5, move |page| listed(page, filter, change, leave_out))}
        </section>
        <Question id leave_out rows/>
    }
}

fn listed(
    page: Memo<RowPage>,
    filter: Memo<RowFilter>,
    change: Callback<RowFilter>,
    leave_out: LeaveOut,
) -> impl IntoView {
    let empty = memo(move || page.with(|page| page.devices.is_empty()));
    part(move || {
        if empty.get() && filter.with(|f| f.cursors.is_empty()) {
            return view! { <p class="body sub">{tr!(jobs.devices_empty)}</p> }.into_any();
        }
        view! {
            <div class="table-scroll" tabindex="0" role="group" aria-labelledby="devices-title">
                <table>
                    <thead><tr>
                        <th scope="col">{tr!(jobs.column_device)}</th>
                        <th scope="col">{tr!(jobs.column_state)}</th>
                        <th scope="col" class="grow">{tr!(jobs.column_outcome)}</th>
                        <th scope="col">{tr!(jobs.column_since)}</th>
                        <th scope="col"><span class="visually-hidden">{tr!(jobs.leave_out)}</span></th>
                    </tr></thead>
                    <tbody>{move || page.with(|page| page.devices.clone())
                        .into_iter()
                        .map(|one| row(one, leave_out))
                        .collect_view()}</tbody>
                </table>
            </div>
            <Pager
                label=wording(word!(jobs.devices_pages))
                place=derive(move || page_number(filter.with(|f| f.cursors.len())))
                cursors=derive(move || filter.with(|f| f.cursors.clone()))
                next=derive(move || page.with(|page| page.cursor.clone()))
                on_change=move |cursors| change.run(RowFilter { cursors, ..filter.get_untracked() })
            />
        }
        .into_any()
    })
}

fn row(row: JobRow, leave_out: LeaveOut) -> impl IntoView {
    let tone = match (row.status.as_str(), row.answer_status()) {
        ("failed", _) => Tone::Bad,
        ("completed", Some(status)) if !(200..300).contains(&status) => Tone::Warn,
        ("completed", _) => Tone::Ok,
        ("running", _) => Tone::Info,
        _ => Tone::Neutral,
    };
    let waits = matches!(row.status.as_str(), "pending" | "scheduled");
    let status = row.status.clone();
    let words = derive(move || row_words(&status).to_owned());
    let id = row.device_id.clone();
    let described = {
        let id = id.clone();
        derive(move || fill(t().jobs.leave_out_named, &[("id", &id)]))
    };
    let ask = move |()| {
        leave_out.device.set(id.clone());
        leave_out.question.ask();
    };
    view! {
        <tr>
            <th scope="row"><a class="mono" data-row="" href=routes::device(&row.device_id, Tab::Identity)>{row.device_id.clone()}</a></th>
            <td><Badge tone=Signal::stored(tone) text=words/></td>
            <td class="wrapping">{outcome(&row)}</td>
            <td><Ago at=Signal::stored(row.last_updated_date_time_utc)/></td>
            <td class="num row-tools">
                <Button
                    label=wording(word!(jobs.leave_out))
                    described
                    weight=Weight::Quiet
                    permission=Permission::JobsWrite
                    obstacle=derive(move || (!waits).then(|| t().jobs.obstacle_touched.to_owned()))
                    on_press=ask
                />
            </td>
        </tr>
    }
}

/// What came back, or why nothing did.
fn outcome(row: &JobRow) -> AnyView {
    if let Some(error) = row.error.clone() {
        return view! { <b>{error.code}</b> " " <span class="sub">{error.description}</span> }
            .into_any();
    }
    if let Some(status) = row.answer_status() {
        let payload = row.answer_payload();
        let words = move || fill(t().jobs.answered, &[("status", &status.to_string())]);
        return view! { {part(words)} " " <code class="sub wrap">{payload}</code> }.into_any();
    }
    if row.status == "completed" {
        return view! { <span class="sub">{tr!(jobs.written)}</span> }.into_any();
    }
    let hold = row
        .hold
        .as_ref()
        .map(|hold| text(hold, "reason").to_owned());
    match hold.filter(|reason| !reason.is_empty()) {
        Some(reason) => view! {
            <Badge tone=Signal::stored(Tone::Warn) text=wording(word!(jobs.held))/> " " <span class="sub">{reason}</span>
        }
        .into_any(),
        None => view! { <span class="dim">"–"</span> }.into_any(),
    }
}

#[component]
fn Question(id: StoredValue<String>, leave_out: LeaveOut, rows: Live<RowPage>) -> impl IntoView {
    let LeaveOut { device, question } = leave_out;
    let confirm = move |()| {
        if !question.begin() {
            return;
        }
        let (id, device) = (id.get_value(), device.get_untracked());
        spawn_local(async move {
            if question
                .settle(api::leave_out(&id, &device).await)
                .is_some()
            {
                toast::success(fill(t_once().jobs.left_out, &[("id", &device)]));
                rows.refresh();
            }
        });
    };
    view! {
        <Confirm
            open=question.open
            title=derive(move || fill(t().jobs.leave_out_title, &[("id", &device.get())]))
            text=wording(word!(jobs.leave_out_text))
            action=wording(word!(jobs.leave_out))
            busy=question.busy
            on_confirm=confirm
        >
            <ErrorNote error=question.failure/>
        </Confirm>
    }
}
