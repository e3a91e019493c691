//! Issues say when they were last seen, and can be found by category.
//!
//! `issues` gets `last_seen_timestamp` (for those that exist the time of their creation),
//! `last_updated_by`, `metadata`, and indexes for the two orders in which they are listed. Each
//! category of the JSON list in `issues.categories` becomes a row of `issue_categories`, found by
//! the SHA-256 of its text without surrounding white space and in lower case. The list itself
//! stays for older readers.
//!
//! What is derived here could be dropped again; what was recorded since would be lost.

use mlflow_migrate_core::data::IssueCategories;
use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::{
    ForeignKey, Index, Table, big_integer, long_text, text, varchar,
};

pub(crate) fn revision() -> Revision {
    Revision::new("8b6ad64cb8f5")
        .after("e7d1f4b2a9c6")
        .titled("issues have sightings and categories")
        .alter("issues", |t| {
            t.add_column(big_integer("last_seen_timestamp"));
            t.add_column(varchar("last_updated_by", 255));
            t.add_column(long_text("metadata"));
            t.create_index(Index::new(
                "index_issues_experiment_last_seen",
                &["experiment_id", "last_seen_timestamp"],
            ));
            t.create_index(Index::new(
                "index_issues_experiment_updated",
                &["experiment_id", "last_updated_timestamp"],
            ));
        })
        .create_table(
            Table::new("issue_categories")
                .column(varchar("issue_id", 36).not_null())
                .column(varchar("category_hash", 64).not_null())
                .column(text("category").not_null())
                .primary_key("issue_categories_pk", &["issue_id", "category_hash"])
                .foreign_key(
                    ForeignKey::new(&["issue_id"], "issues", &["issue_id"])
                        .named("fk_issue_categories_issue_id")
                        .on_delete_cascade(),
                )
                .index(Index::new("index_issue_categories_hash", &["category_hash"])),
        )
        .migrate(IssueCategories)
}
