use std::io::{self, Write};

use mlflow_migrate_core::report::check::{CheckReport, CheckedTarget, InterruptedMlflow, Position};

use super::cleanup::write_pending;
use crate::outcome::{Checked, OfDatabase, Problem};
use crate::render::words::{count_of, releases, revision_and_releases};

/// Writes how a database compares with the newest revision, and with its own.
pub(super) fn write(out: &mut impl Write, check: &OfDatabase<Checked>) -> io::Result<()> {
    let OfDatabase { database, result: Checked { checked, wrong_stamp } } = check;
    let place = match &checked.target {
        Some(target) => beside(&checked.position, target),
        None => place(&checked.position),
    };
    writeln!(out, "{database}: {place}")?;
    write_interrupted_mlflow(out, checked.position.interrupted_mlflow.as_ref())?;
    write_pending(out, &checked.position.pending_cleanup)?;
    if let Some(wrong) = wrong_stamp {
        write_wrong_stamp(out, wrong)?;
    }
    write_differences(out, checked)
}

/// Writes what an interrupted run of MLflow's own upgrade has left.
pub(super) fn write_interrupted_mlflow(
    out: &mut impl Write,
    run: Option<&InterruptedMlflow>,
) -> io::Result<()> {
    let Some(run) = run else { return Ok(()) };
    writeln!(out, "  note:     {run}")?;
    writeln!(out, "  hint:     `mlflow-migrate upgrade` continues from there")
}

/// Writes that the schema is another revision's, with a hint.
pub(super) fn write_wrong_stamp(out: &mut impl Write, wrong: &Problem) -> io::Result<()> {
    writeln!(out, "  problem:  {}", wrong.message)?;
    wrong.hint.iter().try_for_each(|hint| writeln!(out, "  hint:     {hint}"))
}

/// Lists the differences between the database and its revision.
pub(super) fn write_differences(out: &mut impl Write, checked: &CheckReport) -> io::Result<()> {
    if !checked.drift.is_empty() {
        writeln!(out, "differs from {}:", checked.position.location.label())?;
        checked.drift.iter().try_for_each(|difference| writeln!(out, "  {difference}"))?;
    }
    if !checked.clashes.is_empty() {
        writeln!(out, "these prevent an upgrade:")?;
        for clash in &checked.clashes {
            writeln!(out, "  {}, whose name {} needs", clash.object, clash.revision)?;
        }
        let remedy = "rename these, or drop what nobody needs";
        writeln!(out, "hint: {remedy}; `mlflow-migrate doctor URL` shows the statements")?;
    }
    if !checked.extra.is_empty() {
        writeln!(out, "other differences, which are no fault:")?;
        checked.extra.iter().try_for_each(|difference| writeln!(out, "  {difference}"))?;
    }
    if !checked.leftovers.is_empty() {
        writeln!(out, "left behind by an interrupted upgrade: {}", checked.leftovers.join(", "))?;
    }
    if !checked.repairable.is_empty() {
        let number = checked.repairable.len();
        writeln!(out, "hint: `mlflow-migrate repair URL` corrects {number} of these")?;
    }
    Ok(())
}

/// Describes a position beside a target.
fn beside(position: &Position, target: &CheckedTarget) -> String {
    let own = revision_and_releases(position.location.revision.as_deref(), &position.releases);
    let to = revision_and_releases(target.revision.as_deref(), &target.releases);
    if position.location.empty {
        return format!("empty; an upgrade creates {to}");
    }
    match target.due.len() {
        0 => format!("at {own}, which is the target"),
        _ => format!("at {own}, {} behind {to}", count_of(&target.due, "revision")),
    }
}

pub(super) fn place(position: &Position) -> String {
    let with = |releases: Option<String>| releases.map_or(String::new(), |all| format!(", {all}"));
    let own = with(releases(&position.releases));
    if position.is_head() {
        return format!("at {} (head{own})", position.location.label());
    }
    let head = &position.head;
    let newest = with(releases(&position.head_releases));
    let due = count_of(&position.due, "revision");
    let own = own.strip_prefix(", ").map_or(String::new(), |all| format!(" ({all})"));
    format!("at {}{own}, {due} behind {head} (head{newest})", position.location.label())
}
