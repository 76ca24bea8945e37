//! Buttons. One that the role may not use stays visible, is announced as disabled and says which
//! permission is missing.

use crate::components::icon::{Icon, IconView};
use crate::components::palette::offer;
use crate::i18n::{fill, t};
use crate::reactive::{Callback, memo};
use crate::session::{Permission, may};
use leptos::prelude::*;

/// How much weight a button has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Weight {
    /// An action among others.
    #[default]
    Normal,
    /// The action of the screen.
    Primary,
    /// Destroys something.
    Danger,
    /// Without a frame.
    Quiet,
}

/// A button.
#[component]
pub fn Button(
    /// What it does, in words.
    #[prop(into)]
    label: Signal<String>,
    /// What happens.
    #[prop(into)]
    on_press: Callback<()>,
    /// Weight.
    #[prop(optional)]
    weight: Weight,
    /// A picture before the words.
    #[prop(optional, into)]
    icon: Option<Icon>,
    /// Shows only the picture; the words become its label.
    #[prop(optional)]
    icon_only: bool,
    /// Permission it needs.
    #[prop(optional_no_strip, into)]
    permission: Option<Permission>,
    /// Cannot be pressed now.
    #[prop(optional, into)]
    disabled: Signal<bool>,
    /// Why it cannot be pressed now; disables it and is told on hover.
    #[prop(optional, into)]
    obstacle: Signal<Option<String>>,
    /// Longer label for assistive technology.
    #[prop(optional, into)]
    described: Option<Signal<String>>,
    /// Submits its form instead of calling `on_press`.
    #[prop(optional)]
    submit: bool,
) -> impl IntoView {
    let forbidden = move || permission.is_some_and(|p| !may(p));
    let off = memo(move || disabled.get() || forbidden() || obstacle.with(Option::is_some));
    // What a screen is mainly for can be done from the palette too.
    if weight == Weight::Primary && !submit {
        offer(label, off, on_press);
    }
    let reason = move || {
        permission
            .filter(|p| !may(*p))
            .map(|p| fill(t().common.needs_permission, &[("permission", p.name())]))
            .or_else(|| obstacle.get())
    };
    let spoken = move || {
        described
            .map(|d| d.get())
            .or_else(|| icon_only.then(|| label.get()))
    };
    let hint = move || reason().or_else(|| icon_only.then(|| label.get()));
    let class = match weight {
        Weight::Normal => "btn",
        Weight::Primary => "btn primary",
        Weight::Danger => "btn danger",
        Weight::Quiet => "btn quiet",
    };
    view! {
        <button
            type=if submit { "submit" } else { "button" }
            class=class
            class:icon-only=icon_only
            aria-disabled=move || off.get().then_some("true")
            aria-label=spoken
            title=hint
            on:click=move |event| {
                if off.get_untracked() {
                    event.prevent_default();
                } else if !submit {
                    on_press.run(());
                }
            }
        >
            {icon.map(|icon| view! { <IconView icon/> })}
            {(!icon_only).then(|| view! { <span>{move || label.get()}</span> })}
        </button>
    }
}
