//! Where there are no sockets without files, the driver connects by itself, and answers whatever the
//! greeting asks: only a verified server is safe there.

use std::sync::Arc;

use mlflow_migrate_backend_server::line::Meter;
use sqlx::mysql::MySqlConnectOptions;
use sqlx::{ConnectOptions, MySqlConnection};

use crate::login::failure::Failure;

/// Connects.
pub(crate) async fn connect(
    options: &MySqlConnectOptions,
) -> Result<(MySqlConnection, Arc<Meter>), Failure> {
    let connection = options.connect().await.map_err(Failure::Other)?;
    Ok((connection, Arc::new(Meter::up_to(usize::MAX))))
}
