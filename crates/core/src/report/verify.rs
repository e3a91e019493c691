//! Verifies a database's schema against its revision, and its rows against each other.

use serde::Serialize;

use crate::backend::Backend;
use crate::error::{Error, Violation};
use crate::history::catalogue::Catalogue;
use crate::history::location::Assumption;
use crate::report::check::{CheckReport, Verdict, checked};
use crate::report::session::{begin_reading, check_integrity, end_reading};
use crate::upgrade::inspection::inspect;
use crate::upgrade::invariants::{latest_metrics, orphans};

/// The result of a verification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VerifyReport {
    /// The comparison of the schema.
    #[serde(flatten)]
    pub checked: CheckReport,
    /// Rows that violate a reference or an invariant, one entry per kind.
    pub violations: Vec<Violation>,
    /// Whether a repair puts some of these rows right.
    pub repairable_rows: bool,
}

impl VerifyReport {
    /// Returns whether the schema has no drift and the rows no violation.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.checked.drift.is_empty() && self.violations.is_empty()
    }
}

/// Verifies a database. Changes nothing.
///
/// With `deep`, also checks that each latest metric is the newest entry, which reads every metric.
///
/// # Errors
/// If the database is not MLflow's, cannot be read, or an upgrade of it is unfinished.
pub async fn verify(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    assume: Option<&Assumption>,
    deep: bool,
) -> Result<VerifyReport, Error> {
    begin_reading(backend, catalogue).await?;
    let result = verify_in_session(backend, catalogue, assume, deep).await;
    end_reading(backend, result).await
}

async fn verify_in_session(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    assume: Option<&Assumption>,
    deep: bool,
) -> Result<VerifyReport, Error> {
    let (location, live) = inspect(backend, catalogue, assume).await?;
    check_integrity(backend).await?;
    let mut checked = checked(catalogue, backend.platform(), &live, location)?;
    let mut violations = orphans(backend, &live).await?;
    let mut repairable = latest_metrics(backend, &live, deep).await?;
    if let Some(sequences) = backend.sequences() {
        repairable.splice(0..0, sequences.lagging_sequences(&live).await?);
    }
    let repairable_rows = !repairable.is_empty();
    violations.append(&mut repairable);
    if !violations.is_empty() && checked.verdict != Verdict::Drifted {
        checked.verdict = Verdict::Inconsistent;
    }
    Ok(VerifyReport { checked, violations, repairable_rows })
}
