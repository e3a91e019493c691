//! Upgrades that end before they are done, and what is left of them.

pub(crate) mod aborts;
mod exchanges;
mod forged_notes;
mod half_created;
mod lost_connections;
pub(crate) mod swaps;

use mlflow_migrate_tests::harness::Test;

/// Without those of [`swaps`], which run in each character set.
pub(crate) const TESTS: &[&[Test]] = &[
    lost_connections::TESTS,
    aborts::TESTS,
    exchanges::TESTS,
    forged_notes::TESTS,
    half_created::TESTS,
];
