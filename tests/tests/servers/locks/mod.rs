//! Other sessions, programs and databases on the server at the same time.

mod ddl_of_others;
mod mlflow_at_work;
mod other_databases;
pub(crate) mod others;
mod waits;

use mlflow_migrate_tests::harness::Test;

pub(crate) const TESTS: &[&[Test]] = &[
    others::TESTS,
    ddl_of_others::TESTS,
    other_databases::TESTS,
    mlflow_at_work::TESTS,
    waits::TESTS,
];
