//! The module's tests, most of which ask the real SQLite what a statement means.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failing test may panic"
)]

mod generator;
mod oracle;
mod properties;
mod quoting;
mod statements;
mod tables;
mod tokens;
