//! Stores of plain files, with what is malformed in them.
//!
//! `tests/tests/offline/file_store.rs` compares rows with those of MLflow. Here are the entries at
//! which MLflow's command ends, and those that it leaves out.

mod malformed;
mod reading;

use std::path::Path;

use crate::{FileStore, FileStoreError, ReadOptions, ReadReport, TableRows};

/// A file of a store: its path and its content.
type File<'a> = (&'a str, &'a [u8]);

/// Writes a store with an experiment and a run, and then the files of a test.
fn store(files: &[File<'_>]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let always: [File<'_>; 2] =
        [("1/meta.yaml", b"name: first\n"), ("1/run/meta.yaml", b"run_uuid: run\nstatus: 3\n")];
    for (path, content) in always.iter().chain(files) {
        let path = folder.path().join("mlruns").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    folder
}

fn options(skip_invalid: bool) -> ReadOptions {
    ReadOptions { threads: 2, skip_invalid, now_ms: 42, stop: Default::default() }
}

/// Reads a store, and leaves malformed entries out.
fn read(folder: &Path) -> (ReadReport, Vec<TableRows>) {
    let mut batches = Vec::new();
    let report = FileStore::open(folder).unwrap().read(&options(true), &mut |rows| {
        batches.push(rows);
        Ok(())
    });
    (report.unwrap(), batches)
}

/// Reads a store that must not be read without leaving entries out.
fn refusal(folder: &Path) -> ReadReport {
    match FileStore::open(folder).unwrap().read(&options(false), &mut |_| Ok(())) {
        Err(FileStoreError::Malformed(report)) => *report,
        other => panic!("{other:?}"),
    }
}
