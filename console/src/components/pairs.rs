//! Names with texts, a row each: labels, queries. Rows may be empty; those do not count.

use crate::components::button::{Button, Weight};
use crate::components::field::unique_id;
use crate::components::icon::Icon;
use crate::i18n::{Word, fill, shown, t, wording};
use crate::reactive::{For, RwSignal, derive};
use leptos::prelude::*;
use shared::ordered::OrderedMap;

/// One row.
#[derive(Clone, Copy)]
pub struct Pair {
    key: usize,
    name: RwSignal<String>,
    text: RwSignal<String>,
}

/// All rows.
#[derive(Clone, Copy)]
pub struct Pairs {
    rows: RwSignal<Vec<Pair>>,
    next: RwSignal<usize>,
}

impl Pairs {
    /// Rows that hold these.
    pub fn new(held: &OrderedMap<String, String>) -> Self {
        let this = Self {
            rows: RwSignal::new(Vec::new()),
            next: RwSignal::new(0),
        };
        for (name, text) in held {
            this.add(name, text);
        }
        this
    }

    fn add(self, name: &str, text: &str) {
        let key = self.next.get_untracked();
        self.next.set(key + 1);
        let pair = Pair {
            key,
            name: RwSignal::new(name.to_owned()),
            text: RwSignal::new(text.to_owned()),
        };
        self.rows.update(|rows| rows.push(pair));
    }

    /// What they hold; of equal names the last. Tracked.
    pub fn held(self) -> OrderedMap<String, String> {
        self.rows.with(|rows| {
            rows.iter()
                .map(|pair| (pair.name.get().trim().to_owned(), pair.text.get()))
                .filter(|(name, _)| !name.is_empty())
                .collect()
        })
    }
}

/// The words of one group of rows.
#[derive(Clone, Copy)]
pub struct PairWords {
    /// The group.
    pub title: Word,
    /// The first field of a row.
    pub name: Word,
    /// The second one.
    pub text: Word,
    /// One more row.
    pub add: Word,
    /// Takes row `{n}` away.
    pub remove: Word,
}

/// The rows with a button for one more.
#[component]
pub fn PairRows(
    /// What they hold.
    pairs: Pairs,
    /// What they are called.
    words: PairWords,
    /// Rows that there may be.
    most: usize,
    /// What is wrong with them.
    #[prop(into)]
    error: Signal<Option<String>>,
) -> impl IntoView {
    let note = unique_id("pairs");
    let described = note.clone();
    let full = derive(move || pairs.rows.with(Vec::len) >= most);
    view! {
        <fieldset class="choices" aria-describedby=described>
            <legend class="field-label">{shown(words.title)}</legend>
            <For each=move || pairs.rows.get() key=|pair| pair.key let(pair)>
                <Row pair pairs words/>
            </For>
            <Button
                label=wording(words.add)
                icon=Icon::Plus
                weight=Weight::Quiet
                disabled=full
                on_press=move |()| pairs.add("", "")
            />
            <div class="field-note bad" id=note role="status">{move || error.get()}</div>
        </fieldset>
    }
}

#[component]
fn Row(pair: Pair, pairs: Pairs, words: PairWords) -> impl IntoView {
    let place = move || {
        let place = pairs
            .rows
            .with(|rows| rows.iter().position(|one| one.key == pair.key));
        place.map_or(0, |place| place + 1)
    };
    let input = |value: RwSignal<String>, read: Word| {
        view! {
            <input
                class="input mono"
                aria-label=shown(read)
                placeholder=shown(read)
                autocomplete="off"
                spellcheck="false"
                prop:value=move || value.get()
                on:input=move |event| value.set(event_target_value(&event))
            />
        }
    };
    view! {
        <div class="property-row pair-row">
            {input(pair.name, words.name)}
            {input(pair.text, words.text)}
            <Button
                label=derive(move || fill(words.remove.of(t()), &[("n", &place().to_string())]))
                icon=Icon::Close
                icon_only=true
                weight=Weight::Quiet
                on_press=move |()| pairs.rows.update(|rows| rows.retain(|one| one.key != pair.key))
            />
        </div>
    }
}
