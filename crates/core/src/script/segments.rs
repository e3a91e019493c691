//! Cuts a path of revisions where a data migration needs the program.

use super::ScriptOptions;
use super::dialect::ScriptDialect;
use super::recorder::record;
use crate::data::DataOptions;
use crate::error::{Error, TargetError, label};
use crate::history::catalogue::Catalogue;
use crate::history::location::Location;
use crate::history::revision::{Action, Revision};
use crate::plan::{Plan, plan, plan_upgrade, step_by_step};
use crate::schema::Schema;

/// The revisions that one script makes, and what the program makes before and after.
#[derive(Debug)]
pub(super) struct Segment {
    /// The schema at the beginning.
    pub(super) live: Schema,
    /// One plan, or one for each revision.
    pub(super) plans: Vec<Plan>,
    /// The revision to which the program upgrades before the script.
    pub(super) program_before: Option<String>,
    /// The revision to which the program upgrades after the script.
    pub(super) program_after: Option<String>,
}

impl Segment {
    pub(super) fn from(&self) -> Option<&Location> {
        self.plans.first().map(|plan| &plan.from)
    }

    pub(super) fn to(&self) -> Option<&str> {
        self.plans.last().and_then(|plan| plan.to.as_deref())
    }

    pub(super) fn revisions(&self) -> impl Iterator<Item = &String> {
        self.plans.iter().flat_map(|plan| &plan.revisions)
    }
}

/// Cuts the path from a schema to a revision.
///
/// # Errors
/// If there is no such path, or the program has to make all of it.
pub(super) async fn cut(
    catalogue: &Catalogue,
    dialect: &dyn ScriptDialect,
    live: &Schema,
    from: &Location,
    to: Option<&str>,
    options: &ScriptOptions,
) -> Result<Vec<Segment>, Error> {
    let platform = dialect.platform();
    let (mut here, mut live) = (from.clone(), live.clone());
    let mut segments: Vec<Segment> = Vec::new();
    let mut program_before = None;
    loop {
        let path = path(catalogue, &here, to)?;
        let cut = first_for_program(&path, dialect, &live, &here, &options.data).await?;
        let end = cut.as_ref().map_or(to, |(before, _)| before.as_deref());
        let program_after = cut.as_ref().map(|(_, revision)| revision.clone());
        let is_moving = here.empty || here.revision.as_deref() != end;
        if is_moving || cut.is_none() {
            let plans = match options.step_by_step {
                true => step_by_step(catalogue, platform, &live, &here, end)?,
                false => vec![plan_upgrade(catalogue, platform, &live, &here, end, &options.data)?],
            };
            let result = plans.last().map_or_else(|| live.clone(), |plan| plan.result.clone());
            let start = std::mem::replace(&mut live, result);
            let program_before = program_before.take();
            let program_after = program_after.clone();
            segments.push(Segment { live: start, plans, program_before, program_after });
        } else if let Some(last) = segments.last_mut() {
            // Two such revisions in a row: the program makes both at once.
            last.program_after.clone_from(&program_after);
        }
        let Some(revision) = program_after else { return Ok(segments) };
        let before =
            Location { revision: end.map(ToOwned::to_owned), stamped: true, ..Location::default() };
        live = plan(catalogue, platform, &live, &before, Some(&revision))?.result;
        here = Location { revision: Some(revision.clone()), stamped: true, ..Location::default() };
        if here.revision.as_deref() == to {
            return match segments.is_empty() {
                true => Err(Error::Target(TargetError::NeedsProgram { revision })),
                false => Ok(segments),
            };
        }
        program_before = Some(revision);
    }
}

/// Returns the revisions between two states.
fn path<'a>(
    catalogue: &'a Catalogue,
    from: &Location,
    to: Option<&str>,
) -> Result<Vec<&'a Revision>, Error> {
    let current = from.revision.as_deref();
    catalogue.graph.path(current, to).ok_or_else(|| {
        let (current, target) = (label(current).to_owned(), label(to).to_owned());
        Error::Target(TargetError::TargetBehind { current, target })
    })
}

/// Returns the first revision on a path that needs the program, and the revision before it.
async fn first_for_program(
    path: &[&Revision],
    dialect: &dyn ScriptDialect,
    live: &Schema,
    from: &Location,
    data: &DataOptions,
) -> Result<Option<(Option<String>, String)>, Error> {
    let mut before = from.revision.clone();
    for (place, revision) in path.iter().enumerate() {
        for action in revision.actions(dialect.platform()) {
            let Action::Data(migration) = action else { continue };
            // A run of MLflow can only have stopped within the first revision.
            let is_done = place == 0 && migration.is_done(live);
            if migration.is_needed(live)
                && !is_done
                && record(&**migration, dialect, data, live, live).await?.is_none()
            {
                return Ok(Some((before, revision.id.clone())));
            }
        }
        before = Some(revision.id.clone());
    }
    Ok(None)
}
