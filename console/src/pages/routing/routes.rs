//! The routes as a table.

use super::route_form::Editing;
use crate::api::routing::{self as api, Routing};
use crate::components::button::{Button, Weight};
use crate::components::dialog::Confirm;
use crate::components::icon::Icon;
use crate::components::question::Question;
use crate::components::state_view::ErrorNote;
use crate::components::toast;
use crate::i18n::{Word, fill, t, t_once, tr, word, wording};
use crate::logic::json_document::text;
use crate::logic::route::{endpoint, is_enabled};
use crate::reactive::{Callback, Memo, RwSignal, derive, memo};
use crate::session::Permission;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::Value;

/// The words for a source.
pub(super) fn source_words(source: &str) -> Word {
    match source {
        "TwinChangeEvents" => word!(routing.source_twins),
        "DeviceLifecycleEvents" => word!(routing.source_life),
        "DeviceJobLifecycleEvents" => word!(routing.source_jobs),
        "DigitalTwinChangeEvents" => word!(routing.source_digital),
        "DeviceConnectionStateEvents" => word!(routing.source_connections),
        _ => word!(routing.source_messages),
    }
}

/// The table.
#[component]
pub(super) fn RouteTable(
    /// Everything about routes.
    data: Memo<Routing>,
    /// The form.
    editing: Editing,
    /// Reads again.
    refresh: Callback<()>,
) -> impl IntoView {
    let rows = memo(move || {
        data.with(|routing| {
            let routes = routing.document.get("routes").and_then(Value::as_array);
            let fallback = routing.document.get("fallbackRoute").cloned();
            (routes.cloned().unwrap_or_default(), fallback)
        })
    });
    let removing = (Question::new(), RwSignal::new(String::new()));
    let (question, name) = removing;
    let titled = derive(move || fill(t().routing.delete_title, &[("name", &name.get())]));
    let confirm = move |()| {
        if !question.begin() {
            return;
        }
        let name = name.get_untracked();
        spawn_local(async move {
            if question.settle(api::delete_route(&name).await).is_some() {
                toast::success(fill(t_once().routing.deleted, &[("name", &name)]));
                refresh.try_run(());
            }
        });
    };
    view! {
        {move || rows.with(|(routes, _)| routes.is_empty()).then(|| view! { <p class="body dim">{tr!(routing.no_routes)}</p> })}
        <div class="table-scroll" tabindex="0" role="group" aria-label=tr!(routing.routes)>
            <table>
                <thead>
                    <tr>
                        <th scope="col">{tr!(routing.column_name)}</th>
                        <th scope="col">{tr!(routing.column_source)}</th>
                        <th scope="col" class="grow">{tr!(routing.column_condition)}</th>
                        <th scope="col">{tr!(routing.column_endpoint)}</th>
                        <th scope="col"><span class="visually-hidden">{tr!(routing.column_actions)}</span></th>
                    </tr>
                </thead>
                <tbody>
                    {move || {
                        let (routes, fallback) = rows.get();
                        let own = routes.into_iter().map(|route| row(route, Some((editing, removing))));
                        own.chain(fallback.map(|route| row(route, None))).collect_view()
                    }}
                </tbody>
            </table>
        </div>
        <Confirm
            open=question.open
            title=titled
            text=wording(word!(routing.delete_text))
            action=wording(word!(routing.delete))
            busy=question.busy
            on_confirm=confirm
        >
            <ErrorNote error=question.failure/>
        </Confirm>
    }
}

/// A route; of the fallback there is nothing to do here.
fn row(route: Value, actions: Option<(Editing, (Question, RwSignal<String>))>) -> impl IntoView {
    let name = text(&route, "name").to_owned();
    let words = source_words(text(&route, "source"));
    let condition = text(&route, "condition").to_owned();
    let to = endpoint(&route).to_owned();
    let off = !is_enabled(&route);
    let is_fallback = actions.is_none();
    let buttons = actions.map(|(editing, (question, asked))| {
        let of_delete = name.clone();
        view! {
            <Button
                label=wording(word!(routing.edit))
                icon=Icon::Edit
                weight=Weight::Quiet
                permission=Permission::ConfigurationsWrite
                on_press=move |()| editing.edit(&route)
            />
            <Button
                label=wording(word!(routing.delete))
                weight=Weight::Quiet
                permission=Permission::ConfigurationsWrite
                on_press=move |()| {
                    asked.set(of_delete.clone());
                    question.ask();
                }
            />
        }
    });
    view! {
        <tr class:off=off>
            <th scope="row">{if is_fallback {
                view! { <span class="dim">{tr!(routing.fallback)}</span> }.into_any()
            } else {
                view! { <code>{name.clone()}</code> }.into_any()
            }}</th>
            <td>{move || words.of(t())} {off.then(|| view! { " " <span class="dim">{tr!(routing.off)}</span> })}</td>
            <td class="wrapping"><code class="wrap">{condition}</code></td>
            <td><code>{to}</code></td>
            <td class="row-actions always">{buttons}</td>
        </tr>
    }
}
