//! What the hub uses: messages of the day, sockets, storage, rows written, and who was refused.
//! Asked for when somebody looks, since every object of the hub has to answer.

use crate::api::throttles as api;
use crate::components::button::{Button, Weight};
use crate::components::icon::Icon;
use crate::components::meter::Meter;
use crate::components::state_view::live_view;
use crate::i18n::{fill, t, tr, word, wording};
use crate::live::live;
use crate::logic::number::{bytes, grouped, percent};
use crate::reactive::{derive, part};
use leptos::prelude::*;
use serde_json::Value;
use shared::sorting::sort_by;

/// The section.
#[component]
pub(super) fn Usage() -> impl IntoView {
    let usage = live(|| (), None, |()| api::usage());
    view! {
        <section class="card" aria-labelledby="usage-title">
            <header>
                <h2 id="usage-title">{tr!(limits.usage)}</h2>
                <span class="more">
                    <Button
                        label=wording(word!(limits.usage_refresh))
                        icon=Icon::Refresh
                        weight=Weight::Quiet
                        on_press=move |()| usage.refresh()
                    />
                </span>
            </header>
            {live_view(usage, 5, move |data| part(move || facts(&data.get())))}
        </section>
    }
}

fn number(usage: &Value, pointer: &str) -> u64 {
    usage.pointer(pointer).and_then(Value::as_u64).unwrap_or(0)
}

fn facts(usage: &Value) -> impl IntoView + use<> {
    let (today, quota) = (
        number(usage, "/messages/today"),
        number(usage, "/messages/dailyQuota"),
    );
    let (now, most) = (
        number(usage, "/sockets/now"),
        number(usage, "/sockets/most"),
    );
    let of_quota = move || {
        let values = [
            ("n", grouped(today)),
            ("quota", grouped(quota)),
            ("share", percent(today, quota)),
        ];
        let values = values
            .each_ref()
            .map(|(name, value)| (*name, value.as_str()));
        fill(t().limits.usage_of_quota, &values)
    };
    let sockets = move || {
        let values = [("n", grouped(now)), ("most", grouped(most))];
        let values = values
            .each_ref()
            .map(|(name, value)| (*name, value.as_str()));
        fill(t().limits.usage_sockets_now, &values)
    };
    let objects = usage.pointer("/storage/objects").and_then(Value::as_object);
    let mut objects: Vec<(String, u64)> = objects
        .into_iter()
        .flatten()
        .map(|(name, held)| (name.clone(), held.as_u64().unwrap_or(0)))
        .collect();
    sort_by(&mut objects, |(one, held), (other, most)| {
        most.cmp(held).then_with(|| one.cmp(other))
    });
    let objects = objects.into_iter().map(|(name, held)| {
        view! { <tr><th scope="row"><code>{name}</code></th><td class="num">{bytes(held)}</td></tr> }
    });
    let callers = usage.get("refusedCallers").and_then(Value::as_array);
    let callers: Vec<AnyView> = callers
        .into_iter()
        .flatten()
        .map(|one| {
            let caller = one.get("caller").and_then(Value::as_str).unwrap_or("–");
            let times = grouped(number(one, "/refused"));
            view! { <tr><th scope="row"><code class="wrap">{caller.to_owned()}</code></th><td class="num">{times}</td></tr> }
                .into_any()
        })
        .collect();
    let nobody = callers.is_empty();
    view! {
        <dl class="kv body">
            <dt>{tr!(limits.usage_messages)}</dt>
            <dd>{part(of_quota)} " " <Meter used=Signal::stored(today) limit=quota label=derive(of_quota)/></dd>
            <dt>{tr!(limits.usage_sockets)}</dt>
            <dd>{part(sockets)}</dd>
            <dt>{tr!(limits.usage_storage)}</dt>
            <dd>{bytes(number(usage, "/storage/bytes"))}</dd>
            <dt>{tr!(limits.usage_rows)}</dt>
            <dd>{grouped(number(usage, "/rowsWritten"))} " " <span class="dim">{tr!(limits.usage_rows_since)}</span></dd>
        </dl>
        <div class="usage-tables">
            <table>
                <caption>{tr!(limits.usage_objects)}</caption>
                <tbody>{objects.collect_view()}</tbody>
            </table>
            {if nobody {
                view! { <p class="dim">{tr!(limits.usage_nobody)}</p> }.into_any()
            } else {
                view! {
                    <table>
                        <caption>{tr!(limits.usage_callers)}</caption>
                        <tbody>{callers}</tbody>
                    </table>
                }
                .into_any()
            }}
        </div>
    }
}
