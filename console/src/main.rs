//! The operator console: what a person sees of the hub, in a browser. A thin client of the public
//! REST API; nothing is possible here that a script could not do.

mod address;
mod api;
mod app;
mod clock;
mod components;
mod connectivity;
mod i18n;
mod live;
mod logic;
mod pages;
mod preferences;
mod reactive;
mod routes;
mod save;
mod seats;
mod session;
mod watching;

fn main() {
    leptos::mount::mount_to_body(app::App);
}
