//! The parameters of a URL: which are followed, ignored, or refused.
//!
//! Refused are parameters that ask for a protection that is not available here.

use mlflow_migrate_backend_server::parameter::{may_protect, same_letters};
use mlflow_migrate_core::Error;
use mlflow_migrate_core::url::ServerUrl;

use super::refusal::refuse;

/// Parameters that are followed.
const FOLLOWED: &[&str] = &[
    "unix_socket",
    "socket",
    "connect_timeout",
    "ssl",
    "ssl_ca",
    "ssl_cert",
    "ssl_key",
    "ssl_mode",
    "ssl_disabled",
    "ssl_verify_cert",
    "ssl_verify_identity",
    "ssl_check_hostname",
];

/// Parameters that affect only a Python program's connection.
const OF_PYTHON: &[&str] = &[
    "charset",
    "collation",
    "use_unicode",
    "autocommit",
    "local_infile",
    "read_timeout",
    "write_timeout",
    "binary_prefix",
    "client_flag",
    "compress",
    "use_pure",
    "raise_on_warnings",
    "buffered",
    "pool_name",
    "pool_size",
    "sql_mode",
    "time_zone",
    "program_name",
    "conv",
    // A password is encrypted with a server's key only if the URL says `ssl_mode=DISABLED`.
    "server_public_key",
];

/// Returns what a parameter asks for that this backend lacks, and a remedy.
fn unmet(name: &str, value: &str) -> Option<(&'static str, &'static str)> {
    match name {
        "ssl_capath" => {
            Some(("names a folder of certificates", "name the file of the authority as ssl_ca"))
        }
        "ssl_crl" | "ssl_crlpath" => Some((
            "asks for a list of revoked certificates",
            "remove it: no such list is looked at",
        )),
        "ssl_cipher" | "tls_ciphersuites" => {
            Some(("chooses ciphers", "remove it: TLS 1.2 or 1.3 is negotiated, with safe ciphers"))
        }
        "tls_versions" if value.contains("1.2") && value.contains("1.3") => None,
        "tls_versions" | "tls_version" => {
            Some(("chooses versions of TLS", "remove it: TLS 1.2 or 1.3 is negotiated"))
        }
        "ssl_key_password" => {
            Some(("is for a key with a password", "name as ssl_key a file without a password"))
        }
        "server_public_key_path" => Some((
            "asks for one certain key",
            "remove it, and let ssl_ca say whom to trust with the password",
        )),
        "auth_plugin" if is_challenge(value) => None,
        "auth_plugin" => Some((
            "asks for a way to log in that is not supported",
            "remove it: mysql_native_password, caching_sha2_password and sha256_password are",
        )),
        "read_default_file" | "read_default_group" | "option_files" | "option_groups" => Some((
            "names options that are not read, and may ask for encryption",
            "write what it says into the URL",
        )),
        _ => None,
    }
}

fn is_challenge(plugin: &str) -> bool {
    matches!(plugin, "mysql_native_password" | "caching_sha2_password" | "sha256_password")
}

/// Returns whether a parameter is followed, or has no effect and needs no warning.
fn is_known(name: &str) -> bool {
    FOLLOWED.contains(&name)
        || OF_PYTHON.contains(&name)
        || matches!(name, "tls_versions" | "auth_plugin")
}

/// Refuses parameters that ask for a missing protection, and returns what else has no effect.
///
/// The texts never contain values.
pub(super) fn check(url: &ServerUrl) -> Result<Vec<String>, Error> {
    let mut warnings = Vec::new();
    for (name, value) in &url.parameters {
        // The part after an encoded `=` does not belong to the name.
        let name = name.split('=').next().unwrap_or_default();
        if let Some((problem, remedy)) = unmet(name, value) {
            return Err(refuse(url, &format!("the parameter {name} {problem}"), remedy));
        }
        if is_known(name) {
            continue;
        }
        if may_protect(name) {
            let problem = format!("the parameter {name} is not known, and may ask for protection");
            let remedy = match same_letters(name, FOLLOWED) {
                Some(meant) => format!("write {meant}"),
                None => "remove it, or use ssl_mode, ssl_ca, ssl_cert, ssl_key".to_owned(),
            };
            return Err(refuse(url, &problem, &remedy));
        }
        let reason = match name {
            "init_command" => "is not run",
            _ => "is not known, and has no effect",
        };
        warnings.push(format!("the URL's parameter {name} {reason}"));
    }
    Ok(warnings)
}
