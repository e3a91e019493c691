//! The definitions of tables and indexes in an SQLite file.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| mlflow_migrate_tests::fuzzing::ddl(text));
