use clap::Args;
use mlflow_migrate::ScriptTarget;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::data::DataOptions;
use mlflow_migrate_core::error::TargetError;
use mlflow_migrate_core::history::location::Location;
use mlflow_migrate_core::history::target::Target;
use mlflow_migrate_core::schema::Schema;
use mlflow_migrate_core::script::{Script, ScriptOptions, write};

use crate::Context;
use crate::outcome::{Outcome, Scripted};

/// Print an upgrade as a script for psql, mysql, mariadb or sqlite3, without a database
///
/// The script refuses a database that is not at the revision of --from. Where a revision computes
/// values that SQL does not, the script ends, and --part 2 continues after that revision.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mlflow-migrate sql --dialect postgres --from 2.9.2 --to 2.12.x > upgrade.sql
  mlflow-migrate sql --dialect mysql8 --from 3.15.0 --to 3.17.0 --part 2")]
pub(crate) struct Sql {
    /// The server for which the script is
    #[arg(long, value_enum)]
    dialect: ScriptTarget,

    /// Where the database is: a revision, an MLflow release, `base`, or `empty`
    #[arg(long, value_name = "REVISION")]
    from: String,

    /// Where the script leads: `head`, a revision, `+N`, or an MLflow release
    #[arg(long, value_name = "TARGET", default_value = "head")]
    to: String,

    /// Which part of the script
    #[arg(long, value_name = "N", default_value = "1")]
    part: usize,
}

impl Sql {
    pub(super) async fn run(&self, context: &Context) -> Result<Outcome, Error> {
        let catalogue = &context.catalogue;
        let dialect = self.dialect.dialect()?;
        let empty = self.from == "empty";
        let revision = match empty {
            true => None,
            false => Target::parse(&self.from).resolve(catalogue, None)?,
        };
        let to = Target::parse(&self.to).resolve(catalogue, revision.as_deref())?;
        let live = match empty {
            true => Schema::default(),
            false => catalogue.state(revision.as_deref(), dialect.platform())?,
        };
        let stamped = revision.is_some();
        let from = Location { revision, empty, stamped, ..Location::default() };
        let options = script_options(false);
        let script = write(catalogue, &*dialect, &live, &from, to.as_deref(), &options).await?;
        part_of(script, self.part, self.dialect.name()).map(Outcome::Sql)
    }
}

/// Returns one part of the scripts.
pub(super) fn part_of(script: Script, number: usize, dialect: &str) -> Result<Scripted, Error> {
    let Script { from, to, parts: scripts } = script;
    let parts = scripts.len();
    let found = number.checked_sub(1).and_then(|place| scripts.into_iter().nth(place));
    let part = found.ok_or(Error::Target(TargetError::NoPart { part: number, parts }))?;
    Ok(Scripted {
        dialect: dialect.to_owned(),
        from,
        to,
        part: number,
        parts,
        part_from: part.from,
        part_to: part.to,
        program_before: part.program_before,
        program_after: part.program_after,
        script: part.script,
    })
}

/// Returns how scripts are written.
pub(super) fn script_options(step_by_step: bool) -> ScriptOptions {
    let command = |revision: &str| format!("mlflow-migrate upgrade URL --to {revision}");
    ScriptOptions { data: DataOptions::default(), step_by_step, command }
}
