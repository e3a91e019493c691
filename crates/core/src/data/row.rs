//! Reads values out of rows.

use sea_query::Value;

use crate::python::number::Operand;

/// The text of a value, if it is one.
pub(super) fn text(value: Option<&Value>) -> Option<&str> {
    match value {
        Some(Value::String(Some(text))) => Some(text),
        _ => None,
    }
}

/// A column's value as Python gets it from the database.
pub(super) fn operand(value: &Value) -> Operand<'_> {
    match value {
        Value::BigInt(Some(number)) => Operand::from(*number),
        Value::Double(Some(number)) => Operand::from(*number),
        Value::String(Some(text)) => Operand::from(text.as_str()),
        Value::Bytes(Some(bytes)) => Operand::Bytes(bytes),
        _ => Operand::NotANumber,
    }
}

/// The number that `COUNT` gives.
pub(crate) fn count(value: Option<&Value>) -> u64 {
    match value {
        Some(Value::BigInt(Some(number))) => number.unsigned_abs(),
        _ => 0,
    }
}

/// The value, or NULL if there is none.
pub(super) fn owned(value: Option<&Value>) -> Value {
    value.cloned().unwrap_or(Value::String(None))
}

/// A value as a person would write it, cut short.
pub(super) fn display(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(Some(text))) => {
            let short: String = text.chars().take(60).collect();
            format!("{short:?}")
        }
        Some(Value::BigInt(Some(number))) => number.to_string(),
        Some(Value::Double(Some(number))) => number.to_string(),
        Some(Value::Bytes(Some(bytes))) => {
            let short: String = bytes.iter().take(30).map(|byte| format!("{byte:02x}")).collect();
            format!("x'{short}'")
        }
        _ => "NULL".to_owned(),
    }
}
