//! Modal dialogs on the browser's own `<dialog>`: it traps focus, closes on Escape and makes the
//! rest inert. Focus goes back to where it was. Destructive actions all go through `Confirm`,
//! which names what is affected.

use crate::components::button::{Button, Weight};
use crate::components::icon::{Icon, IconView};
use crate::i18n::{fill, t, tr, word, wording};
use crate::reactive::{Callback, RwSignal, derive, effect, memo};
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

/// A modal dialog, present while `open` is true.
#[component]
pub fn Dialog(
    /// Whether it shows.
    open: RwSignal<bool>,
    /// Its name.
    #[prop(into)]
    title: Signal<String>,
    /// What is in it.
    children: ChildrenFn,
) -> impl IntoView {
    let children = StoredValue::new(children);
    view! {
        <Show when=move || open.get()>
            <Modal open title>{children.with_value(|children| children())}</Modal>
        </Show>
    }
}

#[component]
fn Modal(open: RwSignal<bool>, title: Signal<String>, children: Children) -> impl IntoView {
    let node = NodeRef::<html::Dialog>::new();
    let before = document()
        .active_element()
        .and_then(|e| e.dyn_into::<HtmlElement>().ok());
    let before = StoredValue::new_local(before);

    effect(move |_| {
        if let Some(dialog) = node.get() {
            request_animation_frame(move || {
                if !dialog.open() && dialog.is_connected() {
                    let _ = dialog.show_modal();
                    let first = dialog.query_selector("[data-first]").ok().flatten();
                    if let Some(first) = first.and_then(|e| e.dyn_into::<HtmlElement>().ok()) {
                        let _ = first.focus();
                    }
                }
            });
        }
    });
    on_cleanup(move || {
        let element = before.try_with_value(Clone::clone).flatten();
        request_animation_frame(move || {
            if let Some(element) = element.filter(|e| e.is_connected()) {
                let _ = element.focus();
            }
        });
    });

    view! {
        <dialog
            node_ref=node
            class="dialog"
            aria-label=move || title.get()
            on:cancel=move |event: leptos::ev::Event| {
                event.prevent_default();
                open.set(false);
            }
        >
            <header class="dialog-head">
                <h2>{move || title.get()}</h2>
                <button type="button" class="btn quiet icon-only" aria-label=tr!(common.close)
                    on:click=move |_| open.set(false)>
                    <IconView icon=Icon::Close/>
                </button>
            </header>
            {children()}
        </dialog>
    }
}

/// The foot of a form in a dialog: give up, or send it.
#[component]
pub fn FormFoot(
    /// Whether the dialog shows.
    open: RwSignal<bool>,
    /// The words on the button that sends it.
    #[prop(into)]
    action: Signal<String>,
    /// The weight of that button.
    #[prop(default = Weight::Primary)]
    weight: Weight,
    /// Whether it cannot be sent now.
    #[prop(into)]
    disabled: Signal<bool>,
) -> impl IntoView {
    view! {
        <footer class="dialog-foot">
            <Button label=wording(word!(common.cancel)) on_press=move |()| open.set(false)/>
            <Button label=action weight disabled submit=true on_press=|()| ()/>
        </footer>
    }
}

/// A form in a dialog: its fields, and a foot that sends it. Enter sends it too.
#[component]
pub fn FormDialog(
    /// Whether it shows.
    open: RwSignal<bool>,
    /// Its name.
    #[prop(into)]
    title: Signal<String>,
    /// The words on the button that sends it.
    #[prop(into)]
    action: Signal<String>,
    /// Whether it cannot be sent now.
    #[prop(into)]
    disabled: Signal<bool>,
    /// Sends it; not called while it cannot be.
    #[prop(into)]
    on_send: Callback<()>,
    /// Its fields.
    children: ChildrenFn,
) -> impl IntoView {
    let children = StoredValue::new(children);
    let send = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if !disabled.get_untracked() {
            on_send.run(());
        }
    };
    view! {
        <Dialog open title>
            <form class="dialog-body" on:submit=send>
                {children.with_value(|children| children())}
                <FormFoot open action disabled/>
            </form>
        </Dialog>
    }
}

/// Asks before something is destroyed. With `must_type`, the person types the name first.
#[component]
pub fn Confirm(
    /// Whether it shows.
    open: RwSignal<bool>,
    /// The question; names what is affected.
    #[prop(into)]
    title: Signal<String>,
    /// What will happen.
    #[prop(into)]
    text: Signal<String>,
    /// The words on the button that does it.
    #[prop(into)]
    action: Signal<String>,
    /// Name to type before the button works.
    #[prop(optional, into)]
    must_type: Option<Signal<String>>,
    /// Whether a field among the children takes the focus first.
    #[prop(optional)]
    keeps_focus: bool,
    /// Nothing is lost by it: the button does not warn.
    #[prop(optional)]
    harmless: bool,
    /// Whether it is under way.
    #[prop(optional, into)]
    busy: Signal<bool>,
    /// Does it.
    #[prop(into)]
    on_confirm: Callback<()>,
    /// Further fields.
    #[prop(optional)]
    children: Option<ChildrenFn>,
) -> impl IntoView {
    let typed = RwSignal::new(String::new());
    effect(move |_| {
        if open.get() {
            typed.set(String::new());
        }
    });
    let ready = memo(move || !busy.get() && must_type.is_none_or(|name| typed.get() == name.get()));
    let children = StoredValue::new(children);
    view! {
        <Dialog open title>
            <form
                class="dialog-body"
                on:submit=move |event| {
                    event.prevent_default();
                    if ready.get_untracked() {
                        on_confirm.run(());
                    }
                }
            >
                <p>{move || text.get()}</p>
                {children.with_value(|children| children.as_ref().map(|children| children()))}
                {must_type.map(|name| view! {
                    <label class="field">
                        <span class="field-label">
                            {move || fill(t().devices.delete_confirm, &[("id", &name.get())])}
                        </span>
                        <input
                            type="text"
                            class="input mono"
                            data-first=(!keeps_focus).then_some("")
                            autocomplete="off"
                            spellcheck="false"
                            prop:value=move || typed.get()
                            on:input=move |event| typed.set(event_target_value(&event))
                        />
                    </label>
                })}
                <FormFoot
                    open
                    action
                    weight=if harmless { Weight::Primary } else { Weight::Danger }
                    disabled=derive(move || !ready.get())
                />
            </form>
        </Dialog>
    }
}
