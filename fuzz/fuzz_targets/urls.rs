//! Database URLs.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| mlflow_migrate_tests::fuzzing::urls(text));
