//! Databases that are not what their revision says, before an upgrade or after.

mod schemas;
mod stamps;
mod unused;
mod verification;

use mlflow_migrate_tests::harness::Test;

pub(crate) const TESTS: &[&[Test]] =
    &[verification::TESTS, schemas::TESTS, unused::TESTS, stamps::TESTS];
