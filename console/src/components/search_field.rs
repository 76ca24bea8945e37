//! A text filter: applied after a pause in typing, so that not every letter asks the hub.

use crate::components::icon::{Icon, IconView};
use crate::reactive::Callback;
use leptos::prelude::*;
use std::time::Duration;

/// A pause in typing after which the filter is applied.
const TYPING: Duration = Duration::from_millis(300);

/// The field.
#[component]
pub fn SearchField(
    /// Its name, shown while it is empty.
    #[prop(into)]
    label: Signal<String>,
    /// The filter as it is.
    #[prop(into)]
    value: Signal<String>,
    /// Told of a new one.
    #[prop(into)]
    on_change: Callback<String>,
    /// The picture in it.
    #[prop(default = Icon::Search)]
    icon: Icon,
    /// Whether `/` goes here.
    #[prop(optional)]
    main: bool,
    /// Whether what is typed cannot be looked for.
    #[prop(optional, into)]
    invalid: Signal<bool>,
) -> impl IntoView {
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let typed = move |text: String| {
        if let Some(running) = timer.get_value() {
            running.clear();
        }
        let later = set_timeout_with_handle(move || on_change.run(text.trim().to_owned()), TYPING);
        timer.set_value(later.ok());
    };
    on_cleanup(move || {
        if let Some(running) = timer.try_get_value().flatten() {
            running.clear();
        }
    });
    view! {
        <div class="input-with-icon">
            <IconView icon/>
            <input
                type="search"
                class="input mono"
                data-filter=main.then_some("")
                aria-label=move || label.get()
                placeholder=move || label.get()
                aria-invalid=move || invalid.get().then_some("true")
                autocomplete="off"
                spellcheck="false"
                prop:value=move || value.get()
                on:input=move |event| typed(event_target_value(&event))
            />
        </div>
    }
}
