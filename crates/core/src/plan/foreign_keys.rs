//! Drops and re-creates foreign keys around the changes that they would block.
//!
//! A server drops no key that a foreign key still references, and adds no foreign key to a missing
//! key. MySQL does not alter a column that is part of a foreign key. So where the changes of
//! several tables belong together, blocking foreign keys are dropped first and added last.
//! Everything else of a table is still one change. SQLite checks none of this while a schema
//! changes.

use std::collections::BTreeMap;

use crate::plan::TableChange;
use crate::schema::platform::Platform;
use crate::schema::{Column, ForeignKey, Schema, Table};

/// Splits changes that are made together, so that no foreign key blocks them.
///
/// Keeps their order. `live` holds every table as it is before the changes.
pub(super) fn split_around_foreign_keys(
    changes: &[TableChange],
    live: &Schema,
    platform: &Platform,
) -> Vec<TableChange> {
    let batch = Batch { changes, platform };
    let (mut first, mut middle, mut last) = (Vec::new(), Vec::new(), Vec::new());
    for (place, change) in changes.iter().enumerate() {
        let mut change = change.clone();
        first.extend(batch.drop_first(&mut change));
        last.extend(batch.add_last(place, &mut change));
        if change.before.as_ref() != Some(&change.after) {
            middle.push(change);
        }
    }
    let unchanged = live.tables.values().filter(|table| batch.find(&table.name).is_none());
    for table in unchanged {
        first.extend(batch.drop_disturbed(table));
        last.extend(batch.add_disturbed(table));
    }
    first.into_iter().chain(middle).chain(last).collect()
}

/// Returns the tables whose foreign keys block changes that are made together.
pub(super) fn blocking_tables<'a>(
    changes: &'a [TableChange],
    live: &'a Schema,
    platform: &'a Platform,
) -> impl Iterator<Item = &'a str> {
    let batch = Batch { changes, platform };
    live.tables
        .values()
        .filter(move |table| table.foreign_keys.iter().any(|key| batch.is_disturbed(key)))
        .map(|table| table.name.as_str())
}

/// Returns whether a change needs a foreign key of another table to be dropped first.
pub(crate) fn is_blocked_by(change: &TableChange, key: &ForeignKey, platform: &Platform) -> bool {
    Batch { changes: std::slice::from_ref(change), platform }.is_disturbed(key)
}

struct Batch<'a> {
    changes: &'a [TableChange],
    platform: &'a Platform,
}

impl Batch<'_> {
    fn find(&self, table: &str) -> Option<(usize, &TableChange)> {
        self.changes.iter().enumerate().find(|(_, change)| change.after.name == table)
    }

    /// Drops the blocking foreign keys of a table, as a change of its own.
    fn drop_first(&self, change: &mut TableChange) -> Option<TableChange> {
        let before = change.before.as_mut()?;
        let in_the_way = |key: &ForeignKey| {
            let stays = change.after.foreign_keys.iter().any(|it| same(key, it, &change.after));
            self.is_disturbed(key) || (stays && self.is_altered(key, before, &change.after))
        };
        let leaving: Vec<ForeignKey> =
            before.foreign_keys.iter().filter(|key| in_the_way(key)).cloned().collect();
        without(before, &leaving, &change.revisions)
    }

    /// Leaves out foreign keys that cannot exist yet, and adds them by a change of its own.
    fn add_last(&self, place: usize, change: &mut TableChange) -> Option<TableChange> {
        let before = change.before.as_ref();
        let is_new = |key: &ForeignKey| {
            before.is_none_or(|table| {
                !table.foreign_keys.iter().any(|it| same(it, key, &change.after))
            })
        };
        let comes_later = |key: &ForeignKey| {
            self.find(&key.referred_table).is_some_and(|(other, _)| other > place)
        };
        let late: Vec<ForeignKey> = change
            .after
            .foreign_keys
            .iter()
            .filter(|key| is_new(key) && comes_later(key))
            .cloned()
            .collect();
        if late.is_empty() {
            return None;
        }
        let complete = change.after.clone();
        let known = before.map(|table| table.indexes.clone()).unwrap_or_default();
        change.after.foreign_keys.retain(|key| !late.contains(key));
        // InnoDB makes an automatic index together with its foreign key, not before.
        change.after.indexes.retain(|index| {
            let is_there = known.iter().any(|it| it.name == index.name);
            let is_for_late = late.iter().any(|key| index.column_names().eq(key.columns.iter()));
            !index.automatic || is_there || !is_for_late
        });
        let mut settled = change.after.clone();
        settled.settle();
        let mut after = complete;
        after.settle();
        Some(TableChange { before: Some(settled), after, revisions: change.revisions.clone() })
    }

    fn drop_disturbed(&self, table: &Table) -> Option<TableChange> {
        let mut before = table.clone();
        let (leaving, revisions) = self.disturbed(table);
        without(&mut before, &leaving, &revisions)
    }

    fn add_disturbed(&self, table: &Table) -> Option<TableChange> {
        let mut before = table.clone();
        let (leaving, revisions) = self.disturbed(table);
        without(&mut before, &leaving, &revisions).map(|dropped| TableChange {
            before: Some(dropped.after),
            after: table.clone(),
            revisions,
        })
    }

    fn disturbed(&self, table: &Table) -> (Vec<ForeignKey>, Vec<String>) {
        let mut revisions: BTreeMap<&str, ()> = BTreeMap::new();
        let mut leaving = Vec::new();
        for key in table.foreign_keys.iter().filter(|key| self.is_disturbed(key)) {
            leaving.push(key.clone());
            if let Some((_, change)) = self.find(&key.referred_table) {
                revisions.extend(change.revisions.iter().map(|one| (one.as_str(), ())));
            }
        }
        (leaving, revisions.into_keys().map(ToOwned::to_owned).collect())
    }

    /// Returns whether the key or the columns that a foreign key references change.
    fn is_disturbed(&self, key: &ForeignKey) -> bool {
        let Some((_, change)) = self.find(&key.referred_table) else { return false };
        let Some(before) = &change.before else { return false };
        let referred: &[String] = if key.referred_columns.is_empty() {
            before.key_columns()
        } else {
            &key.referred_columns
        };
        let names: Vec<String> =
            referred.iter().map(|name| new_name(&change.after, name).to_owned()).collect();
        change.after.loses_key_for(before, referred, &names, self.platform)
            || self.alters_columns(referred, before, &change.after)
    }

    /// Returns whether the referencing columns change.
    fn is_altered(&self, key: &ForeignKey, before: &Table, after: &Table) -> bool {
        self.alters_columns(&key.columns, before, after)
    }

    /// Returns whether a change alters columns so that their foreign key must be dropped first.
    ///
    /// PostgreSQL alters such a column without dropping the foreign key.
    fn alters_columns(&self, columns: &[String], before: &Table, after: &Table) -> bool {
        let definition = |column: &Column| (column.column_type.clone(), column.collation.clone());
        self.platform.is_mysql()
            && columns.iter().any(|name| {
                let new = after.columns.iter().find(|column| column.live_name() == name);
                before.find_column(name).map(definition) != new.map(definition)
            })
    }
}

/// Returns the name after the change of a column that existed before it.
fn new_name<'a>(after: &'a Table, name: &'a str) -> &'a str {
    let new = after.columns.iter().find(|column| column.live_name() == name);
    new.map_or(name, |column| &column.name)
}

fn live_name<'a>(table: &'a Table, column: &'a str) -> &'a str {
    table.find_column(column).map_or(column, Column::live_name)
}

/// Returns whether two foreign keys are equal except for renamed columns.
///
/// `old` is from before the change, `new` from after it.
fn same(old: &ForeignKey, new: &ForeignKey, after: &Table) -> bool {
    let columns = new.columns.iter().map(|column| live_name(after, column));
    old.name == new.name
        && old.referred_table == new.referred_table
        && old.columns.iter().map(String::as_str).eq(columns)
        && (old.on_delete, old.on_update) == (new.on_delete, new.on_update)
}

/// Removes foreign keys from a table, and returns the change that drops them.
fn without(table: &mut Table, leaving: &[ForeignKey], revisions: &[String]) -> Option<TableChange> {
    if leaving.is_empty() {
        return None;
    }
    let before = table.clone();
    table.foreign_keys.retain(|key| !leaving.contains(key));
    Some(TableChange { before: Some(before), after: table.clone(), revisions: revisions.to_vec() })
}
