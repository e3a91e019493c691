//! Whether a database is exactly what MLflow's own chain would have made of it.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::SessionMode;
use mlflow_migrate_core::report::verify::verify;
use mlflow_migrate_core::schema::platform::Platform;
use mlflow_migrate_core::schema::{self, Schema};

use crate::database::{TestDatabase, Upgrade};
use crate::reference::{self, Description};
use crate::server::TestServer;

/// A revision (`None`: base), and what the server's own catalogue shall say at it.
pub type State = (Option<String>, Description);

/// What a database holds, and the platform that it is on.
///
/// # Errors
/// If the database cannot be read.
pub async fn live(database: &dyn TestDatabase) -> Result<(Schema, Platform), Error> {
    let mut backend = database.connect().await?;
    backend.begin(SessionMode::Read).await?;
    let live = backend.inspect().await?;
    backend.rollback().await?;
    Ok((live, backend.platform().clone()))
}

/// In what a database differs from a state: its version, its schema in the model's words, and its
/// schema in the server's. One line each.
///
/// # Errors
/// If the database cannot be read.
pub async fn differences(
    server: &TestServer,
    database: &dyn TestDatabase,
    (revision, expected): &State,
) -> Result<Vec<String>, Error> {
    let mut backend = database.connect().await?;
    backend.begin(SessionMode::Read).await?;
    let versions = backend.versions().await?.unwrap_or_default();
    let live = backend.inspect().await?;
    backend.rollback().await?;
    let platform = backend.platform().clone();
    let mut lines = Vec::new();
    if versions.first() != revision.as_ref() {
        lines.push(format!("alembic_version holds {versions:?}, expected {revision:?}"));
    }
    let modelled = server.catalogue().state(revision.as_deref(), &platform)?;
    let differences = schema::differences(&modelled, &live, &platform);
    lines.extend(differences.iter().map(ToString::to_string));
    let described = reference::describe(&[(revision.clone(), live)], &platform);
    for (_, described) in &described {
        lines.extend(reference::differences(expected, described));
    }
    Ok(lines)
}

/// What an upgraded database is not content with: what `verify` finds, and what a second upgrade to the
/// same target does or says. One line each.
///
/// # Errors
/// If the database cannot be read.
pub async fn discontent(
    server: &TestServer,
    database: &dyn TestDatabase,
    target: &str,
) -> Result<Vec<String>, Error> {
    let mut backend = database.connect().await?;
    let verified = verify(&mut *backend, server.catalogue(), None, false).await?;
    let mut lines: Vec<String> =
        verified.checked.drift.iter().map(|difference| format!("verify: {difference}")).collect();
    lines.extend(verified.violations.iter().map(|violation| format!("verify: {violation}")));
    match Upgrade::default().run_on(server.catalogue(), &mut *backend, target).await.0 {
        Ok(report) if report.steps.is_empty() => {}
        Ok(report) => lines.push(format!("a second upgrade does {:?}", report.steps)),
        Err(error) => lines.push(format!("a second upgrade: {error}")),
    }
    Ok(lines)
}

/// Whether a database is in the state that a target names, and why not.
///
/// # Panics
/// If it is not.
#[allow(clippy::panic, reason = "this is an assertion")]
pub async fn assert_at(server: &TestServer, database: &dyn TestDatabase, target: &str) {
    let states = server.reference().states().unwrap_or_default();
    let found = match target {
        "head" => states.last(),
        "base" => states.first(),
        target => states.iter().find(|(revision, _)| revision.as_deref() == Some(target)),
    };
    let Some(state) = found else { panic!("{} has no state {target}", server.name()) };
    match differences(server, database, state).await {
        Ok(lines) if lines.is_empty() => {}
        Ok(lines) => panic!("not as at {target}:\n{}", lines.join("\n")),
        Err(error) => panic!("{error}"),
    }
}

/// Whether `verify` and a second upgrade are content with an upgraded database, and why not.
///
/// # Panics
/// If they are not.
#[allow(clippy::panic, reason = "this is an assertion")]
pub async fn assert_content(server: &TestServer, database: &dyn TestDatabase, target: &str) {
    match discontent(server, database, target).await {
        Ok(lines) if lines.is_empty() => {}
        Ok(lines) => panic!("not content at {target}:\n{}", lines.join("\n")),
        Err(error) => panic!("{error}"),
    }
}
