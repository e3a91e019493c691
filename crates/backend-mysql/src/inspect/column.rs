//! Columns, their types and defaults.

use mlflow_migrate_core::schema::{Check, Column, ColumnType, DefaultValue, Generated};

use super::catalogue::Record;
use super::{check, expression};
use crate::features::Features;

/// Returns whether MariaDB stores this JSON column as `longtext` with a CHECK.
pub(super) fn is_text_of_json(record: &Record, checks: &[Check], features: &Features) -> bool {
    !features.native_json()
        && record.text(4).eq_ignore_ascii_case("longtext")
        && checks.iter().any(|check| check::is_json_valid(check, record.text(1)))
}

/// Reads one column of a table with this collation.
pub(super) fn read(
    record: &Record,
    collation: Option<&str>,
    is_json: bool,
    features: &Features,
) -> Column {
    let column_type = if is_json { ColumnType::Json } else { column_type(record.text(4)) };
    let extra = record.text(6).to_ascii_lowercase();
    let generated = record.optional(7).filter(|text| !text.is_empty()).map(|text| Generated {
        expression: expression::of_server(text, features),
        // MariaDB 10.2 also calls a stored column persistent.
        stored: extra.contains("stored") || extra.contains("persistent"),
    });
    let default = match &generated {
        Some(_) => None,
        None => record.optional(2).and_then(|text| {
            if features.is_mariadb() {
                mariadb_default(text)
            } else {
                Some(mysql_default(text, &extra, &column_type))
            }
        }),
    };
    let own_collation = record.optional(5).filter(|own| Some(*own) != collation && !is_json);
    Column {
        nullable: record.text(3).eq_ignore_ascii_case("YES"),
        default,
        generated,
        autoincrement: extra.contains("auto_increment"),
        collation: own_collation.map(ToOwned::to_owned),
        ..Column::new(record.text(1), column_type)
    }
}

/// Returns the model's type.
///
/// Before MySQL 8.0.19 integers have a display width. Only `tinyint(1)`, MySQL's boolean, gives the
/// width a meaning.
fn column_type(text: &str) -> ColumnType {
    let lower = text.to_ascii_lowercase();
    let length = |name: &str| -> Option<u32> {
        lower.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')')?.parse().ok()
    };
    match lower.as_str() {
        "tinyint(1)" => ColumnType::Boolean,
        "int" => ColumnType::Integer,
        "bigint" => ColumnType::BigInteger,
        "float" => ColumnType::Float,
        "double" => ColumnType::Double,
        "text" => ColumnType::Text,
        "mediumtext" => ColumnType::MediumText,
        "longtext" => ColumnType::LongText,
        "json" => ColumnType::Json,
        "blob" => ColumnType::Binary,
        "date" => ColumnType::Date,
        _ => match (length("varchar"), length("int"), length("bigint")) {
            (Some(length), _, _) => ColumnType::Varchar(length),
            (_, Some(_), _) => ColumnType::Integer,
            (_, _, Some(_)) => ColumnType::BigInteger,
            (None, None, None) => ColumnType::Other(text.to_owned()),
        },
    }
}

/// Returns the default that MySQL describes as text.
///
/// MySQL gives a literal's bare text. `EXTRA` or the type shows that a text is an expression:
/// `CURRENT_TIMESTAMP` of a time, `b'0'` of bits.
fn mysql_default(text: &str, extra: &str, column_type: &ColumnType) -> DefaultValue {
    let lower = text.to_ascii_lowercase();
    let is_known = matches!(column_type, ColumnType::Other(_))
        && (lower.starts_with("current_timestamp") || lower.starts_with("b'"));
    if is_known || extra.contains("default_generated") {
        DefaultValue::Expression(expression::plain(text))
    } else {
        DefaultValue::Literal(text.to_owned())
    }
}

/// Returns the default that MariaDB gives as SQL: a string, a number, an expression, or NULL.
fn mariadb_default(text: &str) -> Option<DefaultValue> {
    let quoted = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    match quoted {
        Some(inner) => Some(DefaultValue::Literal(expression::unescaped(inner).replace("''", "'"))),
        None if text.eq_ignore_ascii_case("NULL") => None,
        None if text.parse::<f64>().is_ok() => Some(DefaultValue::Literal(text.to_owned())),
        None => Some(DefaultValue::Expression(text.to_owned())),
    }
}
