//! What can be made of the list: other columns, views to come back to, a file of it.

use super::columns::ColumnsDialog;
use super::export::ExportDialog;
use super::reader::Reader;
use super::views::ViewsDialog;
use crate::api::devices::Asked;
use crate::components::button::{Button, Weight};
use crate::components::icon::Icon;
use crate::i18n::{tr, word, wording};
use crate::logic::device_columns::Columns;
use crate::reactive::{Callback, Memo, RwSignal, memo};
use leptos::prelude::*;

/// The buttons with their dialogs.
#[component]
pub fn Tools(
    /// Where rows come from.
    reader: Reader,
    /// Which devices are shown.
    asked: Memo<Asked>,
    /// What is shown of each.
    columns: Memo<Columns>,
    /// The query string of the address.
    search: Memo<String>,
    /// Goes to another one.
    go: Callback<String>,
    /// Shows other columns.
    show: Callback<Columns>,
) -> impl IntoView {
    let (choosing, viewing) = (RwSignal::new(false), RwSignal::new(false));
    let exporting = RwSignal::new(false);
    let none = memo(move || reader.rows.with(|rows| rows.total() == 0));
    view! {
        <div class="grid-tools" role="group" aria-label=tr!(device_grid.tools)>
            <Button
                label=wording(word!(device_grid.views))
                icon=Icon::Record
                weight=Weight::Quiet
                on_press=move |()| viewing.set(true)
            />
            <Button
                label=wording(word!(device_grid.columns))
                icon=Icon::Columns
                weight=Weight::Quiet
                on_press=move |()| choosing.set(true)
            />
            <Button
                label=wording(word!(device_grid.export))
                icon=Icon::Download
                weight=Weight::Quiet
                disabled=none
                on_press=move |()| exporting.set(true)
            />
        </div>
        <ColumnsDialog open=choosing asked columns show/>
        <ViewsDialog open=viewing search go/>
        <ExportDialog open=exporting reader asked columns/>
    }
}
