//! Creates the database that a URL names, on a server that lacks it.

use std::time::Duration;

use mlflow_migrate_backend_server::line::Line;
use mlflow_migrate_core::Error;

use super::attempt::{Opened, attempt, explain, open, refusal};
use super::failure::Failure;
use super::url::Target;
use crate::connection::Connection;
use crate::error::{Context, server_error};
use crate::features::Features;
use crate::quoting::quote;
use crate::text_protocol;

/// The database that every server has, and every user sees.
const MAINTENANCE: &str = "information_schema";

/// `ER_BAD_DB_ERROR`
const MISSING_DATABASE: u16 = 1049;

/// Logs in, and creates the database if the server lacks it.
///
/// Returns whether it was created. `patience` is how long the server may take to answer.
pub(crate) async fn open_or_create(
    target: &Target,
    context: &Context,
    patience: Duration,
) -> Result<(Opened, bool), Error> {
    match attempt(target.connect_timeout, &target.options).await {
        Ok(opened) => Ok((opened, false)),
        Err(failure) if is_missing_database(&failure) => {
            create(target, context, patience).await?;
            Ok((open(target, context).await?, true))
        }
        Err(failure) => Err(refusal(target, context, failure).await),
    }
}

fn is_missing_database(failure: &Failure) -> bool {
    let Failure::Other(source) = failure else { return false };
    server_error(source).is_some_and(|(number, _)| number == MISSING_DATABASE)
}

/// Creates the database.
async fn create(target: &Target, context: &Context, patience: Duration) -> Result<(), Error> {
    let options = target.options.clone().database(MAINTENANCE);
    let (driver, meter) = attempt(target.connect_timeout, &options)
        .await
        .map_err(|failure| explain(&options, context, failure))?;
    let mut connection = Connection { driver, line: Line::new(meter, patience) };
    let action = format!("creating the database {}", target.database);
    let failed = |source| context.error(&action, source);
    let version = text_protocol::value(&mut connection, "SELECT VERSION()").await;
    let features = Features::parse(&version.map_err(failed)?.unwrap_or_default())?;
    let (name, collation) = (quote(&target.database), collation(&features));
    let sql = format!("CREATE DATABASE IF NOT EXISTS {name}{collation}");
    text_protocol::run_soon(&mut connection, sql).await.map_err(failed)?;
    Ok(())
}

/// Returns the clause for a character set that holds any text, by which only equal texts are equal.
///
/// Empty where keys of MLflow's would be too long in it.
fn collation(features: &Features) -> &'static str {
    if !features.large_index_prefix() {
        ""
    } else if features.unpadded_collations() {
        " CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_as_cs"
    } else {
        " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
    }
}
