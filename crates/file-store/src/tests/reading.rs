//! Which rows are left, how reading ends, and what a hostile store can do.

use std::time::Instant;

use sea_query::Value;

use super::{options, read, refusal, store};
use crate::{FileStore, FileStoreError, Reason, Table};

/// Returns the texts in a column of all rows of a table.
fn texts(batches: &[crate::TableRows], table: Table, column: &str) -> Vec<String> {
    let position = table.columns().iter().position(|name| *name == column).unwrap();
    let rows = batches.iter().filter(|batch| batch.table == table).flat_map(|batch| &batch.rows);
    rows.map(|row| match &row[position] {
        Value::String(Some(text)) => text.clone(),
        other => panic!("{other:?}"),
    })
    .collect()
}

#[test]
fn an_experiment_that_is_left_out_takes_its_entries_along() {
    let folder = store(&[
        ("2/meta.yaml", b"name: [\n"),
        ("2/a/meta.yaml", b"run_uuid: a\n"),
        ("2/a/params/p", b"1"),
        ("2/traces/t/trace_info.yaml", b"{}"),
        ("2/models/m/meta.yaml", b"{}"),
        ("2/datasets/d/meta.yaml", b"{}"),
        ("2/no run/x", b""),
    ]);
    let (report, batches) = read(folder.path());
    assert_eq!(report.skipped[&Table::Experiments].count, 1);
    for table in [Table::Runs, Table::TraceInfo, Table::LoggedModels, Table::Datasets] {
        assert_eq!(report.malformed[&table].count, 1, "{table:?}");
        assert_eq!(report.malformed[&table].first[0].reason, Reason::NoExperiment);
    }
    assert_eq!(report.malformed_count(), 4);
    assert_eq!(texts(&batches, Table::Runs, "run_uuid"), ["run"]);
    assert_eq!(report.rows.get(&Table::Params), None);
}

#[test]
fn an_entry_that_repeats_a_key_takes_its_own_rows_along_only() {
    let folder = store(&[
        ("1/datasets/d/meta.yaml", b"name: d"),
        ("1/run/params/p", b"first"),
        ("1/run2/meta.yaml", b"run_uuid: run"),
        ("1/run2/params/p", b"second"),
        ("1/run2/metrics/m", b"1 2 3\n"),
        ("1/run2/outputs/m/meta.yaml", b"{}"),
        ("1/run3/meta.yaml", b"run_uuid: run3"),
        ("1/run3/params/p", b"third"),
        ("1/run3/inputs/a/meta.yaml", b"source_id: d\ntags: {a: b}"),
        ("1/run3/inputs/b/meta.yaml", b"source_id: d\ntags: {c: d}"),
        ("1/run3/inputs/c/meta.yaml", b"source_type: MODEL\nsource_id: m\ntags: {e: f}"),
    ]);
    let (report, batches) = read(folder.path());
    assert_eq!(texts(&batches, Table::Params, "value"), ["first", "third"]);
    assert_eq!(texts(&batches, Table::InputTags, "name"), ["a", "e"]);
    assert_eq!(report.rows[&Table::Inputs], 2);
    assert_eq!(report.rows.get(&Table::Metrics), None);
    assert_eq!(report.malformed[&Table::Runs].count, 1);
    assert_eq!(report.malformed[&Table::Inputs].count, 1);
}

#[test]
fn a_models_metric_needs_its_run() {
    let folder = store(&[
        ("1/models/m/meta.yaml", b"{}"),
        ("1/models/m/metrics/f", b"1 2 3 gone\n1 2 3 run\n1 2 3 later\n"),
        ("2/meta.yaml", b"name: second"),
        ("2/later/meta.yaml", b"run_id: later"),
    ]);
    let (report, batches) = read(folder.path());
    assert_eq!(texts(&batches, Table::LoggedModelMetrics, "run_id"), ["run", "later"]);
    let malformed = &report.malformed[&Table::LoggedModelMetrics];
    assert_eq!(malformed.first[0].reason, Reason::NoSuchRun("gone".to_owned()));
    assert!(malformed.first[0].path.ends_with("1/models/m"));
}

#[test]
fn all_malformed_entries_are_counted_and_ten_named() {
    let files: Vec<(String, &[u8])> =
        (0..25).map(|number| (format!("1/run/params/{number}"), &b"\xff"[..])).collect();
    let files: Vec<_> = files.iter().map(|(path, content)| (path.as_str(), *content)).collect();
    let folder = store(&files);
    let report = refusal(folder.path());
    assert_eq!(report.malformed[&Table::Params].count, 25);
    assert_eq!(report.malformed[&Table::Params].first.len(), 10);
    assert_eq!(
        FileStoreError::Malformed(Box::new(report)).to_string(),
        "the file store has 25 malformed entries"
    );
}

#[test]
fn lines_out_of_order_are_read_once_each() {
    let mut lines: String = (0..3000).map(|step| format!("{} 1 {step}\n", 5000 - step)).collect();
    lines += "4999 1 1\n4000 1 1000\n7 7 7\n";
    let folder = store(&[("1/run/metrics/m", lines.as_bytes())]);
    let (report, _) = read(folder.path());
    assert_eq!(report.rows[&Table::Metrics], 3001);
    let reasons: Vec<_> =
        report.malformed[&Table::Metrics].first.iter().map(|entry| entry.reason.clone()).collect();
    assert_eq!(reasons, [Reason::RepeatedLine(3001), Reason::RepeatedLine(3002)]);
}

#[test]
fn the_sink_and_the_user_end_the_reading() {
    let runs: Vec<String> = (0..2000).map(|number| format!("1/{number}/meta.yaml")).collect();
    let files: Vec<_> = runs.iter().map(|path| (path.as_str(), &b"run_id: x"[..])).collect();
    let folder = store(&files);
    let file_store = FileStore::open(folder.path()).unwrap();
    let refuse = &mut |_| Err(mlflow_migrate_core::Error::Stopped);
    let result = file_store.read(&options(true), refuse);
    assert!(matches!(result, Err(FileStoreError::Core(mlflow_migrate_core::Error::Stopped))));
    let stopped = options(true);
    stopped.stop.request();
    let result = file_store.read(&stopped, &mut |_| Ok(()));
    assert!(matches!(result, Err(FileStoreError::Core(mlflow_migrate_core::Error::Stopped))));
}

#[test]
fn a_store_is_the_folder_or_in_the_folder() {
    let folder = store(&[]);
    let inner = FileStore::open(folder.path()).unwrap();
    assert_eq!(inner.root(), FileStore::open(inner.root()).unwrap().root());
    let run = folder.path().join("mlruns/1/run");
    assert!(
        matches!(FileStore::open(&run), Err(FileStoreError::NotAFileStore(path)) if path == run)
    );
    let missing = folder.path().join("missing");
    assert!(matches!(FileStore::open(&missing), Err(FileStoreError::Unreadable { .. })));
}

/// Each text would take a careless reader gigabytes, hours or the stack.
#[test]
fn hostile_yaml_is_left_out_quickly() {
    let bomb: String = (0..40)
        .map(|level| {
            format!("a{level}: &a{level} [{}]\n", format!("*a{}, ", level.max(1) - 1).repeat(9))
        })
        .collect();
    let bomb = bomb.replacen("*a0, ", "x, ", 9);
    let texts = [
        bomb,
        "[".repeat(1_000_000),
        "{a: ".repeat(1_000_000),
        "- ".repeat(1_000_000),
        "? ".repeat(1_000_000),
        "a: ".repeat(1_000_000),
        "&a ".repeat(1_000_000),
        "!a ".repeat(1_000_000),
        "\"".to_owned() + &"\\".repeat(1_000_001),
        "a: &a [*a]".to_owned(),
        "[".to_owned() + &"x, ".repeat(2_000_000) + "]",
        format!("{{{}}}", (0..300_000).map(|key| format!("k{key}: v, ")).collect::<String>()),
        "#".repeat(1_000_000),
        "\n".repeat(3_000_000),
        "a: 1\n".repeat(500_000),
        "k: 0x".to_owned() + &"f".repeat(1_000_000),
        "k: 1".to_owned() + &":59".repeat(500_000),
        "k: ".to_owned() + &"9".repeat(1_000_000),
        "k: 1.".to_owned() + &"9".repeat(1_000_000),
        "k: ".to_owned() + &"word ".repeat(1_000_000),
    ];
    for text in texts {
        let shown: String = text.chars().take(20).collect();
        let begin = Instant::now();
        let folder = store(&[("1/x/meta.yaml", text.as_bytes())]);
        let (report, _) = read(folder.path());
        assert_eq!(report.rows[&Table::Runs], 1, "{shown}");
        assert!(begin.elapsed().as_secs() < 20, "{shown}: {:?}", begin.elapsed());
    }
}
