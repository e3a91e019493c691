//! A registry of skills: instructions and tools for agents, with versions, tags and aliases.
//!
//! Everything hangs on `skills` by workspace, organization and name, and goes with it. A skill
//! without an organization has an empty one, so that it can be part of the key.
//!
//! On MySQL the keys of tags are compared byte for byte, as the other servers do by themselves.
//!
//! Only new tables. Dropping them again would lose the registry.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::platform::Dialect;
use mlflow_migrate_core::schema::{
    Column, ForeignKey, Index, Table, big_integer, integer, json, medium_text, text, varchar,
};

fn workspace() -> Column {
    varchar("workspace", 63).not_null().server_default("default")
}

fn organization() -> Column {
    varchar("organization", 64).not_null().server_default("")
}

/// The two tables of tags, which differ from dialect to dialect by their key.
fn tag_tables(revision: Revision, key: &Column) -> Revision {
    revision
        .create_table(
            Table::new("skill_tags")
                .column(workspace())
                .column(organization())
                .column(varchar("name", 128).not_null())
                .column(key.clone())
                .column(medium_text("value"))
                .foreign_key(
                    ForeignKey::new(
                        &["workspace", "organization", "name"],
                        "skills",
                        &["workspace", "organization", "name"],
                    )
                    .named("skill_tags_skill_fkey")
                    .on_delete_cascade()
                    .on_update_cascade(),
                )
                .primary_key("skill_tags_pk", &["workspace", "organization", "name", "key"]),
        )
        .create_table(
            Table::new("skill_version_tags")
                .column(workspace())
                .column(organization())
                .column(varchar("name", 128).not_null())
                .column(integer("version").not_null())
                .column(key.clone())
                .column(medium_text("value"))
                .foreign_key(
                    ForeignKey::new(
                        &["workspace", "organization", "name", "version"],
                        "skill_versions",
                        &["workspace", "organization", "name", "version"],
                    )
                    .named("skill_version_tags_version_fkey")
                    .on_delete_cascade()
                    .on_update_cascade(),
                )
                .primary_key(
                    "skill_version_tags_pk",
                    &["workspace", "organization", "name", "version", "key"],
                ),
        )
}

pub(crate) fn revision() -> Revision {
    Revision::new("e7d1f4b2a9c6")
        .after("dc11669786a5")
        .on("2026-09-01")
        .titled("tables of skills")
        .create_table(
            Table::new("skills")
                .column(workspace())
                .column(organization())
                .column(varchar("name", 128).not_null())
                .column(text("description"))
                .column(json("icons"))
                .column(text("search_text"))
                .column(varchar("created_by", 256))
                .column(varchar("last_updated_by", 256))
                .column(big_integer("created_at").not_null())
                .column(big_integer("last_updated_at").not_null())
                .primary_key("skills_pk", &["workspace", "organization", "name"]),
        )
        .create_table(
            Table::new("skill_versions")
                .column(workspace())
                .column(organization())
                .column(varchar("name", 128).not_null())
                .column(integer("version").not_null())
                .column(varchar("source_type", 20))
                .column(varchar("source", 2048))
                .column(varchar("ref", 2048))
                .column(varchar("subpath", 2048))
                .column(varchar("digest", 64))
                .column(varchar("status", 20).not_null().server_default("active"))
                .column(varchar("created_by", 256))
                .column(varchar("last_updated_by", 256))
                .column(big_integer("created_at").not_null())
                .column(big_integer("last_updated_at").not_null())
                .foreign_key(
                    ForeignKey::new(
                        &["workspace", "organization", "name"],
                        "skills",
                        &["workspace", "organization", "name"],
                    )
                    .named("skill_versions_skill_fkey")
                    .on_delete_cascade()
                    .on_update_cascade(),
                )
                .primary_key("skill_versions_pk", &["workspace", "organization", "name", "version"])
                .index(Index::new(
                    "ix_skill_versions_latest_lookup",
                    &["workspace", "organization", "name", "status", "version"],
                ))
                .index(Index::new(
                    "ix_skill_versions_digest",
                    &["workspace", "organization", "name", "digest"],
                )),
        )
        .only(&[Dialect::Mysql], |revision| {
            tag_tables(revision, &varchar("key", 250).not_null().collate("utf8mb4_bin"))
        })
        .except(&[Dialect::Mysql], |revision| tag_tables(revision, &varchar("key", 250).not_null()))
        .create_table(
            Table::new("skill_aliases")
                .column(workspace())
                .column(organization())
                .column(varchar("name", 128).not_null())
                .column(varchar("alias", 256).not_null())
                .column(integer("version").not_null())
                .foreign_key(
                    ForeignKey::new(
                        &["workspace", "organization", "name"],
                        "skills",
                        &["workspace", "organization", "name"],
                    )
                    .named("skill_aliases_skill_fkey")
                    .on_delete_cascade()
                    .on_update_cascade(),
                )
                .primary_key("skill_aliases_pk", &["workspace", "organization", "name", "alias"]),
        )
}
