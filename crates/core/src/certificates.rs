//! Files of certificates, as a connection is to trust them: those and no others.

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
