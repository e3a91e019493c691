//! Chooses the statements that change a table.
//!
//! All changes of a table go into one `ALTER TABLE`. So the server rewrites or scans its rows at
//! most once, whatever the number of revisions. The statement does not name constraints and columns
//! that stay. So what the model cannot express stays too, such as an exclusion constraint or a
//! storage option.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::plan::{ChangePlan, TableChange, TableLock, indexes_of, strongest};
use mlflow_migrate_core::schema::op::{Op, TableEdit};
use mlflow_migrate_core::schema::platform::Dialect::Postgres;
use mlflow_migrate_core::schema::platform::Platform;
use mlflow_migrate_core::schema::{Column, ColumnType, DefaultValue, Schema, Table, Trigger};

use super::locks::{self, ACCESS_EXCLUSIVE, SHARE, SHARE_ROW_EXCLUSIVE};
use crate::render::{self, quote_identifier};

/// Returns a summary of a change and its statements.
pub(crate) fn describe(change: &TableChange) -> Result<ChangePlan, Error> {
    let mut steps = Steps::default();
    let after = &change.after;
    match &change.before {
        None => {
            steps.push("create", render::create_table(after));
            steps
                .statements
                .extend(after.indexes.iter().map(|index| render::create_index(index, &after.name)));
            steps.statements.extend(after.triggers.iter().flat_map(trigger));
            let keys = after.foreign_keys.iter().filter(|key| key.referred_table != after.name);
            steps.locks.extend(keys.map(|key| locks::on(&key.referred_table, SHARE_ROW_EXCLUSIVE)));
        }
        Some(before) => {
            refuse_inexpressible(before)?;
            let before = steps.rename_columns(before, after)?;
            refuse_recomputed(&before, after)?;
            steps.drop_indexes(&before, after);
            steps.alter(&before, after);
            steps.create_indexes(&before, after);
            steps.create_triggers(&before, after);
        }
    }
    let index_builds = if steps.rebuilds { indexes_of(after) } else { steps.index_builds };
    Ok(ChangePlan {
        summary: steps.summary.join("; "),
        definitions: steps.statements.len(),
        statements: steps.statements,
        rebuilds: steps.rebuilds,
        scans: steps.scans || steps.rebuilds,
        index_builds,
        logs_rows: false,
        locks: strongest(steps.locks),
    })
}

fn refuse_inexpressible(table: &Table) -> Result<(), Error> {
    if table.inexpressible.is_empty() {
        return Ok(());
    }
    Err(Error::Inexpressible { table: table.name.clone(), obstacles: table.inexpressible.clone() })
}

/// Refuses another expression for a computed column, which needs PostgreSQL 17 or later.
fn refuse_recomputed(before: &Table, after: &Table) -> Result<(), Error> {
    let is_recomputed = |column: &&Column| {
        after.find_column(&column.name).is_some_and(|new| new.generated != column.generated)
    };
    match before.columns.iter().find(is_recomputed) {
        None => Ok(()),
        Some(column) => Err(Error::Inexpressible {
            table: before.name.clone(),
            obstacles: vec![format!("a column {} that is computed in another way", column.name)],
        }),
    }
}

/// The steps of a change, in order.
#[derive(Default)]
struct Steps {
    summary: Vec<String>,
    statements: Vec<String>,
    clauses: Vec<String>,
    rebuilds: bool,
    scans: bool,
    index_builds: usize,
    locks: Vec<TableLock>,
}

impl Steps {
    fn push(&mut self, summary: &str, statement: String) {
        self.summary.push(summary.to_owned());
        self.statements.push(statement);
    }

    fn clause(&mut self, summary: String, clause: String) {
        self.summary.push(summary);
        self.clauses.push(clause);
    }

    /// Renames columns, with one statement each, and returns the table with the new names.
    fn rename_columns(&mut self, before: &Table, after: &Table) -> Result<Table, Error> {
        let mut schema = Schema::default();
        schema.insert(before.clone());
        for column in after.columns.iter().filter(|column| column.live_name() != column.name) {
            self.locks.push(locks::on(&after.name, ACCESS_EXCLUSIVE));
            let (from, to) = (column.live_name().to_owned(), column.name.clone());
            self.push(
                &format!("rename column {from} to {to}"),
                format!(
                    "ALTER TABLE {} RENAME COLUMN {} TO {}",
                    quote_identifier(&after.name),
                    quote_identifier(&from),
                    quote_identifier(&to)
                ),
            );
            let edit = TableEdit::RenameColumn { from, to };
            let op = Op::Alter { table: before.name.clone(), edit };
            schema
                .apply(&op, &Platform::POSTGRES)
                .map_err(|source| Error::edit("(a renamed column)", source))?;
        }
        let mut renamed = schema.tables.remove(&before.name).unwrap_or_default();
        renamed.settle();
        Ok(renamed)
    }

    fn drop_indexes(&mut self, before: &Table, after: &Table) {
        for index in before.indexes.iter().filter(|index| !after.indexes.contains(index)) {
            self.locks.push(locks::on(&after.name, ACCESS_EXCLUSIVE));
            self.push(
                &format!("drop index {}", index.name),
                format!("DROP INDEX {}", quote_identifier(&index.name)),
            );
        }
    }

    fn create_indexes(&mut self, before: &Table, after: &Table) {
        for index in after.indexes.iter().filter(|index| !before.indexes.contains(index)) {
            self.scans = true;
            self.index_builds += 1;
            self.locks.push(locks::on(&after.name, SHARE));
            self.push(
                &format!("create index {}", index.name),
                render::create_index(index, &after.name),
            );
        }
    }

    fn create_triggers(&mut self, before: &Table, after: &Table) {
        for new in after.triggers.iter().filter(|trigger| !before.triggers.contains(trigger)) {
            self.locks.push(locks::on(&after.name, SHARE_ROW_EXCLUSIVE));
            if before.triggers.iter().any(|known| known.name == new.name) {
                self.summary.push(format!("enable trigger {}", new.name));
                let (table, name) = (quote_identifier(&after.name), quote_identifier(&new.name));
                self.statements.push(format!("ALTER TABLE {table} ENABLE TRIGGER {name}"));
                continue;
            }
            self.summary.push(format!("create trigger {}", new.name));
            self.statements.extend(trigger(new));
        }
    }

    /// Puts all other changes into one statement, whose clauses the server sorts.
    ///
    /// The server drops before it adds, and sets types before defaults, and columns before keys.
    fn alter(&mut self, before: &Table, after: &Table) {
        self.drop_constraints(before, after);
        for column in before.columns.iter().filter(|it| after.find_column(&it.name).is_none()) {
            self.clause(
                format!("drop column {}", column.name),
                format!("DROP COLUMN {}", quote_identifier(&column.name)),
            );
        }
        for column in &after.columns {
            match before.find_column(&column.name) {
                Some(known) => self.alter_column(known, column),
                None => self.add_column(column),
            }
        }
        self.add_constraints(before, after);
        if !self.clauses.is_empty() {
            let added_keys = self.clauses.len() == locks::added_foreign_keys(before, after).count();
            self.locks.extend(locks::of_alteration(before, after, added_keys));
            let clauses = std::mem::take(&mut self.clauses).join(",\n\t");
            self.statements
                .push(format!("ALTER TABLE {}\n\t{clauses}", quote_identifier(&after.name)));
        }
    }

    /// Adds a column, which rewrites the table only if the value differs from row to row.
    fn add_column(&mut self, column: &Column) {
        let is_computed = column.generated.as_ref().is_some_and(|generated| generated.stored);
        let is_volatile = matches!(column.default, Some(DefaultValue::Expression(_)));
        self.rebuilds |= is_computed || is_volatile || column.autoincrement;
        self.clause(
            format!("add column {}", column.name),
            format!("ADD COLUMN {}", render::column(column)),
        );
    }

    fn alter_column(&mut self, known: &Column, column: &Column) {
        let quoted = quote_identifier(&column.name);
        let clauses_before = self.clauses.len();
        let default_of = |column: &Column| {
            column.default.as_ref().map(|default| default.sql(Postgres).into_owned())
        };
        let (old, new) = (known.column_type.sql(Postgres), column.column_type.sql(Postgres));
        let retyped = !old.eq_ignore_ascii_case(&new) || known.collation != column.collation;
        let redefaulted = default_of(known) != default_of(column);
        if (retyped || redefaulted) && known.default.is_some() {
            self.clauses.push(format!("ALTER COLUMN {quoted} DROP DEFAULT"));
        }
        if retyped {
            self.rebuilds |= is_rewritten(&known.column_type, &column.column_type)
                || known.collation != column.collation;
            self.clauses.push(retype(column, &known.column_type));
        }
        if let Some(default) = default_of(column).filter(|_| retyped || redefaulted) {
            self.clauses.push(format!("ALTER COLUMN {quoted} SET DEFAULT {default}"));
        }
        if known.nullable != column.nullable {
            let verb = if column.nullable { "DROP" } else { "SET" };
            self.scans |= !column.nullable;
            self.clauses.push(format!("ALTER COLUMN {quoted} {verb} NOT NULL"));
        }
        if self.clauses.len() > clauses_before {
            self.summary.push(format!("alter column {}", column.name));
        }
    }

    fn drop_constraints(&mut self, before: &Table, after: &Table) {
        let keys = before.primary_key.iter().filter(|_| before.primary_key != after.primary_key);
        let uniques = before.uniques.iter().filter(|it| !after.uniques.contains(it));
        let foreign_keys = before.foreign_keys.iter().filter(|it| !after.foreign_keys.contains(it));
        let checks = before.checks.iter().filter(|it| !after.checks.contains(it));
        let names = foreign_keys
            .map(|key| &key.name)
            .chain(checks.map(|check| &check.name))
            .chain(uniques.map(|unique| &unique.name))
            .chain(keys.map(|key| &key.name));
        for name in names.flatten() {
            self.clause(
                format!("drop constraint {name}"),
                format!("DROP CONSTRAINT {}", quote_identifier(name)),
            );
        }
    }

    fn add_constraints(&mut self, before: &Table, after: &Table) {
        let is_new_key = before.primary_key != after.primary_key;
        let keys = after.primary_key.iter().filter(|_| is_new_key).map(render::primary_key);
        let uniques = after.uniques.iter().filter(|it| !before.uniques.contains(it));
        self.index_builds +=
            uniques.clone().count() + usize::from(is_new_key && after.primary_key.is_some());
        let checks = after.checks.iter().filter(|it| !before.checks.contains(it));
        let foreign_keys = after.foreign_keys.iter().filter(|it| !before.foreign_keys.contains(it));
        let added: Vec<String> = keys
            .chain(uniques.map(render::unique))
            .chain(checks.map(render::check))
            .chain(foreign_keys.map(render::foreign_key))
            .collect();
        for constraint in added {
            self.scans = true;
            let words = constraint.split(" (").next().unwrap_or_default();
            let words = words.split('(').next().unwrap_or_default().replace('"', "");
            let summary = format!("add {}", words.replacen("CONSTRAINT", "constraint", 1));
            self.clause(summary, format!("ADD {constraint}"));
        }
    }
}

fn retype(column: &Column, old: &ColumnType) -> String {
    let quoted = quote_identifier(&column.name);
    let new = column.column_type.sql(Postgres);
    let mut clause = format!("ALTER COLUMN {quoted} TYPE {new}");
    if let Some(collation) = &column.collation {
        clause += &format!(" COLLATE {}", quote_identifier(collation));
    }
    if needs_cast(old, &column.column_type) {
        clause += &format!(" USING {quoted}::{new}");
    }
    clause
}

/// Returns whether the server needs an explicit cast to store values as the new type.
///
/// The server converts numbers to numbers, and anything to text, without an explicit cast.
fn needs_cast(old: &ColumnType, new: &ColumnType) -> bool {
    let is_number = |it: &ColumnType| {
        use ColumnType::{BigInteger, Double, Float, Integer};
        matches!(it, Integer | BigInteger | Float | Double)
    };
    !(is_text(new) || (is_number(old) && is_number(new)))
}

fn is_text(column_type: &ColumnType) -> bool {
    use ColumnType::{LongText, MediumText, Text, Varchar};
    matches!(column_type, Varchar(_) | Text | MediumText | LongText)
}

/// Returns whether the server rewrites the table for a new type.
///
/// All text types are stored alike. A shorter length has to be checked, which the server does in a
/// rewrite.
fn is_rewritten(old: &ColumnType, new: &ColumnType) -> bool {
    match (old, new) {
        (ColumnType::Varchar(old), ColumnType::Varchar(new)) => new < old,
        (old, ColumnType::Varchar(_)) if is_text(old) => true,
        (old, new) => !(is_text(old) && is_text(new)),
    }
}

/// Returns the statements of a trigger, its function first.
fn trigger(trigger: &Trigger) -> impl Iterator<Item = String> {
    trigger.function.clone().into_iter().chain([trigger.definition.clone()])
}

#[cfg(test)]
mod tests;
