//! Refused lines as a table: of a dry run, or of the log that an import left.

use crate::i18n::tr;
use crate::logic::dry_run::Refused;
use crate::logic::number::grouped;
use leptos::prelude::*;

/// The table.
#[component]
pub fn RefusedTable(
    /// The lines.
    lines: Vec<Refused>,
    /// Its name.
    #[prop(into)]
    label: Signal<String>,
) -> impl IntoView {
    // A log tells no columns.
    let columns = lines.iter().any(|line| line.column.is_some());
    let rows = lines
        .into_iter()
        .map(|line| {
            view! {
                <tr>
                    <th scope="row" class="num">{grouped(line.line)}</th>
                    {columns.then(|| view! { <td class="num">{line.column.map(grouped)}</td> })}
                    <td class="mono">{line.id}</td>
                    <td class="wrapping">{line.text}</td>
                    <td class="dim mono">{line.code}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <div class="table-scroll lines" tabindex="0" role="group" aria-label=move || label.get()>
            <table>
                <thead>
                    <tr>
                        <th scope="col" class="num">{tr!(transfers.column_line)}</th>
                        {columns.then(|| view! { <th scope="col" class="num">{tr!(transfers.column_column)}</th> })}
                        <th scope="col">{tr!(transfers.column_id)}</th>
                        <th scope="col" class="grow">{tr!(transfers.column_reason)}</th>
                        <th scope="col">{tr!(transfers.column_code)}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}
