//! Reads an index from its text in `sqlite_schema`.

use mlflow_migrate_core::schema::{Index, IndexColumn};

use crate::ddl;

/// Returns the model of an index, which keeps the index's text if the model cannot express it.
pub(super) fn read(name: String, sql: String) -> Index {
    let Ok(parsed) = ddl::CreateIndex::parse(&sql) else {
        return Index { definition: Some(sql), ..Index::new(&name, &[]) };
    };
    let is_plain = parsed
        .columns
        .iter()
        .all(|column| column.collation.is_none() && matches!(column.key, ddl::IndexKey::Column(_)));
    let columns = parsed.columns.into_iter().map(|column| IndexColumn {
        name: match column.key {
            ddl::IndexKey::Column(name) | ddl::IndexKey::Expression(name) => name,
        },
        descending: column.descending,
        prefix_length: None,
    });
    Index {
        name,
        unique: parsed.unique,
        columns: columns.collect(),
        include: Vec::new(),
        predicate: parsed.predicate,
        definition: (!is_plain).then_some(sql),
        automatic: false,
        inactive: None,
    }
}
