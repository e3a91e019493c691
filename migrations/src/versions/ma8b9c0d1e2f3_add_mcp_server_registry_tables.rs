//! A registry of MCP servers: their versions, tags, aliases, and where they can be reached.
//!
//! Everything hangs on `mcp_servers` by workspace and name, and goes with it. A version is kept as
//! text and, for finding the latest, as the numbers of semantic versioning; the index over these
//! ends before the pre-release part, which would make it too wide for MySQL.
//!
//! Only new tables. Dropping them again would lose the registry.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::{
    ForeignKey, Index, Table, big_integer, integer, json, text, varchar,
};

pub(crate) fn revision() -> Revision {
    Revision::new("a8b9c0d1e2f3")
        .after("b7e4c1a90f23")
        .on("2026-05-11")
        .titled("tables of MCP servers")
        .create_table(
            Table::new("mcp_servers")
                .column(varchar("workspace", 63).not_null().server_default("default"))
                .column(varchar("name", 256).not_null())
                .column(varchar("display_name", 256))
                .column(text("description"))
                .column(json("icons"))
                .column(varchar("created_by", 256))
                .column(varchar("last_updated_by", 256))
                .column(big_integer("created_at").not_null())
                .column(big_integer("last_updated_at").not_null())
                .primary_key("mcp_servers_pk", &["workspace", "name"]),
        )
        .create_table(
            Table::new("mcp_server_versions")
                .column(varchar("workspace", 63).not_null().server_default("default"))
                .column(varchar("name", 256).not_null())
                .column(varchar("version", 128).not_null())
                .column(integer("version_major").not_null())
                .column(integer("version_minor").not_null())
                .column(integer("version_patch").not_null())
                .column(varchar("version_prerelease_sort_key", 512).not_null())
                .column(json("server_json").not_null())
                .column(varchar("status", 20).not_null().server_default("draft"))
                .column(json("tools"))
                .column(varchar("source", 512))
                .column(json("connect_options"))
                .column(varchar("created_by", 256))
                .column(varchar("last_updated_by", 256))
                .column(big_integer("created_at").not_null())
                .column(big_integer("last_updated_at").not_null())
                .foreign_key(
                    ForeignKey::new(&["workspace", "name"], "mcp_servers", &["workspace", "name"])
                        .named("mcp_server_versions_server_fkey")
                        .on_delete_cascade()
                        .on_update_cascade(),
                )
                .primary_key("mcp_server_versions_pk", &["workspace", "name", "version"])
                .index(
                    Index::new("idx_mcp_server_versions_latest", &["workspace", "name", "status"])
                        .descending("version_major")
                        .descending("version_minor")
                        .descending("version_patch"),
                ),
        )
        .create_table(
            Table::new("mcp_server_tags")
                .column(varchar("workspace", 63).not_null().server_default("default"))
                .column(varchar("name", 256).not_null())
                .column(varchar("key", 250).not_null())
                .column(varchar("value", 5000))
                .foreign_key(
                    ForeignKey::new(&["workspace", "name"], "mcp_servers", &["workspace", "name"])
                        .named("mcp_server_tags_server_fkey")
                        .on_delete_cascade()
                        .on_update_cascade(),
                )
                .primary_key("mcp_server_tags_pk", &["workspace", "name", "key"]),
        )
        .create_table(
            Table::new("mcp_server_version_tags")
                .column(varchar("workspace", 63).not_null().server_default("default"))
                .column(varchar("name", 256).not_null())
                .column(varchar("version", 128).not_null())
                .column(varchar("key", 250).not_null())
                .column(varchar("value", 5000))
                .foreign_key(
                    ForeignKey::new(
                        &["workspace", "name", "version"],
                        "mcp_server_versions",
                        &["workspace", "name", "version"],
                    )
                    .named("mcp_server_version_tags_version_fkey")
                    .on_delete_cascade()
                    .on_update_cascade(),
                )
                .primary_key(
                    "mcp_server_version_tags_pk",
                    &["workspace", "name", "version", "key"],
                ),
        )
        .create_table(
            Table::new("mcp_server_aliases")
                .column(varchar("workspace", 63).not_null().server_default("default"))
                .column(varchar("name", 256).not_null())
                .column(varchar("alias", 256).not_null())
                .column(varchar("version", 128).not_null())
                .foreign_key(
                    ForeignKey::new(&["workspace", "name"], "mcp_servers", &["workspace", "name"])
                        .named("mcp_server_aliases_server_fkey")
                        .on_delete_cascade()
                        .on_update_cascade(),
                )
                .primary_key("mcp_server_aliases_pk", &["workspace", "name", "alias"]),
        )
        .create_table(
            Table::new("mcp_access_endpoints")
                .column(varchar("id", 36).not_null())
                .column(varchar("workspace", 63).not_null().server_default("default"))
                .column(varchar("server_name", 256).not_null())
                .column(varchar("server_version", 128))
                .column(varchar("server_alias", 256))
                .column(varchar("url", 2048).not_null())
                .column(varchar("transport_type", 32).not_null().server_default("streamable-http"))
                .column(varchar("created_by", 256))
                .column(varchar("last_updated_by", 256))
                .column(big_integer("created_at").not_null())
                .column(big_integer("last_updated_at").not_null())
                .foreign_key(
                    ForeignKey::new(
                        &["workspace", "server_name"],
                        "mcp_servers",
                        &["workspace", "name"],
                    )
                    .named("mcp_access_endpoints_server_fkey")
                    .on_delete_cascade()
                    .on_update_cascade(),
                )
                .primary_key("mcp_access_endpoints_pk", &["id"])
                .index(Index::new(
                    "ix_mcp_access_endpoints_server_name",
                    &["workspace", "server_name"],
                ))
                .index(Index::new(
                    "ix_mcp_access_endpoints_version",
                    &["workspace", "server_name", "server_version"],
                ))
                .index(Index::new(
                    "ix_mcp_access_endpoints_alias",
                    &["workspace", "server_name", "server_alias"],
                )),
        )
}
