//! Renders the schema model as PostgreSQL's DDL.
//!
//! Table names are not qualified: the session's `search_path` holds only one schema.

mod constraint;
mod index;
mod quote;
mod table;

pub(crate) use self::constraint::{check, foreign_key, primary_key, unique};
pub(crate) use self::index::{create_index, create_index_in};
pub(crate) use self::quote::{column_list, quote_identifier, quote_literal};
pub(crate) use self::table::{column, create_table, create_temporary_table};

#[cfg(test)]
mod tests {
    use mlflow_migrate_core::schema::{Check, ForeignKey, Index, Table, big_integer, varchar};

    use super::{create_index, create_table, foreign_key, quote_identifier, quote_literal};

    #[test]
    fn names_and_texts_are_quoted() {
        assert_eq!(quote_identifier("a\"b"), "\"a\"\"b\"");
        assert_eq!(quote_literal("it's"), "'it''s'");
        assert_eq!(quote_literal("a\\'b"), "E'a\\\\''b'");
    }

    #[test]
    fn a_table_with_everything() {
        let mut key = ForeignKey::new(&["run"], "runs", &["run_uuid"])
            .named("fk")
            .on_delete_cascade()
            .on_update_cascade();
        key.qualifiers = Some("MATCH FULL".to_owned());
        let mut table = Table::new("odd \"name\"")
            .column(big_integer("id").identity().not_null())
            .column(big_integer("number").autoincrement())
            .column(varchar("run", 9).server_default("it's").collate("C"))
            .column(big_integer("twice").stored_as("number * 2"))
            .primary_key("pk", &["id"])
            .unique_named("one", &["run", "number"])
            .foreign_key(key);
        table.checks.push(Check::new(None, "number > 0 -- always"));
        insta::assert_snapshot!(create_table(&table));
    }

    #[test]
    fn what_a_reference_leaves_out() {
        let key = ForeignKey::new(&["a"], "other", &[]);
        assert_eq!(foreign_key(&key), "FOREIGN KEY(\"a\") REFERENCES \"other\"");
    }

    #[test]
    fn an_index_with_everything() {
        let index = Index::new("i", &["a"]).descending("b").include(&["c"]).filter("a > 0");
        assert_eq!(
            create_index(&Index { unique: true, ..index }, "t"),
            "CREATE UNIQUE INDEX \"i\" ON \"t\" (\"a\", \"b\" DESC) INCLUDE (\"c\") WHERE a > 0"
        );
    }
}
