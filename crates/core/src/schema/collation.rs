//! Aligns a referencing column's collation with the referenced column.
//!
//! On MySQL, a new table gets the character set and collation of the database. These may have
//! changed since the older tables were created. The server then refuses a foreign key between the
//! tables (errno 150, error 3780). So a referencing column takes the collation of the referenced
//! one.

use super::{Column, ColumnType, ForeignKey, Schema, Table};
use crate::schema::op::{Op, TableEdit};

impl Schema {
    /// Sets the collations of the columns of new foreign keys.
    ///
    /// Each column takes the collation of the column that it references.
    pub(super) fn follow_references(&mut self, op: &Op) {
        let (name, added) = match op {
            Op::CreateTable(table) => (&table.name, table.foreign_keys.clone()),
            Op::Alter { table, edit: TableEdit::AddForeignKey(key) } => (table, vec![key.clone()]),
            Op::Alter { .. } => return,
        };
        for key in added {
            for (column, collation) in self.referenced_collations(name, &key) {
                let Some(table) = self.tables.get_mut(name) else { return };
                let mut columns = table.columns.iter_mut();
                if let Some(column) = columns.find(|it| it.name == column && it.is_text()) {
                    column.collation = Some(collation);
                }
            }
        }
        self.forget_default_collations(name);
    }

    /// Clears the collation of columns where it equals the table's.
    pub(super) fn forget_default_collations(&mut self, name: &str) {
        let Some(table) = self.tables.get_mut(name) else { return };
        let default = table.collation.as_ref().or(self.collation.as_ref());
        for column in &mut table.columns {
            if default.is_some() && column.collation.as_ref() == default {
                column.collation = None;
            }
        }
    }

    /// Returns the columns of a foreign key with the collations of the referenced columns.
    ///
    /// Columns whose referenced collation is unknown are left out.
    fn referenced_collations(&self, table: &str, key: &ForeignKey) -> Vec<(String, String)> {
        let referred = match self.table(&key.referred_table) {
            Some(referred) if key.referred_table != table => referred,
            _ => return Vec::new(),
        };
        let pairs = key.columns.iter().zip(&key.referred_columns);
        pairs
            .filter_map(|(column, other)| {
                let collation = self.collation_of(referred, referred.find_column(other)?)?;
                Some((column.clone(), collation))
            })
            .collect()
    }

    /// Returns the collation by which the server compares a column, where known.
    pub(crate) fn collation_of(&self, table: &Table, column: &Column) -> Option<String> {
        let inherited = || table.collation.clone().or_else(|| self.collation.clone());
        column.collation.clone().or_else(inherited)
    }
}

impl Column {
    /// Returns whether the column holds texts, which have a collation.
    pub(crate) fn is_text(&self) -> bool {
        use ColumnType::{LongText, MediumText, Text, Varchar};
        matches!(self.column_type, Varchar(_) | Text | MediumText | LongText)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ForeignKey, Schema, Table, big_integer, varchar};
    use crate::schema::op::{Op, TableEdit};
    use crate::schema::platform::Platform;

    fn key() -> ForeignKey {
        ForeignKey::new(&["run", "number"], "runs", &["run_uuid", "number"])
    }

    fn schema(of_runs: &str, of_new_tables: &str) -> Schema {
        let mut schema = Schema { collation: Some(of_new_tables.to_owned()), ..Schema::default() };
        let mut runs =
            Table::new("runs").column(varchar("run_uuid", 9)).column(big_integer("number"));
        runs.collation = Some(of_runs.to_owned());
        schema.insert(runs);
        schema
    }

    fn tags() -> Table {
        Table::new("tags").column(varchar("run", 9)).column(big_integer("number"))
    }

    fn collations(schema: &Schema) -> Vec<Option<&str>> {
        schema.tables["tags"].columns.iter().map(|column| column.collation.as_deref()).collect()
    }

    #[test]
    fn a_new_table_compares_as_the_one_that_it_references() {
        for (of_new_tables, expected) in [("utf8mb4_bin", Some("latin1_bin")), ("latin1_bin", None)]
        {
            let mut schema = schema("latin1_bin", of_new_tables);
            let op = Op::CreateTable(tags().foreign_key(key()));
            schema.apply(&op, &Platform::MYSQL_5_7).unwrap();
            assert_eq!(collations(&schema), [expected, None]);
        }
    }

    #[test]
    fn so_does_a_column_that_gets_a_reference_later() {
        let mut schema = schema("latin1_bin", "utf8mb4_bin");
        for op in [
            Op::CreateTable(tags()),
            Op::Alter { table: "tags".to_owned(), edit: TableEdit::AddForeignKey(key()) },
        ] {
            schema.apply(&op, &Platform::MYSQL_5_7).unwrap();
        }
        assert_eq!(collations(&schema), [Some("latin1_bin"), None]);
    }
}
