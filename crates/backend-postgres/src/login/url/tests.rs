//! URLs and environments, and the settings that result from them.

use std::collections::BTreeMap;
use std::time::Duration;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::url::{Secret, ServerUrl};

use super::endpoint::{Endpoint, id_of_postgres, is_trusted};
use super::session_kind::SessionKind;
use super::settings::{Settings, TlsMode};
use super::{parse_options, read};

mod documented;
mod protection;
#[path = "../../../../backend-server/documented/table.rs"]
mod table;

fn settings(url: &str, environment: &[(&str, &str)]) -> Result<Settings, Error> {
    let variable = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let environment: BTreeMap<String, String> = environment.iter().map(variable).collect();
    read(&ServerUrl::parse(url).unwrap(), &environment)
}

fn at(host: &str, port: u16) -> Endpoint {
    Endpoint { host: host.to_owned(), port, address: None }
}

fn endpoints(url: &str, environment: &[(&str, &str)]) -> Vec<(String, u16)> {
    let as_pair = |Endpoint { host, port, .. }| (host, port);
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
        ("postgresql:///m?host=a,b&port=1,", vec![("a", 1), ("b", 5432)]),
        ("postgresql:///m?host=a,b&port=1", vec![("a", 1), ("b", 1)]),
        ("postgresql:///m?host=a&host=b:2", vec![("a", 6000), ("b", 2)]),
        ("postgresql://a:1,b:2/m", vec![("a", 1), ("b", 2)]),
        ("postgresql://me:p@a:1,[::1]:2,c/m", vec![("a", 1), ("::1", 2), ("c", 5432)]),
        ("postgresql://[::1],[::2]:7/m", vec![("::1", 5432), ("::2", 7)]),
        ("postgresql://a,b:2/m", vec![("a", 2), ("b", 2)]),
        ("postgresql://a,b/m", vec![("a", 6000), ("b", 6000)]),
        ("postgresql://a:1,b:2/m?host=c", vec![("c", 6000)]),
        ("postgresql:///m?host=h&hostaddr=192.0.2.1", vec![("h", 6000)]),
        ("postgresql:///m?host=/run/pg,b&port=1,2", vec![("/run/pg", 1), ("b", 2)]),
    ] {
        let expected: Vec<_> =
            expected.into_iter().map(|(host, port)| (host.to_owned(), port)).collect();
        assert_eq!(endpoints(url, &environment), expected, "{url}");
    }
}

#[test]
fn an_address_stands_in_for_its_host() {
    let found = |url: &str, environment: &[(&str, &str)]| -> Vec<(String, Option<String>)> {
        let found = settings(url, environment).unwrap().endpoints;
        found.into_iter().map(|it| (it.host, it.address)).collect()
    };
    let pair = |host: &str, address: Option<&str>| (host.to_owned(), address.map(str::to_owned));
    let url = "postgresql:///m?host=a,b&hostaddr=192.0.2.1,::1";
    assert_eq!(found(url, &[]), [pair("a", Some("192.0.2.1")), pair("b", Some("::1"))]);
    let environment = [("PGHOST", "other")];
    let alone = found("postgresql:///m?hostaddr=192.0.2.1", &[]);
    assert_eq!(alone, [pair("192.0.2.1", None)]);
    let of_environment = found("postgresql:///m?hostaddr=192.0.2.1", &environment);
    assert_eq!(of_environment, [pair("other", Some("192.0.2.1"))]);
    let variable = found("postgresql://h/m", &[("PGHOSTADDR", "192.0.2.1")]);
    assert_eq!(variable, [pair("h", Some("192.0.2.1"))]);
}

#[test]
fn lists_that_do_not_fit_are_refused() {
    for (url, problem) in [
        ("postgresql:///m?host=a,b&port=1,2,3", "2 hosts, and 3 ports"),
        ("postgresql://a/m?port=1,2", "1 hosts, and 2 ports"),
        ("postgresql:///m?host=a,b&port=1,x", "its port"),
        ("postgresql:///m?host=a:x&host=b", "its port"),
        ("postgresql:///m?host=a:0&host=b", "its port"),
        ("postgresql:///m?host=a:1&host=b:2&port=1,2", "ports behind the hosts"),
        ("postgresql:///m?host=a,b&hostaddr=192.0.2.1", "2 hosts, and 1 addresses"),
        ("postgresql:///m?hostaddr=name", "its hostaddr"),
        ("postgresql://a/m?target_session_attrs=master", "its target_session_attrs"),
        ("postgresql://a/m?load_balance_hosts=yes", "its load_balance_hosts"),
    ] {
        let error = settings(url, &[]).unwrap_err();
        assert!(matches!(error, Error::Url { .. }), "{url}: {error:?}");
        assert!(error.to_string().contains(problem), "{url}: {error}");
    }
}

#[test]
fn which_servers_are_passed_over() {
    let kind = |attributes: &str| {
        let url = format!("postgresql://h/m?target_session_attrs={attributes}");
        settings(&url, &[]).unwrap().session_kind
    };
    // Whether the server is a standby, whether it is read-only, and which kinds accept it.
    let servers = [(false, false), (false, true), (true, true)];
    for (attributes, taken) in [
        ("any", [true, true, true]),
        ("read-write", [true, false, false]),
        ("read-only", [false, true, true]),
        ("primary", [true, true, false]),
        ("standby", [false, false, true]),
    ] {
        for ((is_standby, is_read_only), is_taken) in servers.into_iter().zip(taken) {
            let lacks = kind(attributes).lacks(is_standby, is_read_only);
            assert_eq!(lacks.is_none(), is_taken, "{attributes}: {is_standby} {is_read_only}");
        }
    }
    assert_eq!(kind("prefer-standby").rounds(), [SessionKind::Standby, SessionKind::Any]);
    let variable = [("PGTARGETSESSIONATTRS", "primary")];
    assert_eq!(settings("postgresql://h/m", &variable).unwrap().session_kind, SessionKind::Primary);
}

#[test]
fn chance_decides_the_order_if_that_is_asked_for() {
    let url = "postgresql:///m?host=a,b,c,d&load_balance_hosts=random";
    let orders: std::collections::BTreeSet<Vec<(String, u16)>> =
        (0..100).map(|_| endpoints(url, &[])).collect();
    assert!(orders.len() > 5 && orders.iter().all(|order| order.len() == 4), "{orders:?}");
}

#[test]
fn a_parameter_goes_before_a_part_and_that_before_the_environment() {
    let environment = [
        ("PGUSER", "env"),
        ("PGPASSWORD", "env"),
        ("PGDATABASE", "env"),
        ("PGSSLMODE", "require"),
        ("PGAPPNAME", "env"),
        ("PGCONNECT_TIMEOUT", "0"),
    ];
    let found = settings("postgresql://h", &environment).unwrap();
    assert_eq!(found.user.as_deref(), Some("env"));
    assert_eq!(found.password, Some(Secret("env".to_owned())));
    assert_eq!(found.database.as_deref(), Some("env"));
    assert_eq!(found.tls_mode, TlsMode::Require);
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
               &charset=x&target_session_attrs=any";
    let warnings = settings(url, &[]).unwrap().warnings;
    assert_eq!(
        warnings,
        [
            "the URL's parameter charset is not known, and ignored",
            "the URL's parameter secret is not known, and ignored",
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

#[test]
fn a_service_comes_before_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pg_service.conf");
    let text = "# ours\n[other]\nhost=other\n\n[own]\nhost=db.own\nport = 7\nuser=me\n\
                password=p=w\ndbname=m\nsslmode=verify-full\nsslrootcert=/f\n[wrong]\nhost\n\
                [strict]\nrequire_auth=md5\n[misspelt]\nssl-mode=x\n";
    std::fs::write(&file, text).unwrap();
    let file = file.to_str().unwrap();
    let environment = [("PGSERVICEFILE", file), ("PGHOST", "env"), ("PGSSLMODE", "disable")];
    let found = settings("postgresql:///?service=own", &environment).unwrap();
    assert_eq!(found.endpoints, [at("db.own", 7)]);
    assert_eq!(found.user.as_deref(), Some("me"));
    assert_eq!(found.password, Some(Secret("p=w".to_owned())));
    assert_eq!(found.database.as_deref(), Some("m"));
    assert_eq!(found.tls_mode, TlsMode::VerifyFull);
    let found = settings("postgresql://u:p@h:1/d?service=own&sslmode=require", &environment);
    let found = found.unwrap();
    assert_eq!(found.endpoints, [at("h", 1)]);
    assert_eq!((found.user.as_deref(), found.database.as_deref()), (Some("u"), Some("d")));
    assert_eq!(found.tls_mode, TlsMode::VerifyCa);
    let system = [("PGSYSCONFDIR", folder.path().to_str().unwrap()), ("PGSERVICE", "other")];
    let found = settings("postgresql:///m", &system).unwrap();
    assert_eq!(found.endpoints, [at("other", 5432)]);
    let url = format!("postgresql:///m?servicefile={file}&service=other");
    assert_eq!(endpoints(&url, &[]), [("other".to_owned(), 5432)]);
    for (service, named) in [
        ("none", "none"),
        ("wrong", "line 14"),
        ("strict", "require_auth"),
        ("misspelt", "ssl-mode"),
    ] {
        let url = format!("postgresql:///m?service={service}");
        let error = settings(&url, &environment).unwrap_err().to_string();
        assert!(error.contains(named), "{error}");
    }
    let gone = [("PGSERVICEFILE", "/no/such/file"), ("PGSERVICE", "own")];
    let error = settings("postgresql:///m", &gone).unwrap_err().to_string();
    assert!(error.contains("/no/such/file"), "{error}");
}

#[test]
fn the_servers_user_is_found() {
    let users = "root:x:0:0::/root:/bin/sh\nmypostgres:x:5::\npostgres:x:111:113::/:/bin/bash\n";
    assert_eq!(id_of_postgres(users), Some(111));
    assert_eq!(id_of_postgres("postgres:x\n"), None);
    assert_eq!(id_of_postgres(""), None);
}

/// A socket in `/tmp`, where anybody can put one.
#[cfg(unix)]
#[test]
fn a_socket_of_somebody_else_is_passed_over() {
    use std::os::unix::fs::chown;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(".s.PGSQL.5432");
    std::fs::write(&path, "").unwrap();
    assert!(is_trusted(&path));
    assert!(!is_trusted(&folder.path().join("none")));
    // Only root can give a file away.
    if chown(&path, Some(12345), None).is_ok() {
        assert!(!is_trusted(&path));
        chown(&path, Some(0), None).unwrap();
        assert!(is_trusted(&path));
    }
}
