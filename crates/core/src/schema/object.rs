//! Models the objects of a table, as a comparison names them.

use std::fmt;

use serde::{Serialize, Serializer};

use super::{Check, ForeignKey, Index, Trigger, Unique};

/// A table, or one object of it.
///
/// Two objects are equal if they have the same kind, name and content. Spelling does not count,
/// neither of an expression nor of the statement that created an index.
#[derive(Clone, Debug)]
pub enum Object {
    /// The table itself.
    Table,
    /// The column of that name.
    Column(String),
    /// The order of the columns.
    ColumnOrder,
    /// The primary key.
    PrimaryKey,
    /// A foreign key.
    ForeignKey(ForeignKey),
    /// A unique constraint.
    Unique(Unique),
    /// A CHECK.
    Check(Check),
    /// An index.
    Index(Index),
    /// A trigger.
    Trigger(Trigger),
}

impl Object {
    /// Returns the name of the object, if it has one within its table.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Table | Self::ColumnOrder | Self::PrimaryKey => None,
            Self::Column(name) => Some(name),
            Self::ForeignKey(key) => key.name.as_deref(),
            Self::Unique(unique) => unique.name.as_deref(),
            Self::Check(check) => check.name.as_deref(),
            Self::Index(index) => Some(&index.name),
            Self::Trigger(trigger) => Some(&trigger.name),
        }
    }

    /// Returns the server's own word if it does not use the object; `None` if it does.
    #[must_use]
    pub fn inactive(&self) -> Option<&str> {
        match self {
            Self::ForeignKey(key) => key.inactive.as_deref(),
            Self::Check(check) => check.inactive.as_deref(),
            Self::Index(index) => index.inactive.as_deref(),
            Self::Trigger(trigger) => trigger.inactive.as_deref(),
            _ => None,
        }
    }

    /// Returns whether two objects have the same content.
    ///
    /// Their names do not count, nor whether the server uses them. A unique index has the content
    /// of a unique constraint over its columns. The content of triggers is not compared.
    #[must_use]
    pub fn has_same_content(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Table, Self::Table)
            | (Self::ColumnOrder, Self::ColumnOrder)
            | (Self::PrimaryKey, Self::PrimaryKey) => true,
            (Self::Column(one), Self::Column(other)) => one == other,
            (Self::ForeignKey(one), Self::ForeignKey(other)) => {
                one.columns == other.columns
                    && one.referred_table == other.referred_table
                    && one.referred_columns == other.referred_columns
                    && (one.on_delete, one.on_update) == (other.on_delete, other.on_update)
            }
            (Self::Unique(one), Self::Unique(other)) => one.columns == other.columns,
            (Self::Check(one), Self::Check(other)) => one.normalized() == other.normalized(),
            (Self::Index(one), Self::Index(other)) => {
                one.unique == other.unique && one.content() == other.content()
            }
            (Self::Unique(unique), Self::Index(index))
            | (Self::Index(index), Self::Unique(unique)) => {
                index.unique
                    && index.predicate.is_none()
                    && index.definition.is_none()
                    && index.column_names().eq(&unique.columns)
            }
            _ => false,
        }
    }

    /// Returns the content of the object, without its name.
    fn content(&self) -> String {
        match self {
            Self::ForeignKey(key) => format!(
                "({} -> {} ({}) ON DELETE {} ON UPDATE {})",
                key.columns.join(", "),
                key.referred_table,
                key.referred_columns.join(", "),
                key.on_delete.sql(),
                key.on_update.sql()
            ),
            Self::Unique(unique) => format!("({})", unique.columns.join(", ")),
            Self::Check(check) => in_parentheses(&check.expression),
            Self::Index(index) => index.content(),
            _ => String::new(),
        }
    }

    /// Returns the kind of the object, for messages.
    fn kind(&self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Column(_) => "column",
            Self::ColumnOrder => "order of columns",
            Self::PrimaryKey => "primary key",
            Self::ForeignKey(_) => "foreign key",
            Self::Unique(_) => "unique",
            Self::Check(_) => "CHECK",
            Self::Index(index) if index.unique => "unique index",
            Self::Index(_) => "index",
            Self::Trigger(_) => "trigger",
        }
    }

    /// Returns whether the object takes the place of another.
    ///
    /// It has the same name, or is a foreign key over the same columns to the same table.
    pub(crate) fn stands_for(&self, other: &Self) -> bool {
        if let (Self::ForeignKey(one), Self::ForeignKey(other)) = (self, other)
            && one.columns == other.columns
            && one.referred_table == other.referred_table
        {
            return true;
        }
        self.name().is_some() && self.shares_name(other)
    }

    /// Returns whether two objects have the same name, and kinds that share a name space.
    fn shares_name(&self, other: &Self) -> bool {
        let group = |object: &Self| match object {
            // MySQL and PostgreSQL keep a unique constraint as an index.
            Self::Unique(_) | Self::Index(_) => 0,
            Self::ForeignKey(_) => 1,
            Self::Check(_) => 2,
            Self::Trigger(_) => 3,
            Self::Column(_) => 4,
            Self::Table | Self::ColumnOrder | Self::PrimaryKey => 5,
        };
        group(self) == group(other) && self.name() == other.name()
    }

    /// Returns the kind and name of the object.
    #[must_use]
    pub fn title(&self) -> String {
        let kind = self.kind();
        match (self, self.name()) {
            (Self::Table | Self::ColumnOrder | Self::PrimaryKey, _) => kind.to_owned(),
            (_, Some(name)) => format!("{kind} {name}"),
            (_, None) => format!("unnamed {kind}"),
        }
    }

    /// Describes the content of the object, and whether the server uses it.
    ///
    /// A message compares this text with that of the object expected under the same name.
    pub(super) fn describe_content(&self) -> String {
        let (kind, content) = (self.kind(), self.content());
        let unique = if kind == "unique index" { "unique " } else { "" };
        match self.inactive() {
            Some(inactive) => format!("{unique}{content} {inactive}").trim_start().to_owned(),
            None => format!("{unique}{content}"),
        }
    }
}

/// Returns an expression in exactly one pair of parentheses.
fn in_parentheses(expression: &str) -> String {
    let expression = expression.trim();
    if expression.starts_with('(') && closes_at_end(expression) {
        return expression.to_owned();
    }
    format!("({expression})")
}

/// Returns whether the first parenthesis of a text closes at its end.
fn closes_at_end(text: &str) -> bool {
    let (mut depth, mut in_string) = (0_usize, false);
    for (position, character) in text.char_indices() {
        match character {
            '\'' => in_string = !in_string,
            '(' if !in_string => depth += 1,
            ')' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return position + 1 == text.len();
        }
    }
    false
}

impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        self.kind() == other.kind()
            && self.name() == other.name()
            && self.inactive() == other.inactive()
            && (matches!(self, Self::Trigger(_)) || self.has_same_content(other))
    }
}

impl Eq for Object {}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.title())?;
        for part in [Some(self.content().as_str()).filter(|it| !it.is_empty()), self.inactive()] {
            part.iter().try_for_each(|part| write!(f, " {part}"))?;
        }
        Ok(())
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::Object;
    use crate::schema::{Check, ForeignKey, Index, Trigger, Unique};

    fn check(expression: &str) -> Object {
        Object::Check(Check::new(Some("small"), expression))
    }

    #[test]
    fn objects_are_shown_as_sql_says_them() {
        let key = ForeignKey::new(&["run"], "runs", &["id"]).named("of_run").on_delete_cascade();
        let invalid =
            Index { inactive: Some("INVALID".to_owned()), ..Index::new("by_run", &["run"]) };
        for (object, expected) in [
            (Object::Table, "table"),
            (Object::Column("a b".to_owned()), "column a b"),
            (
                Object::ForeignKey(key),
                "foreign key of_run (run -> runs (id) ON DELETE CASCADE ON UPDATE NO ACTION)",
            ),
            (
                Object::Unique(Unique { name: None, columns: vec!["a".to_owned()] }),
                "unnamed unique (a)",
            ),
            (check("a IN ('x', ')')"), "CHECK small (a IN ('x', ')'))"),
            (check("(a > 0)"), "CHECK small (a > 0)"),
            (check("(a > 0) OR (a < 9)"), "CHECK small ((a > 0) OR (a < 9))"),
            (Object::Index(invalid), "index by_run (run) INVALID"),
            (Object::Index(Index::new("one", &["a"]).unique()), "unique index one (a)"),
            (Object::Trigger(Trigger::new("guard", "CREATE TRIGGER …")), "trigger guard"),
        ] {
            assert_eq!(object.to_string(), expected);
        }
    }

    #[test]
    fn spelling_is_no_difference_and_what_is_not_used_is_one() {
        assert_eq!(check("a > 0"), check("(\"a\">0)"));
        assert_ne!(check("a > 0"), check("a > 1"));
        let plain = Index::new("by_run", &["run"]);
        let special = Index { definition: Some("CREATE INDEX …".to_owned()), ..plain.clone() };
        assert_eq!(Object::Index(plain.clone()), Object::Index(special));
        let ignored = Index { inactive: Some("IGNORED".to_owned()), ..plain.clone() };
        assert_ne!(Object::Index(plain), Object::Index(ignored));
    }

    #[test]
    fn a_unique_index_says_what_a_unique_constraint_says() {
        let unique = Object::Unique(Unique { name: None, columns: vec!["a".to_owned()] });
        let index = |index: Index| Object::Index(index);
        assert!(unique.has_same_content(&index(Index::new("one", &["a"]).unique())));
        assert!(!unique.has_same_content(&index(Index::new("one", &["a"]))));
        let partial = Index::new("one", &["a"]).unique().filter("a > 0");
        assert!(!unique.has_same_content(&index(partial)));
    }
}
