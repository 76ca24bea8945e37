//! Random conditions, written as text, compiled and evaluated, against an evaluator of another
//! make: one that walks the tree that the text was made of, with the contract's tables as they
//! stand there (§1.5, §3.6).

use super::{Condition, Message, Outcome};
use crate::json;
use proptest::prelude::*;
use serde_json::Value;
use std::borrow::Cow;

/// Choices, one byte each; what is missing is zero.
struct Choices<'a>(&'a [u8]);

impl Choices<'_> {
    fn next(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }

    fn of<T: Copy>(&mut self, from: &[T]) -> T {
        from[usize::from(self.next()) % from.len()]
    }
}

#[derive(Debug, Clone)]
enum Tree {
    Constant(Thing),
    /// As it is written, and what the message has there.
    Property(&'static str),
    Prefix(&'static str, Box<Tree>),
    Between(&'static str, Box<Tree>, Box<Tree>),
    Call(&'static str, Vec<Tree>),
}

/// What something is.
#[derive(Debug, Clone, PartialEq)]
enum Thing {
    Undefined,
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    Object,
    Array,
}

use Thing::{Array, Bool, Null, Number, Object, Text, Undefined};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Truth,
    Number,
    Text,
    Dynamic,
}

const TEXTS: [&str; 6] = ["", "a", "b", "ab", "3", "é'"];
const NUMBERS: [f64; 5] = [0.0, 1.0, 3.0, 2.5, 1e25];
const DYNAMIC: [&str; 10] = [
    "$body.n",
    "$body.t",
    "$body.s",
    "$body.b",
    "$body.f",
    "$body.o",
    "$body.l",
    "$body.none",
    "$twin.tags.s",
    "$twin.tags.none",
];

fn tree(kind: Kind, depth: u8, choices: &mut Choices<'_>) -> Tree {
    let pick = choices.next();
    if depth == 0 || pick < 60 {
        return leaf(kind, choices);
    }
    let mut some = |kind: Kind| Box::new(tree(kind, depth - 1, choices));
    match kind {
        Kind::Truth => match pick % 8 {
            0 | 1 => {
                let (left, right) = (some(Kind::Truth), some(Kind::Truth));
                Tree::Between(choices.of(&["AND", "OR", "??"]), left, right)
            }
            2 => Tree::Prefix("NOT", some(Kind::Truth)),
            3 => {
                let (left, right) = (some(Kind::Dynamic), some(Kind::Dynamic));
                Tree::Between(
                    choices.of(&["=", "<>", "<", ">=", "AND", "OR"]),
                    left,
                    right,
                )
            }
            4 => Tree::Call(
                choices.of(&[
                    "IS_DEFINED",
                    "IS_NULL",
                    "IS_NUMBER",
                    "IS_STRING",
                    "IS_BOOL",
                    "IS_OBJECT",
                    "IS_ARRAY",
                    "IS_PRIMITIVE",
                ]),
                vec![{
                    let kind = choices.of(&[Kind::Truth, Kind::Number, Kind::Text, Kind::Dynamic]);
                    tree(kind, depth - 1, choices)
                }],
            ),
            5 => Tree::Call(
                choices.of(&["STARTS_WITH", "ENDSWITH", "CONTAINS"]),
                vec![
                    tree(Kind::Text, depth - 1, choices),
                    tree(Kind::Text, depth - 1, choices),
                ],
            ),
            _ => {
                let kind = choices.of(&[Kind::Truth, Kind::Number, Kind::Text]);
                let left = Box::new(tree(kind, depth - 1, choices));
                // Something dynamic fits on either side.
                let kind = choices.of(&[kind, kind, Kind::Dynamic]);
                let right = Box::new(tree(kind, depth - 1, choices));
                Tree::Between(choices.of(&["=", "!=", "<", "<=", ">", ">="]), left, right)
            }
        },
        Kind::Number => match pick % 5 {
            0 => Tree::Prefix("-", some(Kind::Number)),
            1 => Tree::Call("AS_NUMBER", vec![*some(Kind::Text)]),
            2 => Tree::Call("LENGTH", vec![*some(Kind::Text)]),
            _ => {
                let (left, right) = (some(Kind::Number), some(Kind::Number));
                Tree::Between(choices.of(&["+", "-", "*", "/", "%", "??"]), left, right)
            }
        },
        Kind::Text => {
            let (left, right) = (some(Kind::Text), some(Kind::Text));
            Tree::Between(choices.of(&["||", "??"]), left, right)
        }
        Kind::Dynamic => Tree::Between("??", some(Kind::Dynamic), some(Kind::Dynamic)),
    }
}

fn leaf(kind: Kind, choices: &mut Choices<'_>) -> Tree {
    match kind {
        Kind::Truth => Tree::Constant(choices.of(&[0, 1, 2]).into()),
        Kind::Number => match choices.next() {
            0..30 => Tree::Constant(Undefined),
            30..90 => Tree::Property(choices.of(&DYNAMIC)),
            _ => Tree::Constant(Number(choices.of(&NUMBERS))),
        },
        Kind::Text => match choices.next() {
            0..20 => Tree::Constant(Undefined),
            20..130 => Tree::Property(choices.of(&["a", "B", "none", "$to", "$own", "{$own}"])),
            _ => Tree::Constant(Text(choices.of(&TEXTS).to_owned())),
        },
        Kind::Dynamic => Tree::Property(choices.of(&DYNAMIC)),
    }
}

impl From<u8> for Thing {
    fn from(choice: u8) -> Self {
        match choice {
            0 => Bool(true),
            1 => Bool(false),
            _ => Undefined,
        }
    }
}

/// How tightly an operator binds, from the grammar.
fn level(operator: &str) -> u8 {
    match operator {
        "??" => 0,
        "OR" => 1,
        "AND" => 2,
        "=" | "!=" | "<>" => 3,
        "<" | "<=" | ">" | ">=" => 4,
        "+" | "-" | "||" => 5,
        _ => 6,
    }
}

/// The text of a tree, with no more parentheses than it needs.
fn print(tree: &Tree, lowest: u8, choices: &mut Choices<'_>) -> String {
    let (text, own) = match tree {
        Tree::Constant(Undefined) => ("undefined".to_owned(), 8),
        Tree::Constant(Bool(flag)) => (flag.to_string(), 8),
        Tree::Constant(Number(number)) => (number.to_string(), 8),
        Tree::Constant(Text(text)) => (
            match choices.next() % 2 {
                0 => format!("\"{text}\""),
                _ => format!("'{}'", text.replace('\'', "\\'")),
            },
            8,
        ),
        Tree::Constant(other) => unreachable!("{other:?}"),
        Tree::Property(name) => ((*name).to_owned(), 8),
        Tree::Prefix(operator, inner) => (
            format!("{} {}", cased(operator, choices), print(inner, 7, choices)),
            7,
        ),
        Tree::Between(operator, left, right) => {
            let own = level(operator);
            let left = print(left, own, choices);
            let right = print(right, own + 1, choices);
            (format!("{left} {} {right}", cased(operator, choices)), own)
        }
        Tree::Call(name, arguments) => {
            let arguments: Vec<String> = arguments
                .iter()
                .map(|argument| print(argument, 0, choices))
                .collect();
            (
                format!("{}({})", cased(name, choices), arguments.join(", ")),
                8,
            )
        }
    };
    if own < lowest {
        format!("({text})")
    } else {
        text
    }
}

fn cased(word: &str, choices: &mut Choices<'_>) -> String {
    match choices.next() % 3 {
        0 => word.to_lowercase(),
        _ => word.to_owned(),
    }
}

#[derive(Debug)]
struct Made {
    application: Option<String>,
    body: Option<Value>,
    twin: Option<Value>,
}

impl Made {
    fn new(choices: &mut Choices<'_>) -> Self {
        let number = choices.of(&NUMBERS);
        let text = choices.of(&TEXTS);
        let has = choices.next();
        Self {
            application: (has & 3 > 0).then(|| choices.of(&TEXTS).to_owned()),
            body: (has & 7 > 0).then(|| {
                json!({"n": null, "t": true, "f": false, "s": text, "b": number, "o": {"x": 1},
                       "l": [1]})
            }),
            twin: (has & 15 > 0).then(|| json!({"tags": {"s": text}})),
        }
    }

    fn at(&self, written: &str) -> Thing {
        let text = |text: Option<&str>| text.map_or(Undefined, |text| Text(text.to_owned()));
        match written {
            "a" | "B" | "$own" => text(self.application.as_deref()),
            "$to" => text(Some("b")),
            _ => {
                let Some((root, name)) = written.rsplit_once('.') else {
                    return Undefined;
                };
                let root = match root {
                    "$body" => self.body.as_ref(),
                    _ => self.twin.as_ref().map(|twin| &twin["tags"]),
                };
                match root.and_then(|root| root.get(name)) {
                    None => Undefined,
                    Some(Value::Null) => Null,
                    Some(Value::Bool(flag)) => Bool(*flag),
                    Some(Value::Number(number)) => Number(number.as_f64().unwrap()),
                    Some(Value::String(text)) => Text(text.clone()),
                    Some(Value::Object(_)) => Object,
                    Some(Value::Array(_)) => Array,
                }
            }
        }
    }
}

impl Message for Made {
    fn application(&self, name: &str) -> Option<Cow<'_, str>> {
        let is_known = ["A", "b", "$Own"]
            .iter()
            .any(|known| known.eq_ignore_ascii_case(name));
        let value = self.application.as_deref().filter(|_| is_known);
        value.map(Cow::Borrowed)
    }
    fn system(&self, name: &str) -> Option<Cow<'_, str>> {
        (name == "to").then_some(Cow::Borrowed("b"))
    }
    fn body(&self) -> Option<&Value> {
        self.body.as_ref()
    }
    fn twin(&self) -> Option<&Value> {
        self.twin.as_ref()
    }
}

fn is_dynamic(tree: &Tree) -> bool {
    match tree {
        Tree::Property(name) => name.starts_with("$body") || name.starts_with("$twin"),
        Tree::Between("??", left, right) => is_dynamic(left) || is_dynamic(right),
        _ => false,
    }
}

fn number(number: f64) -> Thing {
    if number.is_nan() {
        Undefined
    } else {
        Number(number)
    }
}

/// `None`: undefined.
fn truth(thing: &Thing) -> Option<bool> {
    match thing {
        Bool(flag) => Some(*flag),
        Null => Some(false),
        _ => None,
    }
}

fn from_truth(truth: Option<bool>) -> Thing {
    truth.map_or(Undefined, Bool)
}

fn naive(tree: &Tree, message: &Made) -> Thing {
    match tree {
        Tree::Constant(thing) => thing.clone(),
        Tree::Property(name) => message.at(name),
        Tree::Prefix("NOT", inner) => from_truth(truth(&naive(inner, message)).map(|it| !it)),
        Tree::Prefix(_, inner) => match naive(inner, message) {
            Number(number) => Number(-number),
            _ => Undefined,
        },
        Tree::Between(operator, left, right) => {
            between(operator, naive(left, message), naive(right, message))
        }
        Tree::Call(name, arguments) => {
            let values: Vec<Thing> = arguments.iter().map(|it| naive(it, message)).collect();
            called(name, &values, is_dynamic(&arguments[0]))
        }
    }
}

fn between(operator: &str, left: Thing, right: Thing) -> Thing {
    match operator {
        "??" => match left {
            Undefined | Object | Array => right,
            left => left,
        },
        // The tables of three values, cell by cell.
        "AND" => from_truth(match (truth(&left), truth(&right)) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        }),
        "OR" => from_truth(match (truth(&left), truth(&right)) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        }),
        "||" => match (left, right) {
            (Text(left), Text(right)) => Text(format!("{left}{right}")),
            _ => Undefined,
        },
        "+" | "-" | "*" | "/" | "%" => match (left, right) {
            (Number(left), Number(right)) => number(match operator {
                "+" => left + right,
                "-" => left - right,
                "*" => left * right,
                "/" => left / right,
                _ => left % right,
            }),
            _ => Undefined,
        },
        _ => from_truth(compared(operator, &left, &right)),
    }
}

fn compared(operator: &str, left: &Thing, right: &Thing) -> Option<bool> {
    let (less, equal) = match (left, right) {
        (Undefined | Object | Array, _) | (_, Undefined | Object | Array) => return None,
        (Null, Null) => (false, true),
        (Bool(left), Bool(right)) => (!left & right, left == right),
        (Number(left), Number(right)) => (left < right, left == right),
        (Text(left), Text(right)) => {
            let points = |text: &str| text.chars().map(u32::from).collect::<Vec<_>>();
            (points(left) < points(right), left == right)
        }
        _ => {
            return match operator {
                "=" => Some(false),
                "!=" | "<>" => Some(true),
                _ => None,
            };
        }
    };
    Some(match operator {
        "=" => equal,
        "!=" | "<>" => !equal,
        "<" => less,
        "<=" => less || equal,
        ">" => !less && !equal,
        _ => !less,
    })
}

fn called(name: &str, values: &[Thing], is_dynamic: bool) -> Thing {
    let first = &values[0];
    let is = |truth: bool| {
        if is_dynamic && *first == Undefined {
            Undefined
        } else {
            Bool(truth)
        }
    };
    let primitive = !matches!(first, Undefined | Object | Array);
    match (name, values) {
        ("IS_DEFINED", _) => Bool(primitive),
        ("IS_NULL", _) => is(*first == Null),
        ("IS_NUMBER", _) => is(matches!(first, Number(_))),
        ("IS_STRING", _) => is(matches!(first, Text(_))),
        ("IS_BOOL", _) => is(matches!(first, Bool(_))),
        ("IS_OBJECT", _) => is(*first == Object),
        ("IS_ARRAY", _) => is(*first == Array),
        ("IS_PRIMITIVE", _) => is(primitive),
        ("STARTS_WITH", [Text(text), Text(part)]) => {
            Bool(text.as_bytes().starts_with(part.as_bytes()))
        }
        ("ENDSWITH", [Text(text), Text(part)]) => Bool(text.as_bytes().ends_with(part.as_bytes())),
        ("CONTAINS", [Text(text), Text(part)]) => {
            let windows = text.as_bytes().windows(part.len().max(1));
            Bool(part.is_empty() || windows.into_iter().any(|it| it == part.as_bytes()))
        }
        ("AS_NUMBER", [Text(text)]) => text.parse().map_or(Undefined, Number),
        ("LENGTH", [Text(text)]) => Number(text.chars().count() as f64),
        _ => Undefined,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn texts_mean_what_their_trees_mean(
        shape in prop::collection::vec(any::<u8>(), 0..120),
        spelling in prop::collection::vec(any::<u8>(), 0..20),
        content in prop::collection::vec(any::<u8>(), 0..6),
    ) {
        let tree = tree(Kind::Truth, 5, &mut Choices(&shape));
        let text = print(&tree, 0, &mut Choices(&spelling));
        let message = Made::new(&mut Choices(&content));
        // The longest ones are not taken, whatever they mean.
        prop_assume!(text.chars().count() <= super::condition::MAX_CONDITION_CHARACTERS);
        let condition = Condition::compile(&text, "DeviceMessages");
        let condition = condition.map_err(|errors| TestCaseError::fail(format!("{text}: {errors:?}")))?;
        let expected = match naive(&tree, &message) {
            Bool(true) => Outcome::True,
            Bool(false) => Outcome::False,
            _ => Outcome::Undefined,
        };
        prop_assert_eq!(condition.evaluate(&message), expected, "{} for {:?}", text, message);
    }
}
