//! URLs and environments, and what is made of them.

use std::collections::BTreeMap;
use std::time::Duration;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::url::{Secret, ServerUrl};

use super::{Endpoint, Settings, TlsMode, parse_options};

fn settings(url: &str, environment: &[(&str, &str)]) -> Result<Settings, Error> {
    let variable = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let environment: BTreeMap<String, String> = environment.iter().map(variable).collect();
    Settings::from_url(&ServerUrl::parse(url).unwrap(), &environment)
}

fn endpoints(url: &str, environment: &[(&str, &str)]) -> Vec<(String, u16)> {
    let as_pair = |Endpoint { host, port }| (host, port);
    settings(url, environment).unwrap().endpoints.into_iter().map(as_pair).collect()
}

#[test]
fn a_url_names_its_server() {
    let environment = [("PGHOST", "other"), ("PGPORT", "6000")];
    for (url, expected) in [
        ("postgresql://db.example:5433/m", vec![("db.example", 5433)]),
        ("postgresql://db.example/m", vec![("db.example", 6000)]),
        ("postgresql+psycopg2:///m", vec![("other", 6000)]),
        ("postgresql:///m?host=/run/pg&port=1", vec![("/run/pg", 1)]),
        ("postgresql://ignored/m?host=db", vec![("db", 6000)]),
        ("postgresql://[::1]:7/m", vec![("::1", 7)]),
        ("postgresql:///m?host=a:1&host=b:2", vec![("a", 1), ("b", 2)]),
        ("postgresql:///m?host=a,b&port=1,2", vec![("a", 1), ("b", 2)]),
    ] {
        let expected: Vec<_> =
            expected.into_iter().map(|(host, port)| (host.to_owned(), port)).collect();
        assert_eq!(endpoints(url, &environment), expected, "{url}");
    }
}

#[test]
fn a_parameter_goes_before_a_part_and_that_before_the_environment() {
    let environment = [
        ("PGUSER", "env"),
        ("PGPASSWORD", "env"),
        ("PGDATABASE", "env"),
        ("PGSSLMODE", "verify-full"),
        ("PGAPPNAME", "env"),
        ("PGCONNECT_TIMEOUT", "0"),
    ];
    let found = settings("postgresql://h", &environment).unwrap();
    assert_eq!(found.user.as_deref(), Some("env"));
    assert_eq!(found.password, Some(Secret("env".to_owned())));
    assert_eq!(found.database.as_deref(), Some("env"));
    assert_eq!(found.tls_mode, TlsMode::VerifyFull);
    assert_eq!(found.application_name, "env");
    assert_eq!(found.timeout, None);
    let url = "postgresql://part:part@h/part?user=own&password=own&dbname=own&sslmode=disable\
               &application_name=own&connect_timeout=1";
    let found = settings(url, &environment).unwrap();
    assert_eq!(found.user.as_deref(), Some("own"));
    assert_eq!(found.password, Some(Secret("own".to_owned())));
    assert_eq!(found.database.as_deref(), Some("own"));
    assert_eq!(found.tls_mode, TlsMode::Disable);
    assert_eq!(found.application_name, "own");
    assert_eq!(found.timeout, Some(Duration::from_secs(2)));
    let found = settings("postgresql://part:part@h/part", &environment).unwrap();
    assert_eq!(found.user.as_deref(), Some("part"));
    assert_eq!(found.password, Some(Secret("part".to_owned())));
    assert_eq!(found.database.as_deref(), Some("part"));
}

#[test]
fn options_are_settings_of_the_session() {
    let pairs = |text: &str| {
        parse_options(text).map(|all| {
            all.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>()
        })
    };
    assert_eq!(pairs("-csearch_path=ml").unwrap(), ["search_path=ml"]);
    assert_eq!(
        pairs("-c search_path=ml,public  --work-mem=1MB -c a=b\\ c").unwrap(),
        ["search_path=ml,public", "work_mem=1MB", "a=b c"]
    );
    assert_eq!(pairs("").unwrap(), [""; 0]);
    for wrong in ["-c", "search_path=ml", "-x y", "-c a"] {
        assert!(pairs(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn what_is_not_understood_is_named_without_its_value() {
    let url = "postgresql://h/m?keepalives=1&gssencmode=prefer&charset=utf8&secret=s3cr3t\
               &charset=x&sslcrl=/x&target_session_attrs=any";
    let warnings = settings(url, &[]).unwrap().warnings;
    assert_eq!(
        warnings,
        [
            "the URL's parameter charset is not known, and ignored",
            "the URL's parameter secret is not known, and ignored",
            "the URL's parameter sslcrl asks for something that is not done here",
        ]
    );
}

#[test]
fn wrong_values_are_refused() {
    for parameter in ["sslmode=yes", "connect_timeout=soon", "options=x", "port=x"] {
        let error = settings(&format!("postgresql://h/m?{parameter}"), &[]);
        assert!(matches!(error, Err(Error::Url { .. })), "{parameter}");
    }
}
