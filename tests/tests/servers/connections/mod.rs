//! The way to a server: addresses, encryption, poolers, and what is sent over it.

mod addresses;
mod poolers;
mod secrets;
mod settings;
mod tls;
mod traffic;

use mlflow_migrate_tests::harness::Test;

pub(crate) const TESTS: &[&[Test]] = &[
    addresses::TESTS,
    poolers::TESTS,
    tls::TESTS,
    secrets::TESTS,
    settings::TESTS,
    traffic::TESTS,
];
