//! Shows what an upgrade would do, and changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::backend::{Backend, TableSize};
use crate::error::{Error, Loss, RowProblem};
use crate::history::catalogue::Catalogue;
use crate::locate::interrupted_mlflow;
use crate::plan::{
    ChangePlan, Plan, RESERVED, Step, TableLock, of_dropped, of_migration, step_by_step, strongest,
};
use crate::prepare::{FilledRows, Preparable, PreparedIndex, PreparedTable};
use crate::report::alembic_cost::AlembicCost;
use crate::report::check::InterruptedMlflow;
use crate::report::session::{begin_reading, end_reading};
use crate::schema::Schema;
use crate::upgrade::abort::point_of_no_return;
use crate::upgrade::discards::losses;
use crate::upgrade::inspection::inspect_and_plan;
use crate::upgrade::options::UpgradeOptions;
use crate::upgrade::preflight::findings;

/// The steps that an upgrade would execute.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Preview {
    /// The revision before; `None` is the base schema, or an empty database.
    pub from: Option<String>,
    /// Whether the database holds no table of MLflow's yet.
    pub empty: bool,
    /// The target revision.
    pub to: Option<String>,
    /// The pending revisions, in order.
    pub revisions: Vec<String>,
    /// The MLflow releases that expect the target revision.
    pub releases: Vec<String>,
    /// The MLflow releases that fit the database now, and no longer fit it after the upgrade.
    pub outdated: Vec<String>,
    /// What an interrupted run of MLflow's own upgrade has left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interrupted_mlflow: Option<InterruptedMlflow>,
    /// The steps, in order.
    #[serde(rename = "planned_steps")]
    pub steps: Vec<PreviewStep>,
    /// Whether every lock is held until the upgrade commits.
    pub locks_until_commit: bool,
    /// The cost of MLflow's own chain; `None` if the upgrade executes the same steps.
    pub unmerged: Option<AlembicCost>,
    /// The number of the step after which an interrupted upgrade may only be finished.
    ///
    /// `None` with transactional DDL, revision by revision, or if every step has an inverse.
    pub point_of_no_return: Option<usize>,
    /// The tables that `prepare` can create while MLflow runs, so that the upgrade need not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub preparable_tables: Vec<PreparedTable>,
    /// The tables whose new columns `prepare` can add and fill while MLflow runs.
    #[serde(rename = "preparable_columns", skip_serializing_if = "Vec::is_empty")]
    pub preparable_rows: Vec<FilledRows>,
    /// The indexes that `prepare` can build while MLflow runs, so that the upgrade need not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub preparable_indexes: Vec<PreparedIndex>,
    /// The rows that an upgrade would refuse, one entry per kind.
    pub findings: Vec<RowProblem>,
    /// The rows and values that a downgrade loses.
    #[serde(skip)]
    pub losses: Vec<Loss>,
}

/// One step of an upgrade.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PreviewStep {
    /// A short description of the step.
    pub title: String,
    /// The revisions that the step serves.
    pub revisions: Vec<String>,
    /// How the step changes a table; `None` for other steps.
    pub method: Option<ChangePlan>,
    /// The strongest lock on each table that exists before the upgrade, by table.
    pub locks: Vec<TableLock>,
    /// The sizes of the tables with rows that the step reads or writes, as they are now.
    pub sizes: Vec<SizeOfTable>,
    /// Whether a table is created.
    #[serde(skip)]
    pub is_creation: bool,
}

/// The size of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SizeOfTable {
    /// The table.
    pub table: String,
    /// Its size; a large table's is the server's estimate.
    #[serde(flatten)]
    pub size: TableSize,
}

/// Plans an upgrade, and describes each step.
///
/// # Errors
/// If the database is not MLflow's, or cannot be upgraded to the target.
pub async fn preview(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    options: &UpgradeOptions,
) -> Result<Preview, Error> {
    begin_reading(backend, catalogue).await?;
    let result = preview_in_session(backend, catalogue, options).await;
    end_reading(backend, result).await
}

pub(super) async fn preview_in_session(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    options: &UpgradeOptions,
) -> Result<Preview, Error> {
    let (plan, live) = inspect_and_plan(backend, catalogue, options).await?;
    if let Some(refused) = plan.refuse_dependents(backend.platform()).into_iter().next() {
        return Err(refused);
    }
    let findings = findings(backend, &plan, &live, &options.data).await?;
    let losses = losses(backend, &plan).await?;
    let preparable = match backend.online().is_some() && !options.is_downgrade() {
        true => Preparable::of(backend, &plan, &live)?,
        false => Preparable::default(),
    };
    let (platform, to) = (backend.platform(), plan.to.as_deref());
    let parts = match options.is_downgrade() {
        true => vec![plan.clone()],
        false => step_by_step(catalogue, platform, &live, &plan.from, to)?,
    };
    let is_compared = !options.step_by_step && !options.is_downgrade();
    let cost = is_compared.then(|| AlembicCost::of(&parts, backend)).transpose()?;
    let planned: Vec<&Plan> =
        if options.step_by_step { parts.iter().collect() } else { vec![&plan] };
    let mut steps = describe(backend, &live, &planned)?;
    add_sizes(backend, &mut steps, &live).await?;
    let platform = backend.platform();
    let is_one_transaction = platform.transactional_ddl;
    let is_rolled_back = is_one_transaction || options.step_by_step;
    let last = (!is_rolled_back).then(|| point_of_no_return(&plan, &live)).flatten();
    let from = (!plan.from.empty).then_some(plan.from.revision.as_deref());
    let interrupted_mlflow = interrupted_mlflow(catalogue, platform, &live, &plan.from)?;
    Ok(Preview {
        interrupted_mlflow,
        empty: plan.from.empty,
        releases: catalogue.releases.expecting(plan.to.as_deref()),
        outdated: from
            .map_or_else(Vec::new, |from| catalogue.releases.outdated(from, plan.to.as_deref())),
        from: plan.from.revision,
        to: plan.to,
        revisions: plan.revisions,
        steps,
        locks_until_commit: is_one_transaction,
        unmerged: cost,
        point_of_no_return: last,
        preparable_tables: preparable.table_names(),
        preparable_rows: preparable.row_names(),
        preparable_indexes: preparable.index_names(),
        findings,
        losses,
    })
}

fn describe(
    backend: &dyn Backend,
    live: &Schema,
    plans: &[&Plan],
) -> Result<Vec<PreviewStep>, Error> {
    let steps = plans.iter().flat_map(|plan| &plan.steps);
    steps.map(|step| describe_step(backend, live, step)).collect()
}

/// Measures the tables that steps name, each once, and leaves out those without rows.
async fn add_sizes(
    backend: &mut dyn Backend,
    steps: &mut [PreviewStep],
    live: &Schema,
) -> Result<(), Error> {
    let mut known: BTreeMap<String, TableSize> = BTreeMap::new();
    for named in steps.iter_mut().flat_map(|step| &mut step.sizes) {
        if live.table(&named.table).is_none() {
            continue;
        }
        named.size = match known.get(&named.table) {
            Some(size) => *size,
            None => backend.table_size(&named.table).await?,
        };
        known.insert(named.table.clone(), named.size);
    }
    steps.iter_mut().for_each(|step| step.sizes.retain(|named| named.size.rows > 0));
    Ok(())
}

/// Returns the tables whose rows a step reads or writes.
fn tables_of<'a>(step: &'a Step, method: Option<&ChangePlan>) -> BTreeSet<&'a str> {
    match step {
        Step::Change(change) if method.is_some_and(|how| how.rebuilds || how.scans) => {
            change.before.iter().map(|before| before.name.as_str()).collect()
        }
        Step::Migrate { migration, .. } => {
            let touched = migration.reads().iter().chain(migration.writes());
            touched.map(|(table, _)| *table).collect()
        }
        Step::Change(_) | Step::DropTable(_) | Step::RemoveLeftovers(_) => BTreeSet::new(),
    }
}

fn describe_step(backend: &dyn Backend, live: &Schema, step: &Step) -> Result<PreviewStep, Error> {
    let method = match step {
        Step::Change(change) => Some(backend.describe_change(change)?),
        Step::RemoveLeftovers(_) | Step::DropTable(_) | Step::Migrate { .. } => None,
    };
    let is_creation = matches!(step, Step::Change(change) if change.before.is_none());
    let locks = locks(backend, live, step, method.as_ref());
    let unmeasured =
        |table: &str| SizeOfTable { table: table.to_owned(), size: TableSize::default() };
    let sizes = tables_of(step, method.as_ref()).into_iter().map(unmeasured).collect();
    let (title, revisions) = (step.title(), step.revisions().to_vec());
    Ok(PreviewStep { title, revisions, method, locks, sizes, is_creation })
}

/// Returns the locks of a step that others can notice: those on tables of the live schema.
pub(super) fn locks(
    backend: &dyn Backend,
    live: &Schema,
    step: &Step,
    method: Option<&ChangePlan>,
) -> Vec<TableLock> {
    let locks = match step {
        Step::Change(_) => method.map_or_else(Vec::new, |method| method.locks.clone()),
        Step::Migrate { migration, .. } => of_migration(&**migration, backend.platform()),
        Step::RemoveLeftovers(_) => vec![RESERVED],
        Step::DropTable(dropped) => vec![of_dropped(&dropped.table.name, backend.platform())],
    };
    let is_known = |lock: &TableLock| lock.table.as_ref().is_none_or(|it| live.table(it).is_some());
    strongest(locks.into_iter().filter(is_known))
}
