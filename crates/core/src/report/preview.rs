//! Shows what an upgrade would do, and changes nothing.

use serde::Serialize;

use crate::backend::Backend;
use crate::error::{Error, RowProblem};
use crate::history::catalogue::Catalogue;
use crate::locate::interrupted_mlflow;
use crate::plan::{ChangePlan, Plan, Step, step_by_step};
use crate::report::alembic_cost::AlembicCost;
use crate::report::check::InterruptedMlflow;
use crate::report::session::{begin_reading, end_reading};
use crate::upgrade::abort::point_of_no_return;
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
    /// What an interrupted run of MLflow's own upgrade has left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interrupted_mlflow: Option<InterruptedMlflow>,
    /// The steps, in order.
    pub steps: Vec<PreviewStep>,
    /// The cost of MLflow's own chain; `None` if the upgrade executes the same steps.
    pub unmerged: Option<AlembicCost>,
    /// The number of the step after which an interrupted upgrade may only be finished.
    ///
    /// `None` with transactional DDL, revision by revision, or if every step has an inverse.
    pub point_of_no_return: Option<usize>,
    /// The rows that an upgrade would refuse, one entry per kind.
    pub findings: Vec<RowProblem>,
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
    /// Whether a table is created.
    #[serde(skip)]
    pub is_creation: bool,
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
    begin_reading(backend).await?;
    let result = preview_in_session(backend, catalogue, options).await;
    end_reading(backend, result).await
}

async fn preview_in_session(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    options: &UpgradeOptions,
) -> Result<Preview, Error> {
    let (plan, live) = inspect_and_plan(backend, catalogue, options).await?;
    if let Some(refused) = plan.refuse_dependents(backend.platform()).into_iter().next() {
        return Err(refused);
    }
    let findings = findings(backend, &plan, &live, &options.data).await?;
    let (platform, to) = (backend.platform(), plan.to.as_deref());
    let parts = step_by_step(catalogue, platform, &live, &plan.from, to)?;
    let cost = AlembicCost::of(&parts, backend)?;
    let steps = if options.step_by_step {
        describe(backend, parts.iter())?
    } else {
        describe(backend, std::iter::once(&plan))?
    };
    let is_rolled_back = platform.transactional_ddl || options.step_by_step;
    let last = (!is_rolled_back).then(|| point_of_no_return(&plan, &live)).flatten();
    let releases = catalogue.releases.expecting(plan.to.as_deref());
    let interrupted_mlflow = interrupted_mlflow(catalogue, platform, &live, &plan.from)?;
    Ok(Preview {
        interrupted_mlflow,
        empty: plan.from.empty,
        releases: releases.into_iter().map(ToString::to_string).collect(),
        from: plan.from.revision,
        to: plan.to,
        revisions: plan.revisions,
        steps,
        unmerged: (!options.step_by_step).then_some(cost),
        point_of_no_return: last,
        findings,
    })
}

fn describe<'a>(
    backend: &dyn Backend,
    plans: impl Iterator<Item = &'a Plan>,
) -> Result<Vec<PreviewStep>, Error> {
    plans.flat_map(|plan| &plan.steps).map(|step| describe_step(backend, step)).collect()
}

fn describe_step(backend: &dyn Backend, step: &Step) -> Result<PreviewStep, Error> {
    let method = match step {
        Step::Change(change) => Some(backend.describe_change(change)?),
        Step::RemoveLeftovers(_) | Step::Migrate { .. } => None,
    };
    let is_creation = matches!(step, Step::Change(change) if change.before.is_none());
    let (title, revisions) = (step.title(), step.revisions().to_vec());
    Ok(PreviewStep { title, revisions, method, is_creation })
}
