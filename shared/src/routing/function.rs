//! The functions of conditions: names, what they take, and what they compute
//! (`query-routing-events.md` §3.7).
//!
//! `TWIN_CHANGE_INCLUDES` is not among them: what stands in its parentheses is no expression.

use super::check::Type;
use crate::letter_case;
use crate::query::value::Operand;
use serde_json::Value;

/// A function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Abs,
    Exp,
    Power,
    Square,
    Ceiling,
    Floor,
    Sign,
    Sqrt,
    AsNumber,
    IsArray,
    IsBool,
    IsDefined,
    IsNull,
    IsNumber,
    IsObject,
    IsPrimitive,
    IsString,
    Concat,
    Length,
    Lower,
    Upper,
    Substring,
    IndexOf,
    StartsWith,
    EndsWith,
    Contains,
}

/// A name, its function, what it gives and what it takes: `n` a number, `s` a text, `b` a truth
/// value, `v` a number or a text, `a` anything.
pub(super) struct Known(&'static str, pub(super) Function, &'static str);

const KNOWN: &[Known] = &[
    Known("ABS", Function::Abs, "nn"),
    Known("EXP", Function::Exp, "nn"),
    Known("POWER", Function::Power, "nnn"),
    Known("SQUARE", Function::Square, "nn"),
    Known("CEILING", Function::Ceiling, "nn"),
    Known("FLOOR", Function::Floor, "nn"),
    Known("SIGN", Function::Sign, "nn"),
    Known("SQRT", Function::Sqrt, "nn"),
    Known("AS_NUMBER", Function::AsNumber, "nv"),
    Known("IS_ARRAY", Function::IsArray, "ba"),
    Known("IS_BOOL", Function::IsBool, "ba"),
    Known("IS_DEFINED", Function::IsDefined, "ba"),
    Known("IS_NULL", Function::IsNull, "ba"),
    Known("IS_NUMBER", Function::IsNumber, "ba"),
    Known("IS_OBJECT", Function::IsObject, "ba"),
    Known("IS_PRIMITIVE", Function::IsPrimitive, "ba"),
    Known("IS_STRING", Function::IsString, "ba"),
    Known("CONCAT", Function::Concat, "sss"),
    Known("LENGTH", Function::Length, "ns"),
    Known("LOWER", Function::Lower, "ss"),
    Known("UPPER", Function::Upper, "ss"),
    Known("SUBSTRING", Function::Substring, "ssnn"),
    Known("INDEX_OF", Function::IndexOf, "nss"),
    Known("STARTS_WITH", Function::StartsWith, "bss"),
    Known("STARTSWITH", Function::StartsWith, "bss"),
    Known("ENDS_WITH", Function::EndsWith, "bss"),
    Known("ENDSWITH", Function::EndsWith, "bss"),
    Known("CONTAINS", Function::Contains, "bss"),
];

impl Known {
    /// By name, in any case.
    pub fn find(name: &str) -> Option<&'static Self> {
        KNOWN
            .iter()
            .find(|known| known.0.eq_ignore_ascii_case(name))
    }

    /// Whether it takes arguments of these types.
    pub fn takes(&self, given: &[Type]) -> bool {
        let wanted = self.2.as_bytes().get(1..).unwrap_or_default();
        let most = wanted.len();
        let number_is_right = match self.1 {
            Function::Concat => given.len() >= most,
            Function::Substring => given.len() == most || given.len() + 1 == most,
            _ => given.len() == most,
        };
        // What follows the last one is like it.
        let wanted = wanted.iter().chain(std::iter::repeat(&b's'));
        number_is_right
            && given
                .iter()
                .zip(wanted)
                .all(|(given, wanted)| match wanted {
                    b'n' => given.may_be(Type::Number),
                    b's' => given.may_be(Type::Text),
                    b'v' => given.may_be(Type::Number) || given.may_be(Type::Text),
                    _ => true,
                })
    }

    /// The type of what it gives.
    pub fn gives(&self) -> Type {
        match self.2.as_bytes().first() {
            Some(b'n') => Type::Number,
            Some(b's') => Type::Text,
            _ => Type::Bool,
        }
    }
}

impl Function {
    /// Whether it asks what a value is, and so is undefined for a dynamic one that is missing.
    pub fn asks_for_type(self) -> bool {
        matches!(
            self,
            Self::IsArray
                | Self::IsBool
                | Self::IsNull
                | Self::IsNumber
                | Self::IsObject
                | Self::IsPrimitive
                | Self::IsString
        )
    }

    /// What it is for a value.
    pub fn of_one<'a>(self, value: Operand<'a>) -> Operand<'a> {
        let is_primitive = !matches!(value, Operand::Undefined | Operand::Compound(_));
        match (self, &value) {
            (Self::IsDefined | Self::IsPrimitive, _) => Operand::Bool(is_primitive),
            (Self::IsArray, _) => {
                Operand::Bool(matches!(value, Operand::Compound(Value::Array(_))))
            }
            (Self::IsObject, _) => {
                Operand::Bool(matches!(value, Operand::Compound(Value::Object(_))))
            }
            (Self::IsBool, _) => Operand::Bool(matches!(value, Operand::Bool(_))),
            (Self::IsNull, _) => Operand::Bool(value == Operand::Null),
            (Self::IsNumber, _) => Operand::Bool(matches!(value, Operand::Number(_))),
            (Self::IsString, _) => Operand::Bool(matches!(value, Operand::Text { .. })),
            (Self::AsNumber, Operand::Number(_)) => value,
            (_, Operand::Number(number)) => self.of_number(*number),
            (_, Operand::Text { text, .. }) => self.of_text(text),
            _ => Operand::Undefined,
        }
    }

    fn of_number(self, x: f64) -> Operand<'static> {
        number(match self {
            Self::Abs => x.abs(),
            Self::Exp => x.exp(),
            Self::Square => x * x,
            Self::Ceiling => x.ceil(),
            Self::Floor => x.floor(),
            // Other than `signum`, which knows no zero.
            Self::Sign if x == 0.0 => 0.0,
            Self::Sign => x.signum(),
            Self::Sqrt => x.sqrt(),
            _ => f64::NAN,
        })
    }

    fn of_text(self, text: &str) -> Operand<'static> {
        match self {
            Self::AsNumber => read_number(text.trim()).map_or(Operand::Undefined, Operand::Number),
            Self::Length => Operand::Number(text.chars().count() as f64),
            Self::Lower => Operand::computed(letter_case::lower(text)),
            Self::Upper => Operand::computed(letter_case::upper(text)),
            _ => Operand::Undefined,
        }
    }

    /// What it is for two values.
    pub fn of_two(self, one: &Operand<'_>, other: &Operand<'_>) -> Operand<'static> {
        if let (Operand::Number(x), Operand::Number(y)) = (one, other) {
            return match self {
                Self::Power => number(x.powf(*y)),
                _ => Operand::Undefined,
            };
        }
        if self == Self::Substring {
            return substring(one, other, None);
        }
        let (Some(text), Some(part)) = (one.as_text(), other.as_text()) else {
            return Operand::Undefined;
        };
        match self {
            Self::StartsWith => Operand::Bool(text.starts_with(part)),
            Self::EndsWith => Operand::Bool(text.ends_with(part)),
            Self::Contains => Operand::Bool(text.contains(part)),
            Self::IndexOf => Operand::Number(match text.find(part) {
                Some(at) => text
                    .char_indices()
                    .take_while(|(place, _)| *place < at)
                    .count() as f64,
                None => -1.0,
            }),
            _ => Operand::Undefined,
        }
    }
}

/// A part of a text, counted in characters from zero; `None`: all the rest.
pub(super) fn substring(
    text: &Operand<'_>,
    start: &Operand<'_>,
    length: Option<&Operand<'_>>,
) -> Operand<'static> {
    part(text, start, length).map_or(Operand::Undefined, Operand::computed)
}

fn part(text: &Operand<'_>, start: &Operand<'_>, length: Option<&Operand<'_>>) -> Option<String> {
    let text = text.as_text()?;
    let start = whole(start)?;
    let end = text.chars().count();
    let length = match length {
        Some(length) => {
            let length = whole(length)?;
            // With a length even nothing has to lie in the text.
            if start >= end || length > end - start {
                return None;
            }
            length
        }
        None => end.checked_sub(start)?,
    };
    Some(text.chars().skip(start).take(length).collect())
}

/// A count; no text is as long as the limit.
fn whole(operand: &Operand<'_>) -> Option<usize> {
    operand
        .as_number()
        .filter(|number| number.fract() == 0.0 && (0.0..1e9).contains(number))
        .map(|number| number as usize)
}

/// A number that was computed; what is no number is undefined, infinity is one (§3.6).
pub(super) fn number(number: f64) -> Operand<'static> {
    if number.is_nan() {
        Operand::Undefined
    } else {
        Operand::Number(number)
    }
}

/// A decimal number with an optional sign, fraction and exponent.
pub(super) fn read_number(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let are_digits = |text: &str| text.bytes().all(|digit| digit.is_ascii_digit());
    if !are_digits(whole) || !are_digits(fraction) || mantissa.is_empty() || mantissa == "." {
        return None;
    }
    // Bodies are read by the same parser, so that the same digits are the same number. It is
    // stricter about zeros and empty parts.
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    let sign = if text.starts_with('-') { "-" } else { "" };
    let mut strict = [sign, whole, ".", fraction].concat();
    if fraction.is_empty() {
        strict.push('0');
    }
    if let Some(exponent) = exponent {
        strict.push('e');
        strict.push_str(exponent);
    }
    serde_json::from_str(&strict).ok()
}

#[cfg(test)]
#[path = "function_tests.rs"]
mod tests;
