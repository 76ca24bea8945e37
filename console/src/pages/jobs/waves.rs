//! The waves of a rollout.

use super::failed_count;
use crate::api::jobs::Job;
use crate::components::badge::{Badge, Tone};
use crate::i18n::{Word, tr, word, wording};
use crate::logic::number::{grouped, measure};
use crate::reactive::{Memo, memo, part};
use leptos::prelude::*;
use std::cmp::Ordering;

/// The card; nothing for a job without waves.
#[component]
pub fn Waves(
    /// The job.
    data: Memo<Job>,
) -> impl IntoView {
    let rollout = memo(move || {
        data.with(|job| {
            job.rollout
                .clone()
                .map(|rollout| (rollout, job.is_under_way()))
        })
    });
    let rows = move || {
        let Some((rollout, goes_on)) = rollout.get() else {
            return ().into_any();
        };
        let now = rollout.wave;
        rollout
            .waves
            .into_iter()
            .enumerate()
            .map(|(place, wave)| {
                let number = place + 1;
                let (tone, words): (Tone, Word) = match number.cmp(&now) {
                    Ordering::Equal if goes_on => (Tone::Info, word!(jobs.wave_now)),
                    Ordering::Greater if goes_on => (Tone::Neutral, word!(jobs.wave_later)),
                    Ordering::Greater => (Tone::Neutral, word!(jobs.wave_never)),
                    _ if wave.canceled_count > 0 => (Tone::Neutral, word!(jobs.wave_over)),
                    _ => (Tone::Ok, word!(jobs.wave_over)),
                };
                view! {
                    <tr>
                        <th scope="row" class="num">{number}</th>
                        <td><Badge tone=Signal::stored(tone) text=wording(words)/></td>
                        <td class="num">{measure(wave.percent)} " %"</td>
                        <td class="num">{grouped(wave.device_count)}</td>
                        <td class="num">{grouped(wave.succeeded_count)}</td>
                        <td class="num">{failed_count(wave.unsuccessful_count)}</td>
                        <td class="num">{grouped(wave.canceled_count)}</td>
                    </tr>
                }
            })
            .collect_view()
            .into_any()
    };
    let any = memo(move || rollout.with(Option::is_some));
    part(move || {
        any.get().then(|| view! {
            <section class="card" aria-labelledby="waves-title">
                <header><h2 id="waves-title">{tr!(jobs.waves)}</h2></header>
                <div class="table-scroll" tabindex="0" role="group" aria-labelledby="waves-title">
                    <table>
                        <thead><tr>
                            <th scope="col" class="num">{tr!(jobs.wave)}</th>
                            <th scope="col">{tr!(jobs.column_state)}</th>
                            <th scope="col" class="num">{tr!(jobs.wave_up_to)}</th>
                            <th scope="col" class="num">{tr!(jobs.wave_devices)}</th>
                            <th scope="col" class="num">{tr!(jobs.wave_succeeded)}</th>
                            <th scope="col" class="num">{tr!(jobs.wave_failed)}</th>
                            <th scope="col" class="num">{tr!(jobs.wave_left_out)}</th>
                        </tr></thead>
                        <tbody>{part(rows)}</tbody>
                    </table>
                </div>
            </section>
        })
    })
}
