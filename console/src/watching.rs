//! Following who is in a group: by a stream where there is a seat for one, else by asking again
//! and again. What is known stays when a connection breaks, and comes back by itself. Must end
//! with its owner, and must not hold a connection that nobody looks at.

use crate::api::{ApiError, groups};
use crate::clock;
use crate::logic::members::{Members, Told};
use crate::logic::server_events::ServerEvents;
use crate::logic::time::Millis;
use crate::reactive::{RwSignal, effect};
use crate::seats::{self, Seat};
use leptos::prelude::*;
use leptos::task::spawn_local;
use std::time::Duration;
use web_sys::{AbortController, AbortSignal};

/// Between two looks at a group that has no stream.
const LOOK: i32 = 3_000;
/// The same where the group is too large to be followed: each look counts it.
const LARGE_LOOK: i32 = 10_000;
/// The same where the group is out of sight.
const SLOW_LOOK: i32 = 20_000;
/// First pause after a break; it doubles with each break that follows at once.
const FIRST_PAUSE: i32 = 1_000;
const LONGEST_PAUSE: i32 = 30_000;
/// A connection that lived so long was a good one.
const GOOD: Millis = 10_000.0;
/// The hub is heard every 15 seconds; a connection silent for so long is dead.
const SILENCE: Millis = 45_000.0;
const SILENCE_CHECK: Duration = Duration::from_secs(5);
/// Most rows that the hub lets anybody follow.
const MOST_ROWS: u64 = 10_000;

/// How eagerly a group is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Eagerness {
    /// Not at all.
    Rest,
    /// A look now and then: it is out of sight.
    Slow,
    /// A look every few seconds.
    Look,
    /// By a stream, if there is room.
    Follow,
}

/// How a group is known.
#[derive(Debug, Clone, PartialEq)]
pub enum Link {
    /// Nothing has come yet.
    Opening,
    /// Changes come as they happen.
    Live,
    /// By a look every few seconds.
    Looked,
    /// It has more devices than can be followed.
    TooMany,
    /// The last try failed; another one comes.
    Lost,
    /// The hub refuses, and trying again would not help.
    Refused(ApiError),
}

/// A group that is followed.
#[derive(Clone, Copy)]
pub struct Watching {
    /// Who is in it.
    pub members: RwSignal<Members>,
    /// How that is known.
    pub link: RwSignal<Link>,
    /// When the hub was last heard about it.
    pub at: RwSignal<Option<Millis>>,
    /// What runs; a new one each time the eagerness changes.
    controller: StoredValue<Option<AbortController>, LocalStorage>,
    /// Counts runs, so that an old one ends even if it waits.
    run: StoredValue<u64>,
}

/// What a pause comes after.
enum Ended {
    /// Look again after so many milliseconds.
    Again(i32),
    /// It broke, after having lived so long.
    Broke(Millis),
    /// For good.
    Finished,
}

/// Follows a group while the owner lives: the one of this name, by this query.
pub fn watching(
    id: String,
    watch: impl Fn() -> String + Send + Sync + 'static,
    eagerness: impl Fn() -> Eagerness + Send + Sync + 'static,
) -> Watching {
    let this = Watching {
        members: RwSignal::new(Members::default()),
        link: RwSignal::new(Link::Opening),
        at: RwSignal::new(None),
        controller: StoredValue::new_local(None),
        run: StoredValue::new(0),
    };
    effect(move |before: Option<(Eagerness, String)>| {
        let now = (eagerness(), watch());
        if before.as_ref() == Some(&now) {
            return now;
        }
        let run = this.next_run();
        // With another query it is another group.
        if before.is_some_and(|(_, watch)| watch != now.1) {
            this.members.set(Members::default());
            this.link.set(Link::Opening);
        }
        let (eagerness, watch) = now.clone();
        if eagerness == Eagerness::Rest {
            this.stand(Link::Lost);
        } else {
            let id = id.clone();
            spawn_local(async move { this.go_on(run, eagerness, &id, &watch).await });
        }
        now
    });
    let silence = set_interval_with_handle(
        move || {
            let heard = this.at.try_get_untracked().flatten();
            let live = this.link.try_with_untracked(|link| *link == Link::Live) == Some(true);
            if live && heard.is_some_and(|at| clock::now_once() - at > SILENCE) {
                this.hang_up();
            }
        },
        SILENCE_CHECK,
    );
    on_cleanup(move || {
        this.next_run();
        if let Ok(silence) = silence {
            silence.clear();
        }
    });
    this
}

impl Watching {
    fn hang_up(self) {
        let open = self.controller.try_update_value(Option::take).flatten();
        if let Some(open) = open {
            open.abort();
        }
    }

    /// Ends what runs; the number of what may run now.
    fn next_run(self) -> u64 {
        self.hang_up();
        let next = self.run.try_update_value(|run| {
            *run += 1;
            *run
        });
        next.unwrap_or(0)
    }

    fn is_over(self, run: u64) -> bool {
        self.run.try_get_value() != Some(run)
    }

    fn stand(self, link: Link) {
        if self.link.try_with_untracked(|known| *known != link) == Some(true) {
            let _ = self.link.try_set(link);
        }
    }

    async fn go_on(self, run: u64, eagerness: Eagerness, id: &str, watch: &str) {
        let mut seat: Option<Seat> = None;
        let mut breaks = 0u32;
        while !self.is_over(run) {
            let too_many = self.link.try_with_untracked(|link| *link == Link::TooMany);
            let wants_seat = eagerness == Eagerness::Follow && too_many != Some(true);
            if !wants_seat {
                seat = None;
            } else if seat.is_none() {
                seat = seats::take().await;
                if self.is_over(run) {
                    return;
                }
            }
            let ended = if wants_seat && seat.is_some() {
                self.follow(run, watch).await
            } else {
                self.look(run, eagerness, id, watch).await
            };
            let pause = match ended {
                Ended::Finished => return,
                Ended::Again(pause) => {
                    breaks = 0;
                    pause
                }
                Ended::Broke(lived) => {
                    breaks = if lived < GOOD { breaks + 1 } else { 1 };
                    let doubled = FIRST_PAUSE.checked_shl(breaks.min(8) - 1);
                    doubled.unwrap_or(LONGEST_PAUSE).min(LONGEST_PAUSE)
                }
            };
            if self.is_over(run) {
                return;
            }
            clock::sleep(pause).await;
        }
    }

    /// Follows the stream until it ends.
    async fn follow(self, run: u64, watch: &str) -> Ended {
        let Ok(controller) = AbortController::new() else {
            return Ended::Finished;
        };
        let signal: AbortSignal = controller.signal();
        if self.controller.try_set_value(Some(controller)).is_some() {
            return Ended::Finished;
        }
        self.members.try_update_untracked(Members::begin);
        let began = clock::now_once();
        let (mut events, mut too_many) = (ServerEvents::default(), false);
        let outcome = groups::follow(watch, &signal, |bytes| {
            if self.is_over(run) {
                return false;
            }
            let mut news = false;
            self.members.try_update_untracked(|members| {
                for event in events.push(bytes) {
                    match members.take(&event) {
                        Told::Nothing => {}
                        Told::News => news = true,
                        Told::TooMany => too_many = true,
                    }
                }
            });
            let _ = self.at.try_set(Some(clock::now_once()));
            if news {
                self.members.notify();
                self.stand(Link::Live);
            }
            !too_many
        })
        .await;
        if self.is_over(run) {
            return Ended::Finished;
        }
        let lived = clock::now_once() - began;
        match outcome {
            Ok(()) if too_many => self.stop_following(),
            Err(error) if error.status() == Some(400) => self.stop_following(),
            Err(error) => self.failed(error, lived),
            // An hour is over, or the hub goes.
            Ok(()) => {
                self.stand(Link::Lost);
                Ended::Broke(lived)
            }
        }
    }

    fn stop_following(self) -> Ended {
        self.stand(Link::TooMany);
        Ended::Again(0)
    }

    fn failed(self, error: ApiError, lived: Millis) -> Ended {
        if matches!(error.status(), Some(401 | 403 | 404)) {
            self.stand(Link::Refused(error));
            return Ended::Finished;
        }
        self.stand(Link::Lost);
        Ended::Broke(lived)
    }

    /// One look.
    async fn look(self, run: u64, eagerness: Eagerness, id: &str, watch: &str) -> Ended {
        let outcome = groups::members(id, watch).await;
        if self.is_over(run) {
            return Ended::Finished;
        }
        let (rows, count) = match outcome {
            Ok(answer) => answer,
            Err(error) => return self.failed(error, 0.0),
        };
        let _ = self.at.try_set(Some(clock::now_once()));
        let too_many = count.is_some_and(|count| count > MOST_ROWS);
        let changed = self.members.try_with_untracked(|known| {
            let mut next = known.clone();
            next.replace(&rows, count);
            (next != *known).then_some(next)
        });
        if let Some(next) = changed.flatten() {
            let _ = self.members.try_set(next);
        }
        self.stand(if too_many {
            Link::TooMany
        } else {
            Link::Looked
        });
        Ended::Again(match eagerness {
            Eagerness::Slow => SLOW_LOOK,
            _ if too_many => LARGE_LOOK,
            _ => LOOK,
        })
    }
}
