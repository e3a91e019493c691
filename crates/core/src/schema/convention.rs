//! Predicts the names that a server gives to constraints which MLflow left unnamed.
//!
//! Later revisions and MLflow's users depend on these names. PostgreSQL uses
//! `<table>_<columns>_key`, `_fkey` and `<table>_pkey` (its manual, CREATE TABLE). MySQL uses
//! `<table>_ibfk_<n>` and `<table>_chk_<n>` (MySQL manual, CREATE TABLE). MariaDB uses
//! `CONSTRAINT_<n>`, and `<n>` for its foreign keys from 12.1 on (MDEV-28933). SQLite leaves the
//! constraints unnamed.

use super::{Check, ForeignKey, Index, Table, Unique};
use crate::schema::platform::{AutomaticCheckName, AutomaticForeignKeyName, Dialect, Platform};

/// Names the unnamed constraints of a new table, and drops what the platform does not keep.
pub(super) fn settle_new_table(table: Table, platform: &Platform) -> Table {
    let mut settled = Table {
        foreign_keys: Vec::new(),
        uniques: Vec::new(),
        checks: Vec::new(),
        indexes: Vec::new(),
        ..table.clone()
    };
    for foreign_key in table.foreign_keys {
        let named = name_foreign_key(foreign_key, &settled, platform);
        settled.foreign_keys.push(named);
    }
    for unique in table.uniques {
        if is_kept(&unique, &settled, platform) {
            let named = name_unique(unique, &settled, platform);
            settled.uniques.push(named);
        }
    }
    for index in table.indexes {
        match keep_index(index, platform) {
            Kept::Index(index) => settled.indexes.push(index),
            Kept::Unique(unique) => settled.uniques.push(unique),
        }
    }
    if platform.enforces_checks {
        for check in table.checks {
            let named = name_check(check, &settled, platform);
            settled.checks.push(named);
        }
    }
    if let Some(key) = &mut settled.primary_key {
        match platform.dialect {
            Dialect::Sqlite => {}
            Dialect::Postgres if key.name.is_some() => {}
            Dialect::Postgres => key.name = Some(format!("{}_pkey", settled.name)),
            Dialect::Mysql => key.name = None,
        }
    }
    settled
}

/// The form in which a server keeps an index.
pub(super) enum Kept {
    /// As an index.
    Index(Index),
    /// As a unique constraint.
    Unique(Unique),
}

/// Returns the form in which a server keeps an index.
///
/// MySQL does not distinguish a unique index from a unique constraint. Where it cannot store
/// `DESC`, it parses and ignores it.
pub(super) fn keep_index(mut index: Index, platform: &Platform) -> Kept {
    if !platform.descending_indexes {
        index.columns.iter_mut().for_each(|column| column.descending = false);
    }
    let is_plain = index.definition.is_none()
        && index.columns.iter().all(|it| !it.descending && it.prefix_length.is_none());
    if platform.is_mysql() && index.unique && is_plain {
        let columns = index.columns.into_iter().map(|column| column.name).collect();
        Kept::Unique(Unique { name: Some(index.name), columns })
    } else {
        Kept::Index(index)
    }
}

/// Returns whether the server keeps a unique constraint.
///
/// PostgreSQL makes no second index for a UNIQUE over the columns of the primary key.
fn is_kept(unique: &Unique, table: &Table, platform: &Platform) -> bool {
    platform.dialect != Dialect::Postgres || table.key_columns() != unique.columns
}

pub(super) fn name_foreign_key(
    mut foreign_key: ForeignKey,
    table: &Table,
    platform: &Platform,
) -> ForeignKey {
    if foreign_key.name.is_none() {
        let taken = || table.foreign_keys.iter().filter_map(|key| key.name.as_deref());
        foreign_key.name = match platform.automatic_foreign_key_name {
            AutomaticForeignKeyName::None => None,
            AutomaticForeignKeyName::TableColumns => {
                Some(format!("{}_{}_fkey", table.name, foreign_key.columns.join("_")))
            }
            AutomaticForeignKeyName::TableNumber => {
                let prefix = format!("{}_ibfk_", table.name);
                Some(format!("{prefix}{}", next_number(taken(), &prefix)))
            }
            AutomaticForeignKeyName::Number => Some(next_number(taken(), "").to_string()),
        };
    }
    foreign_key
}

pub(super) fn name_unique(mut unique: Unique, table: &Table, platform: &Platform) -> Unique {
    if unique.name.is_none() {
        unique.name = match platform.dialect {
            Dialect::Sqlite => None,
            Dialect::Postgres => Some(format!("{}_{}_key", table.name, unique.columns.join("_"))),
            Dialect::Mysql => unique.columns.first().cloned(),
        };
    }
    unique
}

pub(super) fn name_check(mut check: Check, table: &Table, platform: &Platform) -> Check {
    if check.name.is_none() {
        let taken = || table.checks.iter().filter_map(|check| check.name.as_deref());
        check.name = match platform.automatic_check_name {
            AutomaticCheckName::None => None,
            AutomaticCheckName::TableColumn => Some(match column_of(&check, table) {
                Some(column) => format!("{}_{column}_check", table.name),
                None => format!("{}_check", table.name),
            }),
            AutomaticCheckName::TableNumber => {
                let prefix = format!("{}_chk_", table.name);
                Some(format!("{prefix}{}", next_number(taken(), &prefix)))
            }
            AutomaticCheckName::Number => {
                Some(format!("CONSTRAINT_{}", next_number(taken(), "CONSTRAINT_")))
            }
        };
    }
    check
}

fn next_number<'a>(names: impl Iterator<Item = &'a str>, prefix: &str) -> u32 {
    names
        .filter_map(|name| name.strip_prefix(prefix)?.parse::<u32>().ok())
        .max()
        .map_or(1, |highest| highest.saturating_add(1))
}

/// Returns the column that an expression mentions, if it mentions exactly one.
fn column_of<'a>(check: &Check, table: &'a Table) -> Option<&'a str> {
    let outside_strings: String = check.expression.split('\'').step_by(2).collect();
    let words: Vec<&str> = outside_strings
        .split(|character: char| !character.is_alphanumeric() && character != '_')
        .collect();
    let mut mentioned = table.columns.iter().filter(|column| words.contains(&column.name.as_str()));
    let column = mentioned.next()?;
    mentioned.next().is_none().then_some(column.name.as_str())
}
