//! A database that is missing on its server is created where the user asks for it, and only there.

use mlflow_migrate_tests::address::Address;
use mlflow_migrate_tests::database::TestDatabase;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::{mysql, postgres};

use crate::sandbox::Sandbox;

const UNREACHABLE: i32 = 14;

/// A database that is not there, until somebody creates it.
fn missing(server: &TestServer) -> Box<dyn TestDatabase> {
    let database = server.new_database();
    drop_database(database.address().unwrap());
    database
}

fn drop_database(address: &Address) {
    match address.is_postgres() {
        true => {
            let maintenance = address.of_database("postgres");
            postgres::drop_database(&maintenance, &address.database).unwrap();
        }
        false => mysql::run(address, &format!("DROP DATABASE {}", address.database)),
    }
}

#[test]
fn a_missing_database_is_created_on_request() {
    let servers = TestServer::given().unwrap_or_else(|problem| panic!("{problem}"));
    for server in &servers {
        let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
        for (creates, others) in [
            (&["copy", "mlruns.db"][..], &[&["copy", "mlruns.db", "--dry-run"][..]][..]),
            (
                &["upgrade", "--to", server.head(), "--create"],
                &[&["upgrade"], &["plan"], &["check"]],
            ),
        ] {
            let database = missing(server);
            let address = database.address().unwrap();
            let url = address.without_parameters().to_string();
            for refused in others {
                let ran = sandbox.run(&[*refused, &[&url]].concat());
                assert_eq!(
                    ran.code,
                    UNREACHABLE,
                    "{}: {}{}",
                    server.name(),
                    ran.stdout,
                    ran.stderr
                );
            }
            let ran = sandbox.run(&[creates, &[&url]].concat());
            assert_eq!(ran.code, 0, "{}: {}{}", server.name(), ran.stdout, ran.stderr);
            let told = format!("created the database {}", address.database);
            assert!(ran.stderr.contains(&told), "{}: {}", server.name(), ran.stderr);
            let again = sandbox.run(&["upgrade", "--create", &url, "--to", server.head()]);
            assert_eq!(again.code, 0, "{}: {}{}", server.name(), again.stdout, again.stderr);
            assert!(
                !again.stderr.contains("created the database"),
                "{}: {}",
                server.name(),
                again.stderr
            );
            assert_eq!(sandbox.run(&["check", &url, "--to", server.head()]).code, 0);
        }
    }
}
