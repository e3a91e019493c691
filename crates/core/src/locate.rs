//! Finds out at which revision a database is, and whose it is.

use serde::{Deserialize, Serialize};

use crate::catalogue::Catalogue;
use crate::drift::is_missing_part;
use crate::error::Error;
use crate::platform::Platform;
use crate::schema::{Difference, DifferenceKind, Schema, differences};

/// Alembic's own tables, which MLflow's emptiness check ignores, begin like this.
pub const ALEMBIC_PREFIX: &str = "alembic_";

/// Alembic rebuilds an SQLite table under a name that begins like this; a run that was killed
/// leaves it behind.
pub const LEFTOVER_PREFIX: &str = "_alembic_tmp_";

/// What the user says about a database that does not say it itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Assumption {
    /// It holds nothing of MLflow's yet.
    Empty,
    /// It is at this revision; `None` is the base schema.
    At(Option<String>),
}

/// Where a database is in the graph.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// The revision; `None` is the base schema.
    pub revision: Option<String>,
    /// Whether there is nothing of MLflow's yet, not even the base schema.
    pub empty: bool,
    /// Whether `alembic_version` says so.
    pub stamped: bool,
}

impl Location {
    /// The revision in words.
    #[must_use]
    pub fn label(&self) -> &str {
        if self.empty { "an empty database" } else { label(self.revision.as_deref()) }
    }
}

/// A revision in words.
#[must_use]
pub fn label(revision: Option<&str>) -> &str {
    revision.unwrap_or("base")
}

/// Finds out at which revision a database is.
///
/// # Errors
/// If it is another program's, its version table holds something unknown, or it has no version
/// and its schema does not tell.
pub fn locate(
    catalogue: &Catalogue,
    platform: &Platform,
    live: &Schema,
    versions: Option<&[String]>,
    assume: Option<&Assumption>,
) -> Result<Location, Error> {
    refuse_other_programs(catalogue, live, versions)?;
    match versions.unwrap_or_default() {
        [revision] => stamped(catalogue, platform, live, revision),
        [] => unstamped(catalogue, platform, live, assume),
        several => Err(Error::SeveralRevisions { revisions: several.to_vec() }),
    }
}

fn refuse_other_programs(
    catalogue: &Catalogue,
    live: &Schema,
    versions: Option<&[String]>,
) -> Result<(), Error> {
    if live.table("schema_version").is_some() {
        return Err(Error::OtherProgram {
            program: "FastTrackML".to_owned(),
            evidence: "it has a table schema_version".to_owned(),
        });
    }
    let is_ours = catalogue.base.iter().any(|table| live.table(&table.name).is_some());
    for version in versions.unwrap_or_default() {
        // MLflow's auth app has given one of its revisions the id of one of the tracking store's.
        if is_ours && catalogue.graph.get(version).is_some() {
            continue;
        }
        if let Some(other) = catalogue.others.iter().find(|one| (one.has_revision)(version)) {
            return Err(Error::OtherProgram {
                program: other.name.to_owned(),
                evidence: format!("alembic_version holds {version}"),
            });
        }
    }
    Ok(())
}

fn stamped(
    catalogue: &Catalogue,
    platform: &Platform,
    live: &Schema,
    revision: &str,
) -> Result<Location, Error> {
    if catalogue.graph.get(revision).is_none() {
        let revision = revision.to_owned();
        let newest = catalogue.releases.newest().map(ToString::to_string).unwrap_or_default();
        let head = catalogue.state(Some(catalogue.graph.head()?), platform)?;
        let is_newer = !differences(&head, live, platform).iter().any(is_missing_part);
        return Err(if is_newer {
            Error::Newer { revision, newest }
        } else {
            Error::UnknownRevision { revision, newest }
        });
    }
    Ok(Location { revision: Some(revision.to_owned()), empty: false, stamped: true })
}

fn unstamped(
    catalogue: &Catalogue,
    platform: &Platform,
    live: &Schema,
    assume: Option<&Assumption>,
) -> Result<Location, Error> {
    let at = |revision| Location { revision, empty: false, stamped: false };
    let empty = Location { revision: None, empty: true, stamped: false };
    match assume {
        Some(Assumption::Empty) => return Ok(empty),
        Some(Assumption::At(revision)) => return Ok(at(revision.clone())),
        None => {}
    }
    let own: Vec<&String> = live.tables.keys().filter(|name| !is_alembics(name)).collect();
    if own.is_empty() {
        return Ok(empty);
    }
    if !catalogue.base.iter().any(|table| live.table(&table.name).is_some()) {
        return Err(Error::NotMlflow { tables: own.len() });
    }
    match recognise(catalogue, platform, live)? {
        Recognised::States(states) if states.iter().any(Option::is_none) => Ok(at(None)),
        Recognised::States(states) => {
            Err(Error::Unstamped { states: states.into_iter().flatten().collect() })
        }
        Recognised::Nothing { closest, differences } => {
            Err(Error::Unrecognised { closest: label(closest.as_deref()).to_owned(), differences })
        }
    }
}

enum Recognised {
    States(Vec<Option<String>>),
    Nothing { closest: Option<String>, differences: Vec<Difference> },
}

/// The states whose objects are all there, unchanged; of these, those with the fewest objects that
/// are not theirs (the user's own, or a later revision's).
fn recognise(
    catalogue: &Catalogue,
    platform: &Platform,
    live: &Schema,
) -> Result<Recognised, Error> {
    let mut compared = Vec::new();
    for (revision, state) in catalogue.states(platform)? {
        compared.push((revision, differences(&state, live, platform)));
    }
    let fits = |all: &[Difference]| all.iter().all(|one| one.kind == DifferenceKind::Extra);
    let fitting = compared.iter().filter(|(_, all)| fits(all));
    if let Some(fewest) = fitting.clone().map(|(_, all)| all.len()).min() {
        let best = fitting.filter(|(_, all)| all.len() == fewest);
        return Ok(Recognised::States(best.map(|(revision, _)| revision.clone()).collect()));
    }
    let closest = compared.into_iter().min_by_key(|(_, all)| all.len());
    let (closest, differences) = closest.unwrap_or_default();
    Ok(Recognised::Nothing { closest, differences })
}

fn is_alembics(table: &str) -> bool {
    table.starts_with(ALEMBIC_PREFIX) || table.starts_with(LEFTOVER_PREFIX)
}

/// What of the live schema is not as its revision says, without Alembic's leftovers.
///
/// # Errors
/// If the catalogue contradicts itself.
pub fn drift(
    catalogue: &Catalogue,
    platform: &Platform,
    live: &Schema,
    location: &Location,
) -> Result<Vec<Difference>, Error> {
    if location.empty {
        return Ok(Vec::new());
    }
    let state = catalogue.state(location.revision.as_deref(), platform)?;
    let mut all = differences(&state, live, platform);
    all.retain(|difference| !is_alembics(&difference.table));
    Ok(all)
}
