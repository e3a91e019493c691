//! URLs and environments, and the driver's options for them: the tables of `docs/connections.md`.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::url::ServerUrl;

use super::{Authority, Encryption, OpenOptions};
use crate::login::url::parameters;

mod documented;

type Environment<'a> = &'a [(&'a str, &'a str)];

fn encryption(parameters: &str, environment: Environment<'_>) -> Result<Encryption, Error> {
    let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let environment = environment.iter().map(pair).collect();
    let open = OpenOptions { environment, ..OpenOptions::default() };
    let url = ServerUrl::parse(&format!("mysql+pymysql://u:p@h/d?{parameters}")).unwrap();
    parameters::check(&url)?;
    Encryption::new(&url, &open, url.parameter("unix_socket").is_some())
}

fn told(parameters: &str, environment: Environment<'_>) -> String {
    let Encryption { mode, authority, .. } = encryption(parameters, environment).unwrap();
    match authority {
        Authority::Anybody => format!("{mode:?}"),
        Authority::File(path) => format!("{mode:?} by {path}"),
        Authority::System(None) => format!("{mode:?} by the system"),
        Authority::System(Some(path)) => format!("{mode:?} by the system's {path}"),
    }
}

#[test]
fn encryption_is_as_the_parameters_ask() {
    for (parameters, expected) in [
        ("charset=utf8mb4", "Preferred"),
        ("unix_socket=/s", "Disabled"),
        ("unix_socket=/s&ssl_mode=REQUIRED", "Required"),
        ("ssl_disabled=true", "Disabled"),
        ("ssl_disabled=false", "Preferred"),
        ("ssl_mode=disabled", "Disabled"),
        ("ssl_mode=PREFERRED", "Preferred"),
        ("ssl_mode=required", "Required"),
        ("ssl_mode=REQUIRED&ssl_ca=/file", "VerifyCa by /file"),
        ("ssl_mode=PREFERRED&ssl_ca=/file", "VerifyCa by /file"),
        ("ssl_mode=REQUIRED&ssl_ca=/file&ssl_verify_identity=1", "VerifyIdentity by /file"),
        ("ssl_mode=VERIFY_CA&ssl_ca=/file", "VerifyCa by /file"),
        ("ssl_mode=VERIFY_CA&ssl_ca=/file&ssl_check_hostname=true", "VerifyIdentity by /file"),
        ("ssl_mode=VERIFY_IDENTITY&ssl_ca=/file", "VerifyIdentity by /file"),
        (
            "ssl_mode=VERIFY_IDENTITY&ssl_ca=/file&ssl_check_hostname=false",
            "VerifyIdentity by /file",
        ),
        ("ssl_ca=/file", "VerifyIdentity by /file"),
        ("ssl_ca=/file&ssl_verify_cert=true", "VerifyIdentity by /file"),
        ("ssl_ca=/file&ssl_verify_cert=false", "Required by /file"),
        ("ssl_ca=/file&ssl_check_hostname=true", "VerifyIdentity by /file"),
        ("ssl_ca=/file&ssl_check_hostname=false", "VerifyCa by /file"),
        ("ssl_ca=/file&ssl_verify_identity=false", "VerifyCa by /file"),
        ("ssl_ca=/file&ssl_verify_cert=false&ssl_verify_identity=1", "VerifyIdentity by /file"),
        ("ssl_verify_cert=true", "VerifyIdentity by the system"),
        ("ssl_verify_identity=true", "VerifyIdentity by the system"),
        ("ssl_check_hostname=true", "VerifyIdentity by the system"),
        ("ssl_mode=REQUIRED&ssl_verify_cert=true", "VerifyIdentity by the system"),
        ("ssl_verify_cert=false", "Preferred"),
        ("ssl_cert=/file&ssl_key=/file", "Required"),
        ("ssl_mode=PREFERRED&ssl_cert=/file&ssl_key=/file", "Required"),
        ("ssl=true", "Required"),
        ("ssl=false", "Preferred"),
        ("auth_plugin=mysql_native_password&tls_versions=TLSv1.2,TLSv1.3", "Preferred"),
    ] {
        assert_eq!(told(parameters, &[]), expected, "{parameters}");
    }
}

#[test]
fn the_environment_asks_for_encryption_too() {
    let ca = ("MLFLOW_MYSQL_SSL_CA", "/own");
    let cases: [(&str, Environment<'_>, &str); 7] = [
        ("", &[ca], "VerifyIdentity by /own"),
        ("ssl_ca=/file", &[ca], "VerifyIdentity by /own"),
        ("ssl_check_hostname=false", &[ca], "VerifyCa by /own"),
        ("ssl_verify_cert=false", &[ca], "Required by /own"),
        ("ssl_disabled=true", &[ca], "Disabled"),
        ("", &[("MLFLOW_MYSQL_SSL_CERT", "/c"), ("MLFLOW_MYSQL_SSL_KEY", "/k")], "Required"),
        ("ssl_verify_cert=1", &[("SSL_CERT_FILE", "/x")], "VerifyIdentity by the system's /x"),
    ];
    for (parameters, environment, expected) in cases {
        assert_eq!(told(parameters, environment), expected, "{parameters} {environment:?}");
    }
}

#[test]
fn what_cannot_be_met_is_refused() {
    for (parameters, named) in [
        ("ssl_mode=VERIFY_CA", "ssl_mode"),
        ("ssl_mode=VERIFY_IDENTITY", "ssl_mode"),
        ("ssl_mode=MAYBE", "ssl_mode"),
        ("ssl_mode=DISABLED&ssl_ca=/file", "check"),
        ("ssl_disabled=true&ssl_verify_cert=true", "check"),
        ("ssl_disabled=perhaps", "ssl_disabled"),
        ("ssl_cert=/file", "ssl_cert"),
        ("ssl=%7B'ca':'/SECRET'%7D", "ssl"),
        ("ssl_capath=/SECRET", "ssl_capath"),
        ("ssl_cipher=SECRET", "ssl_cipher"),
        ("ssl_crl=/SECRET", "ssl_crl"),
        ("ssl_crlpath=/SECRET", "ssl_crlpath"),
        ("ssl_key_password=SECRET", "ssl_key_password"),
        ("tls_versions=TLSv1.3", "tls_versions"),
        ("tls_ciphersuites=SECRET", "tls_ciphersuites"),
        ("auth_plugin=mysql_clear_password", "auth_plugin"),
        ("auth_plugin_map=SECRET", "auth_plugin_map"),
        ("read_default_file=/SECRET", "read_default_file"),
        ("option_files=/SECRET", "option_files"),
        ("ssl-ca=/SECRET", "ssl-ca"),
        ("SSL_CA=/SECRET", "SSL_CA"),
        ("sslmode=SECRET", "sslmode"),
        ("ssl_verify_server_cert=SECRET", "ssl_verify_server_cert"),
        ("require_auth=SECRET", "require_auth"),
        ("ssl_cx%3D/SECRET", "ssl_cx"),
    ] {
        let Err(Error::Url { problem, remedy, .. }) = encryption(parameters, &[]) else {
            panic!("{parameters} is taken");
        };
        assert!(problem.contains(named), "{parameters}: {problem}");
        assert!(!format!("{problem} {remedy:?}").contains("SECRET"), "{problem} {remedy:?}");
    }
}

#[test]
fn another_spelling_names_the_right_one() {
    for (parameters, meant) in [("ssl-ca=x", "ssl_ca"), ("sslmode=x", "ssl_mode")] {
        let error = encryption(parameters, &[]).err().unwrap();
        assert_eq!(error.remedy(), Some(&format!("write {meant}").into()));
    }
}
