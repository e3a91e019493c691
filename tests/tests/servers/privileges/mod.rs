//! Who upgrades, and what a server lets them see and do.

mod documented;
pub(crate) mod grants;
mod other_roles;
mod row_security;
mod search_paths;
mod stored_functions;

use mlflow_migrate_tests::harness::Test;

pub(crate) const TESTS: &[&[Test]] = &[
    documented::TESTS,
    grants::TESTS,
    other_roles::TESTS,
    row_security::TESTS,
    search_paths::TESTS,
    stored_functions::TESTS,
];
