//! The proof that the record is whole: asked for by a button, shown chain by chain.

use crate::api::ApiError;
use crate::api::audit::{self as api, AuditProof, ChainProof};
use crate::components::badge::{Badge, Tone};
use crate::components::button::{Button, Weight};
use crate::components::copy::CopyButton;
use crate::components::icon::{Icon, IconView};
use crate::components::state_view::ErrorNote;
use crate::i18n::{fill, t, tr, word, wording};
use crate::logic::number::grouped;
use crate::reactive::{RwSignal, derive};
use crate::session::Permission;
use leptos::prelude::*;
use leptos::task::spawn_local;

/// What came of the last check, if there was one.
type Outcome = Option<Result<AuditProof, ApiError>>;

/// The button that checks.
#[component]
pub fn VerifyButton(
    /// Takes the outcome.
    proof: RwSignal<Outcome>,
) -> impl IntoView {
    let busy = RwSignal::new(false);
    let label = derive(move || {
        (if busy.get() {
            t().audit.verifying
        } else {
            t().audit.verify
        })
        .to_owned()
    });
    let press = move |()| {
        busy.set(true);
        spawn_local(async move {
            let outcome = api::verify().await;
            let _ = busy.try_set(false);
            let _ = proof.try_set(Some(outcome));
        });
    };
    view! {
        <Button label icon=Icon::Shield weight=Weight::Primary permission=Permission::AuditRead disabled=busy on_press=press/>
    }
}

/// What the check found.
#[component]
pub fn Verification(
    /// The outcome.
    proof: RwSignal<Outcome>,
) -> impl IntoView {
    let failure = derive(move || proof.get().and_then(Result::err));
    view! {
        <ErrorNote error=failure/>
        <div role="status">
            {move || proof.get().and_then(Result::ok).map(|found| shown(found, proof))}
        </div>
    }
}

fn shown(found: AuditProof, proof: RwSignal<Outcome>) -> impl IntoView {
    let intact = found.intact;
    view! {
        <section class="card" class:broken=!intact aria-label=move || title(intact)>
            <header>
                <span class="state-icon small" class:bad=!intact>
                    <IconView icon=if intact { Icon::Shield } else { Icon::Warning }/>
                </span>
                <div class="grow">
                    <h2>{move || title(intact)}</h2>
                    <p class="sub">{move || if intact { t().audit.intact_text } else { t().audit.broken_text }}</p>
                </div>
                <Button label=wording(word!(audit.hide_result)) weight=Weight::Quiet
                    on_press=move |()| proof.set(None)/>
            </header>
            <div class="table-scroll" tabindex="0" role="group" aria-label=tr!(audit.chain_table)>
                <table>
                    <thead>
                        <tr>
                            <th scope="col">{tr!(audit.chain)}</th>
                            <th scope="col">{tr!(audit.chain_state)}</th>
                            <th scope="col" class="num">{tr!(audit.chain_records)}</th>
                            <th scope="col" class="grow">{tr!(audit.chain_head)}</th>
                        </tr>
                    </thead>
                    <tbody>{found.chains.into_iter().map(chain).collect_view()}</tbody>
                </table>
            </div>
        </section>
    }
}

fn title(intact: bool) -> &'static str {
    if intact {
        t().audit.intact_title
    } else {
        t().audit.broken_title
    }
}

fn chain(proof: ChainProof) -> impl IntoView {
    let intact = proof.intact;
    let tone = if intact { Tone::Ok } else { Tone::Bad };
    let words = derive(move || {
        (if intact {
            t().audit.intact
        } else {
            t().audit.broken
        })
        .to_owned()
    });
    let broken_at = proof.broken_at.map(|number| grouped(number as u64));
    let hash = proof.head.hash;
    let name = proof.chain.clone();
    view! {
        <tr>
            <th scope="row" class="mono">{proof.chain}</th>
            <td>
                <Badge tone=Signal::stored(tone) text=words/>
                {broken_at.map(|n| view! {
                    " " <span class="dim">{move || fill(t().audit.broken_at, &[("n", &n)])}</span>
                })}
            </td>
            <td class="num">{grouped(proof.records as u64)}</td>
            <td class="grow">
                {if hash.is_empty() {
                    view! { <span class="dim">{tr!(audit.chain_empty)}</span> }.into_any()
                } else {
                    view! {
                        <span class="hash">
                            <code>{hash.clone()}</code>
                            <CopyButton
                                text=Signal::stored(hash)
                                label=derive(move || fill(t().audit.copy_head, &[("chain", &name)]))
                                icon_only=true
                                weight=Weight::Quiet
                            />
                        </span>
                    }
                    .into_any()
                }}
            </td>
        </tr>
    }
}
