//! What works as on Azure, what is different on purpose, what no test runs and what is not there.

use crate::components::badge::{Badge, Tone};
use crate::i18n::{Word, shown, tr, word, wording};
use leptos::prelude::*;

/// How an area stands.
#[derive(Clone, Copy)]
enum State {
    Works,
    Different,
    Untested,
    Absent,
}

/// An area, how it stands, and a note.
type Row = (Word, State, Word);

const ROWS: &[Row] = &[
    (
        word!(compatibility.device_sdks),
        State::Works,
        word!(compatibility.device_sdks_note),
    ),
    (
        word!(compatibility.other_sdks),
        State::Untested,
        word!(compatibility.other_sdks_note),
    ),
    (
        word!(compatibility.mqtt),
        State::Works,
        word!(compatibility.mqtt_note),
    ),
    (
        word!(compatibility.https),
        State::Works,
        word!(compatibility.https_note),
    ),
    (
        word!(compatibility.raw),
        State::Absent,
        word!(compatibility.raw_note),
    ),
    (
        word!(compatibility.credentials),
        State::Works,
        word!(compatibility.credentials_note),
    ),
    (
        word!(compatibility.provisioning),
        State::Absent,
        word!(compatibility.provisioning_note),
    ),
    (
        word!(compatibility.features),
        State::Works,
        word!(compatibility.features_note),
    ),
    (
        word!(compatibility.modules),
        State::Different,
        word!(compatibility.modules_note),
    ),
    (
        word!(compatibility.service_sdks),
        State::Works,
        word!(compatibility.service_sdks_note),
    ),
    (
        word!(compatibility.sending),
        State::Different,
        word!(compatibility.sending_note),
    ),
    (
        word!(compatibility.queries),
        State::Works,
        word!(compatibility.queries_note),
    ),
    (
        word!(compatibility.jobs),
        State::Works,
        word!(compatibility.jobs_note),
    ),
    (
        word!(compatibility.twins),
        State::Different,
        word!(compatibility.twins_note),
    ),
    (
        word!(compatibility.events),
        State::Different,
        word!(compatibility.events_note),
    ),
    (
        word!(compatibility.routing),
        State::Different,
        word!(compatibility.routing_note),
    ),
    (
        word!(compatibility.blobs),
        State::Different,
        word!(compatibility.blobs_note),
    ),
    (
        word!(compatibility.throttles),
        State::Different,
        word!(compatibility.throttles_note),
    ),
    (
        word!(compatibility.sign_on),
        State::Absent,
        word!(compatibility.sign_on_note),
    ),
];

/// The tab.
pub(super) fn table() -> AnyView {
    view! {
        <section class="card" aria-label=tr!(developers.table)>
            <div class="table-scroll" tabindex="0" role="group" aria-label=tr!(developers.table)>
                <table class="compatibility">
                    <thead>
                        <tr>
                            <th scope="col">{tr!(developers.column_area)}</th>
                            <th scope="col">{tr!(developers.column_state)}</th>
                            <th scope="col">{tr!(developers.column_note)}</th>
                        </tr>
                    </thead>
                    <tbody>{ROWS.iter().map(row).collect_view()}</tbody>
                </table>
            </div>
            <p class="card-note dim">{tr!(developers.versions)}</p>
        </section>
    }
    .into_any()
}

fn row((area, state, note): &Row) -> AnyView {
    let (tone, words): (Tone, Word) = match state {
        State::Works => (Tone::Ok, word!(developers.works)),
        State::Different => (Tone::Info, word!(developers.different)),
        State::Untested => (Tone::Warn, word!(developers.untested)),
        State::Absent => (Tone::Neutral, word!(developers.absent)),
    };
    view! {
        <tr>
            <th scope="row">{shown(*area)}</th>
            <td><Badge tone=Signal::stored(tone) text=wording(words)/></td>
            <td class="sub">{shown(*note)}</td>
        </tr>
    }
    .into_any()
}
