use clap::Args;
use mlflow_migrate_core::backend::Backend;
use mlflow_migrate_core::plan::Step;
use mlflow_migrate_core::session::reading;
use mlflow_migrate_core::{Error, findings, inspect_and_plan};

use crate::Context;
use crate::arguments::{DatabaseArguments, TargetArguments};
use crate::outcome::{Outcome, Planned, PlannedStep};

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
}

impl Plan {
    pub(super) async fn run(&self, context: &Context) -> Result<Outcome, Error> {
        let catalogue = &context.catalogue;
        let request = self.database.request(&self.target, false, catalogue)?;
        let mut backend = self.database.open(context).await?;
        let (plan, steps, findings) = reading(&mut *backend, async |backend| {
            let (plan, live) = inspect_and_plan(backend, catalogue, &request).await?;
            let findings = findings(backend, &plan, &live, &request.data).await?;
            let steps = plan.steps.iter().map(|step| describe(backend, step));
            let steps = steps.collect::<Result<Vec<_>, Error>>()?;
            Ok((plan, steps, findings))
        })
        .await?;
        let releases = catalogue.releases.expecting(plan.to.as_deref());
        Ok(Outcome::Plan(Planned {
            database: backend.name(),
            empty: plan.from.empty,
            releases: releases.into_iter().map(ToString::to_string).collect(),
            from: plan.from.revision,
            to: plan.to,
            revisions: plan.revisions,
            steps,
            findings,
            show_statements: self.sql,
        }))
    }
}

fn describe(backend: &dyn Backend, step: &Step) -> Result<PlannedStep, Error> {
    let method = match step {
        Step::Change(change) => Some(backend.method(change)?),
        Step::RemoveLeftovers(_) | Step::Migrate { .. } => None,
    };
    Ok(PlannedStep { title: step.title(), revisions: step.revisions().to_vec(), method })
}
