//! Reads values from rows.

use std::borrow::Cow;

use sea_query::Value;

use crate::data::python::encoding;
use crate::data::python::number::Operand;

/// A column of a row's key: a text, or bytes, which SQLite stores in a text column.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum KeyPart {
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl From<KeyPart> for Value {
    fn from(part: KeyPart) -> Self {
        match part {
            KeyPart::Text(text) => text.into(),
            KeyPart::Bytes(bytes) => bytes.into(),
        }
    }
}

/// Returns the key that a row begins with.
pub(super) fn key_of<const N: usize>(read: &[Value]) -> Option<[KeyPart; N]> {
    let part = |value: &Value| match value {
        Value::String(Some(text)) => Some(KeyPart::Text(text.clone())),
        Value::Bytes(Some(bytes)) => Some(KeyPart::Bytes(bytes.clone())),
        _ => None,
    };
    read.get(..N)?.iter().map(part).collect::<Option<Vec<_>>>()?.try_into().ok()
}

/// Returns the text of a value, if it is one.
pub(super) fn text(value: Option<&Value>) -> Option<&str> {
    match value {
        Some(Value::String(Some(text))) => Some(text),
        _ => None,
    }
}

/// Returns the text that `json.loads` reads from a value, if it accepts the value.
pub(super) fn document(value: Option<&Value>) -> Option<Cow<'_, str>> {
    match value {
        Some(Value::String(Some(text))) => Some(Cow::Borrowed(text)),
        Some(Value::Bytes(Some(bytes))) => encoding::decode(bytes),
        _ => None,
    }
}

/// Returns a column's value as Python gets it from the database.
pub(super) fn operand(value: &Value) -> Operand<'_> {
    match value {
        Value::BigInt(Some(number)) => Operand::from(*number),
        Value::Double(Some(number)) => Operand::from(*number),
        Value::String(Some(text)) => Operand::from(text.as_str()),
        Value::Bytes(Some(bytes)) => Operand::Bytes(bytes),
        _ => Operand::NotANumber,
    }
}

/// Returns the result of a `COUNT`.
pub(crate) fn count(value: Option<&Value>) -> u64 {
    match value {
        Some(Value::BigInt(Some(number))) => number.unsigned_abs(),
        _ => 0,
    }
}

/// Returns a copy of the value, or NULL without one.
pub(super) fn owned(value: Option<&Value>) -> Value {
    value.cloned().unwrap_or(Value::String(None))
}

/// Returns whether a number is short without an exponent.
fn is_plain(number: f64) -> bool {
    number == 0.0 || (1e-5..1e16).contains(&number.abs())
}

/// Formats a value for a message, shortened.
pub(crate) fn display(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(Some(text))) => {
            let short: String = text.chars().take(60).collect();
            format!("{short:?}")
        }
        Some(Value::BigInt(Some(number))) => number.to_string(),
        Some(Value::Double(Some(number))) if is_plain(*number) => number.to_string(),
        Some(Value::Double(Some(number))) => format!("{number:e}"),
        Some(Value::Bytes(Some(bytes))) => {
            let short: String = bytes.iter().take(30).map(|byte| format!("{byte:02x}")).collect();
            format!("x'{short}'")
        }
        _ => "NULL".to_owned(),
    }
}
