//! Versions of MCP servers that differ only by case are different versions, on MySQL too.
//!
//! SQLite and PostgreSQL compare text byte for byte, so nothing changes there. MySQL's default
//! collations ignore case, so the four columns that hold such a version get the collation
//! `utf8mb4_bin`, and with it its character set.
//!
//! A tag, alias or endpoint that spells its version otherwise than the version itself would
//! lose it by that, so such references are looked for first.
//!
//! MLflow drops two primary keys, a foreign key and an index, and makes them again afterwards. Here
//! they stay, and the edits that make them find them in place, unless a run of MLflow stopped in
//! between.
//!
//! Going back could fail on versions that differ only in case.

use mlflow_migrate_core::data::McpVersionReferences;
use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::op::ColumnChange;
use mlflow_migrate_core::schema::platform::Dialect;
use mlflow_migrate_core::schema::{ForeignKey, Index};

pub(crate) fn revision() -> Revision {
    Revision::new("f4a9b2c7d1e6")
        .after("8b6ad64cb8f5")
        .on("2026-09-16")
        .titled("MCP versions differ by case")
        .only(&[Dialect::Mysql], |revision| {
            revision
                .migrate(McpVersionReferences)
                .alter("mcp_server_versions", |t| {
                    t.alter_column("version", ColumnChange::default().collate("utf8mb4_bin"));
                    t.primary_key("mcp_server_versions_pk", &["workspace", "name", "version"]);
                })
                .alter("mcp_server_version_tags", |t| {
                    t.alter_column("version", ColumnChange::default().collate("utf8mb4_bin"));
                    t.primary_key(
                        "mcp_server_version_tags_pk",
                        &["workspace", "name", "version", "key"],
                    );
                    t.add_foreign_key(
                        ForeignKey::new(
                            &["workspace", "name", "version"],
                            "mcp_server_versions",
                            &["workspace", "name", "version"],
                        )
                        .named("mcp_server_version_tags_version_fkey")
                        .on_delete_cascade()
                        .on_update_cascade(),
                    );
                })
                .alter("mcp_server_aliases", |t| {
                    t.alter_column("version", ColumnChange::default().collate("utf8mb4_bin"));
                })
                .alter("mcp_access_endpoints", |t| {
                    t.alter_column(
                        "server_version",
                        ColumnChange::default().collate("utf8mb4_bin"),
                    );
                    t.create_index(Index::new(
                        "ix_mcp_access_endpoints_version",
                        &["workspace", "server_name", "server_version"],
                    ));
                })
        })
}
