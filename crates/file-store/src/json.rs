//! Writes JSON as Python's `json.dumps` does.

use std::fmt::Write;

use crate::reason::Reason;
use crate::yaml::Yaml;

/// Returns `json.dumps(value)`: ASCII only, with a blank after each comma and colon.
pub(crate) fn dumps(value: &Yaml) -> Result<String, Reason> {
    let mut json = String::new();
    write_value(value, &mut json)?;
    Ok(json)
}

/// Returns `repr(value)` of a float.
pub(crate) fn float_repr(value: f64) -> String {
    if value.is_nan() {
        return "nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    // Rust and Python choose the same shortest digits.
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..16).contains(&exponent) {
        let plain = value.to_string();
        return if plain.contains('.') { plain } else { plain + ".0" };
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
}

/// Writes a value. Its depth is limited, and so is the recursion.
fn write_value(value: &Yaml, json: &mut String) -> Result<(), Reason> {
    match value {
        Yaml::Null => json.push_str("null"),
        Yaml::Bool(value) => json.push_str(if *value { "true" } else { "false" }),
        Yaml::Integer(value) => json.push_str(&value.to_string()),
        Yaml::BigInteger(digits) => json.push_str(digits),
        Yaml::Float(value) => json.push_str(&float(*value)),
        Yaml::Text(text) => write_text(text, json),
        Yaml::Timestamp(_) => return Err(Reason::UnsupportedYaml("JSON has no timestamps")),
        Yaml::Sequence(items) => {
            json.push('[');
            for (position, item) in items.iter().enumerate() {
                if position > 0 {
                    json.push_str(", ");
                }
                write_value(item, json)?;
            }
            json.push(']');
        }
        Yaml::Mapping(mapping) => {
            json.push('{');
            for (position, (key, value)) in mapping.iter().enumerate() {
                if position > 0 {
                    json.push_str(", ");
                }
                write_key(key, json)?;
                json.push_str(": ");
                write_value(value, json)?;
            }
            json.push('}');
        }
    }
    Ok(())
}

fn write_key(key: &Yaml, json: &mut String) -> Result<(), Reason> {
    if let Yaml::Text(text) = key {
        write_text(text, json);
        return Ok(());
    }
    let mut text = String::new();
    write_value(key, &mut text)?;
    write_text(&text, json);
    Ok(())
}

fn float(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    float_repr(value)
}

fn write_text(text: &str, json: &mut String) {
    json.push('"');
    for character in text.chars() {
        match character {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            '\u{8}' => json.push_str("\\b"),
            '\u{c}' => json.push_str("\\f"),
            ' '..='~' => json.push(character),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    // Writing to a String cannot fail.
                    let _ = write!(json, "\\u{unit:04x}");
                }
            }
        }
    }
    json.push('"');
}

#[cfg(test)]
mod tests {
    use super::dumps;
    use crate::yaml;

    #[test]
    fn json_is_that_of_python() {
        let cases = [
            ("1.0", "1.0"),
            ("1.0e+16", "1e+16"),
            ("1.5e-5", "1.5e-05"),
            ("123456789012345.0", "123456789012345.0"),
            ("0.0001", "0.0001"),
            (".nan", "NaN"),
            ("-.inf", "-Infinity"),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
            ("[1, yes, ~, a]", "[1, true, null, \"a\"]"),
            (
                "{a: {}, 1: [], no: x, ~: y}",
                "{\"a\": {}, \"1\": [], \"false\": \"x\", \"null\": \"y\"}",
            ),
            (
                "\"\\\"\\\\\\n\\x7f\\u20ac\\U0001F600\"",
                "\"\\\"\\\\\\n\\u007f\\u20ac\\ud83d\\ude00\"",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(dumps(&yaml::load(text).unwrap()).unwrap(), expected);
        }
        assert!(dumps(&yaml::load("2020-01-01").unwrap()).is_err());
    }
}
