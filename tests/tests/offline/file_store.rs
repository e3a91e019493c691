//! The rows that are read from a file store are those that MLflow's own migration writes.
//!
//! `MLFLOW_MIGRATE_ORACLE` names a Python with MLflow 3.18.0, which makes the store and migrates it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use mlflow_migrate_file_store::{FileStore, ReadOptions, ReadReport, Table, TableRows};
use mlflow_migrate_tests::checks;
use mlflow_migrate_tests::database::upgrade;
use mlflow_migrate_tests::harness::Check;
use mlflow_migrate_tests::oracle::{python, run, script};
use mlflow_migrate_tests::sqlite::SqliteFile;
use rusqlite::{Connection, params_from_iter, types};
use sea_query::Value;

pub(crate) const CHECKS: &[Check] = checks![rows_are_those_of_mlflow.await];

/// The time for entries without one, which no store of this test holds otherwise.
const NOW_MS: i64 = 42_424_242;

/// Columns for which MLflow takes the time of the migration, if the store holds none.
const TIMES: [(&str, &str); 5] = [
    ("experiments", "creation_time"),
    ("experiments", "last_update_time"),
    ("runs", "start_time"),
    ("registered_models", "creation_time"),
    ("model_versions", "creation_time"),
];

/// Tables with random ids, and a query of their rows without these.
const WITHOUT_IDS: [(&str, &str); 3] = [
    (
        "datasets",
        "SELECT quote(experiment_id) || quote(name) || quote(digest) || quote(dataset_source_type)
             || quote(dataset_source) || quote(dataset_schema) || quote(dataset_profile)
             FROM datasets",
    ),
    (
        "inputs",
        "SELECT quote(i.source_type) || quote(coalesce(d.experiment_id || d.name, i.source_id))
             || quote(i.destination_type) || quote(i.destination_id) || quote(i.step)
             FROM inputs i LEFT JOIN datasets d
             ON i.source_type = 'DATASET' AND i.source_id = d.dataset_uuid",
    ),
    (
        "input_tags",
        "SELECT quote(i.destination_id) || quote(d.name) || quote(t.name) || quote(t.value)
             FROM input_tags t LEFT JOIN inputs i USING (input_uuid)
             LEFT JOIN datasets d ON i.source_id = d.dataset_uuid",
    ),
];

fn now_ms() -> i64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since_1970.as_millis()).unwrap()
}

async fn rows_are_those_of_mlflow() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("mlruns");
    let script = script("make_file_store.py");
    // MLflow makes a database of its own in the working directory.
    let (python, elsewhere) = (std::path::absolute(python).unwrap(), tempfile::tempdir().unwrap());
    run(Command::new(&python).current_dir(elsewhere.path()).arg(script).arg(&store));
    let began_ms = now_ms();
    let theirs = folder.path().join("theirs.db");
    run(Command::new(&python)
        .current_dir(elsewhere.path())
        .args(["-m", "mlflow", "migrate-filestore", "--no-progress", "--source"])
        .arg(folder.path())
        .args(["--target", &format!("sqlite:///{}", theirs.display())]));

    let (report, batches) = read(folder.path(), 1);
    assert_eq!(read(folder.path(), 4), (report.clone(), batches.clone()), "the order of rows");
    assert_eq!(report.malformed_count(), 0, "{report:#?}");
    let skipped: BTreeMap<_, _> =
        report.skipped.iter().map(|(table, entries)| (table.name(), entries.count)).collect();
    assert!(!skipped.is_empty());

    let ours = database(&batches).await;
    let (ours, theirs) =
        (Connection::open(ours.path()).unwrap(), Connection::open(theirs).unwrap());
    for table in Table::ALL {
        let query = query(&theirs, table.name(), began_ms);
        let (ours, theirs) = (rows(&ours, &query), rows(&theirs, &query));
        assert!(!ours.is_empty(), "{} is empty", table.name());
        assert_equal(table.name(), &ours, &theirs);
        assert_eq!(report.rows.get(&table).copied(), Some(ours.len() as u64));
    }
}

fn read(folder: &Path, threads: usize) -> (ReadReport, Vec<TableRows>) {
    let options =
        ReadOptions { threads, skip_invalid: false, now_ms: NOW_MS, stop: Default::default() };
    let mut batches = Vec::new();
    let report = FileStore::open(folder).unwrap().read(&options, &mut |rows| {
        batches.push(rows);
        Ok(())
    });
    (report.unwrap(), batches)
}

/// Inserts the rows into a database at head, with each foreign key checked at once.
async fn database(batches: &[TableRows]) -> SqliteFile {
    let file = SqliteFile::new();
    let catalogue = mlflow_migrate_revisions::tracking().unwrap();
    upgrade(&catalogue, &file, "head").await.unwrap();
    let mut connection = Connection::open(file.path()).unwrap();
    connection.pragma_update(None, "foreign_keys", true).unwrap();
    let transaction = connection.transaction().unwrap();
    for TableRows { table, columns, rows } in batches {
        let table = table.name();
        let marks = vec!["?"; columns.len()].join(", ");
        let columns = columns.join("\", \"");
        let sql = format!("INSERT INTO {table} (\"{columns}\") VALUES ({marks})");
        let mut statement = transaction.prepare(&sql).unwrap();
        for row in rows {
            let values = row.iter().map(bound);
            let inserted = statement.execute(params_from_iter(values));
            inserted.unwrap_or_else(|error| panic!("{table}: {error}: {row:?}"));
        }
    }
    transaction.commit().unwrap();
    file
}

fn bound(value: &Value) -> types::Value {
    match value {
        Value::Bool(Some(value)) => types::Value::Integer(i64::from(*value)),
        Value::BigInt(Some(value)) => types::Value::Integer(*value),
        Value::Double(Some(value)) => types::Value::Real(*value),
        Value::String(Some(text)) => types::Value::Text(text.clone()),
        Value::Bool(None) | Value::BigInt(None) | Value::Double(None) | Value::String(None) => {
            types::Value::Null
        }
        other => panic!("{other:?}"),
    }
}

/// Returns a query of all rows of a table, each as one text.
fn query(connection: &Connection, table: &str, began_ms: i64) -> String {
    if let Some((_, query)) = WITHOUT_IDS.iter().find(|(name, _)| *name == table) {
        return (*query).to_owned();
    }
    let mut statement = connection.prepare("SELECT name FROM pragma_table_info(?)").unwrap();
    let columns = statement.query_map([table], |row| row.get::<_, String>(0)).unwrap();
    let shown = columns.map(|column| {
        let column = column.unwrap();
        let quoted = format!("'{column}=' || quote(\"{column}\")");
        if TIMES.contains(&(table, column.as_str())) {
            return format!(
                "CASE WHEN \"{column}\" = {NOW_MS} OR \"{column}\" >= {began_ms}
                     THEN '{column}=now' ELSE {quoted} END"
            );
        }
        quoted
    });
    let shown: Vec<String> = shown.collect();
    format!("SELECT {} FROM \"{table}\"", shown.join(" || ' ' || "))
}

fn rows(connection: &Connection, query: &str) -> Vec<String> {
    let mut statement = connection.prepare(query).unwrap();
    let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let mut rows: Vec<String> = rows.map(Result::unwrap).collect();
    rows.sort_unstable();
    rows
}

fn assert_equal(table: &str, ours: &[String], theirs: &[String]) {
    let only = |these: &[String], those: &[String]| -> String {
        let only = these.iter().filter(|row| those.binary_search(row).is_err()).take(5);
        only.map(|row| format!("\n  {row}")).collect()
    };
    let (too_many, missing) = (only(ours, theirs), only(theirs, ours));
    assert!(ours == theirs, "{table}: too many rows:{too_many}\nmissing rows:{missing}");
}
