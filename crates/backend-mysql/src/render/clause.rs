//! The clauses of ALTER TABLE.

use std::collections::BTreeMap;

use mlflow_migrate_core::schema::platform::Dialect::Mysql;
use mlflow_migrate_core::schema::{
    Check, Column, ForeignKey, Index, PrimaryKey, Unique, rename_in_expression,
};

use super::{column, constraint};
use crate::features::Features;
use crate::quoting::quote;

/// Column attributes outside the model (a comment, `ON UPDATE`), by the live column's name.
///
/// MODIFY would drop an attribute that it does not restate.
pub(crate) type ColumnAttributes = BTreeMap<String, String>;

/// One clause of ALTER TABLE.
#[derive(Clone, Debug)]
pub(crate) enum Clause<'a> {
    DropCheck(&'a str),
    DropIndex(&'a str),
    DropPrimaryKey,
    /// Gives an existing index the name of a new one that is equal.
    RenameIndex {
        before: &'a str,
        after: &'a str,
    },
    /// Makes the server use an existing index again.
    UseIndex(&'a str),
    DropColumn(&'a str),
    /// Changes a column's definition, and perhaps its name.
    ChangeColumn {
        before: &'a Column,
        after: &'a Column,
    },
    /// Changes only a column's name.
    RenameColumn {
        before: &'a Column,
        after: &'a Column,
    },
    AddColumn(&'a Column),
    /// Adds a column at its former place: after another one, or first.
    InsertColumn {
        column: &'a Column,
        behind: Option<&'a str>,
    },
    AddPrimaryKey(&'a PrimaryKey),
    AddUnique(&'a Unique),
    AddIndex(&'a Index),
    AddForeignKey {
        key: &'a ForeignKey,
        is_named: bool,
    },
    AddCheck(&'a Check),
}

impl Clause<'_> {
    /// Renders the clause.
    pub(super) fn sql(&self, attributes: &ColumnAttributes, features: &Features) -> String {
        match self {
            // MariaDB has no DROP CHECK, and MySQL before 8.0.19 has no DROP CONSTRAINT.
            Self::DropCheck(name) if features.drop_check() => format!("DROP CHECK {}", quote(name)),
            // On MariaDB a column's own CHECK is no constraint, and is dropped with its column.
            Self::DropCheck(name) => format!("DROP CONSTRAINT IF EXISTS {}", quote(name)),
            Self::DropIndex(name) => format!("DROP INDEX {}", quote(name)),
            Self::RenameIndex { before, after } => {
                format!("RENAME INDEX {} TO {}", quote(before), quote(after))
            }
            Self::DropPrimaryKey => "DROP PRIMARY KEY".to_owned(),
            Self::UseIndex(name) if features.is_mariadb() => {
                format!("ALTER INDEX {} NOT IGNORED", quote(name))
            }
            Self::UseIndex(name) => format!("ALTER INDEX {} VISIBLE", quote(name)),
            Self::DropColumn(name) => format!("DROP COLUMN {}", quote(name)),
            Self::RenameColumn { before, after } if features.rename_column() => {
                format!("RENAME COLUMN {} TO {}", quote(&before.name), quote(&after.name))
            }
            Self::RenameColumn { before, after } | Self::ChangeColumn { before, after } => {
                let own = attributes.get(&before.name).map_or_else(String::new, |own| {
                    format!(" {}", rename_in_expression(own, &before.name, &after.name, Mysql))
                });
                let definition = column::named(after);
                if before.name == after.name {
                    format!("MODIFY COLUMN {definition}{own}")
                } else {
                    format!("CHANGE COLUMN {} {definition}{own}", quote(&before.name))
                }
            }
            Self::AddColumn(column) => format!("ADD COLUMN {}", column::named(column)),
            Self::InsertColumn { column, behind } => {
                let place = behind.map_or("FIRST".to_owned(), |it| format!("AFTER {}", quote(it)));
                format!("ADD COLUMN {} {place}", column::named(column))
            }
            Self::AddPrimaryKey(key) => format!("ADD {}", constraint::primary_key(key)),
            Self::AddUnique(unique) => format!("ADD {}", constraint::unique(unique)),
            Self::AddIndex(index) => format!("ADD {}", constraint::index(index)),
            Self::AddForeignKey { key, is_named } => {
                format!("ADD {}", constraint::foreign_key(key, *is_named))
            }
            Self::AddCheck(check) => format!("ADD {}", constraint::check(check)),
        }
    }
}
