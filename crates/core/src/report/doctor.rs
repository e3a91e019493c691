//! Reports every obstacle to an upgrade, and changes nothing.
//!
//! [`upgrade()`](crate::upgrade()) makes the same checks before its first change, and stops at the
//! first obstacle. An operator who prepares an upgrade needs all of them.

use crate::backend::Backend;
use crate::error::Error;
use crate::history::catalogue::Catalogue;
use crate::history::location::Location;
use crate::plan::Plan;
pub use crate::report::disk_use::DiskUse;
use crate::report::disk_use::disk_use;
use crate::report::session::{begin_reading, check_integrity, end_reading};
pub use crate::report::warning::Warning;
use crate::report::warning::warnings;
use crate::schema::{EditError, Schema};
use crate::upgrade::clashes;
use crate::upgrade::inspection::{plan_from, read};
use crate::upgrade::options::UpgradeOptions;
use crate::upgrade::preflight::{collect, obstacles};

/// The result of a diagnosis.
#[derive(Debug)]
pub struct DoctorReport {
    /// The plan; `None` if the upgrade cannot be planned.
    pub plan: Option<Plan>,
    /// The obstacles to the upgrade.
    pub problems: Vec<Error>,
    /// What does not stop the upgrade, and should be known before it begins.
    pub warnings: Vec<Warning>,
    /// The disk space that the upgrade needs; `None` if the upgrade cannot begin.
    pub disk: Option<DiskUse>,
}

impl DoctorReport {
    fn without_plan(problems: Vec<Error>) -> Self {
        Self { plan: None, problems, warnings: Vec::new(), disk: None }
    }
}

/// Collects every obstacle to an upgrade.
///
/// # Errors
/// If the database cannot be read.
pub async fn diagnose(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    request: &UpgradeOptions,
) -> Result<DoctorReport, Error> {
    begin_reading(backend, catalogue).await?;
    let result = diagnose_in_session(backend, catalogue, request).await;
    end_reading(backend, result).await
}

async fn diagnose_in_session(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    request: &UpgradeOptions,
) -> Result<DoctorReport, Error> {
    let holders = backend.other_upgraders().await?;
    if !holders.is_empty() {
        // The schema that the other upgrade will leave is unknown, so planning is pointless.
        let locked = Error::Locked { name: backend.name(), waited_seconds: 0, holders };
        return Ok(DoctorReport::without_plan(vec![locked]));
    }
    let mut problems = Vec::new();
    check_integrity(backend).await?;
    let read = read(backend, catalogue, request).await;
    let Some((location, mut live)) = collect(&mut problems, read)? else {
        return Ok(DoctorReport::without_plan(problems));
    };
    let planned =
        plan_around(backend, catalogue, request, &location, &mut live, &mut problems).await?;
    let Some(plan) = planned else { return Ok(DoctorReport::without_plan(problems)) };
    let mut disk = None;
    if !problems.iter().any(is_about_part_of_table) {
        let found = obstacles(backend, catalogue, &plan, &live, request).await?;
        let found = found.into_iter().filter_map(|error| without_known_tables(error, &problems));
        let found: Vec<Error> = found.collect();
        problems.extend(found);
        disk = disk_use(backend, &plan, &live, &problems).await?;
    }
    let mut warnings = warnings(backend, catalogue, &plan, &live, &problems).await?;
    warnings.extend(disk.filter(DiskUse::is_too_much).map(Warning::LittleRoom));
    Ok(DoctorReport { plan: Some(plan), problems, warnings, disk })
}

/// Plans the upgrade as if what prevents the plan did not exist.
///
/// Collects drift that the user can accept, and the user's own objects in the place of new ones.
async fn plan_around(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    request: &UpgradeOptions,
    location: &Location,
    live: &mut Schema,
    problems: &mut Vec<Error>,
) -> Result<Option<Plan>, Error> {
    let mut request = request.clone();
    loop {
        match plan_from(backend, catalogue, &request, location, live).await {
            Err(refused @ Error::Drift { is_acceptable: true, .. }) if !request.accept_drift => {
                problems.push(refused);
                request.accept_drift = true;
            }
            Err(Error::Edit { revision, source, remedies }) if clashes::remove(live, &source) => {
                problems.push(Error::Edit { revision, source, remedies });
            }
            planned => return collect(problems, planned),
        }
    }
}

/// Returns whether a problem is an object in a table that the upgrade changes.
///
/// How the table can be changed is unknown until the object has another name.
fn is_about_part_of_table(problem: &Error) -> bool {
    matches!(problem, Error::Edit { source: EditError::Occupied { .. }, .. })
}

/// Leaves tables out of taken names that another problem names already.
fn without_known_tables(error: Error, problems: &[Error]) -> Option<Error> {
    let Error::NamesTaken { mut objects } = error else { return Some(error) };
    let known = |name: &str| {
        problems.iter().any(|problem| match problem {
            Error::Edit { source: EditError::TableExists { table, .. }, .. } => table == name,
            _ => false,
        })
    };
    objects.retain(|object| object.kind != "table" || !known(&object.name));
    (!objects.is_empty()).then_some(Error::NamesTaken { objects })
}
