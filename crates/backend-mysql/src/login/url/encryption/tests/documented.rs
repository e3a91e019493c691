//! The table of parameters in `docs/connections.md`, row by row.

use mlflow_migrate_core::Error;

use super::{Environment, encryption, told};
use crate::login::url::parameters;
use crate::table;

/// A row, the parameters and variables that it stands for, and their result.
type Case = (&'static str, &'static str, Environment<'static>, &'static str);

const REFUSED: &str = "refused";

const CA: (&str, &str) = ("MLFLOW_MYSQL_SSL_CA", "/own");
const CERT: (&str, &str) = ("MLFLOW_MYSQL_SSL_CERT", "/c");
const KEY: (&str, &str) = ("MLFLOW_MYSQL_SSL_KEY", "/k");

const CASES: &[Case] = &[
    ("nothing", "", &[], "Preferred"),
    ("`unix_socket=/s`", "unix_socket=/s", &[], "Disabled"),
    ("`unix_socket=/s`", "unix_socket=/s&ssl_mode=REQUIRED", &[], "Required"),
    ("`ssl_disabled=true`, `ssl_mode=DISABLED`", "ssl_disabled=true", &[], "Disabled"),
    ("`ssl_disabled=true`, `ssl_mode=DISABLED`", "ssl_mode=DISABLED", &[], "Disabled"),
    ("`ssl_disabled=true` with `ssl_ca` or a check", "ssl_disabled=true&ssl_ca=/f", &[], REFUSED),
    (
        "`ssl_disabled=true` with `ssl_ca` or a check",
        "ssl_disabled=1&ssl_verify_cert=1",
        &[],
        REFUSED,
    ),
    ("`ssl_disabled=true` with `ssl_ca` or a check", "ssl_mode=DISABLED&ssl_ca=/f", &[], REFUSED),
    (
        "`ssl_disabled=true` with `ssl_ca` or a check",
        "ssl_disabled=1&ssl_check_hostname=1",
        &[],
        REFUSED,
    ),
    ("`ssl_mode=PREFERRED`", "ssl_mode=PREFERRED", &[], "Preferred"),
    ("`ssl_mode=REQUIRED`", "ssl_mode=REQUIRED", &[], "Required"),
    ("`ssl=true`", "ssl=true", &[], "Required"),
    ("`ssl_ca=F`", "ssl_ca=/f", &[], "VerifyIdentity by /f"),
    (
        "`ssl_ca=F&ssl_check_hostname=false`",
        "ssl_ca=/f&ssl_check_hostname=false",
        &[],
        "VerifyCa by /f",
    ),
    (
        "`ssl_ca=F&ssl_verify_identity=false`",
        "ssl_ca=/f&ssl_verify_identity=false",
        &[],
        "VerifyCa by /f",
    ),
    (
        "`ssl_ca=F&ssl_verify_cert=true`",
        "ssl_ca=/f&ssl_verify_cert=true",
        &[],
        "VerifyIdentity by /f",
    ),
    ("`ssl_ca=F&ssl_verify_cert=false`", "ssl_ca=/f&ssl_verify_cert=false", &[], "Required by /f"),
    (
        "`ssl_mode=REQUIRED` or `PREFERRED` with `ssl_ca=F`",
        "ssl_mode=REQUIRED&ssl_ca=/f",
        &[],
        "VerifyCa by /f",
    ),
    (
        "`ssl_mode=REQUIRED` or `PREFERRED` with `ssl_ca=F`",
        "ssl_mode=PREFERRED&ssl_ca=/f",
        &[],
        "VerifyCa by /f",
    ),
    ("`ssl_mode=VERIFY_CA&ssl_ca=F`", "ssl_mode=VERIFY_CA&ssl_ca=/f", &[], "VerifyCa by /f"),
    (
        "`ssl_mode=VERIFY_IDENTITY&ssl_ca=F`",
        "ssl_mode=VERIFY_IDENTITY&ssl_ca=/f",
        &[],
        "VerifyIdentity by /f",
    ),
    (
        "`ssl_mode=VERIFY_CA` or `VERIFY_IDENTITY` without `ssl_ca`",
        "ssl_mode=VERIFY_CA",
        &[],
        REFUSED,
    ),
    (
        "`ssl_mode=VERIFY_CA` or `VERIFY_IDENTITY` without `ssl_ca`",
        "ssl_mode=VERIFY_IDENTITY",
        &[],
        REFUSED,
    ),
    ("`ssl_verify_cert=true`", "ssl_verify_cert=true", &[], "VerifyIdentity by the system"),
    ("`ssl_verify_identity=true`", "ssl_verify_identity=true", &[], "VerifyIdentity by the system"),
    (
        "`ssl_check_hostname=true` without `ssl_ca`",
        "ssl_check_hostname=true",
        &[],
        "VerifyIdentity by the system",
    ),
    ("`ssl_cert=C&ssl_key=K`", "ssl_cert=/c&ssl_key=/k", &[], "Required"),
    ("`ssl_cert` or `ssl_key` alone", "ssl_cert=/c", &[], REFUSED),
    ("`ssl_cert` or `ssl_key` alone", "ssl_key=/k", &[], REFUSED),
    ("`ssl_cert` or `ssl_key` alone", "", &[KEY], REFUSED),
    ("`MLFLOW_MYSQL_SSL_CA=F`", "", &[CA], "VerifyIdentity by /own"),
    ("`MLFLOW_MYSQL_SSL_CA=F`", "ssl_ca=/f", &[CA], "VerifyIdentity by /own"),
    ("`MLFLOW_MYSQL_SSL_CERT`, `_KEY`", "", &[CERT, KEY], "Required"),
    ("`MLFLOW_MYSQL_SSL_CERT`, `_KEY`", "ssl_cert=/other", &[CERT, KEY], "Required"),
    ("`ssl={…}`", "ssl={'ca':'/f'}", &[], REFUSED),
    ("`ssl={…}`", "ssl=%7B%22ca%22%3A%22/f%22%7D", &[], REFUSED),
    ("`ssl_capath`, `ssl_cipher`, `ssl_key_password`", "ssl_capath=/f", &[], REFUSED),
    ("`ssl_capath`, `ssl_cipher`, `ssl_key_password`", "ssl_cipher=x", &[], REFUSED),
    ("`ssl_capath`, `ssl_cipher`, `ssl_key_password`", "ssl_key_password=x", &[], REFUSED),
    ("`ssl_crl`, `ssl_crlpath`, `tls_ciphersuites`", "ssl_crl=/f", &[], REFUSED),
    ("`ssl_crl`, `ssl_crlpath`, `tls_ciphersuites`", "ssl_crlpath=/f", &[], REFUSED),
    ("`ssl_crl`, `ssl_crlpath`, `tls_ciphersuites`", "tls_ciphersuites=x", &[], REFUSED),
    ("`tls_versions`", "tls_versions=TLSv1.3", &[], REFUSED),
    ("`tls_versions`", "tls_versions=TLSv1.2,TLSv1.3", &[], "Preferred"),
    ("`auth_plugin`", "auth_plugin=mysql_clear_password", &[], REFUSED),
    ("`auth_plugin`", "auth_plugin=authentication_ldap_simple", &[], REFUSED),
    ("`auth_plugin`", "auth_plugin=caching_sha2_password", &[], "Preferred"),
    ("`read_default_file`, `option_files` and the like", "read_default_file=/f", &[], REFUSED),
    ("`read_default_file`, `option_files` and the like", "read_default_group=x", &[], REFUSED),
    ("`read_default_file`, `option_files` and the like", "option_files=/f", &[], REFUSED),
    (UNKNOWN, "ssl-ca=/f", &[], REFUSED),
    (UNKNOWN, "sslmode=require", &[], REFUSED),
    (UNKNOWN, "SSL_DISABLED=true", &[], REFUSED),
    (UNKNOWN, "require_auth=x", &[], REFUSED),
    ("any other unknown one", "wibble=x", &[], "Preferred"),
];

const UNKNOWN: &str = "unknown, with `ssl`, `tls`, `auth`, `gss`, `channel`, `crl` or `peer` in it (`ssl-ca`, `sslmode`)";

#[test]
fn every_row_is_what_is_done() {
    let refused = |(row, _, _, expected): &Case| (*row, *expected == REFUSED);
    let cases: Vec<(&str, bool)> = CASES.iter().map(refused).collect();
    table::assert_covered("MySQL and MariaDB", &cases);
    for (row, parameters, environment, expected) in CASES {
        match encryption(parameters, environment) {
            Ok(_) => assert_eq!(told(parameters, environment), *expected, "{row}: {parameters}"),
            Err(error) => {
                assert!(matches!(error, Error::Url { .. }), "{row}: {error}");
                assert_eq!(*expected, REFUSED, "{row}: {parameters}: {error}");
            }
        }
    }
    let url = super::ServerUrl::parse("mysql://u@h/d?wibble=x").unwrap();
    assert!(parameters::check(&url).unwrap()[0].contains("wibble"));
}
