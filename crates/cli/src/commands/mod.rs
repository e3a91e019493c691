//! The commands, one file each.

mod abort;
mod check;
mod cleanup;
mod completions;
mod copy;
mod current;
mod diff;
mod doctor;
mod downgrade;
mod estimate;
mod history;
mod man;
mod plan;
mod prepare;
mod repair;
mod restore;
mod show;
mod sql;
mod stamp;
mod status;
mod upgrade;
mod verify;

use std::path::Path;

use clap::Subcommand;
use mlflow_migrate_core::Error;

use crate::Context;
use crate::outcome::Outcome;

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Upgrade(upgrade::Upgrade),
    Plan(plan::Plan),
    #[command(visible_alias = "prepopulate", alias = "prepopulate-trace-analytics")]
    Prepare(prepare::Prepare),
    Cleanup(cleanup::Cleanup),
    Sql(sql::Sql),
    Show(show::Show),
    Check(check::Check),
    Current(current::Current),
    History(history::History),
    Estimate(estimate::Estimate),
    Doctor(doctor::Doctor),
    Verify(verify::Verify),
    Status(status::Status),
    Diff(diff::Diff),
    Repair(repair::Repair),
    Stamp(stamp::Stamp),
    Downgrade(downgrade::Downgrade),
    Abort(abort::Abort),
    Restore(restore::Restore),
    Copy(copy::Copy),
    Completions(completions::Completions),
    Man(man::Man),
}

impl Command {
    /// Returns the file that gets the result as JSON, too.
    pub(crate) fn report(&self) -> Option<&Path> {
        match self {
            Self::Upgrade(upgrade) => upgrade.report(),
            _ => None,
        }
    }

    /// Runs the command.
    pub(crate) async fn run(&self, context: &Context) -> Result<Outcome, Error> {
        match self {
            Self::Upgrade(upgrade) => upgrade.run(context).await,
            Self::Plan(plan) => plan.run(context).await,
            Self::Prepare(prepare) => prepare.run(context).await,
            Self::Cleanup(cleanup) => cleanup.run(context).await,
            Self::Sql(sql) => sql.run(context).await,
            Self::Show(show) => show.run(context).await,
            Self::Check(check) => check.run(context).await,
            Self::Current(current) => current.run(context).await,
            Self::History(history) => history.run(context).await,
            Self::Estimate(estimate) => estimate.run(context).await,
            Self::Doctor(doctor) => doctor.run(context).await,
            Self::Verify(verify) => verify.run(context).await,
            Self::Status(status) => status.run(context).await,
            Self::Diff(diff) => diff.run(context).await,
            Self::Repair(repair) => repair.run(context).await,
            Self::Stamp(stamp) => stamp.run(context).await,
            Self::Downgrade(downgrade) => downgrade.run(context).await,
            Self::Abort(abort) => abort.run(context).await,
            Self::Restore(restore) => restore.run(context).await,
            Self::Copy(copy) => copy.run(context).await,
            Self::Completions(completions) => completions.run(context),
            Self::Man(man) => man.run(context),
        }
    }
}
