//! Certificate files, and which certificate authorities a connection trusts.
//!
//! sqlx adds the system's certificate authorities to the authorities that it is given, and has no
//! option to leave them out. sqlx finds the system's authorities with the crate
//! rustls-native-certs. If `SSL_CERT_FILE` is set when the process starts, the crate reads only the
//! file that it names. So a program that must trust only the URL's authority starts with an empty
//! file in `SSL_CERT_FILE`.

use std::fs;
use std::path::Path;

/// The variable that replaces OpenSSL's default certificate file.
pub const SYSTEM_FILE: &str = "SSL_CERT_FILE";

/// Where operating systems keep the authorities that they trust.
const SYSTEM_FILES: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/share/certs/ca-root-nss.crt",
];

/// How to treat the system's authorities when the URL names another authority.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SystemAuthorities {
    /// If the driver would also trust the system's, the connection is refused.
    ///
    /// The refusal comes before anything is sent.
    #[default]
    Refused,
    /// The driver also trusts the system's authorities.
    Added,
}

impl SystemAuthorities {
    /// Checks that the driver trusts only the URL's authority, unless the system's may be added.
    ///
    /// # Errors
    /// The problem, if the driver would also trust other authorities.
    pub fn check(self) -> Result<(), String> {
        let is_fine =
            self == Self::Added || rustls_native_certs::load_native_certs().certs.is_empty();
        let problem = || {
            format!(
                "the authorities of the system would be trusted beside the one that the URL names; \
                 start the program with {SYSTEM_FILE}={NO_AUTHORITIES}"
            )
        };
        if is_fine { Ok(()) } else { Err(problem()) }
    }
}

/// A file without certificates.
pub const NO_AUTHORITIES: &str = if cfg!(windows) { "NUL" } else { "/dev/null" };

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";

/// Reads a PEM file of certificates.
///
/// # Errors
/// The problem, if the file cannot be read or holds no certificate.
pub fn read(path: &Path) -> Result<Vec<u8>, String> {
    let shown = path.display();
    let bytes = fs::read(path).map_err(|error| format!("{shown} cannot be read: {error}"))?;
    if String::from_utf8_lossy(&bytes).contains(BEGIN) {
        Ok(bytes)
    } else {
        Err(format!("{shown} holds no certificate in PEM"))
    }
}

/// Reads the certificates of the authorities that the operating system trusts.
///
/// They come from the file that [`SYSTEM_FILE`] names, or from the system's usual places.
///
/// # Errors
/// The problem, if no such file exists or it cannot be used.
pub fn read_system(named: Option<&str>) -> Result<Vec<u8>, String> {
    if let Some(path) = named {
        return read(Path::new(path));
    }
    let found = SYSTEM_FILES.iter().map(Path::new).find(|path| path.exists());
    let missing = || "the system's file of certificates is not found".to_owned();
    read(found.ok_or_else(missing)?)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{read, read_system};

    #[test]
    fn a_file_without_a_certificate_is_refused() {
        for path in ["/no/such/file", "/dev/null", "/"] {
            let error = read(Path::new(path)).unwrap_err();
            assert!(error.starts_with(path), "{error}");
            assert_eq!(read_system(Some(path)), Err(error));
        }
    }
}
