//! Anything can be associated with anything: the new table `entity_associations`.
//!
//! Each row joins two entities, both named by their kind and id, so there are no foreign keys. The
//! primary key finds what a source is joined to; an index finds the way back.
//!
//! Could be undone by dropping the table, with the associations in it.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::{Index, Table, big_integer, varchar};

pub(crate) fn revision() -> Revision {
    Revision::new("de4033877273")
        .after("a1b2c3d4e5f6")
        .on("2025-07-28")
        .titled("table of associations")
        .create_table(
            Table::new("entity_associations")
                .column(varchar("association_id", 36).not_null())
                .column(varchar("source_type", 36).not_null())
                .column(varchar("source_id", 36).not_null())
                .column(varchar("destination_type", 36).not_null())
                .column(varchar("destination_id", 36).not_null())
                .column(big_integer("created_time"))
                .primary_key(
                    "entity_associations_pk",
                    &["source_type", "source_id", "destination_type", "destination_id"],
                )
                .index(Index::new("index_entity_associations_association_id", &["association_id"]))
                .index(Index::new(
                    "index_entity_associations_reverse_lookup",
                    &["destination_type", "destination_id", "source_type", "source_id"],
                )),
        )
}
