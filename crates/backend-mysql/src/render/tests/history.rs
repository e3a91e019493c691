//! Every statement of MLflow's history, for each kind of server.

use mlflow_migrate_core::history::catalogue::Catalogue;
use mlflow_migrate_core::history::location::Location;
use mlflow_migrate_core::plan::{TableChange, plan};
use mlflow_migrate_core::schema::Schema;

use crate::change::describe;
use crate::features::Features;

/// The last revision that MySQL 5.6 can hold.
const LAST_OF_5_6: &str = "770bee3ae1dd";

fn statements(
    catalogue: &Catalogue,
    features: &Features,
    live: &Schema,
    (from, to): (Option<&str>, Option<&str>),
    empty: bool,
) -> (Vec<String>, Schema) {
    let location = Location {
        revision: from.map(ToOwned::to_owned),
        empty,
        stamped: !empty,
        ..Location::default()
    };
    let plan = plan(catalogue, &features.platform(), live, &location, to).unwrap();
    let render = |change: &TableChange| describe(change, false, features).unwrap().statements;
    (plan.changes().flat_map(render).collect(), plan.result)
}

/// Treats every table that changes as large.
fn swaps(
    catalogue: &Catalogue,
    features: &Features,
    live: &Schema,
    (from, to): (Option<&str>, Option<&str>),
) -> Vec<String> {
    let location = Location {
        revision: from.map(ToOwned::to_owned),
        empty: false,
        stamped: true,
        ..Location::default()
    };
    let plan = plan(catalogue, &features.platform(), live, &location, to).unwrap();
    let render = |change: &TableChange| describe(change, true, features).unwrap().statements;
    plan.changes().flat_map(render).collect()
}

/// Returns the statements of each revision, from an empty database to the base schema and on.
fn step_by_step(version: &str, last: Option<&str>) -> Vec<(String, Vec<String>)> {
    let catalogue = mlflow_migrate_revisions::tracking().unwrap();
    let features = Features::parse(version).unwrap();
    let (sql, mut schema) =
        statements(&catalogue, &features, &Schema::default(), (None, None), true);
    let mut steps = vec![("base".to_owned(), sql)];
    let last = last.map(ToOwned::to_owned).or_else(|| head(&catalogue));
    let mut from: Option<&str> = None;
    for revision in catalogue.graph.path(None, last.as_deref()).unwrap() {
        let next = (from, Some(revision.id.as_str()));
        let (sql, after) = statements(&catalogue, &features, &schema, next, false);
        schema = after;
        steps.push((revision.id.clone(), sql));
        from = Some(&revision.id);
    }
    steps
}

fn head(catalogue: &Catalogue) -> Option<String> {
    Some(catalogue.graph.head().unwrap().to_owned())
}

fn as_text(steps: &[(String, Vec<String>)]) -> String {
    let step = |(name, sql): &(String, Vec<String>)| {
        let statements: String = sql.iter().map(|one| format!("{one};\n")).collect();
        format!("-- {name}\n{statements}")
    };
    steps.iter().map(step).collect::<Vec<_>>().join("\n")
}

#[test]
fn mysql_5_6() {
    insta::assert_snapshot!(as_text(&step_by_step("5.6.51", Some(LAST_OF_5_6))));
}

#[test]
fn mysql_5_7() {
    insta::assert_snapshot!(as_text(&step_by_step("5.7.44", None)));
}

#[test]
fn mysql_9() {
    insta::assert_snapshot!(as_text(&step_by_step("9.7.0", None)));
}

#[test]
fn mariadb_10_11() {
    insta::assert_snapshot!(as_text(&step_by_step("10.11.14-MariaDB", None)));
}

#[test]
fn a_swap_of_metrics() {
    let catalogue = mlflow_migrate_revisions::tracking().unwrap();
    for version in ["5.7.44", "9.7.0", "10.11.14-MariaDB"] {
        let features = Features::parse(version).unwrap();
        let base = catalogue.state(None, &features.platform()).unwrap();
        let head = head(&catalogue);
        let all = swaps(&catalogue, &features, &base, (None, head.as_deref()));
        let is_own = |sql: &String| {
            sql.contains("_new_metrics`") || sql.starts_with("ALTER TABLE `metrics`")
        };
        let own: Vec<String> = all.into_iter().filter(is_own).collect();
        insta::assert_snapshot!(
            format!("a_swap_of_metrics_on_{}", version.replace(['.', '-'], "_")),
            own.join(";\n")
        );
    }
}

/// No MySQL 5.7 is available to try the statements on, so none may use what 5.7 lacks.
///
/// Covers upgrades by one revision at a time, all at once, and from any revision on.
#[test]
fn nothing_is_asked_of_mysql_5_7_that_it_lacks() {
    let catalogue = mlflow_migrate_revisions::tracking().unwrap();
    let features = Features::parse("5.7.44").unwrap();
    let head = head(&catalogue);
    let mut all: Vec<String> =
        step_by_step("5.7.44", None).into_iter().flat_map(|(_, sql)| sql).collect();
    let nothing = Schema::default();
    let at_once = (None, head.as_deref());
    all.extend(statements(&catalogue, &features, &nothing, at_once, true).0);
    for (revision, schema) in catalogue.states(&features.platform()).unwrap() {
        let rest = (revision.as_deref(), head.as_deref());
        all.extend(statements(&catalogue, &features, &schema, rest, false).0);
        all.extend(swaps(&catalogue, &features, &schema, rest));
    }
    assert!(all.len() > 2000, "{}", all.len());
    for statement in &all {
        assert_fits_mysql_5_7(statement);
    }
}

fn assert_fits_mysql_5_7(statement: &str) {
    for lacking in [
        "WITH ",
        "OVER (",
        "CHECK",
        "RENAME COLUMN",
        "RENAME INDEX",
        "DROP CONSTRAINT",
        "DEFAULT (",
        " DESC",
        "ALGORITHM",
        "LOCK",
        "IF EXISTS",
        "IF NOT EXISTS",
        "INVISIBLE",
        "utf8mb4_0900",
    ] {
        assert!(!statement.contains(lacking), "{lacking} in {statement}");
    }
}

/// MariaDB 12.1 numbers unnamed foreign keys, so the server has to choose the names there too.
#[test]
fn unnamed_foreign_keys_stay_unnamed_on_every_server() {
    for version in ["5.7.44", "9.7.0", "10.11.14-MariaDB", "12.1.2-MariaDB"] {
        let base = &step_by_step(version, None)[0].1;
        let unnamed = base.iter().filter(|sql| sql.contains("\n  FOREIGN KEY")).count();
        assert_eq!(unnamed, 4, "{version}");
    }
}
