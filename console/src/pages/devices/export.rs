//! A file of the whole list, read page by page: what is shown of each device, or whole rows. It
//! can be stopped at any moment, and a list that changes meanwhile gives each device once.

use super::reader::Reader;
use crate::api::ApiError;
use crate::api::devices::{self as api, Asked, DevicePage};
use crate::clock;
use crate::components::button::{Button, Weight};
use crate::components::dialog::{Dialog, FormFoot};
use crate::components::field::SelectField;
use crate::components::meter::Meter;
use crate::components::state_view::ErrorNote;
use crate::components::toast;
use crate::i18n::{count, fill, t, t_once, word, wording};
use crate::logic::device_columns::Columns;
use crate::logic::number::grouped;
use crate::logic::query_result::{csv, lines};
use crate::logic::time;
use crate::reactive::{Memo, RwSignal, derive, effect, memo};
use crate::save;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::Value;

/// Rows of a page.
const PAGE: usize = 100;

/// The dialog.
#[component]
pub fn ExportDialog(
    /// Whether it shows.
    open: RwSignal<bool>,
    /// Knows how many rows there are.
    reader: Reader,
    /// Which devices.
    asked: Memo<Asked>,
    /// The columns of the file.
    columns: Memo<Columns>,
) -> impl IntoView {
    let progress = RwSignal::new(None::<(u64, u64)>);
    let failure = RwSignal::new(None::<ApiError>);
    // Whoever closes the dialog wants no file any more.
    let turn = RwSignal::new(0u64);
    effect(move |_| {
        open.track();
        turn.update(|turn| *turn += 1);
        progress.set(None);
        failure.set(None);
    });
    let format = RwSignal::new("csv".to_owned());
    let busy = memo(move || progress.with(Option::is_some));
    let start = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        failure.set(None);
        progress.set(Some((0, reader.rows.with_untracked(|rows| rows.total()))));
        let mine = turn.get_untracked();
        let file = File {
            columns: (format.get_untracked() == "csv")
                .then(|| columns.with_untracked(Columns::of_file)),
            pieces: Vec::new(),
            rows: 0,
        };
        let asked = asked.get_untracked();
        spawn_local(async move {
            let goes_on = move |at: Option<(u64, u64)>| {
                let same = turn.try_get_untracked() == Some(mine);
                same && progress.try_set(at)
            };
            let outcome = file.write(&asked, &goes_on).await;
            if !goes_on(None) {
                return;
            }
            match outcome {
                Ok(Some(rows)) => {
                    let words = &t_once().device_grid;
                    toast::success(count(rows, words.export_done_one, words.export_done_other));
                    let _ = open.try_set(false);
                }
                Ok(None) => {}
                Err(error) => {
                    let _ = failure.try_set(Some(error));
                }
            }
        });
    };
    let stop = move |()| {
        turn.update(|turn| *turn += 1);
        progress.set(None);
    };
    let text = move || {
        let words = &t().device_grid;
        let total = reader.rows.with(|rows| rows.total());
        count(total, words.export_text_one, words.export_text_other)
    };
    let told = derive(move || {
        let (n, total) = progress.get().unwrap_or_default();
        let values = [("n", grouped(n)), ("total", grouped(total))];
        let values = values
            .each_ref()
            .map(|(name, value)| (*name, value.as_str()));
        fill(t().device_grid.export_progress, &values)
    });
    let used = derive(move || {
        let (n, total) = progress.get().unwrap_or_default();
        (n * 100).checked_div(total).unwrap_or(0)
    });
    view! {
        <Dialog open title=wording(word!(device_grid.export_title))>
            <form class="dialog-body" on:submit=start>
                <p>{text}</p>
                <SelectField
                    label=wording(word!(device_grid.format))
                    value=format
                    on_change=move |kind: String| format.set(kind)
                    options=vec![
                        ("csv", wording(word!(device_grid.format_table))),
                        ("ndjson", wording(word!(device_grid.format_lines))),
                    ]
                />
                {move || busy.get().then(|| view! {
                    <div class="export-progress">
                        <Meter used limit=100 label=told/>
                        <span class="dim">{move || told.get()}</span>
                        <Button label=wording(word!(device_grid.export_stop)) weight=Weight::Quiet on_press=stop/>
                    </div>
                })}
                <ErrorNote error=failure/>
                <FormFoot open action=wording(word!(device_grid.export_start)) disabled=busy/>
            </form>
        </Dialog>
    }
}

/// A file in the making.
struct File {
    /// Its columns; `None` for one document a line.
    columns: Option<Vec<String>>,
    pieces: Vec<String>,
    rows: u64,
}

impl File {
    /// Reads all pages and saves them. `None` if nobody wants it any more.
    async fn write(
        mut self,
        asked: &Asked,
        goes_on: &dyn Fn(Option<(u64, u64)>) -> bool,
    ) -> Result<Option<u64>, ApiError> {
        let mut after = String::new();
        let mut known = None;
        loop {
            let page: DevicePage<Value> = api::behind(asked, &after, PAGE, known).await?;
            known = Some((self.rows, page.total));
            self.take(&page.items);
            if !goes_on(Some((self.rows, page.total))) {
                return Ok(None);
            }
            let last = page.items.last().and_then(|row| row.get("deviceId"));
            match last.and_then(Value::as_str) {
                Some(last) if page.items.len() == PAGE => after = last.to_owned(),
                _ => break,
            }
        }
        let at = time::timestamp(clock::now_once()).replace(':', "");
        let ending = if self.columns.is_some() {
            "csv"
        } else {
            "ndjson"
        };
        save::save_pieces(&self.pieces, &format!("devices-{at}.{ending}"));
        Ok(Some(self.rows))
    }

    fn take(&mut self, rows: &[Value]) {
        self.rows += rows.len() as u64;
        let Some(columns) = &self.columns else {
            self.pieces.push(lines(rows));
            return;
        };
        let table = csv(rows, columns);
        // Only the first page brings the names of the columns.
        let piece = match table.split_once("\r\n") {
            Some((_, rest)) if !self.pieces.is_empty() => rest.to_owned(),
            _ => table,
        };
        self.pieces.push(piece);
    }
}
