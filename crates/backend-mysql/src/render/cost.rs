//! The cost of a clause of ALTER TABLE.
//!
//! Sources: MySQL manual, "Online DDL Operations"; MariaDB manual, "InnoDB Online DDL Operations".

use mlflow_migrate_core::schema::platform::Dialect::Mysql;
use mlflow_migrate_core::schema::{Column, ColumnType, Table};

use super::clause::Clause;
use crate::features::Features;

/// The cost of a clause, from the lowest to the highest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cost {
    /// Only the definition changes, if the statement does nothing that costs more.
    Instant,
    /// Only the definition changes.
    Definition,
    /// Every row is read, to build an index.
    Scan,
    /// The server rewrites every row, and builds the indexes from sorted rows.
    Rebuild,
    /// The server rewrites every row, and adds each row to every index.
    Copy,
}

impl Clause<'_> {
    /// Returns the cost of the clause on the old table.
    pub(crate) fn cost(&self, before: &Table, features: &Features) -> Cost {
        match self {
            Self::DropColumn(_) if features.instant_drop_column() => Cost::Instant,
            Self::AddColumn(column) | Self::InsertColumn { column, .. }
                if column.generated.is_some() =>
            {
                Cost::Copy
            }
            Self::AddColumn(column) if features.instant_add_column() && !column.autoincrement => {
                Cost::Instant
            }
            Self::DropIndex(_)
            | Self::UseIndex(_)
            | Self::RenameIndex { .. }
            | Self::RenameColumn { .. }
            | Self::DropCheck(_) => Cost::Definition,
            Self::AddUnique(_) | Self::AddIndex(_) => Cost::Scan,
            Self::DropPrimaryKey
            | Self::AddPrimaryKey(_)
            | Self::DropColumn(_)
            | Self::AddColumn(_)
            | Self::InsertColumn { .. } => Cost::Rebuild,
            // The server checks the rows while it copies them.
            Self::AddForeignKey { .. } | Self::AddCheck(_) => Cost::Copy,
            Self::ChangeColumn { before: old, after: new } => {
                change_of_column(old, new, before, features)
            }
        }
    }
}

fn change_of_column(old: &Column, new: &Column, table: &Table, features: &Features) -> Cost {
    let same_type = old.column_type.sql(Mysql) == new.column_type.sql(Mysql);
    let same_values = old.collation == new.collation
        && old.generated == new.generated
        && old.autoincrement == new.autoincrement
        && (same_type || is_longer_varchar(old, new, table, features));
    if !same_values {
        Cost::Copy
    } else if old.nullable != new.nullable {
        Cost::Rebuild
    } else {
        Cost::Definition
    }
}

/// Returns whether a VARCHAR becomes longer while its stored values stay as they are.
///
/// The length before each value takes one byte up to 255 bytes, and two beyond.
fn is_longer_varchar(old: &Column, new: &Column, table: &Table, features: &Features) -> bool {
    let (ColumnType::Varchar(old_length), ColumnType::Varchar(new_length)) =
        (&old.column_type, &new.column_type)
    else {
        return false;
    };
    let collation = old.collation.as_ref().or(table.collation.as_ref());
    let width = bytes_of_character(collation.map_or("", String::as_str));
    let length_bytes = |length: u32| if length.saturating_mul(width) > 255 { 2 } else { 1 };
    features.extends_varchar_in_place()
        && old_length <= new_length
        && length_bytes(*old_length) == length_bytes(*new_length)
}

/// Returns the most bytes of a character in a collation's character set.
///
/// Returns 4 where the character set is not known.
fn bytes_of_character(collation: &str) -> u32 {
    match collation.split('_').next().unwrap_or_default() {
        "latin1" | "ascii" | "binary" => 1,
        "utf8" | "utf8mb3" => 3,
        _ => 4,
    }
}
