//! A budget can be for one endpoint or one user.
//!
//! `budget_policies` gets the nullable and indexed column `target_value`: an endpoint's id or a
//! user's name, as the policy's scope says.
//!
//! Dropping it again would widen such budgets to everybody.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::{Index, varchar};

pub(crate) fn revision() -> Revision {
    Revision::new("c3d9e7f1a2b4")
        .after("c1d2e3f4a5b6")
        .on("2026-07-09")
        .titled("budget policies have targets")
        .alter("budget_policies", |t| {
            t.add_column(varchar("target_value", 255));
            t.create_index(Index::new("idx_budget_policies_target_value", &["target_value"]));
        })
}
