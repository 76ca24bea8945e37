//! Limits: how often operations of each class may run, what is left, what was refused, and what
//! the hub uses of everything else.

mod change;
mod rates;
mod usage;

use crate::api::throttles as api;
use crate::components::button::{Button, Weight};
use crate::components::icon::Icon;
use crate::components::page_title::PageTitle;
use crate::components::state_view::live_view;
use crate::i18n::{count, t, tr, word, wording};
use crate::live::{PERIOD, live};
use crate::logic::limits::Limits;
use crate::reactive::{derive, part};
use crate::session::Permission;
use change::{Changes, Changing};
use leptos::prelude::*;
use rates::RateTable;

/// The page.
#[component]
pub fn LimitsPage() -> impl IntoView {
    let limits = live(|| (), Some(PERIOD), |()| api::get());
    let changing = Changing::new();
    let unknown = derive(move || limits.data.with(Option::is_none));
    let no_defaults = derive(move || {
        let same = limits
            .data
            .with(|limits| limits.as_ref().is_some_and(|limits| !limits.is_changed()));
        same.then(|| t().limits.no_defaults.to_owned())
    });
    let units = move || {
        let units = limits
            .data
            .with(|limits| limits.as_ref().map(|limits| limits.units))?;
        let words = &t().limits;
        Some(count(units, words.units_one, words.units_other))
    };
    view! {
        <PageTitle text=wording(word!(limits.title))/>
        <div class="pagehead">
            <div class="grow">
                <h1>{tr!(limits.title)}</h1>
                <p class="lead">{tr!(limits.explained)}</p>
            </div>
            <div class="actions">
                <Button
                    label=wording(word!(limits.defaults))
                    permission=Permission::HubManage
                    obstacle=no_defaults
                    disabled=unknown
                    on_press=move |()| changing.defaults.ask()
                />
                <Button
                    label=wording(word!(limits.change_units))
                    weight=Weight::Primary
                    permission=Permission::HubManage
                    disabled=unknown
                    on_press=move |()| changing.units.ask()
                />
            </div>
        </div>
        <section class="card" aria-label=tr!(limits.table)>
            <div class="list-head">
                <span class="dim grow">{part(units)}</span>
                <Button
                    label=wording(word!(limits.refresh))
                    icon=Icon::Refresh
                    weight=Weight::Quiet
                    on_press=move |()| limits.refresh()
                />
            </div>
            {live_view(limits, 12, move |data| view! { <RateTable data changing/> })}
        </section>
        <usage::Usage/>
        <Changes limits changing/>
    }
}

/// A class in words; unknown ones by their name. Tracked.
fn class_words(name: &str) -> String {
    let words = &t().limits;
    match name {
        "identityRegistry" => words.class_identity_registry,
        "newConnections" => words.class_new_connections,
        "d2cSends" => words.class_d2c_sends,
        "c2dSends" => words.class_c2d_sends,
        "c2dReceives" => words.class_c2d_receives,
        "fileUploads" => words.class_file_uploads,
        "queries" => words.class_queries,
        "directMethods" => words.class_direct_methods,
        "twinReads" => words.class_twin_reads,
        "twinUpdates" => words.class_twin_updates,
        "jobs" => words.class_jobs,
        "configurations" => words.class_configurations,
        "jobDeviceOperations" => words.class_job_devices,
        other => other,
    }
    .to_owned()
}

/// One class of the limits as they are.
fn rate_of(limits: &Option<Limits>, class: &str) -> Option<crate::logic::limits::Rate> {
    limits.as_ref()?.rate(class).cloned()
}
