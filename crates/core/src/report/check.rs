//! Reports a database's revision, and whether the schema is the one of the revision.

use serde::Serialize;

use crate::backend::Backend;
use crate::error::Error;
use crate::history::catalogue::Catalogue;
use crate::history::location::{Assumption, LEFTOVER_PREFIX, Location};
use crate::history::target::Target;
use crate::locate::drift::{Weight, weigh};
pub use crate::locate::mlflow_partial_run::InterruptedMlflow;
use crate::locate::{drift, interrupted_mlflow, wrong_stamp};
use crate::plan::pending_cleanups;
use crate::report::session::{begin_reading, end_reading};
use crate::schema::platform::Platform;
use crate::schema::{Difference, DifferenceKind, EditError, Object, Schema};
use crate::upgrade::clashes;
use crate::upgrade::inspection::inspect;
use crate::upgrade::repair_plan::repair_plan;

/// A database's revision, and its distance from the newest revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Position {
    /// The revision and how it is known.
    #[serde(flatten)]
    pub location: Location,
    /// The MLflow releases that expect the revision, oldest first.
    pub releases: Vec<String>,
    /// The newest revision.
    pub head: String,
    /// The MLflow releases that expect the newest revision, oldest first.
    pub head_releases: Vec<String>,
    /// The pending revisions, in order.
    pub due: Vec<String>,
    /// The revisions whose rows wait for a [`cleanup`](mod@crate::cleanup), which MLflow does not read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pending_cleanup: Vec<String>,
    /// What an interrupted run of MLflow's own upgrade has left, where the schema was compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interrupted_mlflow: Option<InterruptedMlflow>,
}

impl Position {
    /// Returns whether the database is at the newest revision.
    #[must_use]
    pub fn is_head(&self) -> bool {
        self.location.revision.as_ref() == Some(&self.head)
    }
}

/// How a database compares with the newest revision, and with its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Verdict {
    /// The database is at the newest revision, and its schema is complete.
    AtHead,
    /// The schema is complete for its revision, and newer revisions exist.
    Behind,
    /// The schema is complete, and the database is at the target of [`CheckReport::against`].
    AtTarget,
    /// The schema is complete, but rows violate a reference or an invariant, as only `verify` finds.
    Inconsistent,
    /// The schema differs from its revision.
    Drifted,
}

/// A target with which a database was compared instead of the newest revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CheckedTarget {
    /// The target's revision; `None` is the base schema.
    pub revision: Option<String>,
    /// The MLflow releases that expect that revision, oldest first.
    pub releases: Vec<String>,
    /// The pending revisions up to the target, in order.
    pub due: Vec<String>,
}

/// An additional object that has the place of a pending revision's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Clash {
    /// The revision that needs the place.
    pub revision: String,
    /// The object.
    #[serde(flatten)]
    pub object: Difference,
}

/// The result of a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CheckReport {
    /// The verdict.
    pub verdict: Verdict,
    /// The database's revision, and its distance from the newest revision.
    #[serde(flatten)]
    pub position: Position,
    /// Objects that are missing, or differ from the revision.
    pub drift: Vec<Difference>,
    /// Differences that are no drift, and that an upgrade leaves alone.
    ///
    /// They are additional objects, such as a user's own index, and harmless differences.
    pub extra: Vec<Difference>,
    /// Additional objects that prevent an upgrade while they have their name.
    ///
    /// Only those are known whose place the schema shows. A diagnosis finds the others.
    pub clashes: Vec<Clash>,
    /// Tables that an interrupted Alembic run has left behind. An upgrade removes them.
    pub leftovers: Vec<String>,
    /// The differences that a repair removes, among `drift` and `extra`.
    pub repairable: Vec<Difference>,
    /// What the database was compared with, unless with the newest revision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<CheckedTarget>,
}

impl CheckReport {
    /// Returns the report with a verdict on a target instead of the newest revision.
    ///
    /// # Errors
    /// If the target does not exist, or the database is newer than the target.
    pub fn against(mut self, catalogue: &Catalogue, target: &Target) -> Result<Self, Error> {
        let current = self.position.location.revision.as_deref();
        let revision = target.resolve(catalogue, current)?;
        let path = catalogue.path(current, revision.as_deref())?;
        let due: Vec<String> = path.into_iter().map(|revision| revision.id.clone()).collect();
        if self.verdict != Verdict::Drifted {
            let is_there = due.is_empty() && !self.position.location.empty;
            self.verdict = if is_there { Verdict::AtTarget } else { Verdict::Behind };
        }
        self.leave_alone_after(&due);
        let releases = catalogue.releases.expecting(revision.as_deref());
        self.target = Some(CheckedTarget { revision, releases, due });
        Ok(self)
    }

    /// Counts objects as left alone if only a revision beyond the pending ones needs their place.
    fn leave_alone_after(&mut self, due: &[String]) {
        let clashes = std::mem::take(&mut self.clashes).into_iter();
        let (near, far): (Vec<Clash>, Vec<Clash>) =
            clashes.partition(|clash| due.contains(&clash.revision));
        self.clashes = near;
        self.extra.extend(far.into_iter().map(|clash| clash.object));
    }

    /// Takes the objects that prevent an upgrade out of those that it leaves alone.
    fn set_apart(&mut self, clashes: &[(String, EditError)]) {
        for (revision, error) in clashes {
            let Some(at) = self.extra.iter().position(|extra| is_about(extra, error)) else {
                continue;
            };
            let object = self.extra.remove(at);
            self.clashes.push(Clash { revision: revision.clone(), object });
        }
    }
}

/// Returns a database's revision.
///
/// # Errors
/// If the database is not MLflow's, or its revision cannot be determined.
pub async fn position(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    assume: Option<&Assumption>,
) -> Result<Position, Error> {
    begin_reading(backend, catalogue).await?;
    let result = position_in_session(backend, catalogue, assume).await;
    end_reading(backend, result).await
}

async fn position_in_session(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    assume: Option<&Assumption>,
) -> Result<Position, Error> {
    let (location, live) = inspect(backend, catalogue, assume).await?;
    describe(catalogue, backend.platform(), location, &live)
}

/// Compares a database with the schema of its revision, object by object.
///
/// # Errors
/// If the database is not MLflow's, or its revision cannot be determined.
pub async fn check(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    assume: Option<&Assumption>,
) -> Result<CheckReport, Error> {
    begin_reading(backend, catalogue).await?;
    let result = check_in_session(backend, catalogue, assume).await;
    end_reading(backend, result).await
}

async fn check_in_session(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    assume: Option<&Assumption>,
) -> Result<CheckReport, Error> {
    let (location, live) = inspect(backend, catalogue, assume).await?;
    checked(catalogue, backend.platform(), &live, location)
}

pub(crate) fn checked(
    catalogue: &Catalogue,
    platform: &Platform,
    live: &Schema,
    location: Location,
) -> Result<CheckReport, Error> {
    let all = drift(catalogue, platform, live, &location)?;
    let is_right = wrong_stamp(catalogue, platform, live, &location)?.is_none();
    let repairable = match is_right && !all.is_empty() {
        true => repair_plan(catalogue, platform, live, &location, false)?.repaired,
        false => Vec::new(),
    };
    let interrupted_mlflow = interrupted_mlflow(catalogue, platform, live, &location)?;
    let clashes = clashes::find(catalogue, platform, live, &location)?;
    let position =
        Position { interrupted_mlflow, ..describe(catalogue, platform, location, live)? };
    let mut report = judge(position, all, leftovers(live), platform);
    report.repairable = repairable;
    report.set_apart(&clashes);
    Ok(report)
}

/// Returns whether a difference is the object that an edit cannot make.
fn is_about(extra: &Difference, error: &EditError) -> bool {
    let is_extra = extra.kind == DifferenceKind::Extra;
    is_extra
        && match error {
            EditError::TableExists { table, .. } => {
                extra.table == *table && extra.object == Object::Table
            }
            EditError::Occupied { table, object, .. } => {
                extra.table == *table && extra.object == **object
            }
            EditError::MissingTable { .. } | EditError::MissingObject { .. } => false,
        }
}

pub(crate) fn describe(
    catalogue: &Catalogue,
    platform: &Platform,
    location: Location,
    live: &Schema,
) -> Result<Position, Error> {
    let head = catalogue.graph.head()?;
    let pending = pending_cleanups(catalogue, platform, &location, live);
    let revision = location.revision.as_deref();
    let path = catalogue.graph.path(revision, Some(head)).unwrap_or_default();
    Ok(Position {
        releases: if location.empty { Vec::new() } else { catalogue.releases.expecting(revision) },
        head: head.to_owned(),
        head_releases: catalogue.releases.expecting(Some(head)),
        due: path.into_iter().map(|revision| revision.id.clone()).collect(),
        pending_cleanup: pending.into_iter().map(|one| one.revision).collect(),
        location,
        interrupted_mlflow: None,
    })
}

fn leftovers(live: &Schema) -> Vec<String> {
    live.tables.keys().filter(|name| name.starts_with(LEFTOVER_PREFIX)).cloned().collect()
}

fn judge(
    position: Position,
    all: Vec<Difference>,
    leftovers: Vec<String>,
    platform: &Platform,
) -> CheckReport {
    let (mut drift, mut extra) = (Vec::new(), Vec::new());
    for (weight, difference) in weigh(all, platform) {
        match weight {
            Weight::Fatal | Weight::Drift => drift.push(difference),
            Weight::Harmless | Weight::Extra => extra.push(difference),
        }
    }
    let verdict = if !drift.is_empty() {
        Verdict::Drifted
    } else if position.is_head() {
        Verdict::AtHead
    } else {
        Verdict::Behind
    };
    CheckReport {
        verdict,
        position,
        drift,
        extra,
        clashes: Vec::new(),
        leftovers,
        repairable: Vec::new(),
        target: None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Position, Verdict, judge};
    use crate::history::location::Location;
    use crate::schema::platform::Platform;
    use crate::schema::{Difference, DifferenceKind, Index, Object};

    fn position(revision: &str) -> Position {
        Position {
            location: Location {
                revision: Some(revision.to_owned()),
                empty: false,
                stamped: true,
                ..Location::default()
            },
            releases: Vec::new(),
            head: "head".to_owned(),
            head_releases: Vec::new(),
            due: Vec::new(),
            pending_cleanup: Vec::new(),
            interrupted_mlflow: None,
        }
    }

    fn verdict(revision: &str, difference: &Difference) -> Verdict {
        let all = vec![difference.clone()];
        let checked = judge(position(revision), all, Vec::new(), &Platform::SQLITE);
        assert_eq!(checked.drift.len() + checked.extra.len(), 1);
        checked.verdict
    }

    #[test]
    fn what_no_upgrade_minds_is_no_drift() {
        let index = Object::Index(Index::new("by_run", &["run"]));
        for (kind, object) in [
            (DifferenceKind::Extra, Object::Table),
            (DifferenceKind::Missing, index),
            (DifferenceKind::Changed, Object::ColumnOrder),
        ] {
            let difference = Difference::new(kind, "runs", object);
            assert_eq!(verdict("head", &difference), Verdict::AtHead);
            assert_eq!(verdict("older", &difference), Verdict::Behind);
        }
    }

    #[test]
    fn what_is_missing_or_changed_is_drift_at_any_revision() {
        for kind in [DifferenceKind::Missing, DifferenceKind::Changed] {
            for revision in ["head", "older"] {
                let column = Object::Column("status".to_owned());
                let difference = Difference::new(kind, "runs", column);
                assert_eq!(verdict(revision, &difference), Verdict::Drifted);
            }
        }
    }
}
