//! The functions of conditions: names and how many arguments they take
//! (`query-routing-events.md` §1.6). What they compute is the evaluator's.

/// A function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// `IS_DEFINED(path)`
    IsDefined,
    /// `STARTSWITH(text, prefix)`
    StartsWith,
    /// `ENDSWITH(text, suffix)`
    EndsWith,
    /// `CONTAINS(text, part)`
    Contains,
    /// `ARRAY_CONTAINS(array, value)`
    ArrayContains,
    /// `IS_ARRAY(value)`
    IsArray,
    /// `IS_BOOL(value)`
    IsBool,
    /// `IS_NULL(value)`
    IsNull,
    /// `IS_NUMBER(value)`
    IsNumber,
    /// `IS_OBJECT(value)`
    IsObject,
    /// `IS_STRING(value)`
    IsString,
    /// `IS_PRIMITIVE(value)`
    IsPrimitive,
    /// `LOWER(text)`
    Lower,
    /// `UPPER(text)`
    Upper,
    /// `LENGTH(text)`, in characters
    Length,
}

/// Both spellings of the first two are in use, against the routing language's and its own.
const NAMES: &[(&str, Function)] = &[
    ("IS_DEFINED", Function::IsDefined),
    ("STARTSWITH", Function::StartsWith),
    ("STARTS_WITH", Function::StartsWith),
    ("ENDSWITH", Function::EndsWith),
    ("ENDS_WITH", Function::EndsWith),
    ("CONTAINS", Function::Contains),
    ("ARRAY_CONTAINS", Function::ArrayContains),
    ("IS_ARRAY", Function::IsArray),
    ("IS_BOOL", Function::IsBool),
    ("IS_NULL", Function::IsNull),
    ("IS_NUMBER", Function::IsNumber),
    ("IS_OBJECT", Function::IsObject),
    ("IS_STRING", Function::IsString),
    ("IS_PRIMITIVE", Function::IsPrimitive),
    ("LOWER", Function::Lower),
    ("UPPER", Function::Upper),
    ("LENGTH", Function::Length),
];

impl Function {
    /// By name, in any case.
    pub fn parse(name: &str) -> Option<Self> {
        NAMES
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, function)| *function)
    }

    /// How many arguments it takes.
    pub fn arguments(self) -> usize {
        match self {
            Self::StartsWith | Self::EndsWith | Self::Contains | Self::ArrayContains => 2,
            _ => 1,
        }
    }
}
