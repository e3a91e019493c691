//! Models primary and foreign keys, unique constraints, and CHECK constraints.

use serde::{Deserialize, Serialize};

/// The effect on a row when the row that it references is deleted, or changes its key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReferentialAction {
    /// The server refuses the change, at the end of the statement or transaction.
    #[default]
    NoAction,
    /// The server refuses the change immediately.
    Restrict,
    /// The referencing rows are deleted or changed too.
    Cascade,
    /// The reference becomes NULL.
    SetNull,
    /// The reference becomes the column's default.
    SetDefault,
}

impl ReferentialAction {
    /// Returns the action as SQL spells it after `ON DELETE` or `ON UPDATE`.
    #[must_use]
    pub fn sql(self) -> &'static str {
        match self {
            Self::NoAction => "NO ACTION",
            Self::Restrict => "RESTRICT",
            Self::Cascade => "CASCADE",
            Self::SetNull => "SET NULL",
            Self::SetDefault => "SET DEFAULT",
        }
    }
}

/// A table's primary key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrimaryKey {
    /// The name of the constraint; `None` on MySQL.
    pub name: Option<String>,
    /// The columns of the key, in order.
    pub columns: Vec<String>,
}

/// A foreign key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForeignKey {
    /// The constraint's name.
    pub name: Option<String>,
    /// The referencing columns.
    pub columns: Vec<String>,
    /// The referenced table.
    pub referred_table: String,
    /// The referenced columns; empty for the primary key of the referenced table.
    pub referred_columns: Vec<String>,
    /// The action when a referenced row is deleted.
    pub on_delete: ReferentialAction,
    /// The action when a referenced key changes.
    pub on_update: ReferentialAction,
    /// `MATCH` and `DEFERRABLE` clauses as the database spells them; MLflow uses none.
    pub qualifiers: Option<String>,
    /// The server's own words if it does not enforce the constraint on every row.
    ///
    /// `NOT VALID`, `NOT ENFORCED` (PostgreSQL).
    #[serde(default)]
    pub inactive: Option<String>,
}

impl ForeignKey {
    /// Returns a foreign key whose actions are [`ReferentialAction::NoAction`].
    #[must_use]
    pub fn new(columns: &[&str], referred_table: &str, referred_columns: &[&str]) -> Self {
        Self {
            name: None,
            columns: columns.iter().map(ToString::to_string).collect(),
            referred_table: referred_table.to_owned(),
            referred_columns: referred_columns.iter().map(ToString::to_string).collect(),
            on_delete: ReferentialAction::NoAction,
            on_update: ReferentialAction::NoAction,
            qualifiers: None,
            inactive: None,
        }
    }

    /// Sets the name of the constraint.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// Deletes the referencing rows together with the referenced row.
    #[must_use]
    pub fn on_delete_cascade(mut self) -> Self {
        self.on_delete = ReferentialAction::Cascade;
        self
    }

    /// Sets the reference to NULL when the referenced row is deleted.
    #[must_use]
    pub fn on_delete_set_null(mut self) -> Self {
        self.on_delete = ReferentialAction::SetNull;
        self
    }

    /// Updates the reference when the referenced key changes.
    #[must_use]
    pub fn on_update_cascade(mut self) -> Self {
        self.on_update = ReferentialAction::Cascade;
        self
    }
}

/// A unique constraint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unique {
    /// The constraint's name.
    pub name: Option<String>,
    /// The columns, in order.
    pub columns: Vec<String>,
}

/// A CHECK constraint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// The constraint's name.
    pub name: Option<String>,
    /// The SQL expression.
    pub expression: String,
    /// The server's own words if it does not enforce the constraint on every row.
    ///
    /// `NOT VALID` (PostgreSQL), `NOT ENFORCED` (MySQL).
    #[serde(default)]
    pub inactive: Option<String>,
}

impl Check {
    /// Returns a CHECK constraint that the server enforces.
    #[must_use]
    pub fn new(name: Option<&str>, expression: impl Into<String>) -> Self {
        let name = name.map(ToOwned::to_owned);
        Self { name, expression: expression.into(), inactive: None }
    }

    /// Returns the expression in a form in which two spellings of the same text are equal.
    ///
    /// White space, parentheses, comments, quotes of names, and upper case outside strings do not
    /// count.
    #[must_use]
    pub fn normalized(&self) -> String {
        normalize_expression(&self.expression)
    }
}

/// Normalizes an expression: see [`Check::normalized`].
pub(crate) fn normalize_expression(expression: &str) -> String {
    let mut normalized = String::with_capacity(expression.len());
    let mut in_string = false;
    let mut rest = expression;
    while let Some(character) = rest.chars().next() {
        if !in_string && let Some(comment) = comment_length(rest) {
            rest = rest.get(comment..).unwrap_or_default();
            continue;
        }
        rest = rest.get(character.len_utf8()..).unwrap_or_default();
        if character == '\'' {
            in_string = !in_string;
        }
        if in_string {
            normalized.push(character);
        } else if !character.is_whitespace() && !matches!(character, '(' | ')' | '`' | '"') {
            normalized.extend(character.to_lowercase());
        }
    }
    normalized
}

/// Returns the length of the comment at the start of a text, if any.
fn comment_length(text: &str) -> Option<usize> {
    if text.starts_with("--") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    let body = text.strip_prefix("/*")?;
    Some(body.find("*/").map_or(text.len(), |end| end + 4))
}

#[cfg(test)]
mod tests {
    use super::normalize_expression;

    #[test]
    fn spelling_does_not_count() {
        for (one, other) in [
            ("a IN ('X', 'y')", "(\"A\" in('X','y'))"),
            ("a > 0 -- positive", "a > 0"),
            ("a /* the \n first */ > 0", "a>0"),
            ("a <> '-- no comment'", "a<>'-- no comment'"),
        ] {
            assert_eq!(normalize_expression(one), normalize_expression(other));
        }
        assert_ne!(normalize_expression("a = 'X'"), normalize_expression("a = 'x'"));
    }
}
