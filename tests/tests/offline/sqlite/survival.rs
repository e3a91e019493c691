//! What the tool does not know, it leaves alone: a user's own objects in an SQLite file live
//! through an upgrade that rebuilds the tables that they hang on.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::history::catalogue::Catalogue;
use mlflow_migrate_tests::checks;
use mlflow_migrate_tests::database::{Cell, TestDatabase, Upgrade, upgrade};
use mlflow_migrate_tests::harness::Check;
use mlflow_migrate_tests::sqlite::SqliteFile;

pub(crate) const CHECKS: &[Check] = checks![
    tables_of_every_kind.await,
    virtual_tables.await,
    a_virtual_table_whose_module_is_not_there.await,
    extra_columns.await,
    extra_indexes.await,
    a_unique_index_over_the_columns_of_a_constraint_that_goes.await,
    triggers_on_tables.await,
    views.await,
    what_hangs_on_a_column_that_is_renamed.await,
    definitions_in_another_style.await,
    sequences_go_on.await,
    clauses_that_the_model_cannot_express.await,
    an_index_over_a_column_that_goes.await,
    a_constraint_that_is_gone.await,
    a_table_whose_name_mlflow_wants.await,
    references_that_are_broken_already.await
];

fn catalogue() -> Catalogue {
    mlflow_migrate_revisions::tracking().unwrap()
}

/// A database at a revision, with an experiment, two runs, and some of their rows.
async fn at(revision: &str) -> SqliteFile {
    let database = SqliteFile::new();
    upgrade(&catalogue(), &database, revision).await.unwrap();
    database.run(
        "INSERT INTO experiments (experiment_id, name, lifecycle_stage) VALUES (1, 'one', 'active');
         INSERT INTO runs (run_uuid, name, user_id, status, experiment_id) VALUES
            ('a', 'first', 'ann', 'RUNNING', 1), ('b', 'second', NULL, 'FINISHED', 1);
         INSERT INTO params (key, value, run_uuid) VALUES ('lr', '0.1', 'a');
         INSERT INTO metrics (key, value, timestamp, run_uuid) VALUES ('m', 0.5, 1, 'a')",
    );
    database
}

/// Upgrades to head, and checks what must hold whatever the user has added.
async fn to_head(database: &SqliteFile) {
    to_head_by(Upgrade::default(), database).await;
}

async fn to_head_by(upgrade: Upgrade, database: &SqliteFile) {
    let (upgraded, _) = upgrade.run(&catalogue(), database, "head").await;
    upgraded.unwrap_or_else(|error| panic!("{error:?}"));
    assert_eq!(database.query("PRAGMA integrity_check"), [["ok".into()]]);
    assert!(database.query("PRAGMA foreign_key_check").is_empty());
    assert_eq!(database.query("SELECT version_num FROM alembic_version").len(), 1);
    let ours = "SELECT name FROM sqlite_schema WHERE name LIKE '\\_%' ESCAPE '\\'";
    assert!(database.query(ours).is_empty(), "nothing of a rebuild is left");
}

fn rows(database: &SqliteFile, sql: &str) -> Vec<Vec<Cell>> {
    database.query(sql)
}

fn text(database: &SqliteFile, name: &str) -> Cell {
    let sql = format!("SELECT sql FROM sqlite_schema WHERE name = '{}'", name.replace('\'', "''"));
    let found = database.query(&sql);
    assert_eq!(found.len(), 1, "{name}");
    found[0][0].clone()
}

fn row<const N: usize>(cells: [&str; N]) -> Vec<Cell> {
    cells.map(Cell::from).to_vec()
}

async fn tables_of_every_kind() {
    let database = at("base").await;
    database.run(
        "CREATE TABLE \"mine 🦀 \"\"quoted\"\"\" (\"a ' b\" TEXT /* why */, -- a comment, with (
            [c d] INTEGER NOT NULL ON CONFLICT REPLACE DEFAULT (1 + 1), `e` BLOB UNIQUE ON CONFLICT IGNORE);
         INSERT INTO \"mine 🦀 \"\"quoted\"\"\" VALUES ('x', 5, x'00'), (NULL, NULL, NULL);
         CREATE TABLE strict_one (id INTEGER PRIMARY KEY, any ANY) STRICT;
         INSERT INTO strict_one VALUES (1, 'text'), (2, 2.5);
         CREATE TABLE keyed (a, b, PRIMARY KEY (b DESC, a COLLATE NOCASE)) WITHOUT ROWID;
         INSERT INTO keyed VALUES (1, 2);
         CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT, note TEXT);
         INSERT INTO counted VALUES (41, 'x');
         DELETE FROM counted;
         CREATE TABLE copied AS SELECT run_uuid, name FROM runs;
         CREATE TABLE notes (run TEXT REFERENCES runs (run_uuid) ON DELETE CASCADE, note TEXT);
         INSERT INTO notes VALUES ('a', 'of a'), ('b', 'of b')",
    );
    let names = ["mine 🦀 \"quoted\"", "strict_one", "keyed", "counted", "copied", "notes"];
    let before = names.map(|name| text(&database, name));
    to_head(&database).await;
    assert_eq!(names.map(|name| text(&database, name)), before);
    let mine = rows(&database, "SELECT * FROM \"mine 🦀 \"\"quoted\"\"\" ORDER BY 2");
    assert_eq!(mine[0], [Cell::Null, 2.into(), Cell::Null]);
    assert_eq!(mine[1], ["x".into(), 5.into(), Cell::Blob(vec![0])]);
    assert_eq!(rows(&database, "SELECT any FROM strict_one")[1], [2.5.into()]);
    assert_eq!(rows(&database, "SELECT a FROM keyed WHERE b = 2"), [[1.into()]]);
    database.run("INSERT INTO counted (note) VALUES ('y')");
    assert_eq!(rows(&database, "SELECT id FROM counted"), [[42.into()]], "no number twice");
    assert_eq!(rows(&database, "SELECT count(*) FROM copied"), [[2.into()]]);
    database
        .run("PRAGMA foreign_keys = ON; DELETE FROM tags; DELETE FROM runs WHERE run_uuid = 'b'");
    assert_eq!(rows(&database, "SELECT note FROM notes"), [row(["of a"])], "the reference works");
}

async fn virtual_tables() {
    let database = at("base").await;
    let modules = rows(&database, "SELECT name FROM pragma_module_list");
    let has = |name: &str| modules.contains(&row([name]));
    assert!(has("fts5") || has("rtree"), "one of them is compiled in: {modules:?}");
    if has("fts5") {
        database.run(
            "CREATE VIRTUAL TABLE found USING fts5(note); INSERT INTO found VALUES ('the needle')",
        );
    }
    if has("rtree") {
        database.run("CREATE VIRTUAL TABLE boxes USING rtree(id, x0, x1); INSERT INTO boxes VALUES (7, 0, 1)");
    }
    to_head(&database).await;
    if has("fts5") {
        assert_eq!(rows(&database, "SELECT note FROM found('needle')"), [row(["the needle"])]);
    }
    if has("rtree") {
        assert_eq!(rows(&database, "SELECT id FROM boxes WHERE x0 <= 0.5"), [[7.into()]]);
    }
}

async fn a_virtual_table_whose_module_is_not_there() {
    let database = at("base").await;
    database.run(
        "PRAGMA writable_schema = ON;
         INSERT INTO sqlite_schema VALUES
            ('table', 'places', 'places', 0, 'CREATE VIRTUAL TABLE places USING spatial(x, y)');
         PRAGMA writable_schema = RESET",
    );
    upgrade(&catalogue(), &database, "head").await.unwrap();
    assert_eq!(text(&database, "places"), "CREATE VIRTUAL TABLE places USING spatial(x, y)".into());
}

async fn extra_columns() {
    let database = at("base").await;
    database.run(
        "ALTER TABLE experiments ADD COLUMN \"my \"\"own\"\" 🦀\" TEXT NOT NULL DEFAULT 'd''d';
         ALTER TABLE experiments ADD COLUMN twice INTEGER AS (experiment_id * 2) VIRTUAL;
         ALTER TABLE experiments ADD COLUMN owner TEXT COLLATE NOCASE
            CONSTRAINT is_short CHECK (length(owner) < 10) REFERENCES runs (run_uuid);
         ALTER TABLE metrics ADD COLUMN unit TEXT DEFAULT 'm';
         ALTER TABLE metrics ADD COLUMN noted TEXT DEFAULT NULL;
         ALTER TABLE experiments ADD COLUMN quoted TEXT DEFAULT \"double 'quotes'\";
         ALTER TABLE experiments ADD COLUMN bare TEXT DEFAULT word;
         UPDATE experiments SET owner = 'a', \"my \"\"own\"\" 🦀\" = 'mine';
         UPDATE metrics SET unit = 's'",
    );
    to_head(&database).await;
    let found = rows(
        &database,
        "SELECT owner, \"my \"\"own\"\" 🦀\", twice FROM experiments WHERE owner = 'A'",
    );
    assert_eq!(found, [["a".into(), "mine".into(), 2.into()]], "with its collation");
    assert_eq!(rows(&database, "SELECT unit, noted FROM metrics"), [["s".into(), Cell::Null]]);
    database.run("INSERT INTO metrics (key, value, timestamp, run_uuid) VALUES ('n', 1, 1, 'a')");
    assert_eq!(rows(&database, "SELECT unit FROM metrics WHERE key = 'n'"), [row(["m"])]);
    database.run("INSERT INTO experiments (name) VALUES ('two')");
    let defaults = rows(&database, "SELECT quoted, bare FROM experiments WHERE name = 'two'");
    assert_eq!(defaults, [row(["double 'quotes'", "word"])]);
    let Cell::Text(sql) = text(&database, "experiments") else { panic!() };
    assert!(sql.contains("is_short") && sql.contains("REFERENCES runs"), "{sql}");
}

async fn extra_indexes() {
    let database = at("base").await;
    let indexes = [
        ("plain", "CREATE INDEX plain ON experiments(artifact_location)"),
        ("in the copied", "CREATE UNIQUE INDEX \"in the copied\" ON \"tags\" (value, `key` DESC)"),
        (
            "partial",
            "CREATE UNIQUE INDEX partial ON experiments (name) WHERE lifecycle_stage = 'active' -- only",
        ),
        ("expression", "CREATE INDEX expression ON experiments (lower(name) DESC, name || 'x')"),
        ("collated", "CREATE INDEX collated ON runs (name COLLATE NOCASE, status)"),
        ("on metrics", "CREATE INDEX \"on metrics\" ON Metrics (RUN_UUID, value)"),
    ];
    for (_, sql) in indexes {
        database.run(sql);
    }
    let list = "SELECT name, \"unique\", partial FROM pragma_index_list('experiments') WHERE origin = 'c' \
                AND name IN ('plain', 'partial', 'expression') ORDER BY name";
    let before = rows(&database, list);
    to_head(&database).await;
    assert_eq!(rows(&database, list), before);
    for name in ["expression", "collated", "partial"] {
        let (_, sql) = indexes.into_iter().find(|(other, _)| *other == name).unwrap();
        let Cell::Text(kept) = text(&database, name) else { panic!() };
        let words = |sql: &str| sql.replace("-- only", "").replace([' ', '"'], "");
        assert_eq!(words(&kept), words(sql));
    }
    let columns = "SELECT name, desc, coll FROM pragma_index_xinfo('in the copied') WHERE key";
    let expected =
        [["value".into(), 0.into(), "BINARY".into()], ["key".into(), 1.into(), "BINARY".into()]];
    assert_eq!(rows(&database, columns), expected);
    assert_eq!(
        rows(&database, "SELECT count(*) FROM pragma_index_info('on metrics')"),
        [[2.into()]]
    );
}

/// 1b5f0d9ad7c1 takes away the uniqueness of names that MLflow made, not one that a user did.
async fn a_unique_index_over_the_columns_of_a_constraint_that_goes() {
    let database = at("c8d9e0f1a2b3").await;
    database.run("CREATE UNIQUE INDEX mine ON experiments (name)");
    to_head(&database).await;
    assert_eq!(text(&database, "mine"), "CREATE UNIQUE INDEX mine ON experiments (name)".into());
}

/// The triggers write down what they see.
async fn triggers_on_tables() {
    let database = at("base").await;
    database.run(
        "CREATE TABLE log (line TEXT);
         -- On a table that is rebuilt,
         CREATE TRIGGER rebuilt AFTER UPDATE OF name ON experiments WHEN new.name <> old.name BEGIN
            INSERT INTO log VALUES ('renamed to ' || new.name); SELECT 'END; '; END;
         -- the same, with its name spelled in another case,
         CREATE TRIGGER [other case] BEFORE DELETE ON \"EXPERIMENTS\" BEGIN INSERT INTO log VALUES (old.name); END;
         -- on one whose definition is replaced in place,
         CREATE TRIGGER in_place AFTER INSERT ON tags BEGIN INSERT INTO log VALUES (new.key); END;
         -- on one of the user's that reads and writes MLflow's.
         CREATE TABLE own (a);
         CREATE TRIGGER own_trigger AFTER INSERT ON own BEGIN
            UPDATE runs SET name = 'by trigger' WHERE run_uuid = new.a;
            INSERT INTO log SELECT name FROM experiments; END;",
    );
    let names = ["rebuilt", "other case", "in_place", "own_trigger"];
    let before = names.map(|name| text(&database, name));
    let root = |table: &str| {
        rows(&database, &format!("SELECT rootpage FROM sqlite_schema WHERE name = '{table}'"))
    };
    let roots = ["experiments", "tags"].map(root);
    to_head(&database).await;
    assert_ne!(root("experiments"), roots[0], "a new table has taken its place");
    assert_eq!(root("tags"), roots[1]);
    assert_eq!(names.map(|name| text(&database, name)), before);
    database.run(
        "DELETE FROM log;
         UPDATE experiments SET name = 'two';
         INSERT INTO tags (key, value, run_uuid) VALUES ('k', 'v', 'a');
         INSERT INTO own VALUES ('a');
         INSERT INTO experiments (name) VALUES ('third');
         DELETE FROM experiments WHERE name = 'third'",
    );
    let expected = [row(["renamed to two"]), row(["k"]), row(["two"]), row(["third"])];
    assert_eq!(rows(&database, "SELECT line FROM log ORDER BY rowid"), expected);
    assert_eq!(
        rows(&database, "SELECT name FROM runs WHERE run_uuid = 'a'"),
        [row(["by trigger"])]
    );
}

async fn views() {
    let database = at("base").await;
    database.run(
        "CREATE VIEW \"over 🦀\" (experiment, run) AS
            SELECT e.name, r.name FROM experiments e JOIN runs AS r USING (experiment_id);
         CREATE VIEW over_a_view AS SELECT run FROM \"over 🦀\" WHERE experiment LIKE 'one';
         CREATE TRIGGER instead INSTEAD OF UPDATE ON over_a_view BEGIN
            UPDATE runs SET name = new.run WHERE name = old.run; END;
         CREATE VIEW broken AS SELECT no_such_column FROM runs, no_such_table;
         CREATE TRIGGER broken_too AFTER INSERT ON params BEGIN SELECT * FROM no_such_table; END;",
    );
    let names = ["over 🦀", "over_a_view", "instead", "broken", "broken_too"];
    let before = names.map(|name| text(&database, name));
    to_head(&database).await;
    assert_eq!(names.map(|name| text(&database, name)), before);
    database.run("UPDATE over_a_view SET run = 'third' WHERE run = 'second'");
    let runs = rows(&database, "SELECT run FROM over_a_view ORDER BY run");
    assert_eq!(runs, [row(["first"]), row(["third"])]);
}

/// 5d2d30f0abce renames a column of `jobs`.
async fn what_hangs_on_a_column_that_is_renamed() {
    for target in ["5d2d30f0abce", "head"] {
        let database = SqliteFile::new();
        upgrade(&catalogue(), &database, "bf29a5ff90ea").await.unwrap();
        database.run(
            "CREATE INDEX by_function ON jobs (function_fullname, status);
             CREATE INDEX by_length ON jobs (length(function_fullname)) WHERE function_fullname <> '';
             CREATE VIEW functions AS SELECT function_fullname AS f FROM jobs;
             CREATE VIEW broken AS SELECT 1 FROM no_such_table;
             CREATE TABLE log (line TEXT);
             CREATE TRIGGER new_function AFTER UPDATE OF function_fullname ON jobs BEGIN
                INSERT INTO log VALUES (new.function_fullname); END;
             INSERT INTO jobs (id, creation_time, function_fullname, params, status, retry_count,
                last_update_time) VALUES ('j', 1, 'f', '{}', 3, 0, 1)",
        );
        upgrade(&catalogue(), &database, target).await.unwrap_or_else(|error| panic!("{error:?}"));
        let columns = rows(&database, "SELECT name FROM pragma_index_info('by_function')");
        assert_eq!(columns, [row(["job_name"]), row(["status"])]);
        assert_eq!(rows(&database, "SELECT f FROM functions"), [row(["f"])]);
        database.run("UPDATE jobs SET job_name = 'g'");
        assert_eq!(rows(&database, "SELECT line FROM log"), [row(["g"])]);
        to_head(&database).await;
    }
}

/// Definitions as people and other programs write them.
async fn definitions_in_another_style() {
    let database = at("451aebb31d03").await;
    database.run_unchecked(
        "DROP TABLE params; DROP TABLE experiments;
         create table /* mine */ [experiments]( `experiment_id` INTEGER not null -- the key (
            constraint experiment_pk primary key autoincrement,\r\n\t\"name\" VARCHAR(256) NOT NULL UNIQUE,
            artifact_location VARCHAR(256) , lifecycle_stage VARCHAR(32)
              constraint \"experiments_lifecycle_stage\" check (lifecycle_stage IN ('active', 'deleted') -- end
              ),
            extra INTEGER default (abs(-5) -- five
              ),
            more INTEGER as (extra + 1 -- one more
              ) stored);
         INSERT INTO experiments (experiment_id, name, lifecycle_stage) VALUES (1, 'one', 'active');
         CREATE TABLE params(\"key\" VARCHAR(250) NOT NULL, value VARCHAR(250) NOT NULL,
            run_uuid VARCHAR(32) NOT NULL CONSTRAINT fk REFERENCES runs(run_uuid),
            PRIMARY KEY(\"key\",run_uuid));
         INSERT INTO params VALUES ('lr', '0.1', 'a')",
    );
    to_head(&database).await;
    let found = rows(&database, "SELECT name, workspace, extra, more FROM experiments");
    assert_eq!(found, [["one".into(), "default".into(), 5.into(), 6.into()]]);
    assert_eq!(rows(&database, "SELECT value FROM params"), [row(["0.1"])]);
    database.run("INSERT INTO experiments (name) VALUES ('two')");
    let extra = rows(&database, "SELECT extra, more FROM experiments WHERE name = 'two'");
    assert_eq!(extra, [[5.into(), 6.into()]]);
}

/// The numbers that AUTOINCREMENT has given are not given again, also when no row is left.
async fn sequences_go_on() {
    let database = at("451aebb31d03").await;
    database.run_unchecked(
        "DROP TABLE experiments;
         CREATE TABLE experiments (experiment_id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
            name VARCHAR(256) NOT NULL UNIQUE, artifact_location VARCHAR(256),
            lifecycle_stage VARCHAR(32), CONSTRAINT experiments_lifecycle_stage
            CHECK (lifecycle_stage IN ('active', 'deleted')));
         INSERT INTO experiments (experiment_id, name) VALUES (1, 'one');
         INSERT INTO experiments (experiment_id, name) VALUES (99, 'gone');
         DELETE FROM experiments WHERE experiment_id = 99",
    );
    let empty = SqliteFile::copy_of(database.path());
    empty.run("DELETE FROM metrics; DELETE FROM params; DELETE FROM runs; DELETE FROM experiments");
    for database in [database, empty] {
        to_head(&database).await;
        database.run("INSERT INTO experiments (name) VALUES ('new')");
        let id = rows(&database, "SELECT experiment_id FROM experiments WHERE name = 'new'");
        assert_eq!(id, [[100.into()]]);
        assert_eq!(
            rows(&database, "SELECT count(*) FROM sqlite_sequence WHERE name = 'experiments'"),
            [[1.into()]]
        );
    }
}

/// What cannot be rebuilt is refused before anything is changed.
async fn clauses_that_the_model_cannot_express() {
    let database = at("base").await;
    database
        .run("ALTER TABLE experiments ADD COLUMN own TEXT NOT NULL ON CONFLICT REPLACE DEFAULT ''");
    let before = database.contents();
    let error = upgrade(&catalogue(), &database, "head").await.unwrap_err();
    assert!(
        matches!(&error, Error::Inexpressible { table, .. } if table == "experiments"),
        "{error:?}"
    );
    assert!(database.contents() == before);
}

/// 75868b020152 drops a column, and with it, as MLflow does, an index over it.
async fn an_index_over_a_column_that_goes() {
    let database = at("b7e2c1a4d9f3").await;
    database.run("CREATE INDEX mine ON spans (trace_id, dimension_attributes)");
    to_head(&database).await;
    assert!(database.query("SELECT name FROM sqlite_schema WHERE name = 'mine'").is_empty());
}

/// What a revision would take away can be gone already.
async fn a_constraint_that_is_gone() {
    let database = at("c8d9e0f1a2b3").await;
    database.run_unchecked(
        "DROP INDEX index_jobs_name_status_creation_time; DROP TABLE experiments;
         CREATE TABLE experiments (experiment_id INTEGER NOT NULL, name VARCHAR(256) NOT NULL,
            artifact_location VARCHAR(256), lifecycle_stage VARCHAR(32), creation_time BIGINT,
            last_update_time BIGINT, CONSTRAINT experiment_pk PRIMARY KEY (experiment_id));
         INSERT INTO experiments (experiment_id, name) VALUES (1, 'twice'), (2, 'once')",
    );
    to_head_by(Upgrade { accept_drift: true, ..Upgrade::default() }, &database).await;
}

/// A user's table can bear a name that MLflow comes to use later.
async fn a_table_whose_name_mlflow_wants() {
    for create in ["CREATE TABLE jobs (title TEXT)", "CREATE TABLE jobs (id INTEGER PRIMARY KEY)"] {
        let database = at("base").await;
        database.run(create);
        let before = database.contents();
        let error = upgrade(&catalogue(), &database, "head").await.unwrap_err();
        assert!(matches!(error, Error::Edit { .. }), "{error:?}");
        assert!(error.to_string().contains("table jobs already exists"), "{error}");
        assert!(database.contents() == before);
    }
}

async fn references_that_are_broken_already() {
    let database = at("base").await;
    database.run_unchecked(
        "INSERT INTO runs (run_uuid, experiment_id) VALUES ('lost', 77);
         INSERT INTO params (key, value, run_uuid) VALUES ('k', 'v', 'gone')",
    );
    upgrade(&catalogue(), &database, "head").await.unwrap();
    assert_eq!(
        rows(&database, "SELECT \"table\", parent FROM pragma_foreign_key_check ORDER BY 1"),
        [row(["params", "runs"]), row(["runs", "experiments"]),]
    );
}
