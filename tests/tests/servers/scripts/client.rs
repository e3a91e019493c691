//! Runs a script by the server's own client.

use std::process::{Command, Stdio};

use mlflow_migrate_backend_mysql::MysqlScript;
use mlflow_migrate_backend_postgres::PostgresScript;
use mlflow_migrate_backend_sqlite::SqliteScript;
use mlflow_migrate_core::data::DataOptions;
use mlflow_migrate_core::schema::platform::Dialect;
use mlflow_migrate_core::script::{ScriptDialect, ScriptOptions};
use mlflow_migrate_tests::capability::Capability;
use mlflow_migrate_tests::database::TestDatabase;
use mlflow_migrate_tests::reference::Server;
use mlflow_migrate_tests::server::TestServer;

/// The time of every upgrade here, which a data migration writes.
pub(super) const NOW_MS: i64 = 1_790_000_000_123;

/// Returns how scripts are written here.
pub(super) fn options() -> ScriptOptions {
    let command = |revision: &str| format!("upgrade to {revision}");
    ScriptOptions { data: data(), step_by_step: false, command }
}

/// Returns what the data migrations get here.
pub(super) fn data() -> DataOptions {
    let mut data = DataOptions::default();
    data.now_ms = NOW_MS;
    data
}

/// Returns the dialect whose scripts are for a server. The one of MySQL 5.7 is for 5.6 as well.
pub(super) fn dialect(server: &TestServer) -> Box<dyn ScriptDialect> {
    let mysql = |version: &str| Box::new(MysqlScript::new(version).unwrap());
    match server.reference() {
        Server::Sqlite => Box::new(SqliteScript),
        Server::Postgres => Box::new(PostgresScript),
        Server::Mysql56 | Server::Mysql57 => mysql("5.7.44"),
        Server::Mysql => mysql("8.0.16"),
        Server::Mariadb => mysql("10.8.1-MariaDB"),
    }
}

/// The client that runs the scripts of a server.
pub(super) const CLIENT: Capability = Capability::new("the server's own client", |server| {
    let program = match server.dialect() {
        Dialect::Sqlite => "sqlite3",
        Dialect::Postgres => "psql",
        Dialect::Mysql => "mariadb",
    };
    Command::new(program).arg("--version").output().is_ok()
});

/// Runs a script by the client, and returns what the client wrote of errors if it failed.
pub(super) fn run(database: &dyn TestDatabase, script: &str) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("script.sql");
    std::fs::write(&file, script).unwrap();
    let input = || Stdio::from(std::fs::File::open(&file).unwrap());
    let mut command;
    match (database.path(), database.address()) {
        (Some(path), _) => {
            command = Command::new("sqlite3");
            command.arg(path).stdin(input());
        }
        (None, Some(address)) if address.is_postgres() => {
            command = Command::new("psql");
            command.args(["-X", "-q", "-h", &address.host, "-p", &address.port.to_string()]);
            command.args(["-U", &address.user, "-d", &address.database, "-f"]).arg(&file);
        }
        (None, address) => {
            let address = address.unwrap();
            command = Command::new("mariadb");
            command.args(["--no-defaults", "--skip-ssl", "--protocol=tcp"]);
            command.arg(format!("--host={}", address.host));
            command.arg(format!("--port={}", address.port));
            command.arg(format!("--user={}", address.user));
            command.arg(&address.database).stdin(input());
        }
    }
    let ran = command.output().unwrap();
    let errors = String::from_utf8_lossy(&ran.stderr).into_owned();
    if ran.status.success() { Ok(()) } else { Err(errors) }
}
