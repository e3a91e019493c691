//! Records the progress of an upgrade in a database without transactional DDL.
//!
//! On MySQL, every table change commits automatically, so an interrupted upgrade leaves the schema
//! between two revisions. Before its first step, the upgrade therefore stores its starting point in
//! the database, and after each step, the number of steps done. From the stored starting point, the
//! planner derives the same plan again. Until the last step is done, `alembic_version` holds
//! [`FENCE`] instead of a revision. Every Alembic program refuses [`FENCE`], and its error names
//! the program that can resume.

use serde::{Deserialize, Serialize};

use crate::backend::{Backend, Resumable};
use crate::data::DataOptions;
use crate::error::{Error, Operation, Remedy, described};
use crate::history::catalogue::Catalogue;
use crate::history::location::Location;
use crate::plan::{Plan, Step, TableChange, plan_downgrade_with_notes, plan_upgrade};
use crate::schema::platform::Platform;
use crate::schema::{Difference, DifferenceKind, Object, Schema, Table, differences};
use crate::upgrade::creation::creation_plan;
use crate::upgrade::forged_note::{forged, malformed};
use crate::upgrade::repair_plan::repair_plan;

/// The content of `alembic_version` while an upgrade is unfinished.
pub const FENCE: &str = "mlflow-migrate-unfinished";

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What a repair has found beside the differences of the schema.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Repairing {
    /// Whether the rows of `latest_metrics` have to be computed again.
    pub(crate) is_latest_wrong: bool,
}

/// What a journal records beside an upgrade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Copying {
    /// The tables are created and filled.
    Rows,
    /// The rows are copied, and the new database is upgraded.
    Upgrade,
}

/// The note of one upgrade, of one repair, or of one copy.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Journal {
    /// The version of the program that wrote the note: another version might plan other steps.
    version: String,
    pub(crate) from: Location,
    pub(crate) to: Option<String>,
    /// The schema before the first step.
    pub(crate) live: Schema,
    pub(crate) data: DataOptions,
    /// Whether the note is of a downgrade.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_downgrade: bool,
    /// `None` if the note is of an upgrade.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) repair: Option<Repairing>,
    /// `None` if no copy made the database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) copy: Option<Copying>,
    /// The number of steps done. Stored beside the note, which never changes.
    #[serde(skip)]
    pub(crate) done: usize,
}

impl Journal {
    pub(crate) fn new(plan: &Plan, live: Schema, data: DataOptions) -> Self {
        Self {
            version: VERSION.to_owned(),
            from: plan.from.clone(),
            to: plan.to.clone(),
            live,
            data,
            is_downgrade: false,
            repair: None,
            copy: None,
            done: 0,
        }
    }

    /// Returns what was interrupted.
    pub(crate) fn operation(&self) -> Operation {
        match (self.copy, self.repair) {
            (Some(Copying::Rows), _) => Operation::Copy,
            (_, Some(_)) => Operation::Repair,
            _ if self.is_downgrade => Operation::Downgrade,
            _ => Operation::Upgrade,
        }
    }

    /// Derives the plan again from the schema before the first step.
    ///
    /// # Errors
    /// If the catalogue contradicts itself, or the note is not one that this program has written.
    pub(crate) fn plan(&self, catalogue: &Catalogue, platform: &Platform) -> Result<Plan, Error> {
        let (live, from, to) = (&self.live, &self.from, self.to.as_deref());
        match self.repair {
            None if self.operation() == Operation::Copy => {
                creation_plan(catalogue, platform, live, to)
            }
            None if self.is_downgrade => {
                plan_downgrade_with_notes(catalogue, platform, live, from, to)
            }
            None => plan_upgrade(catalogue, platform, live, from, to, &self.data),
            Some(Repairing { is_latest_wrong }) => {
                repair_plan(catalogue, platform, live, from, is_latest_wrong).map(|it| it.plan)
            }
        }
    }

    /// Reads the note of an interrupted upgrade, if the database has one.
    pub(crate) async fn read(backend: &mut dyn Backend) -> Result<Option<Self>, Error> {
        let Some(resumable) = backend.resumable() else { return Ok(None) };
        let Some((note, done)) = resumable.read_journal().await? else { return Ok(None) };
        let name = backend.name();
        let refuse = |problem: String, remedy: Remedy| Error::Journal {
            name: name.clone(),
            problem,
            remedy,
        };
        let journal: Self = serde_json::from_str(&note).map_err(|error| {
            let problem = format!(
                "an upgrade is unfinished, and its note in table alembic_mlflow_migrate cannot be read: {error}"
            );
            refuse(problem, Remedy::OtherVersion { version: None })
        })?;
        let (from, to) = (journal.from.revision.as_deref(), journal.to.as_deref());
        if let Some(problem) = malformed(from, to, &journal.version) {
            return Err(forged(backend.name(), &problem));
        }
        if journal.version != VERSION {
            let began = &journal.version;
            let problem = format!(
                "an upgrade is unfinished that mlflow-migrate {began} began, and this is {VERSION}"
            );
            return Err(refuse(problem, Remedy::OtherVersion { version: Some(journal.version) }));
        }
        if journal.operation() == Operation::Copy && !is_under_way(backend).await? {
            return Ok(None);
        }
        Ok(Some(Self { done, ..journal }))
    }

    /// Writes the note, before the first step.
    pub(crate) async fn begin(&self, backend: &mut dyn Backend) -> Result<(), Error> {
        let note = serde_json::to_string(self).map_err(|source| Error::Database {
            action: "writing down what the upgrade begins with".to_owned(),
            source: Box::new(source),
        })?;
        resumable(backend)?.begin_journal(&note).await
    }

    /// Returns whether the schema is the one before the first step, and no step is done.
    pub(crate) fn is_untouched(&self, now: &Schema, platform: &Platform) -> bool {
        self.done == 0 && differences(&self.live, now, platform).is_empty()
    }

    /// Describes the upgrade or the repair in words, for a message.
    pub(crate) fn describe(&self) -> String {
        let what = described(self.operation(), self.from.label(), self.to.as_deref());
        format!("{what} (steps done: {})", self.done)
    }
}

/// Returns whether a copy is unfinished, of which there is a note.
///
/// The fence comes before the first table, and goes when the copy is verified. So a note beside
/// tables without the fence is only left over, and MLflow may have used the tables since.
async fn is_under_way(backend: &mut dyn Backend) -> Result<bool, Error> {
    let versions = backend.versions().await?.unwrap_or_default();
    let has_fence = versions.iter().any(|version| version == FENCE);
    Ok(has_fence || backend.inspect().await?.tables.is_empty())
}

/// Returns when an upgrade began, in milliseconds since 1970, from the note that it has written.
///
/// `None` if another version wrote the note, in another form.
#[must_use]
pub fn began_ms(note: &str) -> Option<i64> {
    serde_json::from_str::<Journal>(note).ok().map(|journal| journal.data.now_ms)
}

/// Returns the interface through which a backend resumes an upgrade.
///
/// # Errors
/// If one transaction holds the whole upgrade, so that nothing can be unfinished.
pub(crate) fn resumable(backend: &mut dyn Backend) -> Result<&mut dyn Resumable, Error> {
    let name = backend.name();
    backend.resumable().ok_or_else(|| Error::Journal {
        name,
        problem: "an upgrade of this database is one transaction, and never unfinished".to_owned(),
        remedy: "the database is unchanged".into(),
    })
}

/// Refuses a database that holds the fence but no note of the unfinished upgrade.
pub(crate) async fn refuse_fence(backend: &mut dyn Backend) -> Result<(), Error> {
    let versions = backend.versions().await?.unwrap_or_default();
    if !versions.iter().any(|version| version == FENCE) {
        return Ok(());
    }
    Err(Error::Journal {
        name: backend.name(),
        problem: "alembic_version says that an upgrade is unfinished, but its note is gone".to_owned(),
        remedy: "restore a backup; without the note in table alembic_mlflow_migrate nobody knows how far \
               the upgrade was"
            .into(),
    })
}

/// Returns what is left of the step at which an upgrade was interrupted.
///
/// Keeps what is already done of the step. `None` if the whole step is done.
pub(crate) fn rest_of(
    step: &Step,
    now: &Schema,
    platform: &Platform,
    name: &str,
) -> Result<Option<Step>, Error> {
    match step {
        Step::RemoveLeftovers(tables) => {
            let mut tables = tables.clone();
            tables.retain(|table| now.table(table).is_some());
            Ok((!tables.is_empty()).then_some(Step::RemoveLeftovers(tables)))
        }
        Step::DropTable(dropped) => {
            Ok(now.table(&dropped.table.name).is_some().then(|| step.clone()))
        }
        Step::Change(change) => {
            let change = rest_of_change(change, now, platform).map_err(|unexplained| {
                let problems: Vec<String> = unexplained.iter().map(ToString::to_string).collect();
                Error::Journal {
                    name: name.to_owned(),
                    problem: format!(
                        "an unfinished upgrade cannot go on: {} is neither as before nor as after \"{}\": {}",
                        change.after.name,
                        step.title(),
                        problems.join("; ")
                    ),
                    remedy: "undo by hand what was changed since, or restore a backup".into(),
                }
            })?;
            Ok(change.map(|change| Step::Change(Box::new(change))))
        }
        Step::Migrate { .. } => Ok(Some(step.clone())),
    }
}

fn rest_of_change(
    change: &TableChange,
    now: &Schema,
    platform: &Platform,
) -> Result<Option<TableChange>, Vec<Difference>> {
    let Some(now) = now.table(&change.after.name) else {
        let missing = Difference::new(DifferenceKind::Missing, &change.after.name, Object::Table);
        return if change.before.is_none() { Ok(Some(change.clone())) } else { Err(vec![missing]) };
    };
    let mut after = change.after.clone();
    for column in &mut after.columns {
        if now.find_column(&column.name).is_some() {
            column.renamed_from = None;
        }
    }
    let to_after = compare(&after, now, platform);
    if to_after.is_empty() {
        return Ok(None);
    }
    let to_before =
        change.before.as_ref().map_or_else(Vec::new, |before| compare(before, now, platform));
    let unexplained: Vec<Difference> = to_after
        .into_iter()
        .filter(|difference| {
            let in_neither = change.before.is_none() || to_before.contains(difference);
            difference.kind == DifferenceKind::Extra && in_neither
        })
        .collect();
    if unexplained.is_empty() {
        let revisions = change.revisions.clone();
        Ok(Some(TableChange { before: Some(now.clone()), after, revisions }))
    } else {
        Err(unexplained)
    }
}

fn compare(expected: &Table, found: &Table, platform: &Platform) -> Vec<Difference> {
    let schema = |table: &Table| {
        let mut schema = Schema::default();
        schema.insert(table.clone());
        schema
    };
    differences(&schema(expected), &schema(found), platform)
}
