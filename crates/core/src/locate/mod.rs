//! Determines a database's revision, and the program that owns the database.

pub(crate) mod drift;
pub(crate) mod mlflow_partial_run;
pub(crate) mod recognise;

use crate::error::{Error, LocationError, Restamp, label, quoted};
use crate::graphs::VersionTable;
use crate::history::catalogue::{Catalogue, Companion};
use crate::history::location::{ALEMBIC_PREFIX, Assumption, LEFTOVER_PREFIX, Location};
use crate::locate::mlflow_partial_run::InterruptedMlflow;
use crate::locate::recognise::{Comparison, has_marks, is_mlflows};
use crate::schema::platform::Platform;
use crate::schema::{Difference, DifferenceKind, Schema, differences};

/// The maximum number of version rows that a message names.
const NAMED_ROWS: usize = 10;

/// Determines a database's revision.
///
/// # Errors
/// If the database belongs to another program, or its version table holds something unknown. Also
/// if the database has no version, unless it is empty, has the base schema, or `assume` is given.
pub(crate) fn locate(
    catalogue: &Catalogue,
    platform: &Platform,
    live: &Schema,
    versions: Option<&[String]>,
    assume: Option<&Assumption>,
) -> Result<Location, Error> {
    let versions = versions.unwrap_or_default();
    if let (Some(Assumption::At(_)), true) =
        (assume, is_overruled(catalogue, platform, live, versions))
    {
        let overruled = versions.first().cloned();
        let location = locate(catalogue, platform, live, None, assume)?;
        return Ok(Location { overruled, ..location });
    }
    refuse_marked(catalogue, platform, live, versions, assume)?;
    match versions {
        [revision] => stamped(catalogue, platform, live, revision),
        [] => unstamped(catalogue, platform, live, assume),
        several => {
            Err(several_rows(&Comparison::of(catalogue, platform, live)?, catalogue, several))
        }
    }
}

/// Returns whether the user's statement counts more than what the version table holds.
///
/// MLflow's tables exist, and the version is no revision of MLflow's. Of several versions, one may
/// be. They cannot be written again one by one, so a rollback has to bring them back.
fn is_overruled(
    catalogue: &Catalogue,
    platform: &Platform,
    live: &Schema,
    versions: &[String],
) -> bool {
    let is_foreign = match versions {
        [] => false,
        [version] => !is_known(catalogue, version),
        _ => platform.transactional_ddl,
    };
    is_foreign && is_mlflows(catalogue, live)
}

/// Refuses a schema that another program has changed for itself.
///
/// A schema that still equals its MLflow revision is accepted: MLflow works with such a database,
/// and upgrades it.
fn refuse_marked(
    catalogue: &Catalogue,
    platform: &Platform,
    live: &Schema,
    versions: &[String],
    assume: Option<&Assumption>,
) -> Result<(), Error> {
    let marked = catalogue.others.iter().find_map(|one| Some((one, (one.marks)(live)?)));
    let Some((other, evidence)) = marked else { return Ok(()) };
    let said = match (versions, assume) {
        ([revision], _) if catalogue.graph.get(revision).is_some() => Some(Some(revision.as_str())),
        ([], Some(Assumption::At(revision))) => Some(revision.as_deref()),
        _ => None,
    };
    if let Some(revision) = said {
        let all = differences(&catalogue.state(revision, platform)?, live, platform);
        if all.iter().all(|difference| difference.kind == DifferenceKind::Extra) {
            return Ok(());
        }
    }
    let program = other.name.to_owned();
    Err(Error::Location(LocationError::OtherProgram {
        program,
        evidence,
        advice: other.advice.to_owned(),
    }))
}

fn stamped(
    catalogue: &Catalogue,
    platform: &Platform,
    live: &Schema,
    revision: &str,
) -> Result<Location, Error> {
    let is_ours = is_mlflows(catalogue, live);
    let is_known = catalogue.graph.get(revision).is_some();
    let other = catalogue.others.iter().find(|one| (one.has_revision)(revision));
    // MLflow's auth app reuses a revision id of the tracking store.
    match other {
        Some(other) if !is_ours => {
            return Err(Error::Location(LocationError::OtherProgram {
                program: other.name.to_owned(),
                evidence: format!("{} holds {}", catalogue.version_table(), quoted(revision)),
                advice: other.advice.to_owned(),
            }));
        }
        Some(other) if !is_known => {
            let compared = Comparison::of(catalogue, platform, live)?;
            return Err(Error::Location(LocationError::Overwritten {
                table: catalogue.version_table(),
                revision: revision.to_owned(),
                program: other.name,
                schema: compared.describe(),
                advice: other.advice,
                restamp: restamp(catalogue.version_table(), &compared.exact(), 1),
            }));
        }
        _ if is_known => {
            return Ok(Location {
                revision: Some(revision.to_owned()),
                empty: false,
                stamped: true,
                ..Location::default()
            });
        }
        _ => {}
    }
    let compared = Comparison::of(catalogue, platform, live)?;
    let newest = catalogue.releases.newest().map(ToString::to_string).unwrap_or_default();
    let meant = revision.trim().to_ascii_lowercase();
    let meant = catalogue.graph.get(&meant).map(|revision| Some(revision.id.clone()));
    let head = catalogue.state(Some(catalogue.graph.head()?), platform)?;
    let is_newer = meant.is_none()
        && !differences(&head, live, platform).iter().any(Difference::is_missing_part);
    let revision = revision.to_owned();
    if is_newer {
        return Err(Error::Location(LocationError::Newer {
            table: catalogue.version_table(),
            revision,
            newest,
        }));
    }
    let mut states = if is_ours { compared.exact() } else { Vec::new() };
    if let Some(meant) = meant.filter(|meant| states.is_empty() || states.contains(meant)) {
        states = vec![meant];
    }
    // Where tables of another program exist, the version may be that program's.
    let is_empty = live.tables.keys().all(|name| is_alembics(name));
    let table = catalogue.version_table();
    let restamp = restamp(table, if is_empty { &[None] } else { &states }, 1);
    Err(Error::Location(LocationError::UnknownRevision {
        table,
        revision,
        newest,
        schema: compared.describe(),
        restamp,
    }))
}

/// Returns the statement that makes the version table name a state, if one exists.
pub(crate) fn restamp(
    table: VersionTable,
    states: &[Option<String>],
    rows: usize,
) -> Option<Box<Restamp>> {
    let state = states.first()?;
    let statement = match state {
        None => format!("DELETE FROM {table}"),
        Some(revision) if rows == 1 => {
            format!("UPDATE {table} SET version_num = '{revision}'")
        }
        Some(revision) => {
            format!("DELETE FROM {table}; INSERT INTO {table} (version_num) VALUES ('{revision}')")
        }
    };
    Some(Box::new(Restamp { state: label(state.as_deref()).to_owned(), statement }))
}

/// Returns the error for several rows: the owner of each, and which of them fits the schema.
fn several_rows(compared: &Comparison<'_>, catalogue: &Catalogue, rows: &[String]) -> Error {
    let owners = |version: &String| {
        let is_ours = catalogue.graph.get(version).map(|_| catalogue.name.owner());
        let others = catalogue.others.iter().filter(|other| (other.has_revision)(version));
        let all: Vec<&str> = is_ours.into_iter().chain(others.map(|other| other.name)).collect();
        if all.is_empty() { "unknown".to_owned() } else { all.join(" or ") }
    };
    let named = rows.iter().take(NAMED_ROWS);
    let revisions = named.map(|row| format!("{} ({})", quoted(row), owners(row))).collect();
    let ours: Vec<Option<String>> =
        rows.iter().filter(|row| catalogue.graph.get(row).is_some()).cloned().map(Some).collect();
    let states = if compared.is_mlflows() { compared.exact() } else { Vec::new() };
    // Of several revisions with that schema, the first is kept, since the data migrations of the
    // others may not have run.
    let kept: Vec<Option<String>> =
        states.iter().filter(|state| ours.contains(state)).cloned().collect();
    let remedy = match (kept.as_slice(), ours.as_slice()) {
        ([Some(one), ..], _) => delete_others(catalogue.version_table(), one, rows),
        (_, [Some(one)]) if states.is_empty() && compared.is_mlflows() => {
            delete_others(catalogue.version_table(), one, rows)
        }
        _ => restamp(catalogue.version_table(), &states, rows.len()),
    };
    let advice = catalogue
        .others
        .iter()
        .find(|other| rows.iter().any(|row| !is_known(catalogue, row) && (other.has_revision)(row)))
        .map(|other| other.advice.to_owned());
    Error::Location(LocationError::SeveralRevisions {
        table: catalogue.version_table(),
        rows: rows.len(),
        revisions,
        schema: compared.describe(),
        remedy,
        advice,
    })
}

fn is_known(catalogue: &Catalogue, version: &str) -> bool {
    catalogue.graph.get(version).is_some()
}

/// Returns the statement that deletes all version rows but one.
///
/// Servers that ignore case or trailing blanks would keep rows that differ only in these.
fn delete_others(table: VersionTable, kept: &str, rows: &[String]) -> Option<Box<Restamp>> {
    let is_alike = |row: &&String| row.trim().eq_ignore_ascii_case(kept);
    if rows.iter().filter(is_alike).count() == 1 {
        let statement = format!("DELETE FROM {table} WHERE version_num <> '{kept}'");
        Some(Box::new(Restamp { state: kept.to_owned(), statement }))
    } else {
        restamp(table, &[Some(kept.to_owned())], rows.len())
    }
}

/// Returns an error if the version names another revision than the schema shows.
///
/// The schema of the very next revision is accepted. MLflow's own upgrade leaves that schema, with
/// rows not yet migrated, if it is interrupted before it writes the version.
///
/// # Errors
/// If the catalogue contradicts itself.
pub(crate) fn wrong_stamp(
    catalogue: &Catalogue,
    platform: &Platform,
    live: &Schema,
    location: &Location,
) -> Result<Option<Error>, Error> {
    let Some(revision) = location.revision.as_ref().filter(|_| location.stamped) else {
        return Ok(None);
    };
    let state = catalogue.state(Some(revision), platform)?;
    let fits = differences(&state, live, platform);
    if fits.is_empty() {
        return Ok(None);
    }
    let compared = Comparison::of(catalogue, platform, live)?;
    let states = if compared.is_mlflows() { compared.exact() } else { vec![None] };
    let path = catalogue.graph.path(Some(revision), Some(catalogue.graph.head()?));
    let next = path.unwrap_or_default().first().map(|next| next.id.clone());
    let is_explained = |state: &Option<String>| {
        state.as_ref() == Some(revision) || state.is_some() && *state == next
    };
    if states.is_empty() || states.iter().any(is_explained) {
        return Ok(None);
    }
    let (revision, schema) = (revision.clone(), compared.describe());
    let table = catalogue.version_table();
    Ok(restamp(table, &states, 1).map(|restamp| {
        Error::Location(LocationError::WrongStamp { table, revision, schema, restamp })
    }))
}

fn unstamped(
    catalogue: &Catalogue,
    platform: &Platform,
    live: &Schema,
    assume: Option<&Assumption>,
) -> Result<Location, Error> {
    let at = |revision| Location { revision, empty: false, stamped: false, ..Location::default() };
    let empty = Location { revision: None, empty: true, stamped: false, ..Location::default() };
    match assume {
        Some(Assumption::Empty) => return Ok(empty),
        Some(Assumption::At(revision)) => return Ok(at(revision.clone())),
        None => {}
    }
    let own: Vec<&String> = live.tables.keys().filter(|name| !is_alembics(name)).collect();
    if own.is_empty() {
        return Ok(empty);
    }
    let compared = Comparison::of(catalogue, platform, live)?;
    let mut states = compared.fitting();
    if catalogue.begins_empty() {
        // Every schema has the objects of an empty one.
        states.retain(Option::is_some);
        let first = catalogue.graph.revisions().first().map(|first| first.id.clone());
        if states.len() == 1 && states.contains(&first) {
            return Ok(at(first));
        }
    }
    if states.iter().any(Option::is_none) {
        return Ok(at(None));
    }
    if !states.is_empty() {
        return Err(Error::Location(LocationError::Unstamped {
            table: catalogue.version_table(),
            states: states.into_iter().flatten().collect(),
        }));
    }
    if let Some(half) = compared.half_created()
        && compared.can_be_finished()?
    {
        return Err(Error::Location(LocationError::HalfCreated {
            table: catalogue.version_table(),
            state: label(half.revision.as_deref()).to_owned(),
            present: half.present,
            missing: half.missing,
        }));
    }
    if !is_mlflows(catalogue, live) {
        if catalogue.begins_empty() {
            return Ok(empty);
        }
        if let Some(other) = catalogue.companions.iter().find(|it| has_marks(&it.marks, live)) {
            return Err(Error::Location(LocationError::OtherGraph {
                wanted: catalogue.name,
                found: other.name,
            }));
        }
        return Err(Error::Location(LocationError::NotMlflow { tables: own.len() }));
    }
    let (closest, differences) = compared.closest();
    let is_complete = !differences.iter().any(Difference::is_missing_part);
    let closest = label(closest.as_deref()).to_owned();
    let table = catalogue.version_table();
    Err(Error::Location(LocationError::Unrecognised { table, closest, differences, is_complete }))
}

fn is_alembics(table: &str) -> bool {
    table.starts_with(ALEMBIC_PREFIX) || table.starts_with(LEFTOVER_PREFIX)
}

/// Returns the differences between live schema and revision.
///
/// Leaves out Alembic's leftovers, and the tables of MLflow's other graphs.
///
/// # Errors
/// If the catalogue contradicts itself.
pub(crate) fn drift(
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
    let companions = catalogue.companions.iter().filter(|it| has_marks(&it.marks, live));
    let companions: Vec<&Companion> = companions.collect();
    all.retain(|difference| {
        let table = &difference.table;
        !is_alembics(table) && !companions.iter().any(|it| it.tables.contains(table))
    });
    Ok(all)
}

/// Recognises an interrupted run of MLflow's own upgrade by the live schema.
///
/// # Errors
/// If the catalogue contradicts itself.
pub(crate) fn interrupted_mlflow(
    catalogue: &Catalogue,
    platform: &Platform,
    live: &Schema,
    location: &Location,
) -> Result<Option<InterruptedMlflow>, Error> {
    let all = drift(catalogue, platform, live, location)?;
    let found = mlflow_partial_run::recognise(catalogue, platform, live, location, &all)?;
    Ok(found.map(|run| run.report()))
}
