//! Other character sets and collations than those of new tables.

mod collations;
mod encodings;

use mlflow_migrate_tests::harness::Test;

pub(crate) const TESTS: &[&[Test]] = &[collations::TESTS, encodings::TESTS];
