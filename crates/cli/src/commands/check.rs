use clap::Args;
use mlflow_migrate_core::history::target::Target;
use mlflow_migrate_core::{Error, report::check, report::session};

use crate::Context;
use crate::arguments::DatabaseArguments;
use crate::outcome::{Checked, OfDatabase, Outcome, Problem};

/// Compare a database with the newest revision, and with its own
///
/// Exit code 0: it is at the newest revision, or at `--to`. 1: there are newer ones up to there.
/// 2: something that its revision has is missing, or different. What is there besides is listed,
/// and is no fault.
#[derive(Args, Debug)]
pub(crate) struct Check {
    #[command(flatten)]
    database: DatabaseArguments,

    /// Compare with a revision or an MLflow release instead: 0 if the database fits it
    #[arg(long, value_name = "TARGET")]
    to: Option<String>,
}

impl Check {
    pub(super) async fn run(&self, context: &Context) -> Result<Outcome, Error> {
        let assume = self.database.assumption(&context.catalogue)?;
        let mut backend = self.database.open(context).await?;
        let checked = check::check(&mut *backend, &context.catalogue, assume.as_ref()).await?;
        let checked = match &self.to {
            Some(target) => checked.against(&context.catalogue, &Target::parse(target))?,
            None => checked,
        };
        let wrong_stamp = match checked.position.location.stamped {
            true => session::find_wrong_stamp(&mut *backend, &context.catalogue).await?,
            false => None,
        };
        let result = Checked { checked, wrong_stamp: wrong_stamp.as_ref().map(Problem::of) };
        Ok(Outcome::Check(OfDatabase { database: backend.name(), result }))
    }
}
