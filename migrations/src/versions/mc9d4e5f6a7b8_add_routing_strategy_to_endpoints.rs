//! An endpoint can spread its calls over several models, and fall back to others.
//!
//! `endpoints` says how (`routing_strategy`, `fallback_config_json`), and each mapping says what it
//! is for: `linkage_type` is PRIMARY for all that exist, `fallback_order` orders the others. One
//! model may now serve an endpoint in more than one role, so the unique index over the pair gives
//! way to one that includes the role.
//!
//! Going back could fail on pairs that have been mapped in two roles since.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::{Index, integer, text, varchar};

pub(crate) fn revision() -> Revision {
    Revision::new("c9d4e5f6a7b8")
        .after("5d2d30f0abce")
        .on("2025-12-18")
        .titled("endpoints have routes and fallbacks")
        .alter("endpoints", |t| {
            t.add_column(varchar("routing_strategy", 64));
            t.add_column(text("fallback_config_json"));
        })
        .alter("endpoint_model_mappings", |t| {
            t.add_column(varchar("linkage_type", 64).not_null().server_default("PRIMARY"));
            t.add_column(integer("fallback_order"));
            t.drop_index("unique_endpoint_model_mapping");
            t.create_index(
                Index::new(
                    "unique_endpoint_model_linkage_mapping",
                    &["endpoint_id", "model_definition_id", "linkage_type"],
                )
                .unique(),
            );
        })
}
