use std::collections::BTreeMap;
use std::io::{self, Write};

use mlflow_migrate_core::plan::{ChangePlan, TableLock, Waiting};
use mlflow_migrate_core::report::alembic_cost::AlembicCost;
use mlflow_migrate_core::report::preview::{Preview, PreviewStep, SizeOfTable};

use super::check::write_interrupted_mlflow;
use crate::outcome::{OfDatabase, Planned};
use crate::render::words::{
    bytes, count, count_of, fitting_afterwards, revision, revision_and_releases,
};

/// Lists the steps of the plan of an upgrade.
pub(super) fn write(out: &mut impl Write, planned: &OfDatabase<Planned>) -> io::Result<()> {
    let OfDatabase { database, result: Planned { preview, .. } } = planned;
    write_preview(out, database, preview, "upgrade")
}

/// Lists the steps of an upgrade or a downgrade.
pub(super) fn write_preview(
    out: &mut impl Write,
    database: &str,
    plan: &Preview,
    what: &str,
) -> io::Result<()> {
    let from = if plan.empty { "empty" } else { revision(plan.from.as_deref()) };
    let to = revision_and_releases(plan.to.as_deref(), &plan.releases);
    if plan.steps.is_empty() && plan.revisions.is_empty() {
        return writeln!(out, "{database}: at {to} already, nothing to do");
    }
    let revisions = count_of(&plan.revisions, "revision");
    let steps = count_of(&plan.steps, "step");
    writeln!(out, "{database}: from {from} to {to}, {revisions} in {steps}")?;
    if let Some(line) = fitting_afterwards(&plan.releases, &plan.outdated) {
        writeln!(out, "{line}")?;
    }
    write_interrupted_mlflow(out, plan.interrupted_mlflow.as_ref())?;
    let width = plan.steps.len().to_string().len();
    let mut held = Held::default();
    for (step, number) in plan.steps.iter().zip(1..) {
        let locks = held.add(step, plan.locks_until_commit);
        write_step(out, step, &locks, &format!("{number:>width$}"))?;
    }
    if plan.locks_until_commit && !held.0.is_empty() {
        writeln!(out, "every lock is held until the {what} commits")?;
    }
    if let Some(unmerged) = plan.unmerged.as_ref().filter(|_| !plan.revisions.is_empty()) {
        write_unmerged(out, unmerged)?;
    }
    if let Some(step) = plan.point_of_no_return {
        let article = if what == "upgrade" { "an" } else { "a" };
        writeln!(
            out,
            "`abort` can roll back {article} {what} that stops before step {step} begins"
        )?;
    }
    write_preparable(out, plan)?;
    for finding in &plan.findings {
        writeln!(out, "the upgrade is refused until this is fixed: {finding}")?;
        if let Some(query) = &finding.query {
            writeln!(out, "  all of them: {query}")?;
        }
        if finding.is_skippable {
            writeln!(out, "  `--skip-invalid` leaves out invalid values")?;
        }
    }
    Ok(())
}

/// Lists what can be done before MLflow has to stop.
fn write_preparable(out: &mut impl Write, plan: &Preview) -> io::Result<()> {
    let is_empty = plan.preparable_tables.is_empty()
        && plan.preparable_rows.is_empty()
        && plan.preparable_indexes.is_empty();
    if is_empty {
        return Ok(());
    }
    writeln!(out, "`mlflow-migrate prepare` can do beforehand, while MLflow runs:")?;
    let tables = count_of(&plan.preparable_tables, "table");
    if !plan.preparable_tables.is_empty() {
        writeln!(out, "  create {tables}")?;
    }
    for filled in &plan.preparable_rows {
        match filled.columns.as_slice() {
            [] => writeln!(out, "  fill what has changed in {}", filled.table)?,
            columns => {
                let columns = count_of(columns, "column");
                writeln!(out, "  add {columns} to {}, and fill them", filled.table)?;
            }
        }
    }
    let mut indexes = plan.preparable_indexes.iter();
    indexes.try_for_each(|it| writeln!(out, "  build {} of {}", it.index, it.table))
}

fn write_unmerged(out: &mut impl Write, unmerged: &AlembicCost) -> io::Result<()> {
    let changes = count(unmerged.changes as u64, "table change");
    let copy = |(table, times): (&String, &usize)| match times {
        1 => table.clone(),
        times => format!("{table} {times} times"),
    };
    let copies: Vec<String> = unmerged.copies.iter().map(copy).collect();
    let and_copies = match copies.as_slice() {
        [] => String::new(),
        copies => format!(", and rewrites every row of {}", copies.join(", ")),
    };
    writeln!(out, "for comparison, mlflow db upgrade makes {changes}{and_copies}")
}

fn write_step(
    out: &mut impl Write,
    step: &PreviewStep,
    locks: &[&TableLock],
    number: &str,
) -> io::Result<()> {
    let revisions = match step.revisions.as_slice() {
        [] => String::new(),
        revisions => format!("  ({})", revisions.join(", ")),
    };
    writeln!(out, "  {number}  {}{revisions}", step.title)?;
    let indent = " ".repeat(number.len() + 6);
    // Of a table that is created, the title says enough.
    if let Some(method) = step.method.as_ref().filter(|_| !step.is_creation) {
        writeln!(out, "{indent}{}", how(method))?;
    }
    for SizeOfTable { table, size } in &step.sizes {
        let bytes = size.bytes.map_or(String::new(), |size| format!(", {}", bytes(size)));
        writeln!(out, "{indent}{table}: {}{bytes}", count(size.rows, "row"))?;
    }
    for lock in locks {
        writeln!(out, "{indent}{}", words_of_lock(lock))?;
    }
    Ok(())
}

/// The locks of the steps so far, with whom they keep waiting.
#[derive(Default)]
struct Held<'a>(BTreeMap<Option<&'a str>, Waiting>);

impl<'a> Held<'a> {
    /// Returns the locks of a step for which others wait.
    ///
    /// A lock that an earlier step took and still holds is left out.
    fn add(&mut self, step: &'a PreviewStep, until_commit: bool) -> Vec<&'a TableLock> {
        let mut new = Vec::new();
        for lock in step.locks.iter().filter(|lock| lock.waiting > Waiting::Nobody) {
            let known = self.0.insert(lock.table.as_deref(), lock.waiting);
            match known.filter(|_| until_commit) {
                Some(known) if known >= lock.waiting => {
                    self.0.insert(lock.table.as_deref(), known);
                }
                _ => new.push(lock),
            }
        }
        new
    }
}

/// Describes a lock.
pub(super) fn words_of_lock(lock: &TableLock) -> String {
    let table = lock.table.as_deref().unwrap_or("the database");
    let waiting = match lock.waiting {
        Waiting::Nobody => "nobody waits",
        Waiting::WritersOfTheSameRows => "writers of the same rows wait",
        Waiting::Writers => "writers wait",
        Waiting::ReadersAndWriters => "readers and writers wait",
    };
    format!("locks {table}: {waiting} ({})", lock.lock)
}

/// Returns how a table is changed.
fn how(method: &ChangePlan) -> String {
    let cost = match method {
        ChangePlan { rebuilds: true, .. } => "; every row is written",
        ChangePlan { scans: true, .. } => "; every row is read",
        ChangePlan { .. } => "",
    };
    format!("{}{cost}", method.summary)
}
