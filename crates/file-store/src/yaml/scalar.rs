//! Gives scalars their types, by the patterns of PyYAML's resolver for YAML 1.1.

use std::borrow::Cow;
use std::num::IntErrorKind;

use super::timestamp;
use super::value::Yaml;
use crate::reason::Reason;

pub(super) const SEQUENCE: &str = "tag:yaml.org,2002:seq";
pub(super) const MAPPING: &str = "tag:yaml.org,2002:map";

/// The number of digits that 128 bits hold for certain.
const LONGEST_NUMBER: usize = 38;

/// The most digits that Python 3.11 converts to an integer.
const MOST_DIGITS: usize = 4300;

/// Returns the value of a scalar.
///
/// A tag decides on its type, and without one the text, if it is plain.
pub(super) fn resolve(
    text: Cow<'_, str>,
    is_plain: bool,
    tag: Option<&str>,
) -> Result<Yaml, Reason> {
    match tag {
        None if is_plain => resolve_plain(text),
        // PyYAML takes a quoted scalar with this tag for a plain one.
        Some("!") => resolve_plain(text),
        None | Some("tag:yaml.org,2002:str") => Ok(Yaml::Text(text.into_owned())),
        Some("tag:yaml.org,2002:null") => Ok(Yaml::Null),
        Some("tag:yaml.org,2002:bool") => {
            boolean(&text.to_ascii_lowercase()).map(Yaml::Bool).ok_or_else(|| bad(&text))
        }
        Some("tag:yaml.org,2002:int") => integer(&text),
        Some("tag:yaml.org,2002:float") => float(&text),
        Some("tag:yaml.org,2002:timestamp") => {
            timestamp::construct(&text).ok_or_else(|| bad(&text))
        }
        Some(tag) => Err(other_tag(tag)),
    }
}

/// Returns why a tag is refused.
pub(super) fn other_tag(tag: &str) -> Reason {
    match tag.strip_prefix("tag:yaml.org,2002:") {
        Some("binary" | "omap" | "pairs" | "set") => {
            Reason::UnsupportedYaml("it has a tag of a type that no column has")
        }
        _ => Reason::InvalidYaml("it has a tag that safe_load does not know".to_owned()),
    }
}

fn bad(text: &str) -> Reason {
    let shown: String = text.chars().take(40).collect();
    Reason::InvalidYaml(format!("the value {shown:?} does not fit its type"))
}

/// Resolves a plain scalar. The order is that of PyYAML's patterns.
fn resolve_plain(text: Cow<'_, str>) -> Result<Yaml, Reason> {
    let Some(first) = text.bytes().next() else { return Ok(Yaml::Null) };
    match first {
        b'~' | b'n' | b'N' if matches!(&*text, "~" | "null" | "Null" | "NULL") => {
            return Ok(Yaml::Null);
        }
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' => {
            if let Some(value) = plain_boolean(&text) {
                return Ok(Yaml::Bool(value));
            }
        }
        b'-' | b'+' | b'.' | b'0'..=b'9' => {
            if is_float(&text) {
                return float(&text);
            }
            if is_integer(&text) {
                return integer(&text);
            }
            if timestamp::matches(&text) {
                return timestamp::construct(&text).ok_or_else(|| bad(&text));
            }
        }
        b'=' if text == "=" => return Err(bad(&text)),
        _ => {}
    }
    Ok(Yaml::Text(text.into_owned()))
}

/// Returns a boolean that is written all small, all large, or with a capital.
fn plain_boolean(text: &str) -> Option<bool> {
    let rest = text.get(1..)?;
    let is_small = |text: &str| text.bytes().all(|byte| byte.is_ascii_lowercase());
    let is_large = |text: &str| text.bytes().all(|byte| byte.is_ascii_uppercase());
    (is_small(rest) || is_large(text)).then(|| boolean(&text.to_ascii_lowercase()))?
}

fn boolean(lower: &str) -> Option<bool> {
    match lower {
        "yes" | "true" | "on" => Some(true),
        "no" | "false" | "off" => Some(false),
        _ => None,
    }
}

fn without_sign(text: &str) -> &str {
    text.strip_prefix(['-', '+']).unwrap_or(text)
}

/// Returns whether each byte is a digit of the base, or an underscore.
fn all_digits(text: &str, base: u32) -> bool {
    text.chars().all(|character| character == '_' || character.is_digit(base))
}

/// Returns whether all are parts of sixty: one or two digits, the first below six.
fn all_sixtieths<'a>(mut parts: impl Iterator<Item = &'a str>) -> bool {
    parts.all(|part| match part.as_bytes() {
        [one] => one.is_ascii_digit(),
        [ten, one] => (b'0'..=b'5').contains(ten) && one.is_ascii_digit(),
        _ => false,
    })
}

fn is_integer(text: &str) -> bool {
    let digits = without_sign(text);
    match digits.as_bytes() {
        [b'0'] => true,
        [b'0', b'b', _, ..] => all_digits(&digits[2..], 2),
        [b'0', b'x', _, ..] => all_digits(&digits[2..], 16),
        [b'0', ..] => all_digits(digits, 8),
        [b'1'..=b'9', ..] => {
            let mut parts = digits.split(':');
            parts.next().is_some_and(|first| all_digits(first, 10)) && all_sixtieths(parts)
        }
        _ => false,
    }
}

fn is_float(text: &str) -> bool {
    if matches!(text, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    let number = without_sign(text);
    if matches!(number, ".inf" | ".Inf" | ".INF") {
        return true;
    }
    let Some((whole, rest)) = number.split_once('.') else { return false };
    if whole.is_empty() {
        // PyYAML allows no sign here.
        let (fraction, exponent) = split_exponent(rest);
        return number.len() == text.len()
            && fraction.starts_with(|first: char| first.is_ascii_digit())
            && all_digits(fraction, 10)
            && is_exponent(exponent);
    }
    let mut parts = whole.split(':');
    let first = parts.next().unwrap_or_default();
    if !first.starts_with(|first: char| first.is_ascii_digit()) || !all_digits(first, 10) {
        return false;
    }
    if whole.len() > first.len() {
        return all_sixtieths(parts) && all_digits(rest, 10);
    }
    let (fraction, exponent) = split_exponent(rest);
    all_digits(fraction, 10) && is_exponent(exponent)
}

fn split_exponent(text: &str) -> (&str, Option<&str>) {
    match text.split_once(['e', 'E']) {
        Some((fraction, exponent)) => (fraction, Some(exponent)),
        None => (text, None),
    }
}

fn is_exponent(exponent: Option<&str>) -> bool {
    let Some(exponent) = exponent else { return true };
    exponent
        .strip_prefix(['-', '+'])
        .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|d| d.is_ascii_digit()))
}

/// Returns the value of an integer, as PyYAML's `construct_yaml_int` computes it.
fn integer(text: &str) -> Result<Yaml, Reason> {
    let plain = text.replace('_', "");
    let negative = plain.starts_with('-');
    let digits = without_sign(&plain);
    let magnitude = if let Some(digits) = digits.strip_prefix("0b") {
        parse(digits, 2)
    } else if let Some(digits) = digits.strip_prefix("0x") {
        parse(digits, 16)
    } else if digits.len() > 1 && digits.starts_with('0') {
        parse(digits, 8)
    } else if digits.contains(':') {
        digits.split(':').try_fold(0, |sum: i128, part| {
            let sum = sum.checked_mul(60).and_then(|sum| sum.checked_add(part.parse().ok()?));
            sum.ok_or_else(too_large)
        })
    } else if digits.len() > LONGEST_NUMBER && digits.len() <= MOST_DIGITS {
        let is_number = digits.bytes().all(|digit| digit.is_ascii_digit());
        let sign = if negative { "-" } else { "" };
        let number = is_number.then(|| Yaml::BigInteger(format!("{sign}{digits}")));
        return number.ok_or_else(|| bad(text));
    } else {
        digits.parse().map_err(|_| bad(text))
    };
    let magnitude = magnitude?;
    let value = if negative { -magnitude } else { magnitude };
    Ok(i64::try_from(value).map_or_else(|_| Yaml::BigInteger(value.to_string()), Yaml::Integer))
}

/// Returns the number that digits of a base are.
fn parse(digits: &str, base: u32) -> Result<i128, Reason> {
    i128::from_str_radix(digits, base).map_err(|error| match error.kind() {
        IntErrorKind::PosOverflow => too_large(),
        _ => bad(digits),
    })
}

fn too_large() -> Reason {
    Reason::UnsupportedYaml("an integer is too large")
}

/// Returns the value of a float, as PyYAML's `construct_yaml_float` computes it.
fn float(text: &str) -> Result<Yaml, Reason> {
    let plain = text.replace('_', "").to_ascii_lowercase();
    let sign = if plain.starts_with('-') { -1.0 } else { 1.0 };
    let number = without_sign(&plain);
    let magnitude = match number {
        ".inf" => Some(f64::INFINITY),
        ".nan" => return Ok(Yaml::Float(f64::NAN)),
        _ if number.contains(':') => sexagesimal(number),
        _ => mlflow_migrate_core::data::python::number::float(number),
    };
    magnitude.map(|magnitude| Yaml::Float(sign * magnitude)).ok_or_else(|| bad(text))
}

/// Adds from the last part to the first, since the order decides on the rounding.
fn sexagesimal(number: &str) -> Option<f64> {
    let mut base = 1.0;
    let mut sum = 0.0;
    for part in number.rsplit(':') {
        sum += part.parse::<f64>().ok()? * base;
        base *= 60.0;
    }
    Some(sum)
}
