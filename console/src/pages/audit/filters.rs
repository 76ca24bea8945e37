//! The filter bar of the audit screen. The address is the state; this only writes it.

use super::names::ACTIONS;
use crate::clock;
use crate::components::button::{Button, Weight};
use crate::components::field::{MomentField, SelectField};
use crate::components::icon::Icon;
use crate::components::search_field::SearchField;
use crate::i18n::{t, tr, word, wording};
use crate::logic::audit_filter::{AuditFilter, BETWEEN};
use crate::logic::time;
use crate::reactive::{Callback, Memo, derive, memo};
use leptos::prelude::*;

/// The bar.
#[component]
pub fn Filters(
    /// The filter of the address.
    filter: Memo<AuditFilter>,
    /// Writes a new one.
    change: Callback<AuditFilter>,
) -> impl IntoView {
    let apply = move |set: &dyn Fn(&mut AuditFilter)| {
        let now = filter.get_untracked();
        let mut next = now.closed();
        set(&mut next);
        if next != now.closed() {
            change.run(next);
        }
    };
    let mut actions = vec![("", wording(word!(audit.any_action)))];
    actions.extend(
        ACTIONS
            .iter()
            .map(|(name, words)| (*name, derive(move || words.of(t()).to_owned()))),
    );
    let periods = vec![
        ("", wording(word!(audit.period_all))),
        ("hour", wording(word!(audit.period_hour))),
        ("day", wording(word!(audit.period_day))),
        ("week", wording(word!(audit.period_week))),
        ("month", wording(word!(audit.period_month))),
        (BETWEEN, wording(word!(audit.period_between))),
    ];
    let pick_period = move |name: String| {
        apply(&|filter| {
            filter.period.clone_from(&name);
            filter.since.clear();
            filter.until.clear();
            if name == BETWEEN {
                // A day to begin with: an open start would look like no filter at all.
                filter.since = time::timestamp(clock::now_once() - 86_400_000.0);
            }
        });
    };
    let between = memo(move || filter.with(|f| f.period == BETWEEN));
    view! {
        <div class="filter" role="search" aria-label=tr!(audit.filters)>
            <SearchField
                main=true
                icon=Icon::Device
                label=wording(word!(audit.filter_device))
                value=derive(move || filter.with(|f| f.device.clone()))
                on_change=move |text: String| apply(&|f| f.device.clone_from(&text))
            />
            <SearchField
                icon=Icon::Person
                label=wording(word!(audit.filter_actor))
                value=derive(move || filter.with(|f| f.actor.clone()))
                on_change=move |text: String| apply(&|f| f.actor.clone_from(&text))
            />
            <SelectField
                inline=true
                label=wording(word!(audit.filter_action))
                value=derive(move || filter.with(|f| f.action.clone()))
                on_change=move |name: String| apply(&|f| f.action.clone_from(&name))
                options=actions
            />
            <SelectField
                inline=true
                label=wording(word!(audit.filter_period))
                value=derive(move || filter.with(|f| f.period.clone()))
                on_change=pick_period
                options=periods
            />
            {move || between.get().then(|| view! {
                <MomentField
                    label=wording(word!(audit.since))
                    value=derive(move || filter.with(|f| f.since.clone()))
                    on_change=move |at: String| apply(&|f| f.since.clone_from(&at))
                />
                <MomentField
                    label=wording(word!(audit.until))
                    value=derive(move || filter.with(|f| f.until.clone()))
                    on_change=move |at: String| apply(&|f| f.until.clone_from(&at))
                />
            })}
            {move || filter.with(AuditFilter::narrows).then(|| view! {
                <Button
                    label=wording(word!(devices.clear))
                    weight=Weight::Quiet
                    icon=Icon::Close
                    on_press=move |()| change.run(AuditFilter::default())
                />
            })}
        </div>
    }
}
