//! A user's own objects under names that need quotes, on the tables that upgrades change most.

use std::collections::BTreeSet;

use mlflow_migrate_core::history::target::Target;
use mlflow_migrate_core::schema::{DifferenceKind, differences};
use mlflow_migrate_core::{UpgradeOptions, report::doctor, report::estimate, report::verify};
use mlflow_migrate_tests::conformance::live;
use mlflow_migrate_tests::database::{Cell, TestDatabase};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::tests;

use super::{name, to_newest};

pub(crate) const TESTS: &[Test] = tests![own_objects];

/// What a careless statement would stumble over. Nothing ends with a blank, which MySQL does not take.
const NAMES: &[&str] = &[
    "say \"so\", it's `ticks` [x] a.b/c",
    "'; DROP TABLE runs; --",
    "/* */ -- # comment",
    "open]",
    "back\\slash\\",
    "select",
    "group",
    "? ?1 $1 :name @name %s {}",
    "line\nbreak e\u{301}\u{200d}ß",
    // What Alembic and this tool make up begins so, and is none of these.
    "_alembic_tmp_mine",
    "alembic_mlflow_migrate2",
    "_mlflow_migrate_mine",
];

/// One per table, event and time, since MySQL 5.6 takes no second one. `metrics` has none, so that it
/// is swapped on MySQL.
const TRIGGERED: [&str; 4] = ["experiments", "runs", "tags", "params"];
const EVENTS: [&str; 6] = [
    "BEFORE INSERT",
    "AFTER INSERT",
    "BEFORE UPDATE",
    "AFTER UPDATE",
    "BEFORE DELETE",
    "AFTER DELETE",
];

const WITH_COLUMNS: [&str; 5] = ["metrics", "experiments", "runs", "tags", "params"];

fn names(server: &TestServer) -> Vec<String> {
    let longest = if server.is_postgres() { 63 } else { 64 };
    let mut names: Vec<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
    names.push("long".repeat(16)[..longest].to_owned());
    // MySQL's names are of the Basic Multilingual Plane.
    names.extend((!server.is_mysql()).then(|| "🦀 'n' 👩‍👩‍👧".to_owned()));
    names
}

/// The same name for an object that shares its name space with a table.
fn with_suffix(text: &str, suffix: char) -> String {
    text.chars().take(62).chain([suffix]).collect()
}

/// Everything is of the user's, under one name.
struct Own {
    number: usize,
    text: String,
}

impl Own {
    fn table_with_column(&self) -> &'static str {
        WITH_COLUMNS[self.number % WITH_COLUMNS.len()]
    }

    fn create(&self, server: &TestServer) -> String {
        let Self { number, text } = self;
        let (own, on) = (name(text), self.table_with_column());
        let (index, view) = (name(&with_suffix(text, 'i')), name(&with_suffix(text, 'v')));
        let mut sql = format!(
            "ALTER TABLE {on} ADD COLUMN {own} INTEGER DEFAULT {number};
             UPDATE {on} SET {own} = 1000 + {number};
             CREATE INDEX {index} ON {on} ({own});
             CREATE TABLE {own} ({own} INTEGER NOT NULL, run VARCHAR(32), PRIMARY KEY ({own}),
                CONSTRAINT {own} FOREIGN KEY (run) REFERENCES runs (run_uuid));
             INSERT INTO {own} VALUES ({number}, 'a');
             CREATE VIEW {view} AS SELECT m.{own} AS mine, t.{own} FROM {on} m, {own} t;"
        );
        let (event, on) = self.trigger();
        sql += &match () {
            () if server.is_sqlite() => {
                format!("CREATE TRIGGER {own} {event} ON {on} BEGIN SELECT {own} FROM {own}; END;")
            }
            () if server.is_postgres() => format!(
                "CREATE FUNCTION {own}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                    IF tg_op = 'DELETE' THEN RETURN old; END IF; RETURN new; END $$;
                 CREATE TRIGGER {own} {event} ON {on} FOR EACH ROW EXECUTE FUNCTION {own}();"
            ),
            () => format!("CREATE TRIGGER {own} {event} ON {on} FOR EACH ROW SET @seen = 1;"),
        };
        sql
    }

    fn trigger(&self) -> (&'static str, &'static str) {
        (EVENTS[self.number / TRIGGERED.len()], TRIGGERED[self.number % TRIGGERED.len()])
    }

    /// What the server's catalogue shall say of it: kind, table, name.
    fn described(&self) -> Vec<[String; 3]> {
        let (text, on) = (&self.text, self.table_with_column());
        let object = |kind: &str, of: &str, name: &str| [kind, of, name].map(ToOwned::to_owned);
        vec![
            object("column", on, text),
            object("column", text, text),
            object("index", on, &with_suffix(text, 'i')),
            object("table", "", text),
            object("view", "", &with_suffix(text, 'v')),
            object("trigger", self.trigger().1, text),
        ]
    }
}

const SQLITE: &str = "SELECT 'column', m.name, c.name FROM sqlite_schema m, \
        pragma_table_xinfo(m.name) c WHERE m.type = 'table' \
    UNION ALL SELECT type, iif(type IN ('table', 'view'), '', tbl_name), name FROM sqlite_schema";

const POSTGRES: &str = "SELECT 'column', c.relname::text, a.attname::text FROM pg_attribute a \
        JOIN pg_class c ON c.oid = a.attrelid WHERE c.relkind = 'r' AND a.attnum > 0 \
    UNION ALL SELECT 'index', c.relname, i.relname FROM pg_index x \
        JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid \
    UNION ALL SELECT CASE relkind WHEN 'r' THEN 'table' ELSE 'view' END, '', relname \
        FROM pg_class WHERE relkind IN ('r', 'v') \
    UNION ALL SELECT 'trigger', c.relname, t.tgname FROM pg_trigger t \
        JOIN pg_class c ON c.oid = t.tgrelid";

const MYSQL: &str = "SELECT 'column', c.table_name, c.column_name FROM information_schema.columns c \
        JOIN information_schema.tables t USING (table_schema, table_name) \
        WHERE c.table_schema = DATABASE() AND t.table_type = 'BASE TABLE' \
    UNION ALL SELECT 'index', table_name, index_name FROM information_schema.statistics \
        WHERE table_schema = DATABASE() AND index_name <> 'PRIMARY' \
    UNION ALL SELECT IF(table_type = 'VIEW', 'view', 'table'), '', table_name \
        FROM information_schema.tables WHERE table_schema = DATABASE() \
    UNION ALL SELECT 'trigger', event_object_table, trigger_name FROM information_schema.triggers \
        WHERE trigger_schema = DATABASE()";

fn catalogue(server: &TestServer, database: &dyn TestDatabase) -> BTreeSet<[String; 3]> {
    let rows = database.query(match () {
        () if server.is_sqlite() => SQLITE,
        () if server.is_postgres() => POSTGRES,
        () => MYSQL,
    });
    let text = |cell: &Cell| match cell {
        Cell::Text(text) => text.clone(),
        other => panic!("{other:?}"),
    };
    rows.iter().map(|row| [text(&row[0]), text(&row[1]), text(&row[2])]).collect()
}

/// What the tool sees beside what belongs to a revision. Everything else must be as that says.
pub(crate) async fn extras(server: &TestServer, database: &dyn TestDatabase) -> BTreeSet<String> {
    let (found, platform) = live(database).await.unwrap();
    let versions = database.connect().await.unwrap().versions().await.unwrap();
    let revision = versions.unwrap_or_default().pop();
    let expected = server.catalogue().state(revision.as_deref(), &platform).unwrap();
    let differences = differences(&expected, &found, &platform);
    let is_extra = |kind: DifferenceKind| kind == DifferenceKind::Extra;
    assert!(differences.iter().all(|one| is_extra(one.kind)), "{differences:?}");
    differences.iter().map(ToString::to_string).collect()
}

const ROWS: &str = r#"INSERT INTO experiments (experiment_id, name) VALUES (1, 'one');
     INSERT INTO runs (run_uuid, user_id, experiment_id) VALUES ('a', 'ann', 1);
     INSERT INTO tags ("key", value, run_uuid) VALUES ('k', 'v', 'a');
     INSERT INTO params ("key", value, run_uuid) VALUES ('k', 'v', 'a');
     INSERT INTO metrics ("key", value, timestamp, run_uuid) VALUES ('m', 0.5, 1, 'a')"#;

const LATEST: &str = r#"INSERT INTO latest_metrics ("key", value, timestamp, step, is_nan, run_uuid)
     VALUES ('m', 0.5, 1, 0, FALSE, 'a');"#;

async fn own_objects(server: &TestServer) {
    // MySQL writes every object to its disk.
    let states = if server.is_mysql() { &["base"][..] } else { &["base", "cc1f77228345"] };
    for state in states.iter().copied() {
        let database = server.at(state).await;
        let texts = names(server).into_iter().enumerate();
        let all: Vec<Own> = texts.map(|(number, text)| Own { number, text }).collect();
        let own: Vec<String> = all.iter().map(|own| own.create(server)).collect();
        let latest = if state == "base" { "" } else { LATEST };
        database.run(&format!("{ROWS}; {latest} {}", own.concat()));
        if server.is_postgres() {
            // The experiment has brought its number.
            database.run("SELECT setval('experiments_experiment_id_seq', 1)");
        }
        let seen = extras(server, &*database).await;
        assert!(seen.len() >= 3 * all.len(), "{seen:?}");
        assert_eq!(look(server, &*database).await, 0, "at {state}");
        to_newest(server, &*database).await;
        assert_eq!(extras(server, &*database).await, seen, "from {state}");
        let found = catalogue(server, &*database);
        for own in &all {
            for object in own.described() {
                assert!(found.contains(&object), "from {state}: {object:?} is gone");
            }
            let number = i64::try_from(own.number).unwrap();
            let view = name(&with_suffix(&own.text, 'v'));
            let values = database.query(&format!("SELECT * FROM {view} ORDER BY 1 DESC"));
            assert_eq!(values[0], [Cell::from(1000 + number), number.into()], "{}", own.text);
        }
        let tags = database.query("SELECT value FROM tags ORDER BY value");
        let due = if state == "base" { &["ann", "v"][..] } else { &["v"] };
        assert!(
            tags.iter().flatten().eq(&due.iter().map(|it| Cell::from(*it)).collect::<Vec<_>>())
        );
    }
}

/// Everything that looks at a database. Tells how many kinds of rows do not fit together.
async fn look(server: &TestServer, database: &dyn TestDatabase) -> usize {
    let (catalogue, request) =
        (server.catalogue(), UpgradeOptions::to(Target::parse(server.head())));
    let mut backend = database.connect().await.unwrap();
    let found = doctor::diagnose(&mut *backend, catalogue, &request).await.unwrap();
    assert!(found.problems.is_empty(), "{:?}", found.problems);
    let options = estimate::EstimateOptions::default();
    estimate::estimate(&mut *backend, catalogue, &request, options).await.unwrap();
    let verified = verify::verify(&mut *backend, catalogue, None, true).await.unwrap();
    assert!(verified.checked.drift.is_empty(), "{:?}", verified.checked.drift);
    verified.violations.len()
}

/// Names that statements of this tool give to what they compute.
const ALIASES: [&str; 9] = ["newest", "t", "v", "n", "c0", "parent", "child", "count", "rank"];

/// Gives each table that is there the columns of all the others, where a revision does not: a name that is
/// not said to be of a table would now mean two.
pub(crate) fn crowd(server: &TestServer, database: &dyn TestDatabase) {
    let states = server.reference().states().unwrap();
    let columns_of = |table: &str| -> BTreeSet<String> {
        let tables = states.iter().filter_map(|(_, state)| state.get(table));
        let columns = tables.filter_map(|table| table["columns"].as_array()).flatten();
        columns.filter_map(|column| column["name"].as_str()).map(ToOwned::to_owned).collect()
    };
    let touched = ["runs", "tags", "metrics", "params", "experiments", "latest_metrics", "spans"];
    let traces = ["trace_info", "trace_tags", "trace_request_metadata", "assessments", "issues"];
    let tables: Vec<&str> = touched.into_iter().chain(traces).collect();
    let mut all: BTreeSet<String> = tables.iter().flat_map(|table| columns_of(table)).collect();
    all.extend(ALIASES.map(ToOwned::to_owned));
    let present: BTreeSet<String> = catalogue(server, database)
        .into_iter()
        .filter_map(|[kind, _, name]| (kind == "table").then_some(name))
        .collect();
    let mut sql = String::new();
    for table in tables.into_iter().filter(|table| present.contains(*table)) {
        let own = columns_of(table);
        let added = all.iter().filter(|column| !own.contains(*column));
        let columns: Vec<String> =
            added.map(|column| format!("ADD COLUMN {} INTEGER DEFAULT 7", name(column))).collect();
        // SQLite takes one at a time.
        let separator =
            if server.is_sqlite() { format!("; ALTER TABLE {table} ") } else { ", ".into() };
        sql += &format!("ALTER TABLE {table} {};", columns.join(&separator));
    }
    database.run(&sql);
}
