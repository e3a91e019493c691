//! Implements MLflow's conversions of JSON and column values to floats and token counts.

use super::integer::Integer;
use super::json::Json;
use super::string::PythonStr;
use super::{decimal, float};

/// The kinds of values that the conversions distinguish.
///
/// A value comes from a JSON document or a column, which may hold any type in SQLite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Operand<'a> {
    /// `None`, a `bool`, a `list`, a `dict` or a string with a lone surrogate: never a number.
    NotANumber,
    /// A Python `int`.
    Integer(Integer<'a>),
    /// A Python `float`.
    Float(f64),
    /// A Python `str`.
    Text(&'a str),
    /// A Python `bytes`.
    Bytes(&'a [u8]),
}

impl From<i64> for Operand<'_> {
    fn from(value: i64) -> Self {
        Self::Integer(Integer::from(value))
    }
}

impl From<f64> for Operand<'_> {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl<'a> From<&'a str> for Operand<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a PythonStr<'_>> for Operand<'a> {
    fn from(text: &'a PythonStr<'_>) -> Self {
        text.as_utf8().map_or(Self::NotANumber, Self::Text)
    }
}

impl<'a> From<&'a Json<'_>> for Operand<'a> {
    fn from(value: &'a Json<'_>) -> Self {
        match value {
            Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => Self::NotANumber,
            Json::Integer(integer) => Self::Integer(*integer),
            Json::Float(float) => Self::Float(*float),
            Json::String(text) => Self::from(text),
        }
    }
}

/// Returns `float(value)`, unless that raises or is not finite: MLflow's `finite_float_or_none`.
///
/// `None` and `bool` are never numbers. Neither is an `int` too large for a float.
pub fn finite_float<'a>(value: impl Into<Operand<'a>>) -> Option<f64> {
    float(value).filter(|float| float.is_finite())
}

/// Returns `float(value)`, unless that raises. Bytes count as ASCII text.
pub fn float<'a>(value: impl Into<Operand<'a>>) -> Option<f64> {
    match value.into() {
        Operand::NotANumber => None,
        Operand::Integer(integer) => integer.to_f64().ok(),
        Operand::Float(float) => Some(float),
        Operand::Text(text) => float::from_text(text),
        Operand::Bytes(bytes) => {
            let text = str::from_utf8(bytes).ok().filter(|text| text.is_ascii());
            text.and_then(float::from_text)
        }
    }
}

/// Returns a token count: MLflow's `token_count_or_none`.
///
/// Computes `int(Decimal(str(value)))`. `None` if the result is not an integer, or does not fit a
/// `BIGINT`.
///
/// A float counts by its `repr`, not by its exact value: `2.0**63` is `9.223372036854776e+18`,
/// which is beyond `BIGINT`, and so is `-2.0**63`.
pub fn token_count<'a>(value: impl Into<Operand<'a>>) -> Option<i64> {
    match value.into() {
        // `str` of bytes begins with `b'`.
        Operand::NotANumber | Operand::Bytes(_) => None,
        Operand::Integer(integer) => integer.to_i64(),
        Operand::Float(float) => token_count_of_float(float),
        Operand::Text(text) => decimal::integer_from_text(text),
    }
}

fn token_count_of_float(float: f64) -> Option<i64> {
    const EXACT: f64 = (1_i64 << f64::MANTISSA_DIGITS) as f64;

    if float.abs() < EXACT {
        // Below this limit, the digits of `repr` are those of the exact value.
        return (float.fract() == 0.0).then_some(float as i64);
    }
    if float.abs() < 1e19 {
        // Rust's shortest digits that read back as the same float are the digits of `repr`. The two
        // could differ only halfway between two candidates, and no integer is halfway.
        return decimal::integer_from_text(&format!("{float:e}"));
    }
    None
}
