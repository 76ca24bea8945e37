//! The classes as rows.

use super::change::Changing;
use super::class_words;
use crate::components::badge::{Badge, Tone};
use crate::components::button::{Button, Weight};
use crate::components::icon::Icon;
use crate::components::meter::Meter;
use crate::i18n::{fill, t, tr, word, wording};
use crate::logic::limits::{Limits, Rate};
use crate::logic::number::grouped;
use crate::reactive::{For, Memo, derive, memo, part};
use crate::session::Permission;
use leptos::prelude::*;

/// The table.
#[component]
pub fn RateTable(
    /// The limits.
    data: Memo<Limits>,
    /// What a row's buttons open.
    changing: Changing,
) -> impl IntoView {
    let classes = memo(move || {
        data.with(|limits| {
            let rates = limits.rates.iter();
            rates.map(|rate| rate.class.clone()).collect::<Vec<_>>()
        })
    });
    view! {
        <div class="table-scroll" tabindex="0" role="group" aria-label=tr!(limits.table)>
            <table>
                <thead>
                    <tr>
                        <th scope="col">{tr!(limits.column_class)}</th>
                        <th scope="col" class="num">{tr!(limits.column_minute)}</th>
                        <th scope="col" class="num">{tr!(limits.column_burst)}</th>
                        <th scope="col" class="grow">{tr!(limits.column_left)}</th>
                        <th scope="col" class="num">{tr!(limits.column_refused)}</th>
                        <th scope="col"><span class="visually-hidden">{tr!(limits.column_change)}</span></th>
                    </tr>
                </thead>
                <tbody>
                    <For each=move || classes.get() key=String::clone let(class)>
                        <Row class data changing/>
                    </For>
                </tbody>
            </table>
        </div>
    }
}

#[component]
fn Row(class: String, data: Memo<Limits>, changing: Changing) -> impl IntoView {
    let class = StoredValue::new(class);
    let rate = Memo::new(move |before: Option<&Option<Rate>>| {
        let found = data.with(|limits| class.with_value(|class| limits.rate(class).cloned()));
        found.or_else(|| before.cloned().flatten())
    });
    let number = move |read: fn(&Rate) -> u64| {
        move || rate.with(|rate| rate.as_ref().map(read).map(grouped))
    };
    let is_set = memo(move || rate.with(|rate| rate.as_ref().is_some_and(|r| r.is_set)));
    let refused = memo(move || rate.with(|rate| rate.as_ref().and_then(|r| r.refused)));
    let named = move |text: fn() -> &'static str| {
        derive(move || fill(text(), &[("class", &class.with_value(|c| class_words(c)))]))
    };
    view! {
        <tr>
            <th scope="row">
                <span>{move || class.with_value(|class| class_words(class))}</span>
                " "
                <code class="dim">{class.get_value()}</code>
                " "
                {move || is_set.get().then(|| view! {
                    <Badge plain=true tone=Signal::stored(Tone::Info) text=wording(word!(limits.is_set))/>
                })}
            </th>
            <td class="num">{number(|rate| rate.per_minute)}</td>
            <td class="num">{number(|rate| rate.burst)}</td>
            <td class="grow"><Left class rate/></td>
            <td class="num">{move || match refused.get() {
                None => view! { <span class="dim">"–"</span> }.into_any(),
                Some(0) => view! { <span class="dim">"0"</span> }.into_any(),
                Some(some) => view! { <b class="bad-text">{grouped(some)}</b> }.into_any(),
            }}</td>
            <td class="num row-tools">
                {move || is_set.get().then(|| view! {
                    <Button
                        label=wording(word!(limits.follow))
                        described=named(|| t().limits.follow_class)
                        icon=Icon::Restore
                        icon_only=true
                        weight=Weight::Quiet
                        permission=Permission::HubManage
                        on_press=move |()| changing.follow(class.get_value())
                    />
                })}
                <Button
                    label=wording(word!(limits.column_change))
                    described=named(|| t().limits.change_class)
                    icon=Icon::Settings
                    icon_only=true
                    weight=Weight::Quiet
                    permission=Permission::HubManage
                    on_press=move |()| changing.set(class.get_value())
                />
            </td>
        </tr>
    }
}

/// How much may happen at this moment.
#[component]
fn Left(class: StoredValue<String>, rate: Memo<Option<Rate>>) -> impl IntoView {
    let burst = memo(move || rate.with(|rate| rate.as_ref().map_or(0, |rate| rate.burst)));
    let left = memo(move || rate.with(|rate| rate.as_ref().and_then(|r| r.available)));
    let label = derive(move || {
        fill(
            t().limits.left_of,
            &[
                ("class", &class.with_value(|class| class_words(class))),
                ("n", &grouped(left.get().unwrap_or(0))),
                ("total", &grouped(burst.get())),
            ],
        )
    });
    let counted = memo(move || left.with(Option::is_some));
    part(move || {
        if !counted.get() {
            let of_jobs = class.with_value(|class| class == "jobDeviceOperations");
            let why = move || {
                let words = &t().limits;
                if of_jobs {
                    words.of_shards
                } else {
                    words.of_gateways
                }
            };
            return view! { <span class="dim">{part(why)}</span> }.into_any();
        }
        let used = derive(move || left.get().unwrap_or(0));
        view! {
            <div class="progress wide">
                <Meter used limit=burst.get() label/>
                <span class="dim">{move || grouped(used.get())}</span>
            </div>
        }
        .into_any()
    })
}
