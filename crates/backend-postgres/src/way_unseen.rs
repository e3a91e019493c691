//! Where there are no sockets without files, the driver opens its connections by itself.

use std::sync::Arc;

use mlflow_migrate_backend_server::line::Meter;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection};

/// Connects.
pub(crate) async fn connect(
    options: &PgConnectOptions,
) -> Result<(PgConnection, Arc<Meter>), sqlx::Error> {
    Ok((options.connect().await?, Arc::new(Meter::up_to(usize::MAX))))
}
