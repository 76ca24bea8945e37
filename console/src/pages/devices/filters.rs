//! The filter bar of the device list. The address is the state; this only writes it.

use crate::components::button::{Button, Weight};
use crate::components::field::SelectField;
use crate::components::icon::Icon;
use crate::components::search_field::SearchField;
use crate::i18n::{tr, word, wording};
use crate::logic::query_result::Workbench;
use crate::logic::url_state::DeviceFilter;
use crate::reactive::{Callback, Memo, RwSignal, derive, effect, memo};
use crate::routes;
use leptos::prelude::*;

/// The bar.
#[component]
pub fn Filters(
    /// The filter of the address.
    filter: Memo<DeviceFilter>,
    /// Writes a new one.
    change: Callback<DeviceFilter>,
    /// What stands at the other end of the bar.
    children: Children,
) -> impl IntoView {
    let apply = move |set: Box<dyn Fn(&mut DeviceFilter)>| {
        let mut next = filter.get_untracked();
        set(&mut next);
        if next != filter.get_untracked() {
            change.run(next);
        }
    };
    let any = || wording(word!(devices.any));
    view! {
        <div class="filter" role="search" aria-label=tr!(devices.filters)>
            <SearchField
                main=true
                label=wording(word!(devices.search))
                value=derive(move || filter.with(|f| f.search.clone()))
                on_change=move |text: String| apply(Box::new(move |f| f.search.clone_from(&text)))
            />
            <SelectField
                inline=true
                label=wording(word!(devices.connection))
                value=derive(move || filter.with(|f| f.connection.clone()))
                on_change=move |value: String| apply(Box::new(move |f| f.connection.clone_from(&value)))
                options=vec![
                    ("", any()),
                    ("connected", wording(word!(common.connected))),
                    ("disconnected", wording(word!(common.disconnected))),
                ]
            />
            <SelectField
                inline=true
                label=wording(word!(devices.status))
                value=derive(move || filter.with(|f| f.status.clone()))
                on_change=move |value: String| apply(Box::new(move |f| f.status.clone_from(&value)))
                options=vec![
                    ("", any()),
                    ("enabled", wording(word!(common.enabled))),
                    ("disabled", wording(word!(common.disabled))),
                ]
            />
            {move || filter.with(DeviceFilter::narrows).then(|| view! {
                <Button
                    label=wording(word!(devices.clear))
                    weight=Weight::Quiet
                    icon=Icon::Close
                    on_press=move |()| change.run(DeviceFilter::default())
                />
            })}
            {children()}
        </div>
        <AsText filter change/>
    }
}

/// The same filter as a condition of the query language, to read, to change, and to take along.
#[component]
fn AsText(filter: Memo<DeviceFilter>, change: Callback<DeviceFilter>) -> impl IntoView {
    let typed = RwSignal::new(String::new());
    effect(move |_| typed.set(filter.with(DeviceFilter::text)));
    let changed = memo(move || typed.with(|typed| typed.trim() != filter.with(DeviceFilter::text)));
    let send = move || {
        let next = DeviceFilter::of_text(&typed.get_untracked());
        if next == filter.get_untracked() {
            typed.set(next.text());
        } else {
            change.run(next);
        }
    };
    let bench = move || {
        let text = filter.with(DeviceFilter::text_or_all);
        routes::query(&Workbench {
            text: format!("SELECT * FROM devices WHERE {text}"),
            ..Workbench::default()
        })
    };
    view! {
        <form
            class="as-text"
            on:submit=move |event| {
                event.prevent_default();
                send();
            }
        >
            <label class="as-text-label" for="filter-text"><code>"WHERE"</code> <span class="visually-hidden">{tr!(device_grid.as_text)}</span></label>
            <textarea
                id="filter-text"
                class="input mono"
                rows="1"
                autocomplete="off"
                spellcheck="false"
                autocapitalize="off"
                placeholder="tags.site = 's1' AND properties.reported.firmware.version = '2.4'"
                prop:value=move || typed.get()
                on:input=move |event| typed.set(event_target_value(&event))
                on:keydown=move |event| {
                    // A comment ends with its line, so there may be lines.
                    if event.key() == "Enter" && !event.shift_key() {
                        event.prevent_default();
                        send();
                    }
                }
            ></textarea>
            {move || changed.get().then(|| view! {
                <Button label=wording(word!(device_grid.apply)) weight=Weight::Primary submit=true on_press=|()| ()/>
            })}
            <a class="btn quiet" href=bench>{tr!(device_grid.as_query)}</a>
        </form>
    }
}
