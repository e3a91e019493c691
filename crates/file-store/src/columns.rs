//! Converts values of YAML to those that SQLite stores in a column.
//!
//! MLflow hands Python's values to SQLite as they are. SQLite then converts a number to text in a
//! text column, and a text that is a number to the number in an integer column.

use sea_query::Value;

use crate::reason::Reason;
use crate::yaml::{Mapping, Yaml};

/// A field of a mapping, on its way to a column.
#[derive(Clone, Copy)]
pub(crate) struct Field<'a> {
    name: &'static str,
    value: Option<&'a Yaml>,
}

impl Mapping {
    /// Returns a field. Null is like a missing field, as MLflow's ORM takes both.
    pub(crate) fn field(&self, name: &'static str) -> Field<'_> {
        Field { name, value: self.get(name) }
    }
}

impl<'a> Field<'a> {
    /// Makes a field of a value.
    pub(crate) fn new(name: &'static str, value: Option<&'a Yaml>) -> Self {
        Self { name, value }
    }

    /// Returns the value of a text column.
    pub(crate) fn text(self) -> Result<Option<String>, Reason> {
        let Some(value) = self.value else { return Ok(None) };
        Ok(match value {
            Yaml::Null => None,
            Yaml::Bool(value) => Some(u8::from(*value).to_string()),
            Yaml::Integer(value) => Some(value.to_string()),
            Yaml::Float(value) => float_as_text(*value),
            Yaml::Text(text) | Yaml::Timestamp(text) => Some(text.clone()),
            Yaml::BigInteger(_) | Yaml::Sequence(_) | Yaml::Mapping(_) => {
                return Err(self.wrong_type("text"));
            }
        })
    }

    /// Returns the value of a text column that is not null.
    pub(crate) fn required_text(self) -> Result<String, Reason> {
        self.text()?.ok_or(Reason::Missing(self.name))
    }

    /// Returns the value of a text column with a CHECK on its values.
    pub(crate) fn one_of(self, known: &[&str], default: &str) -> Result<String, Reason> {
        let value = self.text()?.unwrap_or_else(|| default.to_owned());
        if known.contains(&value.as_str()) {
            return Ok(value);
        }
        let value = value.chars().take(40).collect();
        Err(Reason::Unknown { field: self.name, value })
    }

    /// Returns the value of an integer column.
    pub(crate) fn integer(self) -> Result<Option<i64>, Reason> {
        let integer = match self.value {
            None | Some(Yaml::Null) => return Ok(None),
            Some(Yaml::Float(value)) if value.is_nan() => return Ok(None),
            Some(Yaml::Bool(value)) => Some(i64::from(*value)),
            Some(Yaml::Integer(value)) => Some(*value),
            Some(Yaml::Float(value)) => whole(*value),
            Some(Yaml::Text(text)) => {
                let number = text.trim_matches(|character: char| character.is_ascii_whitespace());
                let digits = number.trim_start_matches(['+', '-']);
                let is_number =
                    digits.starts_with(|first: char| first.is_ascii_digit() || first == '.');
                let is_number =
                    is_number && !number.ends_with(|last: char| last.is_ascii_alphabetic());
                let whole = || number.parse().ok().and_then(whole).filter(|_| is_number);
                number.parse().ok().or_else(whole)
            }
            Some(_) => None,
        };
        integer.map(Some).ok_or_else(|| self.wrong_type("integer"))
    }

    /// Returns the value of an integer column that is not null.
    pub(crate) fn required_integer(self) -> Result<i64, Reason> {
        self.integer()?.ok_or(Reason::Missing(self.name))
    }

    /// Returns the value of a boolean column.
    pub(crate) fn boolean(self) -> Result<Option<bool>, Reason> {
        match self.value {
            None | Some(Yaml::Null) => Ok(None),
            Some(Yaml::Bool(value)) => Ok(Some(*value)),
            Some(Yaml::Integer(0)) => Ok(Some(false)),
            Some(Yaml::Integer(1)) => Ok(Some(true)),
            Some(Yaml::Float(value)) if *value == 0.0 || *value == 1.0 => Ok(Some(*value == 1.0)),
            Some(_) => Err(self.wrong_type("boolean")),
        }
    }

    /// Returns `int(value)`; `None` if there is no value.
    pub(crate) fn to_int(self) -> Result<Option<i64>, Reason> {
        let integer = match self.value {
            None => return Ok(None),
            Some(Yaml::Bool(value)) => Some(i64::from(*value)),
            Some(Yaml::Integer(value)) => Some(*value),
            Some(Yaml::Float(value)) => whole(value.trunc()),
            Some(Yaml::Text(text)) => mlflow_migrate_core::data::python::integer::from_text(text),
            Some(_) => None,
        };
        integer.map(Some).ok_or_else(|| self.wrong_type("integer"))
    }

    pub(crate) fn wrong_type(self, expected: &'static str) -> Reason {
        Reason::WrongType { field: self.name, expected }
    }
}

/// Returns a float as the integer that it is, where 64 bits hold it.
fn whole(value: f64) -> Option<i64> {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    (value.fract() == 0.0 && (-LIMIT..LIMIT).contains(&value)).then_some(value as i64)
}

/// Returns a float as SQLite converts it to text: 15 digits, of which one follows the point.
fn float_as_text(value: f64) -> Option<String> {
    if value.is_nan() {
        return None;
    }
    if value.is_infinite() {
        return Some(if value > 0.0 { "Inf" } else { "-Inf" }.to_owned());
    }
    let scientific = format!("{value:.14e}");
    let (digits, exponent) = scientific.split_once('e')?;
    let exponent: i32 = exponent.parse().ok()?;
    if (-4..15).contains(&exponent) {
        let decimals = usize::try_from(14 - exponent).unwrap_or_default();
        return Some(with_one_decimal(&format!("{value:.decimals$}")));
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    Some(format!("{}e{sign}{:02}", with_one_decimal(digits), exponent.unsigned_abs()))
}

fn with_one_decimal(number: &str) -> String {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let fraction = fraction.trim_end_matches('0');
    format!("{whole}.{}", if fraction.is_empty() { "0" } else { fraction })
}

/// Returns a value for a text column.
pub(crate) fn text(value: impl Into<String>) -> Value {
    Value::String(Some(value.into()))
}

/// Returns a value for a text column that may be null.
pub(crate) fn optional_text(value: Option<String>) -> Value {
    Value::String(value)
}

/// Returns a value for an integer column.
pub(crate) fn integer(value: i64) -> Value {
    Value::BigInt(Some(value))
}

/// Returns a value for an integer column that may be null.
pub(crate) fn optional_integer(value: Option<i64>) -> Value {
    Value::BigInt(value)
}

#[cfg(test)]
mod tests {
    use super::{Field, float_as_text};
    use crate::yaml::Yaml;

    #[test]
    fn a_float_becomes_text_as_in_sqlite() {
        let cases = [
            (1.5, "1.5"),
            (1000.0, "1000.0"),
            (0.1, "0.1"),
            (1e20, "1.0e+20"),
            (1.25e-7, "1.25e-07"),
            (123_456_789.123_456_79, "123456789.123457"),
            (f64::INFINITY, "Inf"),
        ];
        for (value, expected) in cases {
            assert_eq!(float_as_text(value).as_deref(), Some(expected));
        }
        assert_eq!(float_as_text(f64::NAN), None);
    }

    #[test]
    fn a_text_that_is_a_whole_number_fits_an_integer_column() {
        let integer = |value: &Yaml| Field::new("end_time", Some(value)).integer().ok().flatten();
        for (text, expected) in [
            ("12", Some(12)),
            (" 12 ", Some(12)),
            ("1.0", Some(1)),
            ("1e3", Some(1000)),
            ("1.5", None),
            ("inf", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(integer(&Yaml::Text(text.to_owned())), expected, "{text:?}");
        }
        assert_eq!(integer(&Yaml::Float(2.0)), Some(2));
        assert_eq!(integer(&Yaml::Float(2.5)), None);
        assert_eq!(integer(&Yaml::Bool(true)), Some(1));
    }
}
