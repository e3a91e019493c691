//! The effect of a change on existing columns, keys and rows.

use mlflow_migrate_core::plan::TableChange;
use mlflow_migrate_core::schema::platform::Dialect;
use mlflow_migrate_core::schema::{Column, Schema};

/// A live column, and what happens to it.
pub(super) struct Disturbed<'a> {
    pub(super) column: &'a str,
    pub(super) fate: Fate,
}

/// What happens to a column.
#[derive(Clone, Copy)]
pub(super) enum Fate {
    IsDropped,
    GetsAnotherType,
    GetsAnotherName,
}

impl Fate {
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::IsDropped => "goes",
            Self::GetsAnotherType => "gets another type",
            Self::GetsAnotherName => "gets another name",
        }
    }
}

/// Returns the names of the keys that a change drops, including those that it recreates.
pub(super) fn replaced_keys(change: &TableChange) -> Vec<String> {
    let Some(before) = &change.before else { return Vec::new() };
    let primary =
        before.primary_key.iter().filter(|key| change.after.primary_key.as_ref() != Some(*key));
    let uniques = before.uniques.iter().filter(|key| !change.after.uniques.contains(key));
    let names = primary.map(|key| &key.name).chain(uniques.map(|key| &key.name));
    names.filter_map(Clone::clone).collect()
}

/// Returns whether a change alters stored rows: by another type, or by a column with a default.
pub(super) fn changes_rows(change: &TableChange, live: &Schema) -> bool {
    let retyped = disturbed_columns(change, live);
    let before = change.before.as_ref();
    let is_new = |column: &&Column| {
        before.is_some_and(|before| before.find_column(column.live_name()).is_none())
    };
    let has_value = |column: &Column| column.default.is_some() || column.generated.is_some();
    retyped.iter().any(|it| matches!(it.fate, Fate::GetsAnotherType))
        || change.after.columns.iter().filter(is_new).any(has_value)
}

/// Returns the live columns that a change drops, renames, or gives another type.
pub(super) fn disturbed_columns<'a>(change: &'a TableChange, live: &Schema) -> Vec<Disturbed<'a>> {
    let Some(before) = &change.before else { return Vec::new() };
    let is_live = |name: &str| {
        live.table(&before.name).is_some_and(|table| table.find_column(name).is_some())
    };
    let type_of = |column: &Column| column.column_type.sql(Dialect::Postgres).to_ascii_uppercase();
    let fate =
        |old: &Column| match change.after.columns.iter().find(|it| it.live_name() == old.name) {
            None => Some(Fate::IsDropped),
            Some(new) if type_of(new) != type_of(old) || new.collation != old.collation => {
                Some(Fate::GetsAnotherType)
            }
            Some(new) => (new.name != old.name).then_some(Fate::GetsAnotherName),
        };
    let live = before.columns.iter().filter(|old| is_live(&old.name));
    live.filter_map(|old| Some(Disturbed { column: &old.name, fate: fate(old)? })).collect()
}
