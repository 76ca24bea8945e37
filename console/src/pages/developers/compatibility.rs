//! What works as on Azure, what is different on purpose, what no test runs and what is not there.

use crate::components::badge::{Badge, Tone};
use crate::i18n::{Read, shown, tr, wording};
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
type Row = (Read, State, Read);

const ROWS: &[Row] = &[
    (
        |t| t.compatibility.device_sdks,
        State::Works,
        |t| t.compatibility.device_sdks_note,
    ),
    (
        |t| t.compatibility.other_sdks,
        State::Untested,
        |t| t.compatibility.other_sdks_note,
    ),
    (
        |t| t.compatibility.mqtt,
        State::Works,
        |t| t.compatibility.mqtt_note,
    ),
    (
        |t| t.compatibility.https,
        State::Works,
        |t| t.compatibility.https_note,
    ),
    (
        |t| t.compatibility.raw,
        State::Absent,
        |t| t.compatibility.raw_note,
    ),
    (
        |t| t.compatibility.credentials,
        State::Works,
        |t| t.compatibility.credentials_note,
    ),
    (
        |t| t.compatibility.provisioning,
        State::Absent,
        |t| t.compatibility.provisioning_note,
    ),
    (
        |t| t.compatibility.features,
        State::Works,
        |t| t.compatibility.features_note,
    ),
    (
        |t| t.compatibility.modules,
        State::Different,
        |t| t.compatibility.modules_note,
    ),
    (
        |t| t.compatibility.service_sdks,
        State::Works,
        |t| t.compatibility.service_sdks_note,
    ),
    (
        |t| t.compatibility.sending,
        State::Different,
        |t| t.compatibility.sending_note,
    ),
    (
        |t| t.compatibility.queries,
        State::Works,
        |t| t.compatibility.queries_note,
    ),
    (
        |t| t.compatibility.jobs,
        State::Works,
        |t| t.compatibility.jobs_note,
    ),
    (
        |t| t.compatibility.twins,
        State::Different,
        |t| t.compatibility.twins_note,
    ),
    (
        |t| t.compatibility.events,
        State::Different,
        |t| t.compatibility.events_note,
    ),
    (
        |t| t.compatibility.routing,
        State::Different,
        |t| t.compatibility.routing_note,
    ),
    (
        |t| t.compatibility.blobs,
        State::Different,
        |t| t.compatibility.blobs_note,
    ),
    (
        |t| t.compatibility.throttles,
        State::Different,
        |t| t.compatibility.throttles_note,
    ),
    (
        |t| t.compatibility.sign_on,
        State::Absent,
        |t| t.compatibility.sign_on_note,
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
    let (tone, words): (Tone, Read) = match state {
        State::Works => (Tone::Ok, |t| t.developers.works),
        State::Different => (Tone::Info, |t| t.developers.different),
        State::Untested => (Tone::Warn, |t| t.developers.untested),
        State::Absent => (Tone::Neutral, |t| t.developers.absent),
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
