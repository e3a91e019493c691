//! Converts values from one database's form to another's, by the types of MLflow's columns.
//!
//! What a driver returns depends on the database: a boolean is an integer on SQLite and MySQL, and
//! SQLite stores any value in any column. The model's type decides what a value means.

use sea_query::Value;

use super::day::is_date;
use super::fault::Fault;
use crate::data::charset::Repertoire;
use crate::schema::platform::Dialect;
use crate::schema::{Column, ColumnType};

/// The most bytes of MySQL's `TEXT` and `BLOB`, of its `MEDIUMTEXT`, and of its `LONGTEXT`.
const TEXT: u64 = 65_535;
const MEDIUM_TEXT: u64 = 16_777_215;
const LONG_TEXT: u64 = 4_294_967_295;

/// A column that is copied.
#[derive(Clone, Debug)]
pub(crate) struct CopiedColumn {
    /// The column at the destination.
    pub(crate) column: Column,
    /// Whether the destination refuses NULL.
    refuses_null: bool,
    source: Dialect,
    destination: Dialect,
    /// Whether the source stores 32-bit floats.
    is_single_at_source: bool,
    /// Whether either side does.
    is_single: bool,
    repertoire: Repertoire,
}

impl CopiedColumn {
    /// Returns how a column is copied; `found` is the column at the source.
    pub(crate) fn new(
        column: &Column,
        found: &Column,
        is_key: bool,
        [source, destination]: [Dialect; 2],
        repertoire: Repertoire,
    ) -> Self {
        let is_single_at_source = is_single(found, source);
        Self {
            column: column.clone(),
            refuses_null: !column.nullable || is_key,
            source,
            destination,
            is_single_at_source,
            is_single: is_single_at_source || is_single(column, destination),
            repertoire,
        }
    }

    /// Returns the same column, as it is read back from the destination.
    pub(crate) fn read_back(&self, destination: Dialect) -> Self {
        let is_single_at_source = is_single(&self.column, destination);
        let is_single = self.is_single();
        Self { source: destination, is_single_at_source, is_single, ..self.clone() }
    }

    /// Returns whether either side stores 32-bit floats in the column.
    pub(crate) fn is_single(&self) -> bool {
        self.is_single
    }

    /// Returns whether the destination may refuse a value that the source holds.
    pub(crate) fn can_fail(&self) -> bool {
        self.source != self.destination || self.source != Dialect::Postgres
    }

    /// Returns the value as the destination stores it, or why it cannot, with the value.
    pub(crate) fn convert(&self, value: Value) -> Result<Value, (Fault, Value)> {
        let plain = Plain::of(value);
        match self.fault(&plain) {
            Some(fault) => Err((fault, plain.into_value())),
            None => Ok(self.stored(plain)),
        }
    }

    /// Returns a value that has no fault, as the destination stores it.
    fn stored(&self, plain: Plain) -> Value {
        let is_copied_as_it_is = self.is_within_sqlite();
        match (&self.column.column_type, plain) {
            // SQLite stores a document that is a number as the number.
            (ColumnType::Json, Plain::Integer(number)) => number.to_string().into(),
            (ColumnType::Json, Plain::Real(number)) if number.is_finite() => {
                json_number(number).into()
            }
            (_, plain) if is_copied_as_it_is => plain.into_value(),
            (ColumnType::Float | ColumnType::Double, Plain::Integer(number)) => {
                (number as f64).into()
            }
            (ColumnType::Float | ColumnType::Double, Plain::Real(number)) => {
                if self.is_single_at_source { widened(number).into() } else { number.into() }
            }
            (ColumnType::Boolean, Plain::Integer(number @ (0 | 1))) => (number == 1).into(),
            (_, plain) => plain.into_value(),
        }
    }

    /// Returns why the destination cannot store a value.
    fn fault(&self, plain: &Plain) -> Option<Fault> {
        if matches!(plain, Plain::Null) {
            return self.refuses_null.then_some(Fault::Null);
        }
        let column_type = &self.column.column_type;
        if self.is_within_sqlite() && *column_type != ColumnType::Json {
            let is_unreadable = is_text(column_type) && matches!(plain, Plain::Bytes(_));
            return is_unreadable.then(|| not_text(plain));
        }
        match column_type {
            of_text if is_text(of_text) => self.fault_of_text(plain),
            ColumnType::Integer => self.fault_of_integer(plain, true),
            ColumnType::BigInteger => self.fault_of_integer(plain, false),
            ColumnType::Float | ColumnType::Double => self.fault_of_number(plain),
            ColumnType::Boolean => self.fault_of_boolean(plain),
            ColumnType::Json => self.fault_of_json(plain),
            ColumnType::Binary => match plain {
                Plain::Bytes(bytes) => self.fault_of_length(bytes.len()),
                _ => Some(Fault::NotBytes),
            },
            ColumnType::Date => match plain {
                Plain::Text(text) if is_date(text) => None,
                _ => Some(Fault::NotDate),
            },
            _ => None,
        }
    }

    fn is_within_sqlite(&self) -> bool {
        self.source == Dialect::Sqlite && self.destination == Dialect::Sqlite
    }

    fn fault_of_text(&self, plain: &Plain) -> Option<Fault> {
        let Plain::Text(text) = plain else { return Some(not_text(plain)) };
        if let ColumnType::Varchar(most) = self.column.column_type
            && self.destination != Dialect::Sqlite
            && text.len() > most as usize
            && text.chars().count() > most as usize
        {
            return Some(Fault::TooManyCharacters(most));
        }
        self.fault_of_length(text.len()).or_else(|| match self.repertoire.holds(text) {
            true => None,
            false if self.destination == Dialect::Postgres => Some(Fault::Nul),
            false => Some(Fault::OutsideCharset),
        })
    }

    /// Refuses more bytes than the column's type holds on MySQL.
    fn fault_of_length(&self, bytes: usize) -> Option<Fault> {
        let most = match self.column.column_type {
            ColumnType::Text | ColumnType::Binary => TEXT,
            ColumnType::MediumText => MEDIUM_TEXT,
            _ => LONG_TEXT,
        };
        let is_too_long = self.destination == Dialect::Mysql && bytes as u64 > most;
        is_too_long.then_some(Fault::TooManyBytes(most))
    }

    fn fault_of_integer(&self, plain: &Plain, is_short: bool) -> Option<Fault> {
        let Plain::Integer(number) = *plain else { return Some(Fault::NotInteger) };
        let is_too_large = is_short && i32::try_from(number).is_err();
        (is_too_large && self.destination != Dialect::Sqlite).then_some(Fault::TooLarge)
    }

    fn fault_of_number(&self, plain: &Plain) -> Option<Fault> {
        let number = match *plain {
            Plain::Real(number) => number,
            Plain::Integer(number) => number as f64,
            _ => return Some(Fault::NotNumber),
        };
        let is_single = is_single(&self.column, self.destination);
        match self.destination {
            Dialect::Postgres => None,
            Dialect::Sqlite => number.is_nan().then_some(Fault::NotFinite),
            Dialect::Mysql if !number.is_finite() => Some(Fault::NotFinite),
            Dialect::Mysql => {
                (is_single && !(number as f32).is_finite()).then_some(Fault::BeyondSinglePrecision)
            }
        }
    }

    fn fault_of_boolean(&self, plain: &Plain) -> Option<Fault> {
        let is_stored = match *plain {
            Plain::Integer(0 | 1) => true,
            Plain::Integer(number) => {
                self.destination != Dialect::Postgres && i8::try_from(number).is_ok()
            }
            _ => false,
        };
        (!is_stored).then_some(Fault::NotBoolean)
    }

    fn fault_of_json(&self, plain: &Plain) -> Option<Fault> {
        let is_valid = match plain {
            Plain::Text(text) => match self.destination {
                Dialect::Sqlite => true,
                Dialect::Postgres => {
                    !text.contains('\0')
                        && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
                }
                // MySQL parses the strings as well, and refuses half of a surrogate pair.
                Dialect::Mysql => serde_json::from_str::<serde_json::Value>(text).is_ok(),
            },
            Plain::Integer(_) => true,
            // SQLite keeps the text of a number that is too large as an infinity.
            Plain::Real(number) => number.is_finite() || self.is_within_sqlite(),
            Plain::Bytes(_) | Plain::Null => false,
        };
        (!is_valid).then_some(Fault::NotJson)
    }
}

/// Returns why a value is no text; a text that is not UTF-8 arrives as bytes.
fn not_text(plain: &Plain) -> Fault {
    match plain {
        Plain::Bytes(bytes) if std::str::from_utf8(bytes).is_err() => Fault::NotUtf8,
        _ => Fault::NotText,
    }
}

fn is_text(column_type: &ColumnType) -> bool {
    matches!(
        column_type,
        ColumnType::Varchar(_) | ColumnType::Text | ColumnType::MediumText | ColumnType::LongText
    )
}

fn json_number(number: f64) -> String {
    serde_json::Number::from_f64(number).map_or_else(|| number.to_string(), |it| it.to_string())
}

/// Returns whether a column's floats have 32 bits.
fn is_single(column: &Column, dialect: Dialect) -> bool {
    dialect == Dialect::Mysql && column.column_type == ColumnType::Float
}

/// Returns the number that a 32-bit float stands for, with the fewest digits that identify it.
///
/// MySQL sends it to MLflow as such a text. The float 0.1 is 0.1 there, and not
/// 0.10000000149011612.
fn widened(number: f64) -> f64 {
    (number as f32).to_string().parse().unwrap_or(number)
}

/// A value of one of the kinds that databases distinguish.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Plain {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Plain {
    /// Returns the kind of a value, as backends read it.
    pub(super) fn of(value: Value) -> Self {
        let integer = |number: Option<i64>| number.map_or(Self::Null, Self::Integer);
        match value {
            Value::Bool(flag) => integer(flag.map(i64::from)),
            Value::TinyInt(number) => integer(number.map(i64::from)),
            Value::SmallInt(number) => integer(number.map(i64::from)),
            Value::Int(number) => integer(number.map(i64::from)),
            Value::BigInt(number) => integer(number),
            Value::TinyUnsigned(number) => integer(number.map(i64::from)),
            Value::SmallUnsigned(number) => integer(number.map(i64::from)),
            Value::Unsigned(number) => integer(number.map(i64::from)),
            Value::BigUnsigned(number) => number.map_or(Self::Null, |number| {
                i64::try_from(number).map_or_else(|_| Self::Text(number.to_string()), Self::Integer)
            }),
            Value::Float(number) => number.map_or(Self::Null, |number| Self::Real(number.into())),
            Value::Double(number) => number.map_or(Self::Null, Self::Real),
            Value::String(text) => text.map_or(Self::Null, Self::Text),
            Value::Char(one) => one.map_or(Self::Null, |one| Self::Text(one.to_string())),
            Value::Bytes(bytes) => bytes.map_or(Self::Null, Self::Bytes),
            Value::Enum(_) => Self::Null,
        }
    }

    fn into_value(self) -> Value {
        match self {
            Self::Null => Value::String(None),
            Self::Integer(number) => number.into(),
            Self::Real(number) => number.into(),
            Self::Text(text) => text.into(),
            Self::Bytes(bytes) => bytes.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use sea_query::Value;

    use super::{CopiedColumn, widened};
    use crate::copy::fault::Fault;
    use crate::data::charset::Repertoire;
    use crate::schema::platform::{Dialect, Platform};
    use crate::schema::{Column, ColumnType, Schema};

    use Dialect::{Mysql, Postgres, Sqlite};

    fn convert(ways: [Dialect; 2], column_type: &ColumnType, value: Value) -> Result<Value, Fault> {
        let platform = match ways[1] {
            Sqlite => Platform::SQLITE,
            Postgres => Platform::POSTGRES,
            Mysql => Platform::MYSQL_8,
        };
        let column = Column::new("a", column_type.clone());
        let repertoire = Repertoire::of(&Schema::default(), "t", &platform);
        let column = CopiedColumn::new(&column, &column, false, ways, repertoire);
        column.convert(value).map_err(|(fault, _)| fault)
    }

    #[test]
    fn a_value_is_what_its_column_says() {
        let out_of_sqlite = [
            (Postgres, ColumnType::Boolean, Value::from(1_i64), Ok(Value::from(true))),
            (Postgres, ColumnType::Boolean, 2_i64.into(), Err(Fault::NotBoolean)),
            (Mysql, ColumnType::Boolean, 2_i64.into(), Ok(2_i64.into())),
            (Postgres, ColumnType::Integer, (1_i64 << 31).into(), Err(Fault::TooLarge)),
            (Sqlite, ColumnType::Integer, (1_i64 << 31).into(), Ok((1_i64 << 31).into())),
            (Mysql, ColumnType::BigInteger, i64::MIN.into(), Ok(i64::MIN.into())),
            (Mysql, ColumnType::BigInteger, "1".into(), Err(Fault::NotInteger)),
            (Postgres, ColumnType::Double, f64::INFINITY.into(), Ok(f64::INFINITY.into())),
            (Mysql, ColumnType::Double, f64::INFINITY.into(), Err(Fault::NotFinite)),
            (Mysql, ColumnType::Float, f64::MAX.into(), Err(Fault::BeyondSinglePrecision)),
            (Postgres, ColumnType::Double, 1_i64.into(), Ok(1.0.into())),
            (Postgres, ColumnType::Double, "x".into(), Err(Fault::NotNumber)),
            (Postgres, ColumnType::Text, "a\0".into(), Err(Fault::Nul)),
            (Mysql, ColumnType::Text, "a\0".into(), Ok("a\0".into())),
            (Mysql, ColumnType::Text, "é".repeat(32_768).into(), Err(Fault::TooManyBytes(65_535))),
            (Postgres, ColumnType::Varchar(2), "éé".into(), Ok("éé".into())),
            (Postgres, ColumnType::Varchar(2), "abc".into(), Err(Fault::TooManyCharacters(2))),
            (Sqlite, ColumnType::Varchar(2), "abc".into(), Ok("abc".into())),
            (Sqlite, ColumnType::Text, vec![255_u8].into(), Err(Fault::NotUtf8)),
            (Postgres, ColumnType::Text, vec![65_u8].into(), Err(Fault::NotText)),
            (Postgres, ColumnType::Json, 1.5.into(), Ok("1.5".into())),
            (Postgres, ColumnType::Json, "NaN".into(), Err(Fault::NotJson)),
            (Mysql, ColumnType::Json, r#""\ud800""#.into(), Err(Fault::NotJson)),
            (Mysql, ColumnType::Binary, vec![0_u8, 255].into(), Ok(vec![0_u8, 255].into())),
            (Mysql, ColumnType::Binary, "a".into(), Err(Fault::NotBytes)),
            (Mysql, ColumnType::Date, "2026-02-29".into(), Err(Fault::NotDate)),
            (Mysql, ColumnType::Date, Value::Bytes(None), Ok(Value::String(None))),
        ];
        for (to, column_type, value, expected) in out_of_sqlite {
            let found = convert([Sqlite, to], &column_type, value.clone());
            assert_eq!(found, expected, "{value:?} as {column_type:?} to {to}");
        }
        let nan = convert([Postgres, Sqlite], &ColumnType::Double, f64::NAN.into());
        assert_eq!(nan, Err(Fault::NotFinite));
    }

    #[test]
    fn a_float_of_mysql_keeps_its_digits() {
        let sent = f64::from(0.1_f32);
        assert_eq!(convert([Mysql, Sqlite], &ColumnType::Float, sent.into()), Ok(0.1.into()));
        assert_eq!(convert([Mysql, Sqlite], &ColumnType::Double, sent.into()), Ok(sent.into()));
        for number in [0.0, -1.5, 3.402_823_4e38, 1e-45, 16_777_217.0] {
            assert_eq!(widened(number) as f32, number as f32);
        }
    }
}
