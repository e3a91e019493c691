//! Compares two columns by the rules of a dialect.

use std::fmt;

use super::constraint::normalize_expression;
use super::{Column, ColumnType, DefaultValue};
use crate::schema::platform::{Dialect, Platform};

/// A property of a column that differs from the expected one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnDifference {
    /// The property.
    pub property: ColumnProperty,
    /// The live value.
    pub found: String,
    /// The expected value.
    pub expected: String,
}

/// The properties in which two columns of one name can differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnProperty {
    /// The type.
    Type,
    /// Whether the column can hold NULL.
    Nullability,
    /// The default.
    Default,
    /// The expression of a generated column.
    Expression,
    /// The collation.
    Collation,
    /// Whether the server numbers new rows.
    Numbering,
}

impl fmt::Display for ColumnDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { property, found, expected } = self;
        f.write_str(match property {
            ColumnProperty::Type => "type ",
            ColumnProperty::Default => "default ",
            ColumnProperty::Expression => "computed as ",
            ColumnProperty::Collation => "collation ",
            ColumnProperty::Nullability | ColumnProperty::Numbering => "",
        })?;
        write!(f, "{found}, expected {expected}")
    }
}

impl Column {
    /// Returns the first property that differs in `found`; `None` if the columns are equal.
    pub(crate) fn difference(&self, found: &Self, platform: &Platform) -> Option<ColumnDifference> {
        let properties = [
            (ColumnProperty::Type, Self::type_name as fn(&Self, &Platform) -> String),
            (ColumnProperty::Nullability, |column, _| {
                if column.nullable { "nullable" } else { "NOT NULL" }.to_owned()
            }),
            (ColumnProperty::Default, Self::default_text),
            (ColumnProperty::Expression, |column, _| column.computed_as()),
            (ColumnProperty::Collation, |column, _| {
                column.collation.clone().unwrap_or("default".to_owned())
            }),
            (ColumnProperty::Numbering, Self::numbering),
        ];
        properties.into_iter().find_map(|(property, text)| {
            let (found, expected) = (text(found, platform), text(self, platform));
            (found != expected).then_some(ColumnDifference { property, found, expected })
        })
    }

    fn type_name(&self, platform: &Platform) -> String {
        self.column_type.sql(platform.dialect).to_ascii_uppercase()
    }

    fn default_text(&self, platform: &Platform) -> String {
        let is_boolean = self.column_type == ColumnType::Boolean;
        let default = self.default.as_ref();
        default.map_or("none".to_owned(), |it| normalize_default(it, is_boolean, platform))
    }

    fn computed_as(&self) -> String {
        self.generated.as_ref().map_or("nothing".to_owned(), |generated| {
            let stored = if generated.stored { "stored" } else { "virtual" };
            format!("{} ({stored})", normalize_expression(&generated.expression))
        })
    }

    /// Describes the numbering of new rows.
    ///
    /// Without numbering, the server refuses a row that has no number of its own. SQLite numbers
    /// every `INTEGER PRIMARY KEY`.
    fn numbering(&self, platform: &Platform) -> String {
        let mark = match platform.dialect {
            Dialect::Sqlite => return String::new(),
            Dialect::Postgres => "numbered by a sequence",
            Dialect::Mysql => "AUTO_INCREMENT",
        };
        if self.autoincrement { mark.to_owned() } else { format!("not {mark}") }
    }
}

/// Returns whether no parenthesis closes before it opens, so that the outer ones are a pair.
fn is_balanced(text: &str) -> bool {
    let mut depth = 0_i32;
    for character in text.chars() {
        depth += i32::from(character == '(') - i32::from(character == ')');
        if depth < 0 {
            return false;
        }
    }
    depth == 0
}

/// Normalizes a default: `'0'`, `0` and `('0')` are equal, and so is `false` for a boolean.
fn normalize_default(default: &DefaultValue, is_boolean: bool, platform: &Platform) -> String {
    let text = default.sql(platform.dialect).trim().to_owned();
    let mut bare = text.as_str();
    while let Some(inner) = bare.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'))
        && is_balanced(inner)
    {
        bare = inner.trim();
    }
    let number = match bare.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        Some(inner) if inner.parse::<i64>().is_ok() => inner,
        _ => bare,
    };
    match number {
        "false" if is_boolean => "0".to_owned(),
        "true" if is_boolean => "1".to_owned(),
        number => number.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::DefaultValue;
    use super::normalize_default;
    use crate::schema::platform::Platform;

    #[test]
    fn only_parentheses_around_the_whole_default_do_not_count() {
        for (text, expected) in [
            ("('0')", "0"),
            ("((0))", "0"),
            ("(random() * '9')::integer", "(random() * '9')::integer"),
            ("nextval('s'::text::regclass)", "nextval('s'::text::regclass)"),
            ("(1) + (2)", "(1) + (2)"),
        ] {
            let default = DefaultValue::Expression(text.to_owned());
            let shown = normalize_default(&default, false, &Platform::POSTGRES);
            assert_eq!(shown, expected, "{text}");
        }
    }
}
