//! Which columns the list has: its own, and any path of tags and properties. Every choice is in
//! the address at once, so there is nothing to save and nothing to give up.

use super::row::name_of;
use crate::api::devices::{self as api, Asked};
use crate::components::button::{Button, Weight};
use crate::components::dialog::Dialog;
use crate::components::field::unique_id;
use crate::components::icon::Icon;
use crate::i18n::{fill, t, tr, word, wording};
use crate::live::live;
use crate::logic::device_columns::{Column, Columns, paths};
use crate::reactive::{Callback, Memo, RwSignal, derive, part};
use leptos::prelude::*;

/// The dialog.
#[component]
pub fn ColumnsDialog(
    /// Whether it shows.
    open: RwSignal<bool>,
    /// Which devices are looked at for paths.
    asked: Memo<Asked>,
    /// The columns shown.
    columns: Memo<Columns>,
    /// Shows others.
    show: Callback<Columns>,
) -> impl IntoView {
    view! {
        <Dialog open title=wording(word!(device_grid.columns_title))>
            <Choice open asked columns show/>
        </Dialog>
    }
}

#[component]
fn Choice(
    open: RwSignal<bool>,
    asked: Memo<Asked>,
    columns: Memo<Columns>,
    show: Callback<Columns>,
) -> impl IntoView {
    // Paths help to type; without them everything works.
    let known = live(
        move || asked.with(|asked| asked.filter.clone()),
        None,
        |filter| async move { Ok(paths(&api::sample(&filter).await.unwrap_or_default())) },
    );
    let typed = RwSignal::new(String::new());
    let wrong = RwSignal::new(false);
    let add = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let path = typed.get_untracked();
        match columns.with_untracked(|columns| columns.with(&path)) {
            Some(more) => {
                show.run(more);
                typed.set(String::new());
            }
            // One that is there already needs no word.
            None => wrong.set(!columns.with_untracked(|all| all.paths().any(|one| one == path))),
        }
    };
    let own = move || {
        let boxes = Column::OWN.into_iter().map(|column| {
            let name = name_of(&column);
            let (shown, other) = (column.clone(), column);
            view! {
                <label class="check">
                    <input
                        type="checkbox"
                        prop:checked=move || columns.with(|columns| columns.0.contains(&shown))
                        on:change=move |_| show.run(columns.with_untracked(|columns| columns.toggled(&other)))
                    />
                    <span>{name}</span>
                </label>
            }
        });
        boxes.collect_view()
    };
    let chosen = move || {
        let paths: Vec<String> =
            columns.with(|columns| columns.paths().map(str::to_owned).collect());
        if paths.is_empty() {
            return view! { <p class="dim">{tr!(device_grid.columns_none)}</p> }.into_any();
        }
        let rows = paths.into_iter().map(|path| {
            let column = Column::Path(path.clone());
            let spoken = path.clone();
            view! {
                <li class="path-row">
                    <code class="grow">{path}</code>
                    <Button
                        label=derive(move || fill(t().device_grid.path_remove, &[("path", &spoken)]))
                        icon=Icon::Close
                        icon_only=true
                        weight=Weight::Quiet
                        on_press=move |()| show.run(columns.with_untracked(|columns| columns.toggled(&column)))
                    />
                </li>
            }
        });
        view! { <ul class="plain-list">{rows.collect_view()}</ul> }.into_any()
    };
    let options = move || {
        let known = known.data.get().unwrap_or_default();
        known
            .into_iter()
            .map(|path| view! { <option value=path></option> })
            .collect_view()
    };
    let id = unique_id("path");
    let (list, note) = (format!("{id}-list"), format!("{id}-note"));
    view! {
        <div class="dialog-body">
            <fieldset class="choices">
                <legend class="field-label">{tr!(device_grid.columns_own)}</legend>
                <div class="column-boxes">{own()}</div>
            </fieldset>
            <section>
                <h3 class="field-label">{tr!(device_grid.columns_paths)}</h3>
                {part(chosen)}
            </section>
            <form on:submit=add>
                <div class="field">
                    <label class="field-label" for=id.clone()>{tr!(device_grid.path)}</label>
                    <div class="with-button">
                        <input
                            id=id
                            class="input mono"
                            list=list.clone()
                            data-first=""
                            autocomplete="off"
                            spellcheck="false"
                            autocapitalize="off"
                            aria-describedby=note.clone()
                            aria-invalid=move || wrong.get().then_some("true")
                            prop:value=move || typed.get()
                            on:input=move |event| {
                                typed.set(event_target_value(&event));
                                wrong.set(false);
                            }
                        />
                        <Button
                            label=wording(word!(device_grid.path_add))
                            submit=true
                            disabled=derive(move || typed.with(|typed| typed.trim().is_empty()))
                            on_press=|()| ()
                        />
                    </div>
                    <div class="field-note" id=note class:bad=move || wrong.get()>
                        {move || if wrong.get() { t().device_grid.path_wrong } else { t().device_grid.path_hint }}
                    </div>
                    <datalist id=list>{part(options)}</datalist>
                </div>
            </form>
            <footer class="dialog-foot">
                <Button
                    label=wording(word!(device_grid.columns_usual))
                    weight=Weight::Quiet
                    disabled=derive(move || columns.with(|columns| *columns == Columns::default()))
                    on_press=move |()| show.run(Columns::default())
                />
                <Button label=wording(word!(device_grid.done)) on_press=move |()| open.set(false)/>
            </footer>
        </div>
    }
}
