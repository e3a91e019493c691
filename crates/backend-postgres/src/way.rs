//! The way to a server: through a connection that is opened here, where it is not a socket.

use std::io;

use mlflow_migrate_backend_server::relay::{self, Relay};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection};

/// Connects.
pub(crate) async fn connect(
    options: &PgConnectOptions,
    address: Option<&str>,
) -> Result<PgConnection, sqlx::Error> {
    let port = options.get_port();
    let host = address.unwrap_or(options.get_host());
    if host.starts_with('/') {
        return options.connect().await;
    }
    let server = relay::connect(host, port).await?;
    // sqlx finds a socket as libpq does, by its folder and the port.
    let relay = Relay::start(server, &format!("/.s.PGSQL.{port}"), |ends| async { Ok(ends) })?;
    let connected = options.clone().socket(relay.socket()).connect().await;
    if connected.is_ok() {
        relay.login_is_over();
    }
    connected.map_err(|source| match relay.has_overflowed() {
        true => sqlx::Error::Io(io::Error::from(io::ErrorKind::ConnectionReset)),
        false => source,
    })
}

#[cfg(test)]
mod tests;
