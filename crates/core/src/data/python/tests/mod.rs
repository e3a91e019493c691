//! Tests Python's rules: with a table each, with the oracle's table, and as properties.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may panic")]

mod encoding;
mod json;
mod number;
mod oracle;
mod properties;
mod text;

use super::json::Json;
use super::string::PythonStr;

/// Formats a value as `canonical` of `tests/oracle/python_semantics.py` does.
fn canonical(value: &Json<'_>) -> String {
    match value {
        Json::Null => "null".to_owned(),
        Json::Bool(value) => value.to_string(),
        Json::Integer(integer) => format!("i{integer}"),
        Json::Float(float) => format!("f{}", float_bits(*float)),
        Json::String(string) => canonical_string(string),
        Json::Array(array) => {
            let items: Vec<String> = array.iter().map(canonical).collect();
            format!("[{}]", items.join(","))
        }
        Json::Object(object) => {
            let entry = |(key, value)| format!("{}:{}", canonical_string(key), canonical(value));
            format!("{{{}}}", object.iter().map(entry).collect::<Vec<_>>().join(","))
        }
    }
}

fn canonical_string(string: &PythonStr<'_>) -> String {
    let points: Vec<String> = string.iter().map(|point| format!("{point:x}")).collect();
    format!("s{};", points.join("."))
}

fn float_bits(float: f64) -> String {
    if float.is_nan() { "nan".to_owned() } else { format!("{:016x}", float.to_bits()) }
}
