//! Whom a connection trusts: the file in the URL and nobody else, or the system's authorities where
//! the URL asks for these.

use std::path::Path;

use mlflow_migrate_tests::address::Address;
use mlflow_migrate_tests::capability::{CERTIFICATE_AUTHORITY, TLS};
use mlflow_migrate_tests::server::TestServer;

use crate::sandbox::Sandbox;

const OK: i32 = 0;
/// The connection cannot be encrypted as it should.
const UNTRUSTED: i32 = 32;

/// Parameters, with `OWN` for the authority of the server and `OTHER` for another one; whether the
/// system knows the server's; and what comes of it.
type Case = (&'static str, bool, i32);

const POSTGRES: &[Case] = &[
    ("sslmode=verify-full&sslrootcert=OWN", false, OK),
    ("sslmode=verify-full&sslrootcert=OTHER", true, UNTRUSTED),
    ("sslmode=verify-ca&sslrootcert=OTHER", true, UNTRUSTED),
    ("sslmode=require&sslrootcert=OTHER", true, UNTRUSTED),
    ("sslmode=require&sslrootcert=OWN", false, OK),
    ("sslrootcert=system", true, OK),
    ("sslrootcert=system", false, UNTRUSTED),
];

const MYSQL: &[Case] = &[
    ("ssl_ca=OWN", false, OK),
    ("ssl_ca=OTHER", true, UNTRUSTED),
    ("ssl_ca=OTHER&ssl_check_hostname=false", true, UNTRUSTED),
    ("ssl_mode=VERIFY_CA&ssl_ca=OTHER", true, UNTRUSTED),
    ("ssl_mode=REQUIRED&ssl_ca=OTHER", true, UNTRUSTED),
    ("ssl_mode=VERIFY_IDENTITY&ssl_ca=OWN", false, OK),
    ("ssl_verify_cert=true", true, OK),
    ("ssl_verify_cert=true", false, UNTRUSTED),
    ("ssl_verify_identity=true", true, OK),
];

/// The same under a name that is not in the server's certificate.
const POSTGRES_BY_ANOTHER_NAME: &[Case] = &[
    ("sslmode=verify-full&sslrootcert=OWN", false, UNTRUSTED),
    ("sslrootcert=system", true, UNTRUSTED),
    ("sslmode=verify-ca&sslrootcert=OWN", false, OK),
    ("sslmode=require&sslrootcert=OWN", false, OK),
];

const MYSQL_BY_ANOTHER_NAME: &[Case] = &[
    ("ssl_ca=OWN", false, UNTRUSTED),
    ("ssl_verify_cert=true", true, UNTRUSTED),
    ("ssl_ca=OWN&ssl_check_hostname=false", false, OK),
    ("ssl_mode=VERIFY_CA&ssl_ca=OWN", false, OK),
];

#[test]
fn only_whom_the_url_names() {
    let sandbox = Sandbox::new();
    let servers = TestServer::given().unwrap_or_else(|problem| panic!("{problem}"));
    for server in servers.iter().filter(|server| TLS.is_of(server)) {
        let database = server.new_database();
        let address = database.address().unwrap().without_parameters();
        let renamed = Address { host: "localhost".to_owned(), ..address.clone() };
        let (cases, other_cases) = match server.is_postgres() {
            true => (POSTGRES, POSTGRES_BY_ANOTHER_NAME),
            false => (MYSQL, MYSQL_BY_ANOTHER_NAME),
        };
        for (address, cases) in [(address, cases), (renamed, other_cases)] {
            for case in cases {
                let (code, told) = met(&sandbox, &address, case);
                assert_eq!(code, case.2, "{}, {}, {case:?}: {told}", server.name(), address.host);
            }
        }
    }
}

/// How a case comes out.
fn met(sandbox: &Sandbox, address: &Address, case: &Case) -> (i32, String) {
    let (parameters, is_known, _) = *case;
    let own = std::env::var(CERTIFICATE_AUTHORITY).unwrap();
    let other = Path::new(&own).with_file_name("unrelated-ca.pem");
    let other = other.to_str().unwrap();
    let parameters = parameters.replace("OWN", &own).replace("OTHER", other);
    let url = format!("{address}?{parameters}");
    let mut command = sandbox.command(&["history", &url]);
    command.env("SSL_CERT_FILE", if is_known { &own } else { other });
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code().unwrap(), told)
}
