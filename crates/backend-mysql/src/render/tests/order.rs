//! The order of the clauses of a change.

use mlflow_migrate_core::schema::{Index, Table, integer, varchar};

use super::super::{Alteration, ColumnAttributes};
use crate::features::Features;

fn table() -> Table {
    Table::new("t")
        .column(integer("id"))
        .column(varchar("gone", 9))
        .column(varchar("stays", 9))
        .primary_key("t_pk", &["id"])
}

fn statements(before: &Table, after: &Table, server: &str) -> Vec<String> {
    let features = Features::parse(server).unwrap();
    let alteration = Alteration::between(before, after, &features);
    let statements = alteration.statements(&ColumnAttributes::new(), &features);
    statements.iter().map(|sql| sql.replace("\n ", "")).collect()
}

/// An instant drop of a column would shrink an index with other columns, or fail.
///
/// An index without other columns is dropped with its column.
#[test]
fn a_column_goes_after_its_indexes() {
    let before = table().index(Index::new("i", &["gone", "stays"])).unique_named("u", &["gone"]);
    let mut after = table();
    after.columns.remove(1);
    for server in ["10.11.14-MariaDB", "9.7.0"] {
        assert_eq!(
            statements(&before, &after, server),
            ["ALTER TABLE `t` DROP INDEX `i`", "ALTER TABLE `t` DROP COLUMN `gone`"],
            "{server}"
        );
    }
    assert_eq!(
        statements(&before, &after, "5.7.44"),
        ["ALTER TABLE `t` DROP INDEX `i`, DROP COLUMN `gone`"]
    );
}

/// An upgrade that has dropped the column is rolled back.
#[test]
fn a_column_comes_back_to_its_place() {
    let mut before = table();
    before.columns.remove(1);
    assert_eq!(
        statements(&before, &table(), "9.7.0"),
        ["ALTER TABLE `t` ADD COLUMN `gone` VARCHAR(9) AFTER `id`"]
    );
}
