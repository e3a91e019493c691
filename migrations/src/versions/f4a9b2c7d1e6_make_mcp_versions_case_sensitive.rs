//! Versions of MCP servers that differ only by case are different versions, on MySQL too.
//!
//! SQLite and PostgreSQL compare text byte for byte, so nothing changes there. MySQL's default
//! collations ignore case, so the four columns that hold such a version get the collation
//! `utf8mb4_bin`, and with it its character set.
//!
//! A tag, alias or endpoint that spells its version in another case than the version itself would
//! lose it by that, so such references are looked for first.
//!
//! MLflow drops and recreates two primary keys, a foreign key and an index around the change; they
//! end as they were, so they are no edits here.
//!
//! Going back could fail on versions that have been told apart by case since.

use mlflow_migrate_core::data::McpVersionReferences;
use mlflow_migrate_core::op::ColumnChange;
use mlflow_migrate_core::platform::Platform;
use mlflow_migrate_core::revision::Revision;

pub(crate) fn revision() -> Revision {
    Revision::new("f4a9b2c7d1e6", Some("8b6ad64cb8f5"), "2026-09-16", "MCP versions differ by case")
        .when(Platform::is_mysql, |revision| {
            revision
                .migrate(McpVersionReferences)
                .alter("mcp_server_versions", |t| {
                    t.alter_column("version", ColumnChange::default().collate("utf8mb4_bin"));
                })
                .alter("mcp_server_version_tags", |t| {
                    t.alter_column("version", ColumnChange::default().collate("utf8mb4_bin"));
                })
                .alter("mcp_server_aliases", |t| {
                    t.alter_column("version", ColumnChange::default().collate("utf8mb4_bin"));
                })
                .alter("mcp_access_endpoints", |t| {
                    t.alter_column(
                        "server_version",
                        ColumnChange::default().collate("utf8mb4_bin"),
                    );
                })
        })
}
