//! What an operation does where its result, or something else, is in place already.

use mlflow_migrate_core::schema::op::{Op, TableEdit};
use mlflow_migrate_core::schema::platform::Platform;
use mlflow_migrate_core::schema::{EditError, Index, Schema, Table, varchar};

/// A table of runs with an index, to which a revision adds `wanted`.
fn create_index(existing: Index, wanted: Index) -> Result<usize, EditError> {
    let mut schema = Schema::default();
    let columns = Table::new("runs").column(varchar("a", 32)).column(varchar("b", 32));
    schema.insert(columns.index(existing));
    let edit = TableEdit::CreateIndex(wanted);
    schema.apply(&Op::Alter { table: "runs".to_owned(), edit }, &Platform::SQLITE)?;
    Ok(schema.tables["runs"].indexes.len())
}

#[test]
fn an_index_that_is_there_is_accepted_only_if_it_is_the_same() {
    let plain = || Index::new("i", &["a"]);
    assert_eq!(create_index(plain(), plain()), Ok(1));
    assert_eq!(create_index(Index::new("other", &["a"]), plain()), Ok(2));
    for existing in [
        plain().unique(),
        plain().filter("a > 'x'"),
        plain().include(&["b"]),
        Index::new("i", &["b"]),
        Index::new("i", &[]).descending("a"),
    ] {
        let result = create_index(existing, plain());
        assert!(matches!(result, Err(EditError::Occupied { .. })), "{result:?}");
    }
    assert!(create_index(plain(), plain().unique()).is_err());
}
