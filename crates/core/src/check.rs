//! Tells where a database is, and whether it holds what its revision says.

use serde::Serialize;

use crate::backend::Backend;
use crate::catalogue::Catalogue;
use crate::error::Error;
use crate::locate::{Assumption, LEFTOVER_PREFIX, Location, drift};
use crate::platform::Platform;
use crate::schema::{Difference, DifferenceKind, Schema};
use crate::session::{inspect, reading};

/// Where a database is, and how far that is from the newest revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Position {
    /// The revision; `None` is the base schema, or an empty database.
    pub revision: Option<String>,
    /// Whether there is nothing of MLflow's yet.
    pub empty: bool,
    /// Whether `alembic_version` says so.
    pub stamped: bool,
    /// The MLflow releases that expect the revision, oldest first.
    pub releases: Vec<String>,
    /// The newest revision.
    pub head: String,
    /// The MLflow releases that expect the newest revision, oldest first.
    pub head_releases: Vec<String>,
    /// The revisions between the two, in order.
    pub due: Vec<String>,
}

impl Position {
    /// The revision in words.
    #[must_use]
    pub fn label(&self) -> &str {
        match &self.revision {
            Some(revision) => revision,
            None if self.empty => "an empty database",
            None => "base",
        }
    }

    /// Whether there is nothing to upgrade to.
    #[must_use]
    pub fn is_head(&self) -> bool {
        self.revision.as_ref() == Some(&self.head)
    }
}

/// How a database compares with the newest revision, and with its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is at the newest revision, and holds all that this says.
    AtHead,
    /// It holds all that its revision says, and there are newer ones.
    Behind,
    /// It does not hold all that its revision says.
    Drifted,
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// The verdict.
    pub verdict: Verdict,
    /// Where the database is.
    #[serde(flatten)]
    pub position: Position,
    /// What is missing, or not as the revision says.
    pub drift: Vec<Difference>,
    /// What is there besides, such as a user's own index. An upgrade leaves it alone.
    pub extra: Vec<Difference>,
    /// Tables that an interrupted Alembic run has left behind. An upgrade removes them.
    pub leftovers: Vec<String>,
}

/// Tells at which revision a database is.
///
/// # Errors
/// If the database is not MLflow's, or does not tell.
pub async fn position(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    assume: Option<&Assumption>,
) -> Result<Position, Error> {
    reading(backend, async |backend| {
        let (location, _) = inspect(backend, catalogue, assume).await?;
        describe(catalogue, location)
    })
    .await
}

/// Compares a database with what its revision says, object by object.
///
/// # Errors
/// If the database is not MLflow's, or does not tell at which revision it is.
pub async fn check(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    assume: Option<&Assumption>,
) -> Result<Checked, Error> {
    reading(backend, async |backend| {
        let (location, live) = inspect(backend, catalogue, assume).await?;
        checked(catalogue, backend.platform(), &live, location)
    })
    .await
}

pub(crate) fn checked(
    catalogue: &Catalogue,
    platform: &Platform,
    live: &Schema,
    location: Location,
) -> Result<Checked, Error> {
    let all = drift(catalogue, platform, live, &location)?;
    let position = describe(catalogue, location)?;
    Ok(judge(position, all, leftovers(live)))
}

pub(crate) fn describe(catalogue: &Catalogue, location: Location) -> Result<Position, Error> {
    let head = catalogue.graph.head()?;
    let revision = location.revision.as_deref();
    let path = catalogue.graph.path(revision, Some(head)).unwrap_or_default();
    let expecting = |revision: Option<&str>| {
        let releases = catalogue.releases.expecting(revision);
        releases.into_iter().map(ToString::to_string).collect()
    };
    Ok(Position {
        releases: if location.empty { Vec::new() } else { expecting(revision) },
        head: head.to_owned(),
        head_releases: expecting(Some(head)),
        due: path.into_iter().map(|revision| revision.id.clone()).collect(),
        revision: location.revision,
        empty: location.empty,
        stamped: location.stamped,
    })
}

fn leftovers(live: &Schema) -> Vec<String> {
    live.tables.keys().filter(|name| name.starts_with(LEFTOVER_PREFIX)).cloned().collect()
}

fn judge(position: Position, all: Vec<Difference>, leftovers: Vec<String>) -> Checked {
    let (extra, drift): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|difference| difference.kind == DifferenceKind::Extra);
    let verdict = if !drift.is_empty() {
        Verdict::Drifted
    } else if position.is_head() {
        Verdict::AtHead
    } else {
        Verdict::Behind
    };
    Checked { verdict, position, drift, extra, leftovers }
}

#[cfg(test)]
mod tests {
    use super::{Position, Verdict, judge};
    use crate::schema::{Difference, DifferenceKind};

    fn position(revision: &str) -> Position {
        Position {
            revision: Some(revision.to_owned()),
            empty: false,
            stamped: true,
            releases: Vec::new(),
            head: "head".to_owned(),
            head_releases: Vec::new(),
            due: Vec::new(),
        }
    }

    fn difference(kind: DifferenceKind) -> Difference {
        Difference { kind, table: "runs".to_owned(), object: "table".to_owned(), detail: None }
    }

    #[test]
    fn what_is_only_extra_is_no_drift() {
        let extra = vec![difference(DifferenceKind::Extra)];
        let checked = judge(position("head"), extra.clone(), Vec::new());
        assert_eq!(checked.verdict, Verdict::AtHead);
        assert_eq!(checked.extra, extra);
        assert_eq!(judge(position("older"), extra, Vec::new()).verdict, Verdict::Behind);
    }

    #[test]
    fn what_is_missing_or_changed_is_drift_at_any_revision() {
        for kind in [DifferenceKind::Missing, DifferenceKind::Changed] {
            for revision in ["head", "older"] {
                let checked = judge(position(revision), vec![difference(kind)], Vec::new());
                assert_eq!(checked.verdict, Verdict::Drifted);
            }
        }
    }
}
