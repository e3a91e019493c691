//! The table of `docs/connections.md`, row by row.

use std::fs;

use mlflow_migrate_core::Error;
use tempfile::TempDir;

use super::protection::verification;
use super::{Settings, is_trusted, settings, table};

/// A row, the parameters and variables that the row describes, and the expected result.
type Case = (&'static str, &'static str, &'static [(&'static str, &'static str)], &'static str);

const REFUSED: &str = "refused";

/// Replaced by the home folder of a user with a `root.crt`, or with a `root.crl` too.
const WITH_ROOT: (&str, &str) = ("HOME", "WITH_ROOT");
const WITH_CRL: (&str, &str) = ("HOME", "WITH_CRL");
/// Replaced by a service file.
const SERVICES: (&str, &str) = ("PGSERVICEFILE", "SERVICES");

const SERVICE: &str = "`service=S`, `servicefile=F`, `PGSERVICE`, `PGSERVICEFILE`, `PGSYSCONFDIR`";
const VARIABLES: &str = "`PGSSLMODE`, `PGSSLROOTCERT`, `PGSSLCERT`, `PGSSLKEY`";
const PREFER: &str = "nothing; `sslmode=prefer`";
const NO_FILE: &str = "`sslmode=verify-ca` or `verify-full`, no file";
const WEAKER: &str = "`sslrootcert=system` with a weaker `sslmode`";
const PREFER_FILE: &str = "`sslmode=prefer` or none, `sslrootcert=F`";
const SOCKET: &str = "any `sslmode`, over a socket";
const CRL: &str = "`sslcrl`, `sslcrldir`, `PGSSLCRL`, `PGSSLCRLDIR`";
const NO_EFFECT: &str = "`gssencmode=disable`, `channel_binding=prefer`, `sslnegotiation=postgres`, `sslcompression`, `krbsrvname`, `gsslib`, `max_protocol_version`";
const UNKNOWN: &str = "unknown, with `ssl`, `tls`, `auth`, `gss`, `channel`, `crl` or `peer` in it (`ssl-mode`, `oauth_issuer`)";
const NO_HOST: &str = "no host";

const CASES: &[Case] = &[
    (PREFER, "", &[], "Prefer"),
    (PREFER, "sslmode=prefer", &[], "Prefer"),
    ("`sslmode=disable`", "sslmode=disable", &[], "Disable"),
    ("`sslmode=allow`", "sslmode=allow", &[], "Allow"),
    ("`sslmode=require`", "sslmode=require", &[], "Require"),
    ("`sslmode=require`", "sslmode=require", &[WITH_ROOT], "VerifyCa by ROOT"),
    ("`sslmode=require&sslrootcert=F`", "sslmode=require&sslrootcert=/f", &[], "VerifyCa by /f"),
    (
        "`sslmode=verify-ca&sslrootcert=F`",
        "sslmode=verify-ca&sslrootcert=/f",
        &[],
        "VerifyCa by /f",
    ),
    (
        "`sslmode=verify-full&sslrootcert=F`",
        "sslmode=verify-full&sslrootcert=/f",
        &[],
        "VerifyFull by /f",
    ),
    (NO_FILE, "sslmode=verify-ca", &[], REFUSED),
    (NO_FILE, "sslmode=verify-full", &[], REFUSED),
    (NO_FILE, "", &[("PGSSLMODE", "verify-full")], REFUSED),
    (PREFER_FILE, "sslmode=prefer&sslrootcert=/f", &[], "Prefer"),
    (PREFER_FILE, "sslrootcert=/f", &[], "Prefer"),
    (PREFER_FILE, "", &[WITH_ROOT], "Prefer"),
    ("`sslrootcert=system`", "sslrootcert=system", &[], "VerifyFull by the system"),
    ("`sslrootcert=system`", "", &[("PGSSLROOTCERT", "system")], "VerifyFull by the system"),
    (WEAKER, "sslrootcert=system&sslmode=require", &[], REFUSED),
    (WEAKER, "sslrootcert=system&sslmode=verify-ca", &[], REFUSED),
    (WEAKER, "sslrootcert=system&sslmode=disable", &[], REFUSED),
    (WEAKER, "sslmode=prefer", &[("PGSSLROOTCERT", "system")], REFUSED),
    (SOCKET, "host=/run/pg&sslmode=verify-full", &[], "VerifyFull"),
    (SOCKET, "host=/run/pg&sslmode=require", &[], "Require"),
    (VARIABLES, "", &[("PGSSLMODE", "require")], "Require"),
    (VARIABLES, "sslmode=disable", &[("PGSSLMODE", "require")], "Disable"),
    (VARIABLES, "sslmode=require", &[("PGSSLROOTCERT", "/f")], "VerifyCa by /f"),
    (VARIABLES, "", &[("PGSSLCERT", "/c"), ("PGSSLKEY", "/k")], "Prefer shows /c /k"),
    (VARIABLES, "service=own", &[SERVICES, ("PGSSLMODE", "disable")], "VerifyFull by /f"),
    ("`requiressl=1`", "requiressl=1", &[], "Require"),
    ("`requiressl=1`", "requiressl=1&sslmode=verify-ca&sslrootcert=/f", &[], "VerifyCa by /f"),
    ("`PGREQUIRESSL=1`", "", &[("PGREQUIRESSL", "1")], "Require"),
    ("`PGREQUIRESSL=1`", "sslmode=disable", &[("PGREQUIRESSL", "1")], "Disable"),
    ("`sslcert=C&sslkey=K`", "sslcert=/c&sslkey=/k", &[], "Prefer shows /c /k"),
    (
        "`sslcertmode=disable`, `PGSSLCERTMODE`",
        "sslcertmode=disable&sslcert=/c&sslkey=/k",
        &[],
        "Prefer",
    ),
    (
        "`sslcertmode=disable`, `PGSSLCERTMODE`",
        "sslcert=/c&sslkey=/k",
        &[("PGSSLCERTMODE", "disable")],
        "Prefer",
    ),
    ("`sslcertmode=require`", "sslcertmode=require", &[], REFUSED),
    (SERVICE, "service=own", &[SERVICES], "VerifyFull by /f"),
    (SERVICE, "", &[SERVICES, ("PGSERVICE", "own")], "VerifyFull by /f"),
    (SERVICE, "service=own&servicefile=SERVICES", &[], "VerifyFull by /f"),
    (SERVICE, "service=own", &[("PGSYSCONFDIR", "SYSTEM")], "VerifyFull by /f"),
    ("`require_auth`, `PGREQUIREAUTH`", "require_auth=scram-sha-256", &[], REFUSED),
    ("`require_auth`, `PGREQUIREAUTH`", "", &[("PGREQUIREAUTH", "!password")], REFUSED),
    (
        "`require_auth`, `PGREQUIREAUTH`",
        "require_auth=none,password,md5,scram-sha-256",
        &[],
        "Prefer",
    ),
    ("`channel_binding=require`, `PGCHANNELBINDING`", "channel_binding=require", &[], REFUSED),
    (
        "`channel_binding=require`, `PGCHANNELBINDING`",
        "",
        &[("PGCHANNELBINDING", "require")],
        REFUSED,
    ),
    ("`gssencmode=require`, `PGGSSENCMODE`", "gssencmode=require", &[], REFUSED),
    ("`gssencmode=require`, `PGGSSENCMODE`", "", &[("PGGSSENCMODE", "require")], REFUSED),
    ("`sslnegotiation=direct`, `PGSSLNEGOTIATION`", "sslnegotiation=direct", &[], REFUSED),
    ("`sslnegotiation=direct`, `PGSSLNEGOTIATION`", "", &[("PGSSLNEGOTIATION", "direct")], REFUSED),
    ("`requirepeer`, `PGREQUIREPEER`", "requirepeer=postgres", &[], REFUSED),
    ("`requirepeer`, `PGREQUIREPEER`", "", &[("PGREQUIREPEER", "postgres")], REFUSED),
    (CRL, "sslcrl=/f", &[], REFUSED),
    (CRL, "sslcrldir=/f", &[], REFUSED),
    (CRL, "", &[("PGSSLCRL", "/f")], REFUSED),
    (CRL, "", &[("PGSSLCRLDIR", "/f")], REFUSED),
    (
        "`~/.postgresql/root.crl`, where a certificate is checked",
        "sslmode=verify-ca",
        &[WITH_CRL],
        REFUSED,
    ),
    (
        "`~/.postgresql/root.crl`, where a certificate is checked",
        "sslmode=prefer",
        &[WITH_CRL],
        "Prefer",
    ),
    ("`sslpassword`", "sslpassword=x", &[], REFUSED),
    ("`sslsni=0`, `PGSSLSNI`", "sslsni=0", &[], REFUSED),
    ("`sslsni=0`, `PGSSLSNI`", "", &[("PGSSLSNI", "0")], REFUSED),
    (
        "`ssl_min_protocol_version`, `PGSSLMINPROTOCOLVERSION`",
        "ssl_min_protocol_version=TLSv1.3",
        &[],
        REFUSED,
    ),
    (
        "`ssl_min_protocol_version`, `PGSSLMINPROTOCOLVERSION`",
        "",
        &[("PGSSLMINPROTOCOLVERSION", "TLSv1.2")],
        "Prefer",
    ),
    (
        "`ssl_max_protocol_version`, `PGSSLMAXPROTOCOLVERSION`",
        "ssl_max_protocol_version=TLSv1.2",
        &[],
        REFUSED,
    ),
    (
        "`ssl_max_protocol_version`, `PGSSLMAXPROTOCOLVERSION`",
        "",
        &[("PGSSLMAXPROTOCOLVERSION", "TLSv1.3")],
        "Prefer",
    ),
    ("`min_protocol_version`, `PGMINPROTOCOLVERSION`", "min_protocol_version=3.2", &[], REFUSED),
    (
        "`min_protocol_version`, `PGMINPROTOCOLVERSION`",
        "",
        &[("PGMINPROTOCOLVERSION", "3.0")],
        "Prefer",
    ),
    ("`scram_client_key`, `scram_server_key`", "scram_client_key=x", &[], REFUSED),
    ("`scram_client_key`, `scram_server_key`", "scram_server_key=x", &[], REFUSED),
    (NO_EFFECT, "gssencmode=disable&channel_binding=prefer&sslnegotiation=postgres", &[], "Prefer"),
    (NO_EFFECT, "sslcompression=1&krbsrvname=x&gsslib=x&max_protocol_version=3.2", &[], "Prefer"),
    (UNKNOWN, "ssl-mode=require", &[], REFUSED),
    (UNKNOWN, "oauth_issuer=x", &[], REFUSED),
    (UNKNOWN, "SSLMODE=require", &[], REFUSED),
    ("any other unknown one", "wibble=x", &[], "Prefer warns"),
    (NO_HOST, "host=", &[], "Prefer"),
];

/// The files that the cases name.
struct Files(TempDir);

impl Files {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (home, files) in [("root", &["root.crt"][..]), ("crl", &["root.crt", "root.crl"])] {
            let own = folder.path().join(home).join(".postgresql");
            fs::create_dir_all(&own).unwrap();
            for file in files {
                fs::write(own.join(file), "").unwrap();
            }
        }
        let service = "[own]\nsslmode=verify-full\nsslrootcert=/f\n";
        fs::write(folder.path().join("pg_service.conf"), service).unwrap();
        Self(folder)
    }

    fn named(&self, text: &str) -> String {
        let path = |name: &str| self.0.path().join(name).display().to_string();
        text.replace("WITH_ROOT", &path("root"))
            .replace("WITH_CRL", &path("crl"))
            .replace("SERVICES", &path("pg_service.conf"))
            .replace("SYSTEM", &path(""))
            .replace("ROOT", &path("root/.postgresql/root.crt"))
    }
}

fn shown(found: &Settings) -> String {
    match (&found.certificate, &found.key) {
        (Some(certificate), Some(key)) => {
            format!(" shows {} {}", certificate.display(), key.display())
        }
        _ if found.warnings.is_empty() => String::new(),
        _ => " warns".to_owned(),
    }
}

#[test]
fn every_row_is_what_is_done() {
    let refused = |(row, _, _, expected): &Case| (*row, *expected == REFUSED);
    let cases: Vec<(&str, bool)> = CASES.iter().map(refused).collect();
    table::assert_covered("PostgreSQL", &cases);
    let files = Files::new();
    for (row, parameters, variables, expected) in CASES {
        let parameters = files.named(parameters);
        let variables: Vec<(&str, String)> =
            variables.iter().map(|(name, value)| (*name, files.named(value))).collect();
        let environment: Vec<(&str, &str)> =
            variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        match settings(&format!("postgresql://h/m?{parameters}"), &environment) {
            Ok(found) => {
                let told = verification(&parameters, &environment) + &shown(&found);
                assert_eq!(told, files.named(expected), "{row}: {parameters} {environment:?}");
            }
            Err(error) => {
                assert!(matches!(error, Error::Url { .. }), "{row}: {error}");
                assert_eq!(*expected, REFUSED, "{row}: {parameters} {environment:?}: {error}");
            }
        }
    }
}

/// Without a host, a socket of another user does not count.
#[test]
fn no_host_is_the_servers_own_socket() {
    let found = settings("postgresql:///m", &[]).unwrap().endpoints;
    let hosts = ["/var/run/postgresql", "/tmp", "localhost"];
    assert!(found.len() == 1 && hosts.contains(&found[0].host.as_str()), "{found:?}");
    let is_foreign = found[0].host == "/tmp" && !is_trusted("/tmp/.s.PGSQL.5432".as_ref());
    assert!(!is_foreign);
}

/// Several hosts are tried, each with its port; an address replaces the host's own.
#[test]
fn several_hosts_are_what_the_table_says() {
    const LISTS: &str = "`h1:p1,h2:p2/db`, `host=h1,h2&port=p1,p2`, `host=h1:p1&host=h2:p2`";
    const ADDRESS: &str = "`hostaddr=A` with a host";
    const KIND: &str = "`target_session_attrs`, `PGTARGETSESSIONATTRS`";
    const ORDER: &str = "`load_balance_hosts=random`, `PGLOADBALANCEHOSTS`";
    let cases = [
        (LISTS, "postgresql://a:1,b:2/m", "a:1 b:2"),
        (LISTS, "postgresql:///m?host=a,b&port=1,2", "a:1 b:2"),
        (LISTS, "postgresql:///m?host=a,b&port=1", "a:1 b:1"),
        (LISTS, "postgresql:///m?host=a:1&host=b:2", "a:1 b:2"),
        (LISTS, "postgresql:///m?host=a,b&port=1,2,3", REFUSED),
        ("`h1,h2:p2/db`", "postgresql://a,b:2/m", "a:2 b:2"),
        (ADDRESS, "postgresql://a:1/m?hostaddr=192.0.2.1", "a:1 at 192.0.2.1"),
        (KIND, "postgresql://a:1/m?target_session_attrs=primary", "a:1"),
        (ORDER, "postgresql://a:1/m?load_balance_hosts=random", "a:1"),
    ];
    let mut rows: Vec<(&str, bool)> = cases.iter().map(|(row, ..)| (*row, false)).collect();
    rows.push((LISTS, true));
    table::assert_covered("Several hosts", &rows);
    for (row, url, expected) in cases {
        let told = match settings(url, &[]) {
            Ok(found) => {
                let shown = found.endpoints.iter().map(|it| {
                    let address = it.address.as_ref().map(|address| format!(" at {address}"));
                    format!("{}:{}{}", it.host, it.port, address.unwrap_or_default())
                });
                shown.collect::<Vec<_>>().join(" ")
            }
            Err(_) => REFUSED.to_owned(),
        };
        assert_eq!(told, expected, "{row}: {url}");
    }
    for parameter in ["target_session_attrs", "load_balance_hosts"] {
        let wrong = settings(&format!("postgresql://a/m?{parameter}=wrong"), &[]);
        assert!(matches!(wrong, Err(Error::Url { .. })), "{parameter}");
    }
}
