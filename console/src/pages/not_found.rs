//! An address that leads nowhere.

use crate::components::icon::Icon;
use crate::components::page_title::PageTitle;
use crate::components::state_view::EmptyState;
use crate::i18n::{tr, word, wording};
use crate::routes;
use leptos::prelude::*;

/// Says so and leads back.
#[component]
pub fn NotFound() -> impl IntoView {
    view! {
        <PageTitle text=wording(word!(common.not_found_title))/>
        <h1 class="visually-hidden">{tr!(common.not_found_title)}</h1>
        <section class="card">
            <EmptyState
                icon=Icon::Warning
                title=wording(word!(common.not_found_title))
                text=wording(word!(common.not_found_text))
            >
                <a class="btn" href=routes::overview()>{tr!(common.back_to_overview)}</a>
            </EmptyState>
        </section>
    }
}
