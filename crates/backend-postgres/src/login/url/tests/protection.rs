//! How strictly a server is checked, and which unsupported protections are refused.

use mlflow_migrate_core::Error;

use super::settings;
use crate::login::url::settings::Authority;

type Environment<'a> = &'a [(&'a str, &'a str)];

/// Returns how strictly a server is checked, in a few words.
pub(super) fn verification(parameters: &str, environment: Environment<'_>) -> String {
    let url = format!("postgresql://h/m?{parameters}");
    let found = settings(&url, environment).unwrap();
    match found.authority {
        Authority::Anybody => format!("{:?}", found.tls_mode),
        Authority::File(path) => format!("{:?} by {}", found.tls_mode, path.display()),
        Authority::System(None) => format!("{:?} by the system", found.tls_mode),
        Authority::System(Some(path)) => format!("{:?} by the system's {path}", found.tls_mode),
    }
}

/// The table of `docs/connections.md`.
#[test]
fn servers_are_checked_as_libpq_checks_them() {
    let cases: [(&str, Environment<'_>, &str); 26] = [
        ("", &[], "Prefer"),
        ("sslmode=disable", &[], "Disable"),
        ("sslmode=allow", &[], "Allow"),
        ("sslmode=prefer", &[], "Prefer"),
        ("sslmode=require", &[], "Require"),
        ("sslmode=require&sslrootcert=/f", &[], "VerifyCa by /f"),
        ("sslmode=verify-ca&sslrootcert=/f", &[], "VerifyCa by /f"),
        ("sslmode=verify-full&sslrootcert=/f", &[], "VerifyFull by /f"),
        ("sslmode=prefer&sslrootcert=/f", &[], "Prefer"),
        ("sslrootcert=/f", &[], "Prefer"),
        ("sslrootcert=system", &[], "VerifyFull by the system"),
        ("sslmode=verify-full&sslrootcert=system", &[], "VerifyFull by the system"),
        ("sslrootcert=system", &[("SSL_CERT_FILE", "/x")], "VerifyFull by the system's /x"),
        ("", &[("PGSSLMODE", "require")], "Require"),
        ("sslmode=disable", &[("PGSSLMODE", "require")], "Disable"),
        ("sslmode=require", &[("PGSSLROOTCERT", "/f")], "VerifyCa by /f"),
        ("", &[("PGSSLROOTCERT", "system")], "VerifyFull by the system"),
        ("requiressl=1", &[], "Require"),
        ("requiressl=0", &[], "Prefer"),
        ("requiressl=1&sslmode=prefer", &[], "Require"),
        ("requiressl=1&sslmode=verify-full&sslrootcert=/f", &[], "VerifyFull by /f"),
        ("", &[("PGREQUIRESSL", "1")], "Require"),
        ("sslmode=prefer", &[("PGREQUIRESSL", "1")], "Prefer"),
        ("", &[("PGREQUIRESSL", "1"), ("PGSSLROOTCERT", "/f")], "VerifyCa by /f"),
        ("host=/run/pg&sslmode=verify-full", &[], "VerifyFull"),
        ("sslcertmode=disable&sslcert=/c&sslkey=/k", &[], "Prefer"),
    ];
    for (parameters, environment, expected) in cases {
        let found = verification(parameters, environment);
        assert_eq!(found, expected, "{parameters} {environment:?}");
    }
    let found = settings("postgresql://h/m?sslcertmode=disable&sslcert=/c&sslkey=/k", &[]);
    assert_eq!(found.unwrap().certificate, None);
}

#[test]
fn the_files_of_the_user_count() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join(".postgresql");
    std::fs::create_dir(&folder).unwrap();
    let environment = [("HOME", home.path().to_str().unwrap())];
    assert_eq!(verification("sslmode=require", &environment), "Require");
    let root = folder.join("root.crt");
    std::fs::write(&root, "").unwrap();
    for (mode, expected) in
        [("require", "VerifyCa"), ("verify-ca", "VerifyCa"), ("verify-full", "VerifyFull")]
    {
        let expected = format!("{expected} by {}", root.display());
        assert_eq!(verification(&format!("sslmode={mode}"), &environment), expected);
    }
    std::fs::write(folder.join("root.crl"), "").unwrap();
    assert_eq!(verification("sslmode=prefer", &environment), "Prefer");
    let error = settings("postgresql://h/m?sslmode=verify-ca", &environment).unwrap_err();
    assert!(error.to_string().contains("root.crl"), "{error}");
}

/// The second table of `docs/connections.md`.
#[test]
fn what_cannot_be_met_is_refused() {
    let cases: [(&str, Environment<'_>, &str); 45] = [
        ("sslmode=verify-ca", &[], "root certificate"),
        ("sslmode=verify-full", &[], "root certificate"),
        ("sslmode=require&sslrootcert=system", &[], "sslrootcert=system"),
        ("sslmode=disable&sslrootcert=system", &[], "sslrootcert=system"),
        ("sslrootcert=system", &[("PGSSLMODE", "verify-ca")], "sslrootcert=system"),
        ("require_auth=scram-sha-256", &[], "require_auth"),
        ("require_auth=!password", &[], "require_auth"),
        ("require_auth=SECRET", &[], "require_auth"),
        ("require_auth=gss", &[], "require_auth"),
        ("", &[("PGREQUIREAUTH", "scram-sha-256")], "PGREQUIREAUTH"),
        ("channel_binding=require", &[], "channel_binding"),
        ("channel_binding=SECRET", &[], "channel_binding"),
        ("", &[("PGCHANNELBINDING", "require")], "PGCHANNELBINDING"),
        ("gssencmode=require", &[], "gssencmode"),
        ("", &[("PGGSSENCMODE", "require")], "PGGSSENCMODE"),
        ("sslnegotiation=direct", &[], "sslnegotiation"),
        ("", &[("PGSSLNEGOTIATION", "direct")], "PGSSLNEGOTIATION"),
        ("requirepeer=SECRET", &[], "requirepeer"),
        ("", &[("PGREQUIREPEER", "SECRET")], "PGREQUIREPEER"),
        ("sslcrl=/SECRET", &[], "sslcrl"),
        ("", &[("PGSSLCRL", "/SECRET")], "PGSSLCRL"),
        ("sslcrldir=/SECRET", &[], "sslcrldir"),
        ("", &[("PGSSLCRLDIR", "/SECRET")], "PGSSLCRLDIR"),
        ("sslpassword=SECRET", &[], "sslpassword"),
        ("sslsni=0", &[], "sslsni"),
        ("", &[("PGSSLSNI", "0")], "PGSSLSNI"),
        ("sslcertmode=require", &[], "sslcertmode"),
        ("", &[("PGSSLCERTMODE", "require")], "PGSSLCERTMODE"),
        ("ssl_min_protocol_version=TLSv1.3", &[], "ssl_min_protocol_version"),
        ("", &[("PGSSLMINPROTOCOLVERSION", "TLSv1.3")], "PGSSLMINPROTOCOLVERSION"),
        ("ssl_max_protocol_version=TLSv1.2", &[], "ssl_max_protocol_version"),
        ("", &[("PGSSLMAXPROTOCOLVERSION", "TLSv1.2")], "PGSSLMAXPROTOCOLVERSION"),
        ("min_protocol_version=3.2", &[], "min_protocol_version"),
        ("", &[("PGMINPROTOCOLVERSION", "latest")], "PGMINPROTOCOLVERSION"),
        ("scram_client_key=SECRET", &[], "scram_client_key"),
        ("scram_server_key=SECRET", &[], "scram_server_key"),
        ("oauth_issuer=SECRET", &[], "oauth_issuer"),
        ("ssl-mode=SECRET", &[], "ssl-mode"),
        ("ssl_ca=/SECRET", &[], "ssl_ca"),
        ("SSLMODE=SECRET", &[], "SSLMODE"),
        ("ssl=SECRET", &[], "ssl"),
        ("tls=SECRET", &[], "tls"),
        ("peer=SECRET", &[], "peer"),
        ("service=missing", &[], "missing"),
        ("", &[("PGSERVICE", "missing")], "missing"),
    ];
    for (parameters, environment, named) in cases {
        let error = settings(&format!("postgresql://h/m?{parameters}"), environment).unwrap_err();
        let Error::Url { problem, remedy, .. } = error else { panic!("{parameters}: {error:?}") };
        assert!(problem.contains(named), "{parameters}: {problem}");
        assert!(!format!("{problem} {remedy:?}").contains("SECRET"), "{problem} {remedy:?}");
    }
}

#[test]
fn what_is_met_is_taken() {
    for parameter in [
        "require_auth=password,md5,scram-sha-256,none",
        "require_auth=!gss,!sspi",
        "require_auth=",
        "channel_binding=prefer",
        "channel_binding=disable",
        "gssencmode=disable",
        "gssencmode=prefer",
        "sslnegotiation=postgres",
        "sslsni=1",
        "sslcertmode=allow",
        "ssl_min_protocol_version=TLSv1.2",
        "ssl_max_protocol_version=TLSv1.3",
        "sslcompression=1",
        "krbsrvname=x",
        "gsslib=gssapi",
        "max_protocol_version=3.2",
        "min_protocol_version=3.0",
    ] {
        let found = settings(&format!("postgresql://h/m?{parameter}"), &[]).unwrap();
        assert!(found.warnings.is_empty(), "{parameter}: {:?}", found.warnings);
    }
}
