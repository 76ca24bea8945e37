//! How far reading is, and what to do about one that has ended early.

use super::reader::{Phase, Reader};
use crate::components::button::{Button, Weight};
use crate::components::icon::{Icon, IconView};
use crate::components::state_view::ErrorNote;
use crate::i18n::{fill, t};
use crate::logic::map::place;
use crate::logic::number::grouped;
use crate::reactive::{Memo, derive, memo, part};
use leptos::prelude::*;

/// What is said of a reading.
#[derive(Clone, Copy, PartialEq)]
enum Note {
    None,
    Reading,
    Stopped,
    Failed,
    Most,
}

/// How far reading is, and what to do about one that has ended early.
#[component]
pub fn Progress(
    /// Reads.
    reader: Reader,
) -> impl IntoView {
    let told = reader.told;
    let some = memo(move || reader.fleet.with(|fleet| !fleet.places.is_empty()));
    let note = memo(move || {
        told.with(|told| match told.phase {
            Phase::Reading => Note::Reading,
            Phase::Stopped => Note::Stopped,
            Phase::Failed if some.get() => Note::Failed,
            Phase::Done if told.read >= place::MOST as u64 && told.total > Some(told.read) => {
                Note::Most
            }
            _ => Note::None,
        })
    });
    let words = move || {
        let texts = &t().map;
        let (n, total) = told.with(|told| (told.read, told.total));
        let text = match (note.get(), total) {
            (_, None) => texts.counting,
            (Note::Stopped, _) => texts.stopped,
            (Note::Failed, _) => texts.failed_partly,
            (Note::Most, _) => texts.most,
            _ => texts.reading,
        };
        let total = grouped(total.unwrap_or(0));
        fill(text, &[("n", &grouped(n)), ("total", &total)])
    };
    let label = wording_of(note);
    let press = move |()| {
        if note.get_untracked() == Note::Reading {
            reader.stop();
        } else {
            reader.go_on();
        }
    };
    let error = move || told.with(|told| told.error.clone().filter(|_| some.get()));
    let line = move || {
        let note = note.get();
        // Whoever listens hears where a reading ends, not each of its pages.
        let role = (note != Note::Reading).then_some("status");
        (note != Note::None).then(|| view! {
            <div class="notice flush" class:warn=note != Note::Reading role=role>
                <IconView icon=if note == Note::Reading { Icon::Refresh } else { Icon::Warning }/>
                <div class="grow">{part(words)}</div>
                {(note != Note::Most).then(|| view! {
                    <Button label weight=Weight::Quiet on_press=press/>
                })}
            </div>
        })
    };
    view! {
        {part(line)}
        <ErrorNote error=derive(error)/>
    }
}

/// What the button of a note does.
fn wording_of(note: Memo<Note>) -> Signal<String> {
    derive(move || {
        let words = &t().map;
        let reading = note.get() == Note::Reading;
        (if reading { words.stop } else { words.go_on }).to_owned()
    })
}
