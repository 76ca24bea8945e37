//! Routes and endpoints: where messages go, how receivers stand, and what they did not take.

mod endpoints;
mod letters;
mod route_form;
mod routes;
mod whole;

use crate::api::routing::{self as api, Routing};
use crate::components::button::Button;
use crate::components::icon::{Icon, IconView};
use crate::components::page_title::PageTitle;
use crate::components::state_view::live_view;
use crate::i18n::{count, t, tr, word, wording};
use crate::live::live;
use crate::reactive::{Callback, Memo, derive, memo};
use crate::session::Permission;
use endpoints::Endpoints;
use leptos::prelude::*;
use letters::{Letters, Opened};
use route_form::{Editing, RouteForm};
use routes::RouteTable;
use std::time::Duration;
use whole::{Whole, WholeForm};

/// Between two reads.
const PERIOD: Duration = Duration::from_secs(5);

/// The page.
#[component]
pub fn RoutingPage() -> impl IntoView {
    let routing = live(|| (), Some(PERIOD), |()| api::read());
    let refresh = Callback::new(move |()| routing.refresh());
    let editing = Editing::new();
    let opened = Opened::new();
    let whole = Whole::new();
    let edit_all = move |()| {
        if let Some(now) = routing.data.get_untracked() {
            whole.edit(&now);
        }
    };
    view! {
        <PageTitle text=wording(word!(routing.title))/>
        <div class="pagehead">
            <div class="grow">
                <h1>{tr!(routing.title)}</h1>
                <p class="lead">{tr!(routing.explained)}</p>
            </div>
            <div class="actions">
                <Button
                    label=wording(word!(routing.edit_all))
                    icon=Icon::Edit
                    permission=Permission::ConfigurationsWrite
                    disabled=derive(move || routing.data.with(Option::is_none))
                    on_press=edit_all
                />
            </div>
        </div>
        {live_view(routing, 6, move |data| view! { <Parts data editing opened refresh/> })}
        <RouteForm editing data=routing.data on_done=refresh/>
        <Letters opened on_done=refresh/>
        <WholeForm whole on_done=refresh/>
    }
}

#[component]
fn Parts(
    data: Memo<Routing>,
    editing: Editing,
    opened: Opened,
    refresh: Callback<()>,
) -> impl IntoView {
    let orphaned = memo(move || data.with(|routing| routing.orphaned));
    view! {
        {move || (orphaned.get() > 0).then(|| view! {
            <div class="notice" role="note">
                <IconView icon=Icon::Warning/>
                <div>{count(orphaned.get(), t().routing.orphaned_one, t().routing.orphaned_other)}</div>
            </div>
        })}
        <section class="card" aria-labelledby="routes-title">
            <header>
                <h2 id="routes-title">{tr!(routing.routes)}</h2>
                <span class="more">
                    <Button
                        label=wording(word!(routing.add))
                        icon=Icon::Plus
                        permission=Permission::ConfigurationsWrite
                        on_press=move |()| editing.create()
                    />
                </span>
            </header>
            <RouteTable data editing refresh/>
        </section>
        <section class="card" aria-labelledby="endpoints-title">
            <header>
                <div>
                    <h2 id="endpoints-title">{tr!(routing.endpoints)}</h2>
                    <p class="sub">{tr!(routing.endpoints_explained)}</p>
                </div>
            </header>
            <Endpoints data opened refresh/>
        </section>
    }
}
