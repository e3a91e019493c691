//! The names that a server gives to constraints which MLflow left unnamed.
//!
//! Later revisions, and MLflow's users, meet these names, so the model must predict them:
//! PostgreSQL's `<table>_<columns>_key` and `_fkey` (PostgreSQL manual, CREATE TABLE), MySQL's
//! `<table>_ibfk_<n>` and `<table>_chk_<n>` (MySQL manual, CREATE TABLE), MariaDB's
//! `CONSTRAINT_<n>`. SQLite leaves them unnamed.

use super::{Check, ForeignKey, Table, Unique};
use crate::platform::{AutomaticCheckName, Dialect, Platform};

/// Names what is unnamed in a new table, and drops what the platform does not keep.
pub(super) fn settle_new_table(table: Table, platform: &Platform) -> Table {
    let mut settled = Table {
        foreign_keys: Vec::new(),
        uniques: Vec::new(),
        checks: Vec::new(),
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
    if platform.enforces_checks {
        for check in table.checks {
            let named = name_check(check, &settled, platform);
            settled.checks.push(named);
        }
    }
    if platform.is_mysql() {
        settled.primary_key.iter_mut().for_each(|key| key.name = None);
    }
    settled
}

/// PostgreSQL makes only one index of a UNIQUE over the primary key's own columns.
fn is_kept(unique: &Unique, table: &Table, platform: &Platform) -> bool {
    platform.dialect != Dialect::Postgres || table.key_columns() != unique.columns
}

pub(super) fn name_foreign_key(
    mut foreign_key: ForeignKey,
    table: &Table,
    platform: &Platform,
) -> ForeignKey {
    if foreign_key.name.is_none() {
        foreign_key.name = match platform.dialect {
            Dialect::Sqlite => None,
            Dialect::Postgres => {
                Some(format!("{}_{}_fkey", table.name, foreign_key.columns.join("_")))
            }
            Dialect::Mysql => {
                let prefix = format!("{}_ibfk_", table.name);
                let taken = table.foreign_keys.iter().filter_map(|key| key.name.as_deref());
                Some(format!("{prefix}{}", next_number(taken, &prefix)))
            }
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

/// The only column that the expression mentions, if it mentions just one.
fn column_of<'a>(check: &Check, table: &'a Table) -> Option<&'a str> {
    let outside_strings: String = check.expression.split('\'').step_by(2).collect();
    let words: Vec<&str> = outside_strings
        .split(|character: char| !character.is_alphanumeric() && character != '_')
        .collect();
    let mut mentioned = table.columns.iter().filter(|column| words.contains(&column.name.as_str()));
    let column = mentioned.next()?;
    mentioned.next().is_none().then_some(column.name.as_str())
}
