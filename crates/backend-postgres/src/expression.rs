//! Turns the expressions that PostgreSQL shows back into the ones that it was told.
//!
//! The server keeps expressions as trees and prints them in its own words: a literal with its cast,
//! `IN` as `= ANY (ARRAY[…])`. What is not recognised stays as it is printed.

use mlflow_migrate_core::schema::{ColumnType, DefaultValue};

/// The type that `format_type` shows.
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

/// The default that `pg_get_expr` shows.
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

/// The condition of a CHECK that `pg_get_expr` shows.
pub(crate) fn condition(shown: &str) -> String {
    membership(shown).unwrap_or_else(|| shown.to_owned())
}

/// `status::text = ANY (ARRAY['a'::character varying, …]::text[])` as `status IN ('a', …)`.
fn membership(shown: &str) -> Option<String> {
    let (compared, _) = shown.split_once(" = ANY (")?;
    if calls_function(compared) {
        return None;
    }
    let bare = without_parentheses(shown);
    let (left, right) = bare.split_once(" = ANY ARRAY[")?;
    let column = left.split_once("::").map_or(left, |(column, _)| column);
    let is_plain = column.chars().all(|one| one.is_alphanumeric() || one == '_')
        || column.strip_prefix('"')?.strip_suffix('"').is_some_and(|name| !name.contains('"'));
    let mut values = Vec::new();
    let mut rest = right;
    loop {
        let (value, after) = quoted(rest)?;
        values.push(format!("'{}'", value.replace('\'', "''")));
        let end = after.find([',', ']'])?;
        if !after[..end].strip_prefix("::").is_none_or(is_type_name) {
            return None;
        }
        match after[end..].strip_prefix(", ") {
            Some(next) => rest = next,
            None => {
                rest = after[end..].strip_prefix(']')?;
                break;
            }
        }
    }
    let is_whole = rest.is_empty()
        || rest
            .strip_prefix("::")
            .and_then(|name| name.strip_suffix("[]"))
            .is_some_and(is_type_name);
    (is_plain && is_whole).then(|| format!("{column} IN ({})", values.join(", ")))
}

/// A string in quotes at the beginning of a text, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut rest = text.strip_prefix('\'')?;
    let mut value = String::new();
    loop {
        let (part, after) = rest.split_once('\'')?;
        value.push_str(part);
        match after.strip_prefix('\'') {
            Some(next) => {
                value.push('\'');
                rest = next;
            }
            None => return Some((value, after)),
        }
    }
}

fn is_type_name(name: &str) -> bool {
    !name.is_empty()
        && !name.contains(" COLLATE ")
        && name.chars().all(|one| one.is_alphanumeric() || matches!(one, '_' | ' ' | '.' | '"'))
}

/// Whether a parenthesis follows a word, and so belongs to more than the order of things.
fn calls_function(text: &str) -> bool {
    let is_word = |one: char| one.is_alphanumeric() || matches!(one, '_' | '"');
    text.split('(').rev().skip(1).any(|before| before.ends_with(is_word))
}

fn without_parentheses(text: &str) -> String {
    let mut in_string = false;
    text.chars()
        .filter(|one| {
            in_string ^= *one == '\'';
            in_string || !matches!(one, '(' | ')')
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use mlflow_migrate_core::schema::{ColumnType, DefaultValue};

    use super::{column_type, condition, default_value};

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

    #[test]
    fn a_membership_is_an_in_again() {
        for (shown, expected) in [
            (
                "status::text = ANY (ARRAY['A'::character varying, 'it''s'::character varying]::text[])",
                "status IN ('A', 'it''s')",
            ),
            (
                "((status)::text = ANY ((ARRAY['A'::character varying, '(b)'::character varying])::text[]))",
                "status IN ('A', '(b)')",
            ),
            ("kind = ANY (ARRAY['a'::text, 'b'::text])", "kind IN ('a', 'b')"),
            ("\"Kind of\" = ANY (ARRAY['a'::text])", "\"Kind of\" IN ('a')"),
        ] {
            assert_eq!(condition(shown), expected);
        }
    }

    #[test]
    fn other_conditions_stay_as_they_are() {
        for shown in [
            "step > 0",
            "a = ANY (ARRAY['x'::text]) AND b > 0",
            "b > 0 AND a = ANY (ARRAY['x'::text])",
            "a = ANY (ARRAY['x'::text, lower('y'::text)])",
            "a = ANY (ARRAY[1, 2])",
            "lower(a) = ANY (ARRAY['x'::text])",
            "a <> ALL (ARRAY['x'::text])",
        ] {
            assert_eq!(condition(shown), shown);
        }
    }
}
