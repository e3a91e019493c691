//! How strictly the server is checked, according to libpq's parameters.

use std::path::PathBuf;

use mlflow_migrate_backend_server::certificates::SYSTEM_FILE;
use mlflow_migrate_core::Error;

use super::settings::{Authority, TlsMode};
use super::sources::Sources;

/// Returns the encryption mode, and the authorities to check the server's certificate against.
pub(crate) fn verification(sources: &Sources<'_>) -> Result<(TlsMode, Authority), Error> {
    let named = tls_mode(sources)?;
    let root = sources.find("sslrootcert", None, "PGSSLROOTCERT");
    // libpq's word for the authorities that the operating system trusts. Anybody can get a
    // certificate from one of them, although not for this host. So libpq requires verify-full.
    if root.as_deref() == Some("system") {
        if named.is_some_and(|mode| mode != TlsMode::VerifyFull) {
            let problem = "sslrootcert=system goes with sslmode=verify-full only".to_owned();
            return Err(sources.refuse(problem, "write sslmode=verify-full"));
        }
        let authority = Authority::System(sources.variable(SYSTEM_FILE));
        return Ok((TlsMode::VerifyFull, authority));
    }
    let mode = named.unwrap_or(TlsMode::Prefer);
    let path = root.map(PathBuf::from).or_else(|| sources.default_file("root.crt"));
    let authority = match (mode, path) {
        (TlsMode::Disable | TlsMode::Allow | TlsMode::Prefer, _) | (TlsMode::Require, None) => {
            return Ok((mode, Authority::Anybody));
        }
        (_, Some(path)) => Authority::File(path),
        (_, None) => {
            let problem =
                "its sslmode checks the server against a root certificate that is missing";
            let remedy = "name its file by sslrootcert=FILE (sslrootcert=system takes the system's), or \
                        put it in ~/.postgresql/root.crt";
            return Err(sources.refuse(problem.to_owned(), remedy));
        }
    };
    // libpq checks this file wherever it exists.
    if sources.default_file("root.crl").is_some() {
        let problem =
            "~/.postgresql/root.crl lists revoked certificates, and is not looked at here";
        return Err(sources.refuse(problem.to_owned(), "move it away for the upgrade"));
    }
    // As with libpq: naming an authority asks for the check.
    let mode = if mode == TlsMode::Require { TlsMode::VerifyCa } else { mode };
    Ok((mode, authority))
}

/// Returns the `sslmode`, if one is given. `requiressl` is libpq's older parameter.
pub(crate) fn tls_mode(sources: &Sources<'_>) -> Result<Option<TlsMode>, Error> {
    let named = match sources.find("sslmode", None, "PGSSLMODE").as_deref() {
        None => None,
        Some("disable") => Some(TlsMode::Disable),
        Some("allow") => Some(TlsMode::Allow),
        Some("prefer") => Some(TlsMode::Prefer),
        Some("require") => Some(TlsMode::Require),
        Some("verify-ca") => Some(TlsMode::VerifyCa),
        Some("verify-full") => Some(TlsMode::VerifyFull),
        Some(_) => {
            let remedy = "one of disable, allow, prefer, require, verify-ca, verify-full";
            return Err(sources.refuse("its sslmode has an invalid value".to_owned(), remedy));
        }
    };
    let is_one = |value: String| value.starts_with('1');
    let demanded = sources.find("requiressl", None, "").is_some_and(is_one);
    let defaulted = named.is_none() && sources.variable("PGREQUIRESSL").is_some_and(is_one);
    match named {
        Some(mode) if !demanded => Ok(Some(mode)),
        named if demanded || defaulted => Ok(named.max(Some(TlsMode::Require))),
        named => Ok(named),
    }
}
