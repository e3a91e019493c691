//! Lets the driver open its connections, on systems without abstract sockets.

use std::sync::Arc;

use mlflow_migrate_backend_server::line::Meter;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection};

/// Connects, without measuring what the server sends.
pub(crate) async fn connect(
    options: &PgConnectOptions,
    address: Option<&str>,
) -> Result<(PgConnection, Arc<Meter>), sqlx::Error> {
    if address.is_some() {
        let problem = "a host beside its hostaddr is possible on Linux only";
        return Err(sqlx::Error::Configuration(problem.into()));
    }
    Ok((options.connect().await?, Arc::new(Meter::up_to(usize::MAX))))
}
