//! An address that leads nowhere.

use crate::components::icon::Icon;
use crate::components::page_title::PageTitle;
use crate::components::state_view::EmptyState;
use crate::i18n::{t, tr};
use crate::routes;
use leptos::prelude::*;

/// Says so and leads back.
#[component]
pub fn NotFound() -> impl IntoView {
    view! {
        <PageTitle text=Signal::derive(|| t().common.not_found_title.to_owned())/>
        <h1 class="visually-hidden">{tr!(common.not_found_title)}</h1>
        <section class="card">
            <EmptyState
                icon=Icon::Warning
                title=Signal::derive(|| t().common.not_found_title.to_owned())
                text=Signal::derive(|| t().common.not_found_text.to_owned())
            >
                <a class="btn" href=routes::overview()>{tr!(common.back_to_overview)}</a>
            </EmptyState>
        </section>
    }
}
