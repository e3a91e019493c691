//! Logs in to a server.

pub(crate) mod connector;
pub(crate) mod creation;
mod driver_options;
pub(crate) mod failure;
mod passfile;
pub(crate) mod pooling;
pub(crate) mod target;
mod transport;
pub(crate) mod url;

use std::sync::Arc;

use mlflow_migrate_backend_server::line::Meter;
use sqlx::PgConnection;
use sqlx::postgres::PgSslMode;

use self::connector::Connector;
use self::driver_options::driver_options;
use self::failure::Failure;
use self::target::Target;
use self::url::settings::TlsMode;

/// A connection, its meter, and the connector that opens another one.
pub(crate) type Connected = (PgConnection, Arc<Meter>, Connector);

/// Connects, with or without encryption as `sslmode` allows.
pub(crate) async fn open(target: &Target<'_>) -> Result<Connected, Failure> {
    let mode =
        if target.endpoint.is_socket() { TlsMode::Disable } else { target.settings.tls_mode };
    match mode {
        TlsMode::Disable => open_with(target, PgSslMode::Disable).await,
        TlsMode::Allow => match open_with(target, PgSslMode::Disable).await {
            Err(failure) if failure.may_be_encryption => {
                open_with(target, PgSslMode::Require).await
            }
            result => result,
        },
        TlsMode::Prefer => match open_with(target, PgSslMode::Prefer).await {
            Err(failure) if failure.may_be_encryption => {
                open_with(target, PgSslMode::Disable).await.map_err(|_| failure)
            }
            result => result,
        },
        TlsMode::Require => open_with(target, PgSslMode::Require).await,
        TlsMode::VerifyCa => open_with(target, PgSslMode::VerifyCa).await,
        TlsMode::VerifyFull => open_with(target, PgSslMode::VerifyFull).await,
    }
}

async fn open_with(target: &Target<'_>, mode: PgSslMode) -> Result<Connected, Failure> {
    let options = driver_options(target, mode).map_err(Failure::from)?;
    let connector = Connector { options, address: target.endpoint.address.clone() };
    let Ok(connected) = tokio::time::timeout(target.limit, connector.open()).await else {
        return Err(Failure::from(target.no_answer(target.limit)));
    };
    let (connection, meter) = connected.map_err(|source| failure::explain(target, source, mode))?;
    Ok((connection, meter, connector))
}
