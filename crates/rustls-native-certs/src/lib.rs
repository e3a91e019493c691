//! Stands in for the crate of this name, and gives sqlx no certificate authorities.
//!
//! sqlx 0.9.0 trusts, beside the file in the URL, the authorities of the operating system, or
//! Mozilla's, whichever of its TLS features is chosen. A server with any public certificate then
//! passes for one that the user's own authority has signed. `[patch.crates-io]` in the workspace's
//! `Cargo.toml` puts this crate in the place of the one that sqlx asks for the system's authorities,
//! so what the backends hand over is all that counts. The backends read the system's file themselves,
//! where the URL asks for that.
//!
//! A workspace of one's own that depends on a backend needs the same `[patch.crates-io]`. Without it
//! the backends do not compile, since [`TRUSTS_NOBODY`] is missing.

use std::convert::Infallible;

use rustls_pki_types::CertificateDer;

/// Proves to a backend that this crate is the one that sqlx uses.
pub const TRUSTS_NOBODY: () = ();

/// The certificates that were found: none.
#[derive(Debug, Default)]
pub struct CertificateResult {
    /// No certificates.
    pub certs: Vec<CertificateDer<'static>>,
    /// No errors.
    pub errors: Vec<Infallible>,
}

/// Finds no certificates.
#[must_use]
pub fn load_native_certs() -> CertificateResult {
    CertificateResult::default()
}
