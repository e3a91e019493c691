//! What a change does to the columns, the keys and the rows that are there.

use mlflow_migrate_core::plan::TableChange;
use mlflow_migrate_core::schema::platform::Dialect;
use mlflow_migrate_core::schema::{Column, Schema};

/// A live column, and what becomes of it.
pub(super) struct Disturbed<'a> {
    pub(super) column: &'a str,
    pub(super) fate: Fate,
}

/// What becomes of a column.
#[derive(Clone, Copy)]
pub(super) enum Fate {
    Goes,
    GetsAnotherType,
    GetsAnotherName,
}

impl Fate {
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Goes => "goes",
            Self::GetsAnotherType => "gets another type",
            Self::GetsAnotherName => "gets another name",
        }
    }
}

/// The names of the keys that are dropped, if only to be made anew.
pub(super) fn replaced_keys(change: &TableChange) -> Vec<String> {
    let Some(before) = &change.before else { return Vec::new() };
    let primary =
        before.primary_key.iter().filter(|key| change.after.primary_key.as_ref() != Some(*key));
    let uniques = before.uniques.iter().filter(|key| !change.after.uniques.contains(key));
    let names = primary.map(|key| &key.name).chain(uniques.map(|key| &key.name));
    names.filter_map(Clone::clone).collect()
}

/// Whether a column gets another type, or one with a value of its own is added.
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

/// The live columns that go, or get another type or name.
pub(super) fn disturbed_columns<'a>(change: &'a TableChange, live: &Schema) -> Vec<Disturbed<'a>> {
    let Some(before) = &change.before else { return Vec::new() };
    let is_live = |name: &str| {
        live.table(&before.name).is_some_and(|table| table.find_column(name).is_some())
    };
    let type_of = |column: &Column| column.column_type.sql(Dialect::Postgres).to_ascii_uppercase();
    let fate =
        |old: &Column| match change.after.columns.iter().find(|it| it.live_name() == old.name) {
            None => Some(Fate::Goes),
            Some(new) if type_of(new) != type_of(old) || new.collation != old.collation => {
                Some(Fate::GetsAnotherType)
            }
            Some(new) => (new.name != old.name).then_some(Fate::GetsAnotherName),
        };
    let live = before.columns.iter().filter(|old| is_live(&old.name));
    live.filter_map(|old| Some(Disturbed { column: &old.name, fate: fate(old)? })).collect()
}
