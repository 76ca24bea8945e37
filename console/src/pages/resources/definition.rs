//! What a screen of documents needs to know of them. All of it is data, so that a further kind of
//! document costs its texts and little else.

use crate::components::badge::Tone;
use crate::i18n::Read;
use crate::logic::form_values::Kind;
use crate::session::Permission;
use gloo_net::http::Method;
use serde_json::Value;

/// A kind of document.
pub struct Resource {
    /// The last part of its address in the console.
    pub name: &'static str,
    /// Below `/api/v1`.
    pub path: &'static str,
    /// One document, not a list of them.
    pub is_single: bool,
    /// What it is called.
    pub title: Read,
    /// What it is for.
    pub explained: Read,
    /// What to do while there is none.
    pub empty: Read,
    /// The place of the member that names one in addresses.
    pub id: &'static str,
    /// The place of the member that names one for people.
    pub label: &'static str,
    /// The place of the time by which the newest come first; empty: as the hub lists them.
    pub newest: &'static str,
    /// What the table shows behind the name; of a single document the rows.
    pub columns: &'static [Column],
    /// How one is made or changed.
    pub form: Option<Form>,
    /// What else can be done with one.
    pub acts: &'static [Act],
    /// What it takes to change any.
    pub permission: Option<Permission>,
}

/// A column.
pub struct Column {
    /// Its head.
    pub name: Read,
    /// The place of the member, as a JSON pointer.
    pub place: &'static str,
    /// How it is shown.
    pub cell: Cell,
}

/// How a value is shown.
#[derive(Clone, Copy)]
pub enum Cell {
    /// As it is.
    Plain,
    /// As code.
    Code,
    /// A moment.
    Time,
    /// Words for what the hub calls it, with a tone.
    Words(&'static [(&'static str, Tone, Read)]),
    /// A key: copied, never shown.
    Key,
}

/// A form.
pub struct Form {
    /// The button that opens it empty; absent: none can be made.
    pub add: Option<Read>,
    /// Whether a known one can be changed.
    pub edits: bool,
    /// New ones are posted to the list, which makes their id.
    pub posts: bool,
    /// Its fields.
    pub fields: &'static [Field],
    /// The member of the answer that is shown this once.
    pub reveals: Option<&'static str>,
}

/// A field of a form.
pub struct Field {
    /// What it is called.
    pub name: Read,
    /// What it is for.
    pub hint: Option<Read>,
    /// The place of the member.
    pub place: &'static str,
    /// What the text stands for.
    pub kind: Kind,
    /// How it is filled in.
    pub input: Input,
    /// What it holds at first.
    pub first: &'static str,
    /// Only a new one is asked for it.
    pub only_new: bool,
}

/// How a field is filled in.
#[derive(Clone, Copy)]
pub enum Input {
    /// A line.
    Line,
    /// A line of code.
    Code,
    /// A line that does not show.
    Secret,
    /// One of these.
    Choice(&'static [(&'static str, Read)]),
    /// Several lines.
    Area,
    /// JSON.
    Json,
}

/// Something that can be done with one.
pub struct Act {
    /// What it is called.
    pub name: Read,
    /// The question, with `{id}`.
    pub title: Read,
    /// What will happen.
    pub text: Read,
    /// That it is done, with `{id}`.
    pub done: Read,
    /// The verb.
    pub method: fn() -> Method,
    /// Behind the address of the document.
    pub suffix: &'static str,
    /// What is sent; a text of the form goes into its member.
    pub body: Option<(&'static str, Text)>,
    /// Whether it can be done with this one by this person.
    pub applies: fn(&Value, &str) -> bool,
    /// Nothing is lost by it.
    pub is_harmless: bool,
}

/// Where a text of an act comes from.
#[derive(Clone, Copy)]
pub enum Text {
    /// This one.
    Fixed(&'static str),
    /// The person may write one.
    Note(Read),
    /// The person has to write one, of several lines.
    Area(Read),
}

/// Applies to every one.
pub fn always(_: &Value, _: &str) -> bool {
    true
}
