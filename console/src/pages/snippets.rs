//! Programs to copy, in a language to choose.

use crate::components::button::Weight;
use crate::components::copy::CopyButton;
use crate::components::field::Segmented;
use crate::i18n::{tr, word, wording};
use crate::logic::snippet::{Hub, Side, snippet};
use crate::reactive::{Callback, RwSignal, derive, memo};
use leptos::prelude::*;

/// Where the console comes from.
pub fn origin() -> String {
    window().location().origin().unwrap_or_default()
}

/// How to connect a first device, with a language switch of its own.
#[component]
pub fn Snippets(
    /// Name that devices connect to.
    #[prop(into)]
    host_name: Signal<String>,
) -> impl IntoView {
    let language = RwSignal::new("python".to_owned());
    view! {
        <SnippetsOf
            side=Side::Device
            host_name
            language=derive(move || language.get())
            on_change=move |name: String| language.set(name)
        />
    }
}

/// The programs of a side; who shows them keeps the language.
#[component]
pub fn SnippetsOf(
    /// Who they speak as.
    side: Side,
    /// Name in connection strings.
    host_name: Signal<String>,
    /// The chosen one.
    language: Signal<String>,
    /// Told of another choice.
    #[prop(into)]
    on_change: Callback<String>,
) -> impl IntoView {
    let chosen = derive(move || side.language(&language.get()).to_owned());
    let shown = memo(move || {
        let hub = (host_name.get(), origin());
        let hub = Hub {
            name: &hub.0,
            origin: &hub.1,
        };
        let (install, run) = snippet(side, &chosen.get(), hub);
        (install.to_owned(), run)
    });
    let languages = side.languages().iter().map(|name| {
        let words = match *name {
            "simulator" => wording(word!(overview.snippet_simulator)),
            "node" => Signal::stored("Node.js".to_owned()),
            "c" => Signal::stored("C".to_owned()),
            "az" => Signal::stored("az".to_owned()),
            "curl" => Signal::stored("curl".to_owned()),
            _ => Signal::stored("Python".to_owned()),
        };
        (*name, words)
    });
    let languages: Vec<_> = languages.collect();
    view! {
        <div class="snippets">
            <Segmented
                label=wording(word!(overview.snippet_language))
                value=chosen
                on_change
                options=languages
            />
            <Command title=wording(word!(overview.start_step_install)) text=derive(move || shown.get().0)/>
            <Command title=wording(word!(overview.start_step_run)) text=derive(move || shown.get().1)/>
            <p class="dim">{tr!(overview.start_note)}</p>
        </div>
    }
}

/// Lines to copy.
#[component]
pub fn Command(
    /// What they are, for assistive technology.
    title: Signal<String>,
    /// The lines.
    text: Signal<String>,
) -> impl IntoView {
    view! {
        <div class="command">
            <pre tabindex="0" aria-label=move || title.get()><code>{move || text.get()}</code></pre>
            <CopyButton text label=wording(word!(common.copy)) icon_only=true weight=Weight::Quiet/>
        </div>
    }
}
