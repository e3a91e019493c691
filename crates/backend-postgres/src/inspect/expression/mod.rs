//! Turns the expressions that PostgreSQL prints back into the expressions of the DDL.
//!
//! The server keeps expressions as trees and prints them in a form of its own: a literal with its
//! cast, `IN` as `= ANY (ARRAY[…])`. An unrecognized expression stays as the server prints it.

mod literal;
mod membership;

use mlflow_migrate_core::schema::{ColumnType, DefaultValue};

use self::literal::{is_type_name, quoted};

/// Parses a type that `format_type` prints.
pub(crate) fn column_type(shown: &str) -> ColumnType {
    let length = shown
        .strip_prefix("character varying(")
        .and_then(|rest| rest.strip_suffix(')'))
        .and_then(|length| length.parse().ok());
    if let Some(length) = length {
        return ColumnType::Varchar(length);
    }
    match shown {
        "text" => ColumnType::Text,
        "integer" => ColumnType::Integer,
        "bigint" => ColumnType::BigInteger,
        "double precision" => ColumnType::Double,
        "boolean" => ColumnType::Boolean,
        "json" => ColumnType::Json,
        "bytea" => ColumnType::Binary,
        "date" => ColumnType::Date,
        other => ColumnType::Other(other.to_owned()),
    }
}

/// Parses a default that `pg_get_expr` prints.
pub(crate) fn default_value(shown: &str) -> DefaultValue {
    let expression = || DefaultValue::Expression(shown.to_owned());
    if shown == "false" {
        return DefaultValue::False;
    }
    if !shown.is_empty() && shown.chars().all(|one| one.is_ascii_digit()) {
        return DefaultValue::Literal(shown.to_owned());
    }
    let Some((text, rest)) = quoted(shown) else { return expression() };
    match rest.strip_prefix("::") {
        Some(name) if is_type_name(name) => DefaultValue::Literal(text),
        None if rest.is_empty() => DefaultValue::Literal(text),
        _ => expression(),
    }
}

/// Parses the condition of a CHECK that `pg_get_expr` prints.
pub(crate) fn condition(shown: &str) -> String {
    membership::parse(shown).unwrap_or_else(|| shown.to_owned())
}

#[cfg(test)]
mod tests {
    use mlflow_migrate_core::schema::{ColumnType, DefaultValue};

    use super::{column_type, default_value};

    #[test]
    fn types_are_recognised() {
        assert_eq!(column_type("character varying(250)"), ColumnType::Varchar(250));
        assert_eq!(column_type("double precision"), ColumnType::Double);
        for other in ["character varying", "jsonb", "numeric(10,2)", "integer[]", "character(3)"] {
            assert_eq!(column_type(other), ColumnType::Other(other.to_owned()));
        }
    }

    #[test]
    fn literals_lose_their_cast() {
        for (shown, literal) in [
            ("'0'::bigint", "0"),
            ("'default'::character varying", "default"),
            ("''::character varying", ""),
            ("'it''s (a) test'::text", "it's (a) test"),
            ("'-1'::integer", "-1"),
            ("'{}'::jsonb", "{}"),
            ("'x'::public.mood", "x"),
            ("0", "0"),
            ("'x'", "x"),
        ] {
            assert_eq!(default_value(shown), DefaultValue::Literal(literal.to_owned()), "{shown}");
        }
        assert_eq!(default_value("false"), DefaultValue::False);
    }

    #[test]
    fn other_defaults_stay_as_they_are() {
        for shown in [
            "true",
            "now()",
            "nextval('a_seq'::regclass)",
            "E'a\\\\b'::text",
            "'a'::text || 'b'::text",
            "('now'::text)::date",
            "1.5",
            "'x'::text COLLATE \"C\"",
            "",
        ] {
            assert_eq!(default_value(shown), DefaultValue::Expression(shown.to_owned()), "{shown}");
        }
    }
}
