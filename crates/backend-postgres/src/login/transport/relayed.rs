//! Connects to a server through a relay, except over a Unix socket.

use std::io;
use std::sync::Arc;

use mlflow_migrate_backend_server::line::Meter;
use mlflow_migrate_backend_server::relay::{self, Relay};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection};

/// Connects, and measures what the server sends, except over a Unix socket.
pub(crate) async fn connect(
    options: &PgConnectOptions,
    address: Option<&str>,
) -> Result<(PgConnection, Arc<Meter>), sqlx::Error> {
    let port = options.get_port();
    let host = address.unwrap_or(options.get_host());
    if host.starts_with('/') {
        return Ok((options.connect().await?, Arc::new(Meter::up_to(usize::MAX))));
    }
    let server = relay::connect(host, port).await?;
    // Like libpq, sqlx finds a socket by its folder and the port.
    let relay = Relay::start(server, &format!("/.s.PGSQL.{port}"), |ends| async { Ok(ends) })?;
    match options.clone().socket(relay.socket()).connect().await {
        Ok(connection) => Ok((connection, relay.login_is_over())),
        Err(_) if relay.has_overflowed() => {
            Err(sqlx::Error::Io(io::Error::from(io::ErrorKind::ConnectionReset)))
        }
        Err(source) => Err(source),
    }
}
