//! Describes edits of tables in words.

use crate::schema::op::{ColumnChange, Op, TableEdit};
use crate::schema::platform::Dialect;
use crate::schema::{Column, ForeignKey, Index};

/// Returns an edit in words, one line for each part of a new table.
pub(super) fn of(op: &Op, dialect: Dialect) -> Vec<String> {
    match op {
        Op::Alter { edit, .. } => vec![of_edit(edit, dialect)],
        Op::CreateTable(table) => {
            let mut words = vec!["create the table".to_owned()];
            words
                .extend(table.columns.iter().map(|one| format!("column {}", column(one, dialect))));
            let key = table.primary_key.iter();
            words.extend(key.map(|key| format!("primary key ({})", key.columns.join(", "))));
            let uniques = table.uniques.iter();
            words.extend(uniques.map(|one| format!("unique ({})", one.columns.join(", "))));
            words.extend(table.foreign_keys.iter().map(foreign_key));
            words.extend(table.checks.iter().map(|one| format!("CHECK ({})", one.expression)));
            words.extend(table.indexes.iter().map(index));
            words
        }
    }
}

fn of_edit(edit: &TableEdit, dialect: Dialect) -> String {
    match edit {
        TableEdit::AddColumn(new) => format!("add column {}", column(new, dialect)),
        TableEdit::DropColumn(name) => format!("drop column {name}"),
        TableEdit::RenameColumn { from, to } => format!("rename column {from} to {to}"),
        TableEdit::AlterColumn { column, change } => {
            format!("change column {column}: {}", of_change(change, dialect))
        }
        TableEdit::SetPrimaryKey(key) => {
            format!("set the primary key to ({})", key.columns.join(", "))
        }
        TableEdit::AddForeignKey(key) => format!("add {}", foreign_key(key)),
        TableEdit::DropForeignKey(columns) => {
            format!("drop the foreign key over ({})", columns.join(", "))
        }
        TableEdit::AddUnique { name, columns } => {
            format!("add unique {name} ({})", columns.join(", "))
        }
        TableEdit::DropUnique(columns) => format!("drop unique ({})", columns.join(", ")),
        TableEdit::AddCheck(check) => format!("add CHECK ({})", check.expression),
        TableEdit::DropCheck(name) => format!("drop CHECK {name}"),
        TableEdit::CreateIndex(new) => format!("add {}", index(new)),
        TableEdit::DropIndex(name) => format!("drop index {name}"),
        TableEdit::CreateTrigger(trigger) => format!("create trigger {}", trigger.name),
    }
}

fn of_change(change: &ColumnChange, dialect: Dialect) -> String {
    let mut words = Vec::new();
    words.extend(change.column_type.as_ref().map(|one| format!("type {}", one.sql(dialect))));
    words.extend(change.nullable.map(|nullable| match nullable {
        true => "NULL allowed".to_owned(),
        false => "NOT NULL".to_owned(),
    }));
    words.extend(change.default.as_ref().map(|default| match default {
        Some(default) => format!("default {}", default.sql(dialect)),
        None => "no default".to_owned(),
    }));
    words.extend(change.collation.as_ref().map(|collation| format!("collation {collation}")));
    words.join(", ")
}

fn column(column: &Column, dialect: Dialect) -> String {
    let mut words = format!("{} {}", column.name, column.column_type.sql(dialect));
    if !column.nullable {
        words += " NOT NULL";
    }
    if let Some(default) = &column.default {
        words += &format!(" default {}", default.sql(dialect));
    }
    if let Some(generated) = &column.generated {
        words += &format!(" computed as {}", generated.expression);
    }
    words
}

fn foreign_key(key: &ForeignKey) -> String {
    format!(
        "foreign key ({}) to {} ({})",
        key.columns.join(", "),
        key.referred_table,
        key.referred_columns.join(", ")
    )
}

fn index(index: &Index) -> String {
    let unique = if index.unique { "unique " } else { "" };
    let columns: Vec<&str> = index.column_names().collect();
    let mut words = format!("{unique}index {} ({})", index.name, columns.join(", "));
    if !index.include.is_empty() {
        words += &format!(" including ({})", index.include.join(", "));
    }
    if let Some(predicate) = &index.predicate {
        words += &format!(" where {predicate}");
    }
    words
}
