//! The statements of every revision, and changes that no revision makes.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::plan::TableChange;
use mlflow_migrate_core::schema::platform::Platform;
use mlflow_migrate_core::schema::{
    Check, Column, ColumnType, ForeignKey, Index, Schema, Table, big_integer, boolean, integer,
    text, varchar,
};

use super::describe;

fn change(before: Table, after: Table) -> TableChange {
    TableChange { before: Some(before), after, revisions: Vec::new() }
}

fn statements(before: Table, after: Table) -> String {
    describe(&change(before, after)).unwrap().statements.join(";\n")
}

/// Renders each revision's own edits table by table, without a planner.
#[test]
fn every_revision_step_by_step() {
    let catalogue = mlflow_migrate_revisions::tracking().unwrap();
    let platform = Platform::POSTGRES;
    let mut shown = String::new();
    let mut before = Schema::default();
    for (revision, settled) in catalogue.states(&platform).unwrap() {
        let name = revision.as_deref().unwrap_or("base");
        let mut after = before.clone();
        match &revision {
            None => {
                for op in catalogue.base_ops() {
                    after.apply(&op, &platform).unwrap();
                }
            }
            Some(id) => {
                let actions = catalogue.graph.get(id).unwrap().actions(&platform);
                for action in actions {
                    if let mlflow_migrate_core::history::revision::Action::Schema(op) = action {
                        after.apply(op, &platform).unwrap();
                    }
                }
            }
        }
        shown += &format!("-- {name}\n");
        for table in after.tables.values() {
            let known = before.table(&table.name);
            if known == Some(table) {
                continue;
            }
            let change =
                TableChange { before: known.cloned(), after: table.clone(), revisions: Vec::new() };
            let method = describe(&change).unwrap();
            let cost = match (method.rebuilds, method.scans) {
                (true, _) => "rewrites",
                (false, true) => "reads",
                (false, false) => "quick",
            };
            shown += &format!("-- {}: {} ({cost})\n", table.name, method.summary);
            for statement in method.statements {
                shown += &format!("{statement};\n");
            }
        }
        shown.push('\n');
        before = settled;
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn everything_at_once() {
    let before = Table::new("t")
        .column(integer("id").not_null())
        .column(varchar("name", 9).server_default("x"))
        .column(text("gone"))
        .column(varchar("old", 5))
        .primary_key("t_pk", &["id"])
        .unique_named("t_name", &["name"])
        .foreign_key(ForeignKey::new(&["id"], "other", &["id"]).named("t_fk"))
        .check("positive", "id > 0")
        .index(Index::new("by_old", &["old"]));
    let mut after = Table::new("t")
        .column(big_integer("id").not_null())
        .column(varchar("name", 20).server_default("y").not_null())
        .column(Column { renamed_from: Some("old".to_owned()), ..varchar("new", 5) })
        .column(boolean("flag").not_null().default_false())
        .column(big_integer("number").identity())
        .primary_key("t_pk", &["id", "name"])
        .index(Index::new("by_old", &["new"]))
        .index(Index::new("by_flag", &["flag"]));
    after.checks.push(Check::new(Some("big"), "id > 9"));
    let method = describe(&change(before, after)).unwrap();
    assert!(method.rebuilds && method.scans);
    insta::assert_snapshot!(method.summary);
    insta::assert_snapshot!(method.statements.join(";\n"));
}

#[test]
fn a_wider_text_is_free_and_a_narrower_one_is_not() {
    for (old, new, rebuilds) in [
        (ColumnType::Varchar(5), ColumnType::Varchar(9), false),
        (ColumnType::Varchar(5), ColumnType::Text, false),
        (ColumnType::Text, ColumnType::LongText, false),
        (ColumnType::Varchar(9), ColumnType::Varchar(5), true),
        (ColumnType::Text, ColumnType::Varchar(5), true),
        (ColumnType::Integer, ColumnType::BigInteger, true),
        (ColumnType::Float, ColumnType::Double, false),
    ] {
        let table = |column_type: &ColumnType| {
            Table::new("t").column(Column::new("c", column_type.clone()))
        };
        let method = describe(&change(table(&old), table(&new))).unwrap();
        assert_eq!(method.rebuilds, rebuilds, "{old:?} to {new:?}");
    }
}

#[test]
fn a_type_that_the_server_does_not_convert_to_by_itself_is_cast() {
    let before = Table::new("t").column(boolean("c").default_false());
    let after = Table::new("t").column(integer("c").server_default("0"));
    insta::assert_snapshot!(statements(before, after));
}

#[test]
fn what_cannot_be_changed_is_refused() {
    let mut before = Table::new("t").column(integer("c"));
    before.inexpressible.push("partitions".to_owned());
    let after = before.clone().column(integer("d"));
    let refused = describe(&change(before, after));
    assert!(matches!(refused, Err(Error::Inexpressible { .. })));
    let before = Table::new("t").column(integer("c").stored_as("1"));
    let after = Table::new("t").column(integer("c").stored_as("2"));
    let refused = describe(&change(before, after));
    assert!(matches!(refused, Err(Error::Inexpressible { .. })));
}
