//! Connects without looking at the greeting, where there are no abstract sockets.
//!
//! The driver then answers whatever the greeting asks, so only a verified server is safe.

use std::sync::Arc;

use mlflow_migrate_backend_server::line::Meter;
use sqlx::mysql::MySqlConnectOptions;
use sqlx::{ConnectOptions, MySqlConnection};

use crate::login::failure::Failure;

/// Connects through the driver alone.
pub(crate) async fn connect(
    options: &MySqlConnectOptions,
) -> Result<(MySqlConnection, Arc<Meter>), Failure> {
    let connection = options.connect().await.map_err(Failure::Other)?;
    Ok((connection, Arc::new(Meter::up_to(usize::MAX))))
}
