use clap::Args;
use mlflow_migrate_core::backend::Backend;
use mlflow_migrate_core::plan::{Plan as Way, Step, step_by_step};
use mlflow_migrate_core::report::alembic_cost::AlembicCost;
use mlflow_migrate_core::report::session::reading;
use mlflow_migrate_core::upgrade::abort::point_of_no_return;
use mlflow_migrate_core::{Error, findings, inspect_and_plan};

use crate::Context;
use crate::arguments::{DatabaseArguments, TargetArguments};
use crate::outcome::{OfDatabase, Outcome, Planned, PlannedStep};

/// Show what an upgrade would do, and change nothing
#[derive(Args, Debug)]
pub(crate) struct Plan {
    #[command(flatten)]
    database: DatabaseArguments,

    #[command(flatten)]
    target: TargetArguments,

    /// Show the statements, as far as they can be told beforehand
    #[arg(long)]
    sql: bool,

    /// Go one revision at a time, each stamped, as Alembic does, instead of merging their changes
    #[arg(long)]
    step_by_step: bool,
}

impl Plan {
    pub(super) async fn run(&self, context: &Context) -> Result<Outcome, Error> {
        let catalogue = &context.catalogue;
        let request = self.database.request(&self.target, catalogue)?;
        let mut backend = self.database.open(context).await?;
        let (plan, steps, unmerged, findings, last) = reading(&mut *backend, async |backend| {
            let (plan, live) = inspect_and_plan(backend, catalogue, &request).await?;
            if let Some(refused) = plan.refuse_dependents(backend.platform()).into_iter().next() {
                return Err(refused);
            }
            let findings = findings(backend, &plan, &live, &request.data).await?;
            let (platform, to) = (backend.platform(), plan.to.as_deref());
            let parts = step_by_step(catalogue, platform, &live, &plan.from, to)?;
            let unmerged = AlembicCost::of(&parts, backend)?;
            let steps = if self.step_by_step {
                describe(backend, parts.iter())?
            } else {
                describe(backend, std::iter::once(&plan))?
            };
            let is_taken_back = platform.transactional_ddl || self.step_by_step;
            let last = (!is_taken_back).then(|| point_of_no_return(&plan, &live)).flatten();
            Ok((plan, steps, unmerged, findings, last))
        })
        .await?;
        let releases = catalogue.releases.expecting(plan.to.as_deref());
        let result = Planned {
            empty: plan.from.empty,
            releases: releases.into_iter().map(ToString::to_string).collect(),
            from: plan.from.revision,
            to: plan.to,
            revisions: plan.revisions,
            steps,
            unmerged: (!self.step_by_step).then_some(unmerged),
            point_of_no_return: last,
            findings,
            show_statements: self.sql,
        };
        Ok(Outcome::Plan(OfDatabase { database: backend.name(), result }))
    }
}

fn describe<'a>(
    backend: &dyn Backend,
    plans: impl Iterator<Item = &'a Way>,
) -> Result<Vec<PlannedStep>, Error> {
    plans.flat_map(|plan| &plan.steps).map(|step| describe_step(backend, step)).collect()
}

fn describe_step(backend: &dyn Backend, step: &Step) -> Result<PlannedStep, Error> {
    let method = match step {
        Step::Change(change) => Some(backend.describe_change(change)?),
        Step::RemoveLeftovers(_) | Step::Migrate { .. } => None,
    };
    Ok(PlannedStep { title: step.title(), revisions: step.revisions().to_vec(), method })
}
