//! How this project's own sources are arranged.

use std::path::{Path, PathBuf};

use mlflow_migrate_tests::checks;
use mlflow_migrate_tests::harness::Check;

use crate::imports::circles;

pub(crate) const CHECKS: &[Check] =
    checks![no_modules_import_each_other_in_a_circle, the_backends_have_the_same_files];

/// Where a crate's sources begin.
const ROOTS: [&str; 2] = ["lib.rs", "main.rs"];

/// What each backend has, so that a reader of one finds the same concept in the others.
const OF_EACH_BACKEND: [(&str, Form); 26] = [
    ("lib", Form::File),
    ("database", Form::File),
    ("backend", Form::Folder),
    ("backend/accelerated", Form::File),
    ("backend/bulk", Form::File),
    ("backend/rows", Form::File),
    ("bulk", Form::Either),
    ("calibration", Form::Either),
    ("connect", Form::File),
    ("options", Form::File),
    ("session", Form::File),
    ("lock", Form::Either),
    ("inspect", Form::Folder),
    ("render", Form::Folder),
    ("change", Form::Folder),
    ("change/describe", Form::Either),
    ("preflight", Form::Folder),
    ("preflight/dependents", Form::Either),
    ("preflight/name_clashes", Form::File),
    ("preflight/row_checks", Form::File),
    ("rows", Form::Either),
    ("latest_metrics", Form::Either),
    ("version_table", Form::File),
    ("script", Form::File),
    ("table_size", Form::File),
    ("error", Form::Either),
];

/// Whether a module is a file, or a folder of further modules.
#[derive(Clone, Copy, Debug)]
enum Form {
    File,
    Folder,
    Either,
}

/// The root of the workspace.
fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// The folders with sources: of each crate, and of each test program here.
fn source_folders() -> Vec<PathBuf> {
    let workspace = workspace();
    let crates = entries(&workspace.join("crates")).into_iter().map(|folder| folder.join("src"));
    let programs = entries(&workspace.join("tests/tests"));
    let others = ["migrations/src", "tests/src"].map(|folder| workspace.join(folder));
    crates.chain(programs).chain(others).collect()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

fn no_modules_import_each_other_in_a_circle() {
    let workspace = workspace();
    let load = |file: &Path| std::fs::read_to_string(workspace.join(file)).ok();
    let mut found = Vec::new();
    for folder in source_folders() {
        let roots = ROOTS.map(|root| folder.join(root));
        let roots: Vec<&PathBuf> = roots.iter().filter(|root| root.is_file()).collect();
        assert!(!roots.is_empty(), "{} has no sources", folder.display());
        for root in roots {
            let root = root.strip_prefix(&workspace).unwrap();
            found.extend(circles(root, &load).iter().map(ToString::to_string));
        }
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

fn the_backends_have_the_same_files() {
    let mut lacking = Vec::new();
    for backend in ["backend-sqlite", "backend-postgres", "backend-mysql"] {
        let sources = workspace().join("crates").join(backend).join("src");
        for (name, form) in OF_EACH_BACKEND {
            let file = format!("{name}.rs");
            let is_folder = sources.join(name).is_dir();
            let is_file = !is_folder && sources.join(&file).is_file();
            match form {
                Form::File if !is_file => lacking.push(format!("{backend} has no file {file}")),
                Form::Folder if !is_folder => {
                    lacking.push(format!("{backend} has no folder {name}"));
                }
                Form::Either if !is_file && !is_folder => {
                    lacking.push(format!("{backend} has neither {file} nor {name}"));
                }
                _ => {}
            }
        }
    }
    assert!(lacking.is_empty(), "\n{}", lacking.join("\n"));
}
