//! What properties of plans begin with: the states on every platform, with something of a user's own.

use std::sync::LazyLock;

use mlflow_migrate_core::history::catalogue::Catalogue;
use mlflow_migrate_core::history::location::Location;
use mlflow_migrate_core::plan::{Plan, Step};
use mlflow_migrate_core::schema::platform::Platform;
use mlflow_migrate_core::schema::{Index, Schema, integer};
use proptest::prelude::*;

pub(crate) const PLATFORMS: [Platform; 5] = [
    Platform::SQLITE,
    Platform::POSTGRES,
    Platform::MYSQL_8,
    Platform::MYSQL_5_7,
    Platform::MARIADB,
];

/// A revision, and the schema at it.
pub(crate) type State = (Option<String>, Schema);

pub(crate) static CATALOGUE: LazyLock<Catalogue> =
    LazyLock::new(|| mlflow_migrate_revisions::tracking().unwrap());

pub(crate) static STATES: LazyLock<Vec<Vec<State>>> =
    LazyLock::new(|| PLATFORMS.iter().map(|each| CATALOGUE.states(each).unwrap()).collect());

/// Something of a user's own in one of MLflow's tables.
#[derive(Clone, Debug)]
pub(crate) struct Extra {
    table: usize,
    number: usize,
    is_column: bool,
}

pub(crate) fn extras() -> impl Strategy<Value = Vec<Extra>> {
    let extra = (any::<usize>(), 0..1000_usize, any::<bool>())
        .prop_map(|(table, number, is_column)| Extra { table, number, is_column });
    proptest::collection::vec(extra, 0..6)
}

/// Adds the extras, and tells how many objects that makes.
pub(crate) fn add_extras(schema: &mut Schema, extras: &[Extra]) -> usize {
    let names: Vec<String> = schema.tables.keys().cloned().collect();
    let mut added = 0;
    for extra in extras {
        let table = schema.tables.get_mut(&names[extra.table % names.len()]).unwrap();
        let name = format!("user's own {}", extra.number);
        if extra.is_column && table.find_column(&name).is_none() {
            table.columns.push(integer(&name));
            added += 1;
        } else if !extra.is_column && table.indexes.iter().all(|index| index.name != name) {
            let column = table.columns[0].name.clone();
            table.indexes.push(Index::new(&name, &[&column]));
            added += 1;
        }
    }
    added
}

/// A platform with two of its states: one, and the one that is so many further.
pub(crate) fn path(
    platform: usize,
    from: usize,
    further: usize,
) -> (&'static Platform, &'static State, &'static State) {
    let states = &STATES[platform];
    (&PLATFORMS[platform], &states[from], &states[(from + further).min(70)])
}

/// Where a database is that names its revision.
pub(crate) fn at(revision: Option<&str>) -> Location {
    let revision = revision.map(ToOwned::to_owned);
    Location { revision, empty: false, stamped: true, ..Location::default() }
}

/// Follows the steps: each begins with what the ones before it have left, and a server takes it.
pub(crate) fn follow(plan: &Plan, live: &Schema, platform: &Platform) -> Schema {
    let mut schema = live.clone();
    for step in &plan.steps {
        match step {
            Step::Change(change) => {
                assert_eq!(change.before.as_ref(), schema.table(&change.after.name));
                let mut after = change.after.clone();
                after.settle();
                schema.insert(after);
            }
            Step::DropTable(dropped) => {
                let table = schema.tables.remove(&dropped.table.name);
                assert_eq!(table.as_ref(), Some(&dropped.table));
            }
            Step::RemoveLeftovers(_) | Step::Migrate { .. } => {}
        }
        if !platform.is_sqlite() {
            refuse_broken_references(&schema, &step.title());
        }
    }
    schema
}

/// No server lets a foreign key reference what is not a key.
fn refuse_broken_references(schema: &Schema, changed: &str) {
    for (table, key) in
        schema.tables.values().flat_map(|it| it.foreign_keys.iter().map(move |key| (it, key)))
    {
        let context = || format!("{}: {changed}", table.name);
        let referred = schema.table(&key.referred_table).unwrap_or_else(|| panic!("{}", context()));
        let is_key = referred.key_columns() == key.referred_columns
            || referred.uniques.iter().any(|unique| unique.columns == key.referred_columns);
        assert!(is_key, "{}: {key:?}", context());
    }
}
