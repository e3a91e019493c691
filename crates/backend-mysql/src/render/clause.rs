//! The clauses of ALTER TABLE.

use std::collections::BTreeMap;

use mlflow_migrate_core::schema::platform::Dialect::Mysql;
use mlflow_migrate_core::schema::{
    Check, Column, ForeignKey, Index, PrimaryKey, Unique, rename_in_expression,
};

use super::{column, constraint};
use crate::features::Features;
use crate::quoting::quote;

/// What a column has besides what the model knows of it (a comment, `ON UPDATE`), by the column's
/// name in the live table: MODIFY would forget it.
pub(crate) type ColumnAttributes = BTreeMap<String, String>;

/// One clause of ALTER TABLE.
#[derive(Clone, Debug)]
pub(crate) enum Clause<'a> {
    DropCheck(&'a str),
    DropIndex(&'a str),
    DropPrimaryKey,
    /// The server uses an index again.
    UseIndex(&'a str),
    DropColumn(&'a str),
    /// Another definition, perhaps another name.
    ChangeColumn {
        before: &'a Column,
        after: &'a Column,
    },
    /// Another name only.
    RenameColumn {
        before: &'a Column,
        after: &'a Column,
    },
    AddColumn(&'a Column),
    /// A column that comes back to its place among others: after another one, or first.
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
            // MariaDB does not know DROP CHECK, nor MySQL before 8.0.19 DROP CONSTRAINT.
            Self::DropCheck(name) if features.drop_check() => format!("DROP CHECK {}", quote(name)),
            // One that belongs to a column of MariaDB's is no constraint, and goes with the column.
            Self::DropCheck(name) => format!("DROP CONSTRAINT IF EXISTS {}", quote(name)),
            Self::DropIndex(name) => format!("DROP INDEX {}", quote(name)),
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
