//! Current issues: saved groups that have a severity, as tiles that change by themselves, the
//! worst and oldest first. An issue is a state of devices and goes by itself; it is no alert, so
//! nobody has to do anything about a tile. Must never be needed to see the rest of the overview.

mod form;
mod remove;
mod suggestions;
mod tile;

use crate::api::groups as api;
use crate::components::button::Button;
use crate::components::icon::Icon;
use crate::components::state_view::live_view;
use crate::i18n::{count, t, tr, word, wording};
use crate::live::live;
use crate::logic::group::Group;
use crate::logic::tile_order::{Standing, followed, ordered};
use crate::logic::time::Millis;
use crate::reactive::{Callback, For, Memo, RwSignal, derive, effect, memo};
use crate::seats;
use crate::session::Permission;
use crate::watching::Eagerness;
use form::{Editing, Form};
use leptos::ev;
use leptos::prelude::*;
use remove::{Remove, Removing};
use std::time::Duration;
use suggestions::Suggestions;
use tile::Tile;

/// Between two reads of which tiles there are; what they show comes by itself.
const PERIOD: Duration = Duration::from_secs(10);
/// A tab that is hidden for so long lets go of its connections.
const PATIENCE: Duration = Duration::from_secs(30);

/// What all tiles share.
#[derive(Clone, Copy)]
pub(super) struct Board {
    /// Groups that show an issue.
    groups: RwSignal<Vec<Group>>,
    /// Where each of them stands.
    standings: RwSignal<Vec<Standing>>,
    /// The names of those that a person can see.
    seen: RwSignal<Vec<String>>,
    /// The names of those that are followed by a stream.
    followed: Memo<Vec<String>>,
    /// Nobody has looked for long.
    resting: RwSignal<bool>,
    editing: Editing,
    removing: Removing,
}

impl Board {
    fn new() -> Self {
        let standings = RwSignal::new(Vec::<Standing>::new());
        let seen = RwSignal::new(Vec::<String>::new());
        Self {
            groups: RwSignal::new(Vec::new()),
            standings,
            seen,
            followed: memo(move || {
                standings.with(|all| seen.with(|seen| followed(all, seen, seats::most())))
            }),
            resting: resting(),
            editing: Editing::new(),
            removing: Removing::new(),
        }
    }

    /// Takes the groups as they are now. What is known of how they stand stays.
    fn take(self, known: Vec<Group>) {
        let tiles: Vec<Group> = known
            .into_iter()
            .filter(|group| group.severity().is_some())
            .collect();
        let standings = self.standings.with_untracked(|before| {
            let standing = |group: &Group| {
                let severity = group.severity()?;
                let known = before.iter().find(|standing| standing.id == group.id);
                Some(Standing {
                    id: group.id.clone(),
                    severity,
                    count: known.and_then(|known| known.count),
                    oldest: known.and_then(|known| known.oldest),
                })
            };
            tiles.iter().filter_map(standing).collect::<Vec<_>>()
        });
        self.groups.set(tiles);
        self.put(standings);
    }

    fn put(self, standings: Vec<Standing>) {
        if self.standings.with_untracked(|before| *before != standings) {
            self.standings.set(standings);
        }
    }

    /// A group; while the list lets go of it, nothing.
    fn group(self, id: &str) -> Group {
        let find = |groups: &Vec<Group>| groups.iter().find(|group| group.id == id).cloned();
        self.groups.with(find).unwrap_or_default()
    }

    /// Tells who is in a group.
    fn counted(self, id: &str, count: Option<u64>, oldest: Option<Millis>) {
        let mut standings = self.standings.get_untracked();
        for standing in &mut standings {
            if standing.id == id {
                standing.count = count;
                standing.oldest = oldest;
            }
        }
        self.put(standings);
    }

    /// Tells whether a person can see a tile.
    fn show(self, id: &str, seen: bool) {
        self.seen.try_update(|all| {
            all.retain(|known| known != id);
            if seen {
                all.push(id.to_owned());
            }
        });
    }

    fn eagerness(self, id: &str) -> Eagerness {
        let has = |names: &Vec<String>| names.iter().any(|name| name == id);
        if self.resting.get() {
            Eagerness::Rest
        } else if self.followed.with(has) {
            Eagerness::Follow
        } else if self.seen.with(has) {
            Eagerness::Look
        } else {
            Eagerness::Slow
        }
    }

    /// How many issues there are, in words.
    fn summary(self) -> Option<String> {
        let words = &t().issues;
        self.standings.with(|all| {
            let known = all.iter().filter(|standing| standing.count.is_some());
            let issues = known
                .clone()
                .filter(|standing| !standing.is_quiet())
                .count();
            if issues > 0 {
                return Some(count(issues as u64, words.issues_one, words.issues_other));
            }
            let calm = !all.is_empty() && known.count() == all.len();
            calm.then(|| words.calm.to_owned())
        })
    }
}

/// The section.
#[component]
pub fn CurrentIssues() -> impl IntoView {
    let groups = live(|| (), Some(PERIOD), |()| api::list());
    let board = Board::new();
    effect(move |_| {
        if let Some(known) = groups.data.get() {
            board.take(known);
        }
    });
    let taken = derive(move || {
        let known = groups.data.get().unwrap_or_default();
        known.into_iter().map(|group| group.id).collect::<Vec<_>>()
    });
    let refresh = Callback::new(move |()| groups.refresh());
    view! {
        <section class="card issues" aria-labelledby="issues-title">
            <header>
                <h2 id="issues-title">{tr!(issues.title)}</h2>
                <span class="dim" role="status">{move || board.summary()}</span>
                <span class="more">
                    <Button
                        label=wording(word!(issues.add))
                        icon=Icon::Plus
                        permission=Permission::ConfigurationsWrite
                        on_press=move |()| board.editing.create()
                    />
                </span>
            </header>
            {live_view(groups, 3, move |_| tiles(board, taken, refresh))}
            <Form editing=board.editing taken on_done=refresh/>
            <Remove removing=board.removing on_done=refresh/>
        </section>
    }
}

fn tiles(board: Board, taken: Signal<Vec<String>>, refresh: Callback<()>) -> impl IntoView {
    let order = memo(move || board.standings.with(|all| ordered(all)));
    let empty = memo(move || order.with(Vec::is_empty));
    view! {
        {move || empty.get().then(|| view! { <Suggestions taken on_done=refresh/> })}
        <ul class="tiles" aria-label=tr!(issues.tiles) hidden=move || empty.get()>
            <For each=move || order.get() key=|id| id.clone() let(id)>
                <Tile id board/>
            </For>
        </ul>
    }
}

/// Whether nobody has looked at this tab for long.
fn resting() -> RwSignal<bool> {
    let resting = RwSignal::new(false);
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let stop = move || {
        if let Some(running) = timer.try_update_value(Option::take).flatten() {
            running.clear();
        }
    };
    let listener = window_event_listener(ev::visibilitychange, move |_| {
        stop();
        if document().hidden() {
            let rest = move || {
                let _ = resting.try_set(true);
            };
            timer.set_value(set_timeout_with_handle(rest, PATIENCE).ok());
        } else if resting.get_untracked() {
            resting.set(false);
        }
    });
    on_cleanup(move || {
        listener.remove();
        stop();
    });
    resting
}
