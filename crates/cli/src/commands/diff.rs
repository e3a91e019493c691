use std::path::Path;

use clap::Args;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::error::TargetError;
use mlflow_migrate_core::history::target::Target;
use mlflow_migrate_core::report::diff::{diff_from_database, diff_from_target};

use crate::Context;
use crate::arguments::Connection;
use crate::database::Database;
use crate::outcome::{OfDatabase, Outcome};

/// Compare the schema of a database with another database, or with a revision
///
/// What the second one has and the first one lacks is missing; what only the first one has is extra.
/// Exit code 0: the schemas are equal. 2: they differ.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mlflow-migrate diff mlruns.db
  mlflow-migrate diff mlruns.db 2.9.2")]
pub(crate) struct Diff {
    #[command(flatten)]
    connection: Connection,

    /// Another database, a revision, or an MLflow release [default: the database's own revision]
    #[arg(value_name = "OTHER")]
    other: Option<String>,
}

impl Diff {
    pub(super) async fn run(&self, context: &Context) -> Result<Outcome, Error> {
        let database = self.connection.database(context)?;
        let options = self.connection.connecting();
        let result = match &self.other {
            Some(url) if is_database(url) => {
                let other = Database::parse(url)?;
                refuse_another_dialect(&database, &other)?;
                let mut backend = database.open(&options, false, context).await?;
                let mut other = other.open(&options, false, context).await?;
                diff_from_database(&mut *backend, &mut *other).await?
            }
            other => {
                let target = other.as_deref().map(Target::parse);
                let mut backend = database.open(&options, false, context).await?;
                let catalogue = &context.catalogue;
                let found = diff_from_target(&mut *backend, catalogue, target.as_ref(), None).await;
                found.map_err(or_no_file)?
            }
        };
        Ok(Outcome::Diff(OfDatabase { database: database.shown(), result }))
    }
}

/// Returns whether an argument names a database, and not a revision or a release.
fn is_database(text: &str) -> bool {
    text.contains(':') || text.contains(std::path::is_separator) || Path::new(text).exists()
}

/// Adds to the error about an unknown revision that no file has the name either.
fn or_no_file(error: Error) -> Error {
    match error {
        Error::Target(TargetError::UnknownTarget { target: name }) => {
            TargetError::UnknownDatabaseOrTarget { name }.into()
        }
        error => error,
    }
}

/// Refuses two databases whose schemas are written in different dialects.
fn refuse_another_dialect(database: &Database, other: &Database) -> Result<(), Error> {
    if database.dialect() == other.dialect() {
        return Ok(());
    }
    Err(Error::Url {
        url: other.shown(),
        problem: format!(
            "schemas of two dialects cannot be compared: this is {}, and {} is {}",
            other.dialect(),
            database.shown(),
            database.dialect()
        ),
        remedy: "compare each with the same revision: `mlflow-migrate diff URL REVISION`".into(),
    })
}
