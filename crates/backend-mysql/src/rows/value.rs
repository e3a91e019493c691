//! Converts values between core and the server.

use mlflow_migrate_core::rows::Row;
use sea_query::Value;
use sqlx::error::BoxDynError;
use sqlx::mysql::{MySqlArguments, MySqlRow, MySqlValueRef};
use sqlx::{Arguments, Decode, MySql, Row as _, Type, TypeInfo, ValueRef};

use crate::quoting;

/// Binds a value to a prepared statement.
pub(crate) fn bind(arguments: &mut MySqlArguments, value: Value) -> Result<(), BoxDynError> {
    match value {
        Value::Bool(flag) => arguments.add(flag.map(i64::from)),
        Value::TinyInt(number) => arguments.add(number.map(i64::from)),
        Value::SmallInt(number) => arguments.add(number.map(i64::from)),
        Value::Int(number) => arguments.add(number.map(i64::from)),
        Value::BigInt(number) => arguments.add(number),
        Value::TinyUnsigned(number) => arguments.add(number.map(i64::from)),
        Value::SmallUnsigned(number) => arguments.add(number.map(i64::from)),
        Value::Unsigned(number) => arguments.add(number.map(i64::from)),
        Value::BigUnsigned(number) => arguments.add(number),
        Value::Float(number) => arguments.add(number.map(f64::from)),
        Value::Double(number) => arguments.add(number),
        Value::String(text) => arguments.add(text),
        Value::Char(one) => arguments.add(one.map(|one| one.to_string())),
        Value::Bytes(bytes) => arguments.add(bytes),
        Value::Enum(_) => arguments.add(None::<String>),
    }
}

/// Renders a value as a literal for the session's own settings.
///
/// Backslashes escape, and the character set is the program's.
pub(crate) fn literal(value: &Value) -> String {
    let text = |text: &str| quoting::literal(text).replace('\0', "\\0");
    let plain = match value {
        Value::Bool(flag) => flag.map(|flag| u8::from(flag).to_string()),
        Value::TinyInt(number) => number.map(|number| number.to_string()),
        Value::SmallInt(number) => number.map(|number| number.to_string()),
        Value::Int(number) => number.map(|number| number.to_string()),
        Value::BigInt(number) => number.map(|number| number.to_string()),
        Value::TinyUnsigned(number) => number.map(|number| number.to_string()),
        Value::SmallUnsigned(number) => number.map(|number| number.to_string()),
        Value::Unsigned(number) => number.map(|number| number.to_string()),
        Value::BigUnsigned(number) => number.map(|number| number.to_string()),
        // A number with an exponent is a DOUBLE; without one it would be a DECIMAL.
        Value::Float(number) => number.map(|number| format!("{:e}", f64::from(number))),
        Value::Double(number) => number.map(|number| format!("{number:e}")),
        Value::String(found) => found.as_deref().map(text),
        Value::Char(one) => one.map(|one| text(&one.to_string())),
        Value::Bytes(bytes) => bytes.as_ref().map(|bytes| {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("x'{digits}'")
        }),
        Value::Enum(_) => None,
    };
    plain.unwrap_or_else(|| "NULL".to_owned())
}

/// Returns about how many bytes a value takes in a message.
pub(crate) fn size(value: &Value) -> usize {
    match value {
        Value::String(Some(text)) => text.len(),
        Value::Bytes(Some(bytes)) => bytes.len(),
        _ => 8,
    }
}

/// Reads the values of a row.
pub(crate) fn of_row(row: &MySqlRow) -> Result<Row, sqlx::Error> {
    let decode = |index: usize| {
        of_column(row.try_get_raw(index)?)
            .map_err(|source| sqlx::Error::ColumnDecode { index: index.to_string(), source })
    };
    (0..row.len()).map(decode).collect()
}

fn of_column(raw: MySqlValueRef<'_>) -> Result<Value, BoxDynError> {
    if raw.is_null() {
        return Ok(Value::String(None));
    }
    let info = raw.type_info().into_owned();
    let number = |raw| <i64 as Decode<'_, MySql>>::decode(raw).map(Value::from);
    match info.name() {
        "BOOLEAN" | "TINYINT" | "SMALLINT" | "INT" | "MEDIUMINT" | "BIGINT" => number(raw),
        "TINYINT UNSIGNED" | "SMALLINT UNSIGNED" | "INT UNSIGNED" | "MEDIUMINT UNSIGNED"
        | "BIGINT UNSIGNED" | "YEAR" => {
            let unsigned = <u64 as Decode<'_, MySql>>::decode(raw)?;
            Ok(i64::try_from(unsigned)?.into())
        }
        "FLOAT" | "DOUBLE" => Ok(<f64 as Decode<'_, MySql>>::decode(raw)?.into()),
        "DECIMAL" => decimal(str::from_utf8(bytes(raw)?)?),
        "DATE" | "DATETIME" | "TIMESTAMP" => Ok(date(bytes(raw)?).into()),
        "TIME" => Ok(time(bytes(raw)?).into()),
        "BIT" => Ok(bytes(raw)?.iter().fold(0_i64, |all, byte| all << 8 | i64::from(*byte)).into()),
        "JSON" => Ok(str::from_utf8(bytes(raw)?)?.into()),
        _ if <str as Type<MySql>>::compatible(&info) => Ok(str::from_utf8(bytes(raw)?)?.into()),
        _ => Ok(bytes(raw)?.to_vec().into()),
    }
}

fn bytes(raw: MySqlValueRef<'_>) -> Result<&[u8], BoxDynError> {
    <&[u8] as Decode<'_, MySql>>::decode(raw)
}

/// Reads a DECIMAL; the sum or the count of integers is an integer.
fn decimal(text: &str) -> Result<Value, BoxDynError> {
    match text.parse::<i64>() {
        Ok(number) => Ok(number.into()),
        Err(_) => Ok(text.parse::<f64>()?.into()),
    }
}

/// Reads `DATE`, `DATETIME` and `TIMESTAMP` of the binary protocol.
///
/// After a length follow year, month, day, hour, minute, second and microseconds, without trailing
/// zeros.
fn date(bytes: &[u8]) -> String {
    let at = |index: usize| bytes.get(index).copied().unwrap_or(0);
    let year = u16::from_le_bytes([at(1), at(2)]);
    let mut text = format!("{year:04}-{:02}-{:02}", at(3), at(4));
    if bytes.len() > 5 {
        text += &format!(" {:02}:{:02}:{:02}", at(5), at(6), at(7));
    }
    let micros = u32::from_le_bytes([at(8), at(9), at(10), at(11)]);
    if micros > 0 { text + &format!(".{micros:06}") } else { text }
}

/// Reads `TIME` of the binary protocol.
///
/// After a length follow the sign, days, hour, minute, second and microseconds.
fn time(bytes: &[u8]) -> String {
    let at = |index: usize| bytes.get(index).copied().unwrap_or(0);
    let days = u32::from_le_bytes([at(2), at(3), at(4), at(5)]);
    let hours = days * 24 + u32::from(at(6));
    let sign = if at(1) == 1 { "-" } else { "" };
    let text = format!("{sign}{hours:02}:{:02}:{:02}", at(7), at(8));
    let micros = u32::from_le_bytes([at(9), at(10), at(11), at(12)]);
    if micros > 0 { text + &format!(".{micros:06}") } else { text }
}

#[cfg(test)]
mod tests {
    use sea_query::Value;

    use super::{date, decimal, literal, time};

    #[test]
    fn literals_keep_every_byte_and_every_bit() {
        for (value, expected) in [
            (Value::from(true), "1"),
            (Value::from(i64::MIN), "-9223372036854775808"),
            (Value::from(0.1), "1e-1"),
            (Value::from(-0.0), "-0e0"),
            (Value::from("a'\\\0é"), r"'a''\\\0é'"),
            (Value::Bytes(Some(vec![0, 255])), "x'00ff'"),
            (Value::Double(None), "NULL"),
        ] {
            assert_eq!(literal(&value), expected);
        }
    }

    #[test]
    fn decimals_are_integers_where_they_are_whole() {
        assert_eq!(decimal("9223372036854775807").unwrap(), Value::from(i64::MAX));
        assert_eq!(decimal("1.50").unwrap(), Value::from(1.5));
        assert_eq!(
            decimal("9223372036854775808").unwrap(),
            Value::from(9_223_372_036_854_775_808.0)
        );
    }

    #[test]
    fn dates_and_times_are_text() {
        assert_eq!(date(&[4, 0xEA, 7, 2, 28]), "2026-02-28");
        assert_eq!(date(&[7, 0xEA, 7, 2, 28, 9, 8, 7]), "2026-02-28 09:08:07");
        assert_eq!(date(&[11, 0xEA, 7, 2, 28, 9, 8, 7, 1, 0, 0, 0]), "2026-02-28 09:08:07.000001");
        assert_eq!(time(&[8, 1, 1, 0, 0, 0, 2, 3, 4]), "-26:03:04");
    }
}
