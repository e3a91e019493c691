//! Properties of plans, whatever the live schema holds besides MLflow's own.

use std::collections::{BTreeMap, BTreeSet};

use mlflow_migrate_core::plan::{Plan, Step, TableChange, plan, step_by_step};
use mlflow_migrate_core::schema::platform::Platform;
use mlflow_migrate_core::schema::{DifferenceKind, Schema, Table, differences};
use mlflow_migrate_tests::checks;
use mlflow_migrate_tests::harness::Check;
use proptest::prelude::*;

use crate::states::{CATALOGUE, PLATFORMS, STATES, add_extras, at, extras, follow, path};

pub(crate) const CHECKS: &[Check] = checks![
    plans_end_at_the_target_and_keep_what_is_the_users,
    merging_makes_no_difference_to_the_result,
    a_stop_on_the_way_makes_no_difference,
    tables_that_are_prepared_are_only_left_out,
    the_plan_from_mlflow_1_2_to_head.await
];

/// A table but for its foreign keys, and the indexes that come and go with them.
fn without_foreign_keys(table: &Table) -> Table {
    let mut table = table.clone();
    table.foreign_keys.clear();
    table.indexes.retain(|index| !index.automatic);
    table
}

/// Whether only foreign keys come or go.
fn is_of_foreign_keys(change: &TableChange) -> bool {
    let before = change.before.as_ref().map(without_foreign_keys);
    before.is_some_and(|before| before == without_foreign_keys(&change.after))
}

/// How often each table is changed between two data migrations that touch it.
fn changes_in_a_row(plan: &Plan) -> BTreeMap<String, usize> {
    let (mut running, mut most) = (BTreeMap::new(), BTreeMap::new());
    for step in &plan.steps {
        match step {
            Step::Change(change) if is_of_foreign_keys(change) => {}
            Step::Change(change) => {
                let count: &mut usize = running.entry(change.after.name.clone()).or_default();
                *count += 1;
                let most = most.entry(change.after.name.clone()).or_default();
                *most = (*count).max(*most);
            }
            Step::Migrate { .. } => running.clear(),
            Step::RemoveLeftovers(_) | Step::DropTable(_) => {}
        }
    }
    most
}

/// The columns of steps that are there neither before the first one nor after the last.
fn passing_columns(plan: &Plan, live: &Schema) -> BTreeSet<String> {
    let is_in = |schema: &Schema, table: &str, column: &str| {
        schema.table(table).is_some_and(|table| table.find_column(column).is_some())
    };
    let mut passing = BTreeSet::new();
    for table in plan.changes().map(|change| &change.after) {
        for column in &table.columns {
            let is_kept = [live, &plan.result]
                .into_iter()
                .any(|schema| is_in(schema, &table.name, &column.name));
            if !is_kept {
                passing.insert(format!("{}.{}", table.name, column.name));
            }
        }
    }
    passing
}

/// Some of the tables that a plan creates, none of which an earlier step has in its way, and all that
/// they reference.
fn some_creations(plan: &Plan, live: &Schema, chosen: u128) -> Vec<Table> {
    let (mut some, mut changed): (Vec<Table>, Vec<&String>) = Default::default();
    for (place, change) in plan.changes().enumerate() {
        if change.before.is_some() {
            changed.push(&change.after.name);
        } else if chosen >> (place % 128) & 1 == 1
            && change.after.foreign_keys.iter().all(|key| {
                let referred = &key.referred_table;
                let is_some = |name: &str| some.iter().any(|table| table.name == name);
                *referred == change.after.name
                    || is_some(referred)
                    || live.table(referred).is_some() && !changed.contains(&referred)
            })
        {
            let mut table = change.after.clone();
            table.settle();
            some.push(table);
        }
    }
    some
}

proptest! {
    // A failure prints its smallest input, which belongs into a test of its own.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    fn plans_end_at_the_target_and_keep_what_is_the_users(
        platform in 0..PLATFORMS.len(),
        from_index in 0..71_usize,
        further in 0..71_usize,
        extras in extras(),
    ) {
        let (platform, from, to) = path(platform, from_index, further);
        let mut live = from.1.clone();
        let added = add_extras(&mut live, &extras);
        let location = at(from.0.as_deref());
        let plan = plan(&CATALOGUE, platform, &live, &location, to.0.as_deref()).unwrap();

        let found = differences(&to.1, &plan.result, platform);
        prop_assert!(found.iter().all(|each| each.kind == DifferenceKind::Extra), "{found:?}");
        prop_assert_eq!(found.len(), added, "{:?}", found);
        prop_assert_eq!(follow(&plan, &live, platform), plan.result.clone());
        for (table, count) in changes_in_a_row(&plan) {
            prop_assert_eq!(count, 1, "{} is changed twice in a row", table);
        }
        prop_assert_eq!(passing_columns(&plan, &live), BTreeSet::new());
    }

    fn merging_makes_no_difference_to_the_result(
        platform in 0..PLATFORMS.len(),
        from_index in 0..71_usize,
        further in 1..71_usize,
        extras in extras(),
    ) {
        let (platform, from, to) = path(platform, from_index, further);
        let mut live = from.1.clone();
        add_extras(&mut live, &extras);
        let location = at(from.0.as_deref());
        let to = to.0.as_deref();
        let merged = plan(&CATALOGUE, platform, &live, &location, to).unwrap();
        let parts = step_by_step(&CATALOGUE, platform, &live, &location, to).unwrap();
        let last = parts.last().unwrap();
        prop_assert_eq!(last.to.as_deref(), to);
        prop_assert_eq!(differences(&merged.result, &last.result, platform), []);
    }

    fn tables_that_are_prepared_are_only_left_out(
        platform in 0..PLATFORMS.len(),
        from_index in 0..71_usize,
        further in 1..71_usize,
        chosen in any::<u128>(),
        extras in extras(),
    ) {
        let (platform, from, to) = path(platform, from_index, further);
        let mut live = from.1.clone();
        add_extras(&mut live, &extras);
        let location = at(from.0.as_deref());
        let to = to.0.as_deref();
        let alone = plan(&CATALOGUE, platform, &live, &location, to).unwrap();
        let prepared = some_creations(&alone, &live, chosen);
        for table in &prepared {
            live.insert(table.clone());
        }
        let around = plan(&CATALOGUE, platform, &live, &location, to).unwrap();

        let is_left = |title: &String| {
            prepared.iter().all(|table| *title != format!("create table {}", table.name))
        };
        let titles = |plan: &Plan| plan.steps.iter().map(Step::title).collect::<Vec<String>>();
        let expected: Vec<String> = titles(&alone).into_iter().filter(is_left).collect();
        prop_assert_eq!(titles(&around), expected);
        prop_assert_eq!(&around.prepared, &prepared);
        prop_assert_eq!(&around.result, &alone.result);
        prop_assert_eq!(follow(&around, &live, platform), around.result.clone());
    }

    fn a_stop_on_the_way_makes_no_difference(
        platform in 0..PLATFORMS.len(),
        stops in proptest::collection::btree_set(0..71_usize, 1..4),
    ) {
        let states = &STATES[platform];
        let platform = &PLATFORMS[platform];
        let mut live = states[*stops.first().unwrap()].1.clone();
        let mut from = states[*stops.first().unwrap()].0.as_deref();
        for stop in stops {
            let location = at(from);
            from = states[stop].0.as_deref();
            live = plan(&CATALOGUE, platform, &live, &location, from).unwrap().result;
            prop_assert_eq!(differences(&states[stop].1, &live, platform), []);
        }
    }
}

/// What an upgrade of the README's sample does to the tables that it has, on SQLite.
async fn the_plan_from_mlflow_1_2_to_head() {
    use mlflow_migrate_tests::database::TestDatabase;

    let database = mlflow_migrate_tests::sqlite::SqliteFile::new();
    let backend = database.connect().await.unwrap();
    let states = &STATES[0];
    let (revision, live) = &states[5];
    let location = at(revision.as_deref());
    let head = states[70].0.as_deref();
    let plan = plan(&CATALOGUE, &Platform::SQLITE, live, &location, head).unwrap();
    let (mut lines, mut statements) = (Vec::new(), Vec::new());
    for step in &plan.steps {
        match step {
            Step::Change(change) if change.before.is_none() => {}
            Step::Change(change) => {
                let method = backend.describe_change(change).unwrap();
                lines.push(format!("{}: {}", step.title(), method.summary));
                statements.push(format!("-- {}\n{};", step.title(), method.statements.join(";\n")));
            }
            Step::RemoveLeftovers(_) | Step::DropTable(_) | Step::Migrate { .. } => {
                lines.push(step.title());
            }
        }
    }
    insta::assert_snapshot!(lines.join("\n"));
    insta::assert_snapshot!("its_statements", statements.join("\n\n"));
}
