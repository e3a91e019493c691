//! Lists the revision of the auth app that each MLflow release expects.

use mlflow_migrate_core::history::release::Releases;

/// Returns the releases of MLflow with an auth app, and the head of each.
pub(crate) fn releases() -> Releases {
    Releases::new(AUTH.iter().copied().map(|(release, revision)| (release, Some(revision))))
}

const AUTH: &[(&str, &str)] = &[
    ("2.5.0", "8606fa83a998"),
    ("2.6.0", "8606fa83a998"),
    ("2.7.0", "8606fa83a998"),
    ("2.8.0", "8606fa83a998"),
    ("2.9.0", "8606fa83a998"),
    ("2.10.0", "8606fa83a998"),
    ("2.11.0", "8606fa83a998"),
    ("2.12.1", "8606fa83a998"),
    ("2.13.0", "8606fa83a998"),
    ("2.14.0", "8606fa83a998"),
    ("2.14.1", "8606fa83a998"),
    ("2.15.0", "8606fa83a998"),
    ("2.16.0", "8606fa83a998"),
    ("2.17.0", "8606fa83a998"),
    ("2.18.0", "8606fa83a998"),
    ("2.19.0", "8606fa83a998"),
    ("2.20.0", "8606fa83a998"),
    ("2.21.0", "8606fa83a998"),
    ("2.22.0", "8606fa83a998"),
    ("3.0.0", "8606fa83a998"),
    ("3.1.0", "8606fa83a998"),
    ("3.2.0", "8606fa83a998"),
    ("3.3.0", "8606fa83a998"),
    ("3.4.0", "8606fa83a998"),
    ("3.5.0", "8606fa83a998"),
    ("3.6.0", "8606fa83a998"),
    ("3.7.0", "0965eb92f5f0"),
    ("3.8.0", "0965eb92f5f0"),
    ("3.9.0", "a1b2c3d4e5f6"),
    ("3.10.0", "2ed73881770d"),
    ("3.11.1", "2ed73881770d"),
    ("3.12.0", "c3d4e5f6a7b8"),
    ("3.13.0", "f1a2b3c4d5e6"),
    ("3.14.0", "f1a2b3c4d5e6"),
    ("3.15.0", "f1a2b3c4d5e6"),
    ("3.16.0", "f1a2b3c4d5e6"),
    ("3.17.0", "f1a2b3c4d5e6"),
    ("3.18.0", "f1a2b3c4d5e6"),
];
