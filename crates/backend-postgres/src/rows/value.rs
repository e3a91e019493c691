//! Encodes and decodes values in the server's binary format.
//!
//! A parameter's type is the type that the server infers from the statement: a number may stand for
//! a boolean, and a text for JSON. Query results are decoded into the few kinds of values that core
//! knows.

use std::fmt;

use sea_query::Value;
use sqlx::encode::{Encode, IsNull};
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArgumentBuffer, PgTypeInfo, PgTypeKind, PgValueRef, Postgres};
use sqlx::{Type, TypeInfo, ValueRef};

/// The format version with which a `jsonb` value begins.
const JSONB_VERSION: u8 = 1;
/// The days from the civil calendar's era (0000-03-01) to PostgreSQL's (2000-01-01).
const DAYS_TO_2000: i64 = 730_425;

/// A value that does not fit its type.
#[derive(Debug)]
struct Unfit(String);

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unfit {}

/// A value, and the type that the server expects.
#[derive(Debug)]
pub(crate) struct Parameter {
    pub(crate) value: Value,
    pub(crate) type_info: PgTypeInfo,
}

impl Type<Postgres> for Parameter {
    fn type_info() -> PgTypeInfo {
        <str as Type<Postgres>>::type_info()
    }
}

impl Encode<'_, Postgres> for Parameter {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let Some(plain) = Plain::of(&self.value) else { return Ok(IsNull::Yes) };
        let type_name = self.type_info.name();
        let unfit = || Unfit(format!("{} does not fit into {type_name}", plain.kind()));
        match type_name {
            "BOOL" => buffer.push(u8::from(plain.as_bool().ok_or_else(unfit)?)),
            "INT2" => {
                let number = plain.as_integer().and_then(|it| i16::try_from(it).ok());
                buffer.extend(number.ok_or_else(unfit)?.to_be_bytes());
            }
            "INT4" => {
                let number = plain.as_integer().and_then(|it| i32::try_from(it).ok());
                buffer.extend(number.ok_or_else(unfit)?.to_be_bytes());
            }
            "INT8" => buffer.extend(plain.as_integer().ok_or_else(unfit)?.to_be_bytes()),
            "FLOAT8" => buffer.extend(plain.as_float().ok_or_else(unfit)?.to_be_bytes()),
            "BYTEA" => match plain {
                Plain::Bytes(bytes) => buffer.extend(bytes),
                _ => return Err(unfit().into()),
            },
            "JSONB" => {
                buffer.push(JSONB_VERSION);
                buffer.extend(plain.text().ok_or_else(unfit)?.as_bytes());
            }
            "TEXT" | "VARCHAR" | "CHAR" | "NAME" | "UNKNOWN" | "JSON" | "citext" => {
                buffer.extend(plain.text().ok_or_else(unfit)?.as_bytes());
            }
            _ => return Err(unfit().into()),
        }
        Ok(IsNull::No)
    }

    fn produces(&self) -> Option<PgTypeInfo> {
        Some(self.type_info.clone())
    }
}

/// The kinds of values. [`Plain::of`] returns `None` for NULL.
enum Plain<'a> {
    Integer(i64),
    Float(f64),
    Text(&'a str),
    Owned(String),
    Bytes(&'a [u8]),
}

impl<'a> Plain<'a> {
    fn of(value: &'a Value) -> Option<Self> {
        Some(match value {
            Value::Bool(flag) => Self::Integer(i64::from((*flag)?)),
            Value::TinyInt(number) => Self::Integer(i64::from((*number)?)),
            Value::SmallInt(number) => Self::Integer(i64::from((*number)?)),
            Value::Int(number) => Self::Integer(i64::from((*number)?)),
            Value::BigInt(number) => Self::Integer((*number)?),
            Value::TinyUnsigned(number) => Self::Integer(i64::from((*number)?)),
            Value::SmallUnsigned(number) => Self::Integer(i64::from((*number)?)),
            Value::Unsigned(number) => Self::Integer(i64::from((*number)?)),
            Value::BigUnsigned(number) => {
                let number = (*number)?;
                i64::try_from(number)
                    .map_or_else(|_| Self::Owned(number.to_string()), Self::Integer)
            }
            Value::Float(number) => Self::Float(f64::from((*number)?)),
            Value::Double(number) => Self::Float((*number)?),
            Value::String(text) => Self::Text(text.as_deref()?),
            Value::Char(one) => Self::Owned((*one)?.to_string()),
            Value::Bytes(bytes) => Self::Bytes(bytes.as_deref()?),
            Value::Enum(_) => return None,
        })
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a float",
            Self::Text(_) | Self::Owned(_) => "a text",
            Self::Bytes(_) => "a value of bytes",
        }
    }

    fn as_bool(&self) -> Option<bool> {
        match self.as_integer()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            _ => None,
        }
    }

    fn as_float(&self) -> Option<f64> {
        match self {
            Self::Float(number) => Some(*number),
            Self::Integer(number) => Some(*number as f64),
            _ => None,
        }
    }

    /// Returns a text that the server reads as this value, in any type that can hold the value.
    ///
    /// Rust writes a float with the fewest digits that identify it.
    fn text(&self) -> Option<String> {
        Some(match self {
            Self::Integer(number) => number.to_string(),
            Self::Float(number) => number.to_string(),
            Self::Text(text) => (*text).to_owned(),
            Self::Owned(text) => text.clone(),
            Self::Bytes(_) => return None,
        })
    }
}

/// Returns the text from which the server reads a value, whatever type the text is cast to.
///
/// The text of `-0.0` is `0`: MLflow writes floats with psycopg2, which sends `-0.0` as a NUMERIC.
pub(crate) fn to_text(value: &Value) -> Option<String> {
    let plain = match Plain::of(value)? {
        Plain::Float(number) => Plain::Float(number + 0.0),
        plain => plain,
    };
    plain.text().or_else(|| match plain {
        Plain::Bytes(bytes) => {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            Some(format!("\\x{digits}"))
        }
        _ => None,
    })
}

/// Decodes a value of a result.
pub(crate) fn decode(found: &PgValueRef<'_>) -> Result<Value, BoxDynError> {
    if found.is_null() {
        return Ok(Value::String(None));
    }
    let bytes = found.as_bytes()?;
    let type_info = found.type_info();
    let text = |bytes: &[u8]| -> Result<Value, BoxDynError> {
        Ok(Value::String(Some(str::from_utf8(bytes)?.to_owned())))
    };
    let integer = |number: i64| Ok(Value::BigInt(Some(number)));
    match type_info.name() {
        "BOOL" => integer(i64::from(u8::from_be_bytes(fixed(bytes)?) != 0)),
        "INT2" => integer(i64::from(i16::from_be_bytes(fixed(bytes)?))),
        "INT4" => integer(i64::from(i32::from_be_bytes(fixed(bytes)?))),
        "INT8" => integer(i64::from_be_bytes(fixed(bytes)?)),
        "OID" => integer(i64::from(u32::from_be_bytes(fixed(bytes)?))),
        "FLOAT4" => Ok(Value::Double(Some(f64::from(f32::from_be_bytes(fixed(bytes)?))))),
        "FLOAT8" => Ok(Value::Double(Some(f64::from_be_bytes(fixed(bytes)?)))),
        "NUMERIC" => numeric(bytes),
        "BYTEA" => Ok(Value::Bytes(Some(bytes.to_vec()))),
        "JSONB" => text(bytes.get(1..).unwrap_or_default()),
        "DATE" => date(i32::from_be_bytes(fixed(bytes)?)),
        "TEXT" | "VARCHAR" | "CHAR" | "\"CHAR\"" | "NAME" | "UNKNOWN" | "JSON" | "citext" => {
            text(bytes)
        }
        _ if matches!(type_info.kind(), PgTypeKind::Enum(_)) => text(bytes),
        other => Err(Unfit(format!("a value of type {other} cannot be read here")).into()),
    }
}

fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N], BoxDynError> {
    Ok(bytes.try_into()?)
}

/// Decodes a NUMERIC: digits in base 10,000, the weight of the first digit, and a sign.
fn numeric(bytes: &[u8]) -> Result<Value, BoxDynError> {
    const NEGATIVE: i16 = 0x4000;
    let mut words = bytes.chunks_exact(2).map(|pair| match pair {
        [high, low] => i16::from_be_bytes([*high, *low]),
        _ => 0,
    });
    let mut next = || words.next().ok_or_else(|| Unfit("a truncated NUMERIC".to_owned()));
    let (count, weight, sign, _scale) = (next()?, next()?, next()?, next()?);
    if sign != 0 && sign != NEGATIVE {
        return Ok(Value::Double(Some(special(sign))));
    }
    let mut digits = String::new();
    for _ in 0..count {
        digits += &format!("{:04}", next()?);
    }
    let minus = if sign == NEGATIVE { "-" } else { "" };
    let exponent = (i32::from(weight) - i32::from(count) + 1) * 4;
    let whole = format!("{minus}{digits}{}", "0".repeat(usize::try_from(exponent).unwrap_or(0)));
    let as_integer = || {
        let bare = match usize::try_from(-exponent) {
            Ok(places) => {
                let (whole, fraction) = whole.split_at_checked(whole.len().checked_sub(places)?)?;
                fraction.chars().all(|digit| digit == '0').then_some(whole)?
            }
            Err(_) => &whole,
        };
        bare.parse::<i64>().ok()
    };
    if count == 0 {
        return Ok(Value::BigInt(Some(0)));
    }
    match as_integer() {
        Some(number) => Ok(Value::BigInt(Some(number))),
        None => Ok(Value::Double(Some(format!("{minus}{digits}e{exponent}").parse()?))),
    }
}

fn special(sign: i16) -> f64 {
    match sign.cast_unsigned() {
        0xD000 => f64::INFINITY,
        0xF000 => f64::NEG_INFINITY,
        _ => f64::NAN,
    }
}

/// Formats a date in ISO 8601, by Howard Hinnant's algorithm for the civil calendar.
fn date(days: i32) -> Result<Value, BoxDynError> {
    let shown = match days {
        i32::MAX => "infinity".to_owned(),
        i32::MIN => "-infinity".to_owned(),
        days => {
            let days = i64::from(days) + DAYS_TO_2000;
            let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
            let year_of_era =
                (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
            let day_of_year =
                day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
            let month_from_march = (5 * day_of_year + 2) / 153;
            let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
            let month = (month_from_march + 2) % 12 + 1;
            let year = year_of_era + era * 400 + i64::from(month <= 2);
            format!("{year:04}-{month:02}-{day:02}")
        }
    };
    Ok(Value::String(Some(shown)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sea_query::Value;

    use super::{date, numeric, to_text};

    /// Encodes words as the server sends a NUMERIC.
    fn words(words: &[i16]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    #[test]
    fn numerics_are_integers_where_they_can_be() {
        for (sent, expected) in [
            (&[0, 0, 0, 0][..], Value::BigInt(Some(0))),
            (&[1, 0, 0, 0, 7], Value::BigInt(Some(7))),
            (&[1, 1, 0, 0, 12], Value::BigInt(Some(120_000))),
            (&[2, 1, 0x4000, 0, 1, 23], Value::BigInt(Some(-10_023))),
            (&[2, 0, 0, 1, 1, 5000], Value::Double(Some(1.5))),
            (&[2, 0, 0, 2, 1, 0], Value::BigInt(Some(1))),
            (&[1, -1, 0, 1, 5000], Value::Double(Some(0.5))),
            (&[1, -2, 0, 5, 1], Value::Double(Some(1e-8))),
            (&[1, 5, 0, 0, 1], Value::Double(Some(1e20))),
            (&[0, 0, 0xD000_u16.cast_signed(), 0], Value::Double(Some(f64::INFINITY))),
        ] {
            assert_eq!(numeric(&words(sent)).unwrap(), expected, "{sent:?}");
        }
        assert!(numeric(&[0, 1]).is_err());
    }

    #[test]
    fn dates_are_iso() {
        for (days, expected) in [
            (0, "2000-01-01"),
            (-1, "1999-12-31"),
            (59, "2000-02-29"),
            (60, "2000-03-01"),
            (9_700, "2026-07-23"),
            (-730_119, "0001-01-01"),
            (i32::MAX, "infinity"),
        ] {
            assert_eq!(date(days).unwrap(), Value::String(Some(expected.to_owned())));
        }
    }

    #[test]
    fn every_value_has_a_text() {
        for (value, text) in [
            (Value::Bool(Some(true)), Some("1")),
            (Value::BigInt(Some(i64::MIN)), Some("-9223372036854775808")),
            (Value::BigUnsigned(Some(u64::MAX)), Some("18446744073709551615")),
            (Value::Double(Some(-0.0)), Some("0")),
            (Value::Double(Some(f64::NEG_INFINITY)), Some("-inf")),
            (Value::Double(Some(f64::NAN)), Some("NaN")),
            (Value::Bytes(Some(vec![0, 255])), Some("\\x00ff")),
            (Value::String(Some("a".to_owned())), Some("a")),
            (Value::String(None), None),
            (Value::BigInt(None), None),
        ] {
            assert_eq!(to_text(&value).as_deref(), text);
        }
    }

    proptest! {
        #[test]
        fn floats_keep_every_bit(bits: u64) {
            let number = f64::from_bits(bits);
            let read: f64 = to_text(&Value::Double(Some(number))).unwrap().parse().unwrap();
            prop_assert!(read.to_bits() == bits || number.is_nan() || bits << 1 == 0);
        }
    }
}
