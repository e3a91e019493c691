//! Describes how a table would be changed.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::plan::{ChangePlan, TableChange, indexes_of};
use mlflow_migrate_core::schema::Table;

use super::locks;
use crate::exchange::Exchange;
use crate::features::Features;
use crate::render::{self, Alteration, Clause, ColumnAttributes, Cost, UncheckedForeignKeys};
use crate::swap::Swap;

/// Returns the planned change, as a summary and as statements.
///
/// # Errors
/// If the model cannot express a foreign key that would have to be dropped.
pub(crate) fn describe(
    change: &TableChange,
    is_swapped: bool,
    features: &Features,
) -> Result<ChangePlan, Error> {
    let after = &change.after;
    let Some(before) = &change.before else { return Ok(creation(after, features)) };
    let alteration = alteration(before, after, features)?;
    if is_swapped {
        let statements = Swap::new(before, after, features).statements(&alteration);
        return Ok(ChangePlan {
            summary: format!("copy to a new table and swap: {}", parts(&alteration)),
            definitions: statements.len(),
            statements,
            rebuilds: true,
            scans: true,
            index_builds: indexes_of(after),
            logs_rows: true,
            locks: locks::of_swap(before, after),
        });
    }
    let mut statements = alteration.statements(&ColumnAttributes::new(), features);
    if !alteration.unchecked.keys.is_empty() {
        statements.push(UncheckedForeignKeys::CHECKS_OFF.to_owned());
        statements.push(alteration.unchecked.add());
        statements.push(UncheckedForeignKeys::CHECKS_ON.to_owned());
        statements.extend(alteration.unchecked.orphans().map(|(_, query)| query));
    }
    statements.extend(alteration.triggers.iter().map(|trigger| trigger.definition.clone()));
    Ok(method(&alteration, before, after, statements))
}

/// Returns the planned change that is made by an exchange of the rows.
pub(crate) fn describe_exchange(exchange: &Exchange<'_>) -> ChangePlan {
    let (in_place, checks) = (exchange.in_place(), exchange.checks());
    let done = [parts(&in_place), parts(&checks)];
    let done: Vec<String> = done.into_iter().filter(|parts| !parts.is_empty()).collect();
    let statements = exchange.statements();
    ChangePlan {
        summary: format!("alter in place and exchange with an empty table: {}", done.join("; ")),
        definitions: statements.iter().filter(|one| changes_a_definition(one)).count(),
        statements,
        rebuilds: false,
        scans: true,
        index_builds: built_indexes(&in_place),
        logs_rows: false,
        locks: locks::of_exchange(exchange.before, exchange.after),
    }
}

/// Returns whether a statement is DDL, and neither locks nor sets anything.
fn changes_a_definition(statement: &str) -> bool {
    !["LOCK ", "UNLOCK ", "SET "].iter().any(|word| statement.starts_with(word))
}

/// Returns the change as a script makes it, each statement with its end.
///
/// # Errors
/// As [`describe`].
pub(crate) fn scripted(
    change: &TableChange,
    attributes: &ColumnAttributes,
    features: &Features,
) -> Result<ChangePlan, Error> {
    let after = &change.after;
    let ended = |statements: &[String]| {
        statements.iter().map(|one| render::scripted(one)).collect::<Vec<_>>()
    };
    let Some(before) = &change.before else {
        let creation = creation(after, features);
        return Ok(ChangePlan { statements: ended(&creation.statements), ..creation });
    };
    let alteration = alteration(before, after, features)?;
    let mut statements = ended(&alteration.statements(attributes, features));
    let unchecked = &alteration.unchecked;
    if !unchecked.keys.is_empty() {
        statements.extend(unchecked.orphans().map(|(key, count)| {
            let message = format!("rows of {} refer to no {}", after.name, key.referred_table);
            render::require(&format!("({count}) = 0"), &message)
        }));
        let (off, on) = (UncheckedForeignKeys::CHECKS_OFF, UncheckedForeignKeys::CHECKS_ON);
        statements.extend(ended(&[off.to_owned(), unchecked.add(), on.to_owned()]));
    }
    let triggers: Vec<String> =
        alteration.triggers.iter().map(|trigger| trigger.definition.clone()).collect();
    statements.extend(ended(&triggers));
    Ok(method(&alteration, before, after, statements))
}

fn creation(table: &Table, features: &Features) -> ChangePlan {
    let mut statements = vec![render::create_table(table, features)];
    statements.extend(table.triggers.iter().map(|trigger| trigger.definition.clone()));
    ChangePlan {
        summary: "create".to_owned(),
        definitions: statements.len(),
        statements,
        rebuilds: false,
        scans: false,
        index_builds: 0,
        logs_rows: false,
        locks: locks::of_creation(table),
    }
}

fn alteration<'a>(
    before: &'a Table,
    after: &'a Table,
    features: &Features,
) -> Result<Alteration<'a>, Error> {
    let alteration = Alteration::between(before, after, features);
    if before.inexpressible.is_empty() || alteration.dropped_foreign_keys.is_empty() {
        return Ok(alteration);
    }
    let (table, obstacles) = (before.name.clone(), before.inexpressible.clone());
    Err(Error::Inexpressible { table, obstacles })
}

fn method(
    alteration: &Alteration<'_>,
    before: &Table,
    after: &Table,
    statements: Vec<String>,
) -> ChangePlan {
    let rebuilds = alteration.cost >= Cost::Rebuild;
    ChangePlan {
        summary: summary(alteration),
        definitions: definitions(alteration),
        statements,
        rebuilds,
        scans: alteration.cost >= Cost::Scan,
        index_builds: if rebuilds { indexes_of(after) } else { built_indexes(alteration) },
        logs_rows: false,
        locks: locks::of_alteration(alteration, before, after),
    }
}

/// Returns the number of statements that change the schema.
///
/// The keys that the server does not check are one more, beside statements that only read or set.
fn definitions(alteration: &Alteration<'_>) -> usize {
    let parts = alteration.parts.iter().filter(|part| !part.is_empty()).count();
    let dropped = usize::from(!alteration.dropped_foreign_keys.is_empty());
    let unchecked = usize::from(!alteration.unchecked.keys.is_empty());
    parts + dropped + unchecked + alteration.triggers.len()
}

/// Returns the number of indexes that the server adds to a table which it does not rewrite.
fn built_indexes(alteration: &Alteration<'_>) -> usize {
    let is_built =
        |clause: &&Clause<'_>| matches!(clause, Clause::AddIndex(_) | Clause::AddUnique(_));
    alteration.parts.iter().flatten().filter(is_built).count()
}

fn summary(alteration: &Alteration<'_>) -> String {
    let kind = if alteration.cost == Cost::Copy { "copy" } else { "alter in place" };
    format!("{kind}: {}", parts(alteration))
}

fn parts(alteration: &Alteration<'_>) -> String {
    let mut parts = Vec::new();
    for foreign_key in &alteration.dropped_foreign_keys {
        parts.push(format!("drop foreign key {foreign_key}"));
    }
    parts.extend(alteration.parts.iter().flatten().map(words));
    let unchecked = alteration.unchecked.keys.iter();
    parts.extend(
        unchecked.map(|(key, is_named)| words(&Clause::AddForeignKey { key, is_named: *is_named })),
    );
    parts.extend(
        alteration.triggers.iter().map(|trigger| format!("create trigger {}", trigger.name)),
    );
    parts.join("; ")
}

fn words(clause: &Clause<'_>) -> String {
    let named = |name: &Option<String>| name.clone().unwrap_or_default();
    match clause {
        Clause::DropCheck(name) => format!("drop check {name}"),
        Clause::DropIndex(name) => format!("drop index {name}"),
        Clause::UseIndex(name) => format!("use index {name} again"),
        Clause::RenameIndex { before, after } => format!("rename index {before} to {after}"),
        Clause::DropPrimaryKey => "drop primary key".to_owned(),
        Clause::DropColumn(name) => format!("drop column {name}"),
        Clause::ChangeColumn { after, .. } => format!("modify column {}", after.name),
        Clause::RenameColumn { before, after } => {
            format!("rename column {} to {}", before.name, after.name)
        }
        Clause::AddColumn(column) | Clause::InsertColumn { column, .. } => {
            format!("add column {}", column.name)
        }
        Clause::AddPrimaryKey(key) => format!("add primary key ({})", key.columns.join(", ")),
        Clause::AddUnique(unique) => format!("add unique key {}", named(&unique.name)),
        Clause::AddIndex(index) => format!("add index {}", index.name),
        Clause::AddForeignKey { key, .. } => format!("add foreign key {}", named(&key.name)),
        Clause::AddCheck(check) => format!("add check {}", named(&check.name)),
    }
}
