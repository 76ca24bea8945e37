//! The command palette (Ctrl or ⌘ and K): goes to screens and devices, and does what the screen
//! offers. Main buttons of a screen are in it by themselves; nothing is possible here that is
//! not on the screen.

use crate::api::devices;
use crate::components::dialog::Dialog;
use crate::components::icon::{Icon, IconView};
use crate::components::screens::SCREENS;
use crate::components::typing::settled;
use crate::i18n::{fill, t, tr, word, wording};
use crate::live::live;
use crate::logic::query_result::Workbench;
use crate::logic::url_state::DeviceFilter;
use crate::reactive::{Callback, Memo, RwSignal, effect, memo};
use crate::routes::{self, Tab};
use leptos::ev;
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;
use shared::letter_case;
use std::cell::RefCell;

/// Devices that are offered.
const DEVICES: usize = 6;

/// An action of the screen.
#[derive(Clone)]
struct Offered {
    number: u64,
    label: Signal<String>,
    off: Memo<bool>,
    on_press: Callback<()>,
}

thread_local! {
    static OFFERED: RefCell<(u64, Vec<Offered>)> = const { RefCell::new((0, Vec::new())) };
}

/// Puts an action into the palette for as long as its owner is there.
pub fn offer(label: Signal<String>, off: Memo<bool>, on_press: Callback<()>) {
    let number = OFFERED.with(|cell| {
        let mut all = cell.borrow_mut();
        all.0 += 1;
        let number = all.0;
        all.1.push(Offered {
            number,
            label,
            off,
            on_press,
        });
        number
    });
    on_cleanup(move || {
        let _ = OFFERED.try_with(|cell| cell.borrow_mut().1.retain(|one| one.number != number));
    });
}

/// What an entry does.
#[derive(Clone)]
enum Does {
    Go(String),
    Press(Callback<()>),
}

/// An entry.
#[derive(Clone)]
struct Entry {
    icon: Icon,
    words: String,
    does: Does,
}

/// Whether every word that was typed is in the text.
fn matches(text: &str, typed: &str) -> bool {
    let text = letter_case::lower(text);
    letter_case::lower(typed)
        .split_whitespace()
        .all(|word| text.contains(word))
}

/// Actions and screens that match, in the order in which they are offered.
fn entries(typed: &str) -> Vec<Entry> {
    let offered = OFFERED.with(|cell| cell.borrow().1.clone());
    let actions = offered
        .into_iter()
        .filter(|one| one.off.try_get_untracked() == Some(false))
        .filter_map(|one| {
            Some(Entry {
                icon: Icon::Play,
                words: one.label.try_get_untracked()?,
                does: Does::Press(one.on_press),
            })
        });
    let screens = SCREENS.iter().map(|screen| Entry {
        icon: screen.icon,
        words: fill(t().common.palette_go, &[("screen", screen.name.of(t()))]),
        does: Does::Go((screen.address)()),
    });
    let all = actions.chain(screens);
    all.filter(|entry| matches(&entry.words, typed)).collect()
}

/// The palette, and the key that opens it.
#[component]
pub fn Palette() -> impl IntoView {
    let open = RwSignal::new(false);
    let listener = window_event_listener(ev::keydown, move |event| {
        let wanted = (event.ctrl_key() || event.meta_key()) && event.key() == "k";
        if wanted && !event.default_prevented() {
            event.prevent_default();
            // Not above another dialog, which has the focus.
            let other = document().query_selector("dialog[open]").ok().flatten();
            if open.get_untracked() || other.is_none() {
                open.update(|open| *open = !*open);
            }
        }
    });
    on_cleanup(move || listener.remove());
    view! {
        <Dialog open title=wording(word!(common.palette))>
            <Choices open/>
        </Dialog>
    }
}

#[component]
fn Choices(open: RwSignal<bool>) -> impl IntoView {
    let typed = RwSignal::new(String::new());
    let chosen = RwSignal::new(0usize);
    let asked = settled(open, typed);
    let found = live(
        move || asked.get(),
        None,
        |search: String| async move {
            if search.is_empty() {
                return Ok(Vec::new());
            }
            let filter = DeviceFilter {
                search,
                ..DeviceFilter::default()
            };
            let page = devices::first(filter, DEVICES).await?;
            let ids = page.items.into_iter().map(|device| device.device_id);
            Ok(ids.collect::<Vec<_>>())
        },
    );
    let listed = move || -> Vec<Entry> {
        let text = typed.get();
        let mut all = entries(&text);
        let ids = found.data.get().unwrap_or_default();
        all.extend(ids.into_iter().map(|id| Entry {
            icon: Icon::Device,
            does: Does::Go(routes::device(&id, Tab::Identity)),
            words: id,
        }));
        if letter_case::lower(text.trim_start()).starts_with("select") {
            let bench = Workbench {
                text,
                ..Workbench::default()
            };
            all.push(Entry {
                icon: Icon::Search,
                words: t().common.palette_query.to_owned(),
                does: Does::Go(routes::query(&bench)),
            });
        }
        all
    };
    let many = memo(move || listed().len());
    effect(move |_: Option<()>| {
        typed.track();
        chosen.set(0);
    });
    let navigate = use_navigate();
    let choose = move |place: usize| {
        let entry = untrack(listed).into_iter().nth(place);
        let Some(entry) = entry else {
            return;
        };
        open.set(false);
        match entry.does {
            Does::Go(address) => navigate(&address, routes::to_screen()),
            Does::Press(action) => {
                action.try_run(());
            }
        }
    };
    let press = choose.clone();
    let keys = move |event: leptos::ev::KeyboardEvent| {
        let last = many.get_untracked().saturating_sub(1);
        match event.key().as_str() {
            "ArrowDown" => chosen.update(|place| *place = (*place + 1).min(last)),
            "ArrowUp" => chosen.update(|place| *place = place.saturating_sub(1)),
            "Enter" => press(chosen.get_untracked()),
            _ => return,
        }
        event.prevent_default();
    };
    let option = |place: usize| format!("palette-{place}");
    view! {
        <div class="dialog-body palette">
            <input
                type="text"
                class="input"
                role="combobox"
                data-first=""
                aria-label=tr!(common.palette_hint)
                placeholder=tr!(common.palette_hint)
                aria-expanded="true"
                aria-controls="palette-list"
                aria-activedescendant=move || (many.get() > 0).then(|| option(chosen.get()))
                autocomplete="off"
                spellcheck="false"
                prop:value=move || typed.get()
                on:input=move |event| typed.set(event_target_value(&event))
                on:keydown=keys
            />
            <ul id="palette-list" role="listbox" aria-label=tr!(common.palette) hidden=move || many.get() == 0>
                {move || {
                    let choose = choose.clone();
                    listed().into_iter().enumerate().map(move |(place, entry)| {
                        let choose = choose.clone();
                        view! {
                            <li
                                id=option(place)
                                role="option"
                                aria-selected=move || if chosen.get() == place { "true" } else { "false" }
                                on:click=move |_| choose(place)
                            >
                                <IconView icon=entry.icon/>
                                <span>{entry.words}</span>
                            </li>
                        }
                    })
                    .collect_view()
                }}
            </ul>
            <p class="dim" role="status">{move || (many.get() == 0).then(|| t().common.palette_none)}</p>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn every_word_has_to_be_there() {
        assert!(matches("Go to Import and export", "imp GO"));
        assert!(matches("anything", ""));
        assert!(!matches("Go to Jobs", "job device"));
    }
}
