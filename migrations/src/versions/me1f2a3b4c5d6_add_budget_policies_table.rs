//! Budgets: what the gateway's calls may cost in a period of time, and what happens beyond that.
//!
//! `budget_policies` keeps the amount, the period, the scope and the action of each policy.
//!
//! Only a new table. Dropping it again would lose the policies.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::{Index, Table, big_integer, float, integer, varchar};

pub(crate) fn revision() -> Revision {
    Revision::new("e1f2a3b4c5d6")
        .after("1b5f0d9ad7c1")
        .on("2026-02-24")
        .titled("table of budget policies")
        .create_table(
            Table::new("budget_policies")
                .column(varchar("budget_policy_id", 36).not_null())
                .column(varchar("budget_unit", 32).not_null())
                .column(float("budget_amount").not_null())
                .column(varchar("duration_unit", 32).not_null())
                .column(integer("duration_value").not_null())
                .column(varchar("target_scope", 32).not_null())
                .column(varchar("budget_action", 32).not_null())
                .column(varchar("created_by", 255))
                .column(big_integer("created_at").not_null())
                .column(varchar("last_updated_by", 255))
                .column(big_integer("last_updated_at").not_null())
                .column(varchar("workspace", 63).not_null().server_default("default"))
                .primary_key("budget_policies_pk", &["budget_policy_id"])
                .index(Index::new("idx_budget_policies_workspace", &["workspace"])),
        )
}
