//! The foot of a list that comes in pages: where one is, back and on. The hub gives a cursor for
//! what follows only, so the way back is the list of cursors passed, which stands in the address.

use crate::components::button::Button;
use crate::components::icon::Icon;
use crate::i18n::{fill, t, word, wording};
use crate::reactive::{Callback, derive};
use leptos::prelude::*;

/// `Page 3`, by the number of pages passed. Tracked.
pub fn page_number(passed: usize) -> String {
    let number = (passed + 1).to_string();
    fill(t().archive.page_number, &[("n", &number)])
}

/// The foot.
#[component]
pub fn Pager(
    /// Its name.
    #[prop(into)]
    label: Signal<String>,
    /// Which page or rows these are, in words.
    #[prop(into)]
    place: Signal<String>,
    /// Cursors of the pages passed, the current one last.
    #[prop(into)]
    cursors: Signal<Vec<String>>,
    /// Where the next page begins; `None` on the last.
    #[prop(into)]
    next: Signal<Option<String>>,
    /// Told of the cursors of another page.
    #[prop(into)]
    on_change: Callback<Vec<String>>,
) -> impl IntoView {
    view! {
        <nav class="pager" aria-label=move || label.get()>
            <span class="dim">{move || place.get()}</span>
            <Button
                label=wording(word!(devices.previous))
                icon=Icon::Left
                disabled=derive(move || cursors.with(Vec::is_empty))
                on_press=move |()| {
                    let mut before = cursors.get_untracked();
                    before.pop();
                    on_change.run(before);
                }
            />
            <Button
                label=wording(word!(devices.next))
                icon=Icon::Right
                disabled=derive(move || next.with(Option::is_none))
                on_press=move |()| {
                    if let Some(cursor) = next.get_untracked() {
                        let mut after = cursors.get_untracked();
                        after.push(cursor);
                        on_change.run(after);
                    }
                }
            />
        </nav>
    }
}
