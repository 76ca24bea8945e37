//! A tile: how bad it is, how many devices, who has been in it longest, and how fresh that is.

use super::Board;
use crate::clock;
use crate::components::badge::{Badge, Tone};
use crate::components::button::{Button, Weight};
use crate::components::field::unique_id;
use crate::components::icon::Icon;
use crate::components::on_screen::observe;
use crate::components::state_view::{Skeleton, explain};
use crate::components::time_text::exact;
use crate::i18n::{ago, fill, lasting, t, tr, word, wording};
use crate::logic::group::{Group, Severity};
use crate::logic::members::Member;
use crate::logic::number::grouped;
use crate::logic::time::{distance, timestamp};
use crate::logic::url_state::DeviceFilter;
use crate::reactive::{Memo, derive, effect, memo, part};
use crate::routes::{self, Tab};
use crate::session::Permission;
use crate::watching::{Link, Watching, watching};
use leptos::html;
use leptos::prelude::*;

/// Devices listed.
const LISTED: usize = 5;

/// The tile.
#[component]
pub(super) fn Tile(
    /// The name of its group.
    id: String,
    /// What all tiles share.
    board: Board,
) -> impl IntoView {
    let name = StoredValue::new(id.clone());
    // Keeps the last group while the list lets go of it.
    let group = Memo::new(move |before: Option<&Group>| {
        let now = name.with_value(|id| board.group(id));
        match before {
            Some(before) if now.id.is_empty() => before.clone(),
            _ => now,
        }
    });
    let severity = move || group.with(Group::severity).unwrap_or(Severity::Info);
    let watching = watching(
        id.clone(),
        move || group.with(|group| group.watch.clone()),
        move || name.with_value(|id| board.eagerness(id)),
    );
    effect(move |_| {
        let (count, oldest) = watching
            .members
            .with(|members| (members.count(), members.oldest()));
        name.with_value(|id| board.counted(id, count, oldest));
    });

    let node = NodeRef::<html::Li>::new();
    effect(move |_| {
        if let Some(element) = node.get() {
            observe(&element, move |seen| {
                let _ = name.try_with_value(|id| board.show(id, seen));
            });
        }
    });
    on_cleanup(move || {
        let _ = name.try_with_value(|id| board.show(id, false));
    });

    let title = unique_id("tile");
    let titled = title.clone();
    let count = move || watching.members.with(|members| members.count());
    let quiet = move || count() == Some(0);
    // A list that stays as it is must not be built again: somebody's focus may be in it.
    let shown = memo(move || Shown::of(watching));
    let described = move |text: fn() -> &'static str| {
        derive(move || name.with_value(|id| fill(text(), &[("id", id)])))
    };
    view! {
        <li
            node_ref=node
            class=move || format!("tile {}", severity().name())
            class:quiet=quiet
            class:stale=move || watching.link.with(|link| matches!(link, Link::Lost | Link::Refused(_)))
        >
            <article aria-labelledby=titled>
                <header class="tile-head">
                    <Badge
                        tone=derive(move || tone(severity()))
                        text=derive(move || severity_words(severity()).to_owned())
                    />
                    <h3 id=title>{id}</h3>
                    <span class="tile-tools">
                        <Button
                            label=wording(word!(issues.edit))
                            described=described(|| t().issues.edit_named)
                            icon=Icon::Edit
                            icon_only=true
                            weight=Weight::Quiet
                            permission=Permission::ConfigurationsWrite
                            on_press=move |()| board.editing.edit(group.get_untracked())
                        />
                        <Button
                            label=wording(word!(issues.delete))
                            described=described(|| t().issues.delete_named)
                            icon=Icon::Delete
                            icon_only=true
                            weight=Weight::Quiet
                            permission=Permission::ConfigurationsWrite
                            on_press=move |()| board.removing.ask(group.get_untracked())
                        />
                    </span>
                </header>
                {move || group.with(|g| g.description.clone()).map(|text| view! { <p class="sub">{text}</p> })}
                {move || heading(watching)}
                {move || content(shown.get(), group)}
                <footer class="tile-foot">
                    <a hidden=move || { count().unwrap_or(0) == 0 } href=move || all(group)>
                        {move || all_words(count().unwrap_or(0))}
                    </a>
                    <Freshness watching/>
                </footer>
            </article>
        </li>
    }
}

/// How a severity looks.
pub(super) fn tone(severity: Severity) -> Tone {
    match severity {
        Severity::Error => Tone::Bad,
        Severity::Warning => Tone::Warn,
        Severity::Info => Tone::Info,
    }
}

/// How a severity is called. Tracked.
pub(super) fn severity_words(severity: Severity) -> &'static str {
    let words = &t().issues;
    match severity {
        Severity::Error => words.error,
        Severity::Warning => words.warning,
        Severity::Info => words.info,
    }
}

/// How many, and how long the first of them.
fn heading(watching: Watching) -> Option<AnyView> {
    let (n, oldest) = watching
        .members
        .with(|members| members.count().map(|n| (n, members.oldest())))?;
    if n == 0 {
        let nobody = view! { <p class="dim">{tr!(issues.nobody)}</p> };
        return Some(nobody.into_any());
    }
    let unit = move || match n {
        1 => t().issues.devices_one,
        _ => t().issues.devices_other,
    };
    let longest = move || {
        let at = oldest?;
        let age = lasting(distance(at, clock::now().max(at)));
        Some(fill(t().issues.longest, &[("age", &age)]))
    };
    let counted = view! {
        <p class="tile-count">
            <b>{grouped(n)}</b> " " <span>{part(unit)}</span>
            <span class="dim tile-age">{part(longest)}</span>
        </p>
    };
    Some(counted.into_any())
}

/// What a tile shows of its devices.
#[derive(Debug, Clone, PartialEq)]
enum Shown {
    /// Nothing came yet.
    Waiting,
    /// Only how many they are.
    Counted,
    /// Those that have been in it longest.
    Listed(Vec<Member>),
}

impl Shown {
    fn of(watching: Watching) -> Self {
        let (known, partial, listed) = watching.members.with(|members| {
            let known = members.count().is_some();
            (known, members.is_partial(), members.first(LISTED))
        });
        let (too_many, refused) = watching
            .link
            .with(|link| (*link == Link::TooMany, matches!(link, Link::Refused(_))));
        // Nothing more will come of what is refused.
        if !known && !refused {
            Self::Waiting
        } else if partial || too_many {
            Self::Counted
        } else {
            Self::Listed(listed)
        }
    }
}

/// Who has been in it longest, or why that is not known.
fn content(shown: Shown, group: Memo<Group>) -> AnyView {
    let listed = match shown {
        Shown::Waiting => return view! { <Skeleton lines=2/> }.into_any(),
        Shown::Counted => return view! { <p class="sub">{tr!(issues.too_many)}</p> }.into_any(),
        Shown::Listed(listed) if listed.is_empty() => return ().into_any(),
        Shown::Listed(listed) => listed,
    };
    let label = move || {
        let id = group.with(|group| group.id.clone());
        fill(t().issues.first, &[("id", &id)])
    };
    view! {
        <ol class="tile-list" aria-label=label>{listed.into_iter().map(row).collect_view()}</ol>
    }
    .into_any()
}

/// The way to all of them.
fn all(group: Memo<Group>) -> String {
    routes::devices(&DeviceFilter {
        condition: group.with(|group| group.condition.clone()),
        ..Default::default()
    })
}

fn all_words(n: u64) -> String {
    let words = &t().issues;
    match n {
        1 => words.all_one.to_owned(),
        n => fill(words.all_other, &[("n", &grouped(n))]),
    }
}

fn row(member: Member) -> impl IntoView {
    let since = member.since;
    let words = move || match since {
        Some(at) => ago(distance(at, clock::now().max(at))),
        None => t().issues.since_unknown.to_owned(),
    };
    let moment = since.map(timestamp);
    let hint = moment.clone();
    view! {
        <li>
            <a class="mono" href=routes::device(&member.id, Tab::Identity)>{member.id.clone()}</a>
            <time class="dim" datetime=moment title=move || hint.as_deref().and_then(exact)>{part(words)}</time>
        </li>
    }
}

/// How fresh a tile is: by word and dot.
#[component]
fn Freshness(watching: Watching) -> impl IntoView {
    let words = move || {
        let texts = &t().issues;
        match watching.link.get() {
            Link::Opening => texts.connecting.to_owned(),
            Link::Live => texts.live.to_owned(),
            Link::Looked | Link::TooMany => texts.looked.to_owned(),
            Link::Lost => match watching.at.get() {
                Some(at) => {
                    let age = ago(distance(at, clock::now().max(at)));
                    fill(texts.lost, &[("age", &age)])
                }
                None => texts.lost_unknown.to_owned(),
            },
            Link::Refused(error) => fill(texts.refused, &[("reason", &explain(&error).0)]),
        }
    };
    let class = move || {
        watching.link.with(|link| match link {
            Link::Live => "fresh live",
            Link::Lost | Link::Refused(_) => "fresh lost",
            Link::Opening | Link::Looked | Link::TooMany => "fresh",
        })
    };
    view! { <span class=class>{part(words)}</span> }
}
