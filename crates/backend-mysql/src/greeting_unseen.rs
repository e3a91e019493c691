//! Where there are no sockets without files, the driver connects by itself, and answers whatever the
//! greeting asks: only a verified server is safe there.

use sqlx::mysql::MySqlConnectOptions;
use sqlx::{ConnectOptions, MySqlConnection};

use crate::connect::Failure;

/// Connects.
pub(crate) async fn connect(options: &MySqlConnectOptions) -> Result<MySqlConnection, Failure> {
    options.connect().await.map_err(Failure::Other)
}
