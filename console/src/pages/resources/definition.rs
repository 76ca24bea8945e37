//! What a screen of documents needs to know of them. All of it is data, so that a further kind of
//! document costs its texts and little else.

use crate::components::badge::Tone;
use crate::i18n::{Word, word};
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
    pub title: Word,
    /// What it is for.
    pub explained: Word,
    /// What to do while there is none.
    pub empty: Word,
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

impl Resource {
    /// A list of documents under `id`; `words` are its title, what it is for, and what to do while
    /// there is none. Nothing can be done with them yet.
    pub const fn list(
        name: &'static str,
        path: &'static str,
        id: &'static str,
        words: [Word; 3],
    ) -> Self {
        let [title, explained, empty] = words;
        Self {
            name,
            path,
            is_single: false,
            title,
            explained,
            empty,
            id,
            label: id,
            newest: "",
            columns: &[],
            form: None,
            acts: &[],
            permission: None,
        }
    }

    /// One document of settings, which whoever manages the hub changes in a form.
    pub const fn settings(
        name: &'static str,
        path: &'static str,
        words: [Word; 2],
        columns: &'static [Column],
        fields: &'static [Field],
    ) -> Self {
        let [title, explained] = words;
        Self {
            is_single: true,
            columns,
            form: Some(Form::change(fields)),
            permission: Some(Permission::HubManage),
            ..Self::list(name, path, "", [title, explained, explained])
        }
    }
}

/// A column.
pub struct Column {
    /// Its head.
    pub name: Word,
    /// The place of the member, as a JSON pointer.
    pub place: &'static str,
    /// How it is shown.
    pub cell: Cell,
}

impl Column {
    /// As it is.
    pub const fn plain(name: Word, place: &'static str) -> Self {
        Self::shown(name, place, Cell::Plain)
    }

    /// As code.
    pub const fn code(name: Word, place: &'static str) -> Self {
        Self::shown(name, place, Cell::Code)
    }

    /// A moment.
    pub const fn time(name: Word, place: &'static str) -> Self {
        Self::shown(name, place, Cell::Time)
    }

    /// A key.
    pub const fn key(name: Word, place: &'static str) -> Self {
        Self::shown(name, place, Cell::Key)
    }

    /// `true` or `false`.
    pub const fn yes_or_no(name: Word, place: &'static str) -> Self {
        const ANSWERS: Cell = Cell::Words(&[
            ("true", Tone::Ok, word!(routing.yes)),
            ("false", Tone::Neutral, word!(routing.no)),
        ]);
        Self::shown(name, place, ANSWERS)
    }

    /// In any way.
    pub const fn shown(name: Word, place: &'static str, cell: Cell) -> Self {
        Self { name, place, cell }
    }
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
    Words(&'static [(&'static str, Tone, Word)]),
    /// A key: copied, never shown.
    Key,
}

impl Form {
    /// One that makes documents under a name, and changes them.
    pub const fn new(add: Word, fields: &'static [Field]) -> Self {
        Self {
            add: Some(add),
            ..Self::change(fields)
        }
    }

    /// One that only changes what is there.
    pub const fn change(fields: &'static [Field]) -> Self {
        Self {
            add: None,
            edits: true,
            posts: false,
            fields,
            reveals: None,
        }
    }
}

/// A form.
pub struct Form {
    /// The button that opens it empty; absent: none can be made.
    pub add: Option<Word>,
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
    pub name: Word,
    /// What it is for.
    pub hint: Option<Word>,
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

impl Field {
    /// One that is filled in with text.
    pub const fn new(name: Word, place: &'static str, input: Input) -> Self {
        Self {
            name,
            hint: None,
            place,
            kind: Kind::Text,
            input,
            first: "",
            only_new: false,
        }
    }

    /// The name of a new one, by which it is known then.
    pub const fn id(name: Word, place: &'static str) -> Self {
        Self {
            only_new: true,
            ..Self::new(name, place, Input::Code)
        }
    }

    /// A whole number.
    pub const fn number(name: Word, place: &'static str) -> Self {
        Self {
            kind: Kind::Number,
            ..Self::new(name, place, Input::Line)
        }
    }

    /// Yes or no; which at first is said.
    pub const fn switch(name: Word, place: &'static str, first: &'static str) -> Self {
        const ANSWERS: Input =
            Input::Choice(&[("true", word!(routing.yes)), ("false", word!(routing.no))]);
        Self {
            kind: Kind::Switch,
            first,
            ..Self::new(name, place, ANSWERS)
        }
    }

    /// The whole document, beginning with an example.
    pub const fn whole(first: &'static str, hint: Word) -> Self {
        Self {
            kind: Kind::Whole,
            first,
            ..Self::new(word!(resources.document), "", Input::Json)
        }
        .explained(hint)
    }

    /// With words on what it is for.
    pub const fn explained(self, hint: Word) -> Self {
        Self {
            hint: Some(hint),
            ..self
        }
    }

    /// With what it holds at first.
    pub const fn beginning(self, first: &'static str) -> Self {
        Self { first, ..self }
    }
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
    Choice(&'static [(&'static str, Word)]),
    /// Several lines.
    Area,
    /// JSON.
    Json,
}

/// Something that can be done with one.
pub struct Act {
    /// What it is called.
    pub name: Word,
    /// The question, with `{id}`.
    pub title: Word,
    /// What will happen.
    pub text: Word,
    /// That it is done, with `{id}`.
    pub done: Word,
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

impl Act {
    /// Takes it away, after a question of these words.
    pub const fn delete(title: Word, text: Word) -> Self {
        Self {
            name: word!(resources.delete),
            title,
            text,
            done: word!(resources.deleted),
            method: || Method::DELETE,
            suffix: "",
            body: None,
            applies: |_, _| true,
            is_harmless: false,
        }
    }

    /// Posts to an address below it.
    pub const fn post(name: Word, suffix: &'static str, words: [Word; 3]) -> Self {
        let [title, text, done] = words;
        Self {
            name,
            title,
            text,
            done,
            method: || Method::POST,
            suffix,
            body: None,
            applies: |_, _| true,
            is_harmless: false,
        }
    }
}

/// Where a text of an act comes from.
#[derive(Clone, Copy)]
pub enum Text {
    /// This one.
    Fixed(&'static str),
    /// The person may write one, called so; without one there is no such member.
    Written(Word),
}
