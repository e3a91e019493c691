//! The driver's options for a login.

use std::path::Path;

use mlflow_migrate_backend_server::certificates;
use mlflow_migrate_core::Error;
use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use super::target::Target;
use super::url::settings::Authority;

/// Sets every option explicitly: sqlx would read missing ones from the environment.
pub(super) fn driver_options(
    target: &Target<'_>,
    mode: PgSslMode,
) -> Result<PgConnectOptions, Error> {
    let settings = target.settings;
    let password = target.password.as_ref().map_or("", |secret| &secret.0);
    let mut options = PgConnectOptions::new_without_pgpass()
        .host(&target.endpoint.host)
        .port(target.endpoint.port)
        .username(&target.user)
        .password(password)
        .database(&target.database)
        .ssl_mode(mode)
        .application_name(&settings.application_name)
        // Poolers refuse startup parameters that they do not know. The session sets this one later.
        .extra_float_digits(None)
        .disable_statement_logging();
    if !settings.options.is_empty() {
        let pairs = settings.options.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        options = options.options(pairs);
    }
    if matches!(mode, PgSslMode::Disable) {
        return Ok(options);
    }
    let authorities = match &settings.authority {
        Authority::Anybody => None,
        Authority::File(path) => Some(certificates::read(path)),
        Authority::System(named) => Some(certificates::read_system(named.as_deref())),
    };
    if let Some(authorities) = authorities {
        let remedy = "check sslrootcert, its path and its permissions";
        let authorities = authorities.map_err(|problem| target.tls(&problem, remedy))?;
        options = options.ssl_root_cert_from_pem(authorities);
    }
    match (&settings.certificate, &settings.key) {
        (Some(certificate), Some(key)) => {
            check_readable(target, "sslcert", certificate)?;
            check_readable(target, "sslkey", key)?;
            Ok(options.ssl_client_cert(certificate).ssl_client_key(key))
        }
        (None, None) => Ok(options),
        (Some(_), None) => Err(target.tls("there is an sslcert, and no sslkey", "give both")),
        (None, Some(_)) => Err(target.tls("there is an sslkey, and no sslcert", "give both")),
    }
}

fn check_readable(target: &Target<'_>, parameter: &str, path: &Path) -> Result<(), Error> {
    match std::fs::File::open(path) {
        Ok(_) => Ok(()),
        Err(error) => {
            let problem = format!("the {parameter} {} cannot be read: {error}", path.display());
            Err(target.tls(&problem, "check the path and its permissions"))
        }
    }
}
