//! Files of certificates, as a connection is to trust them: those and no others.
//!
//! sqlx adds the authorities of the system to those that it is handed, and offers no way to leave them
//! out. It finds them by the crate rustls-native-certs, which takes those of the file that
//! `SSL_CERT_FILE` names and no others, if that is set when the process begins. So a program that means
//! to trust only whom a URL names starts with a file there that holds none.

use std::fs;
use std::path::Path;

/// The variable that names the system's file in OpenSSL's stead.
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

/// What becomes of the authorities of the system where a URL names another one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SystemAuthorities {
    /// If the driver would trust them too, that is an error before anything is sent.
    #[default]
    Refused,
    /// They are trusted too.
    Added,
}

impl SystemAuthorities {
    /// Makes sure that the driver trusts only whom it is told to, if that is wanted.
    ///
    /// # Errors
    /// What is wrong, if it trusts others too.
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

/// Reads a file of certificates in PEM.
///
/// # Errors
/// What is wrong with the file, if it cannot be read or holds no certificate.
pub fn read(path: &Path) -> Result<Vec<u8>, String> {
    let shown = path.display();
    let bytes = fs::read(path).map_err(|error| format!("{shown} cannot be read: {error}"))?;
    if String::from_utf8_lossy(&bytes).contains(BEGIN) {
        Ok(bytes)
    } else {
        Err(format!("{shown} holds no certificate in PEM"))
    }
}

/// Reads the certificates of the authorities that the operating system trusts: from the file that
/// [`SYSTEM_FILE`] names, or from where systems keep them.
///
/// # Errors
/// What is wrong, if there is no such file.
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
