//! Reports every obstacle to an upgrade, and changes nothing.
//!
//! [`upgrade()`](crate::upgrade()) makes the same checks before its first change, and stops at the
//! first obstacle. An operator who prepares an upgrade needs all of them.

use crate::backend::Backend;
use crate::error::Error;
use crate::history::catalogue::Catalogue;
use crate::plan::Plan;
use crate::report::session::{begin_reading, check_integrity, end_reading};
pub use crate::report::warning::Warning;
use crate::report::warning::warnings;
use crate::upgrade::inspection::inspect_and_plan;
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
    begin_reading(backend).await?;
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
        return Ok(DoctorReport { plan: None, problems: vec![locked], warnings: Vec::new() });
    }
    let mut problems = Vec::new();
    check_integrity(backend).await?;
    let mut planned = inspect_and_plan(backend, catalogue, request).await;
    if matches!(planned, Err(Error::Drift { is_acceptable: true, .. })) {
        collect(&mut problems, planned)?;
        let accepting = UpgradeOptions { accept_drift: true, ..request.clone() };
        planned = inspect_and_plan(backend, catalogue, &accepting).await;
    }
    let Some((plan, live)) = collect(&mut problems, planned)? else {
        return Ok(DoctorReport { plan: None, problems, warnings: Vec::new() });
    };
    problems.extend(obstacles(backend, catalogue, &plan, &live, request).await?);
    let warnings = warnings(backend, catalogue, &plan, &live, &problems).await?;
    Ok(DoctorReport { plan: Some(plan), problems, warnings })
}
