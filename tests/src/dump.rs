//! Dumps a database and restores the dump into another one, by the server's own tools where there are any.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::address::Address;
use crate::database::{Cell, TestDatabase};
use crate::reference::Server;
use crate::server::TestServer;

/// The variable with the `mysqldump` that belongs to the current MySQL.
pub const MYSQLDUMP: &str = "MLFLOW_MIGRATE_TEST_MYSQLDUMP";

/// What a tool writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// SQL statements.
    Plain,
    /// PostgreSQL's archive, which `pg_restore` reads.
    Custom,
}

impl Form {
    /// The forms in which the tools of a server write a dump.
    #[must_use]
    pub fn of(server: &TestServer) -> &'static [Self] {
        if server.is_postgres() { &[Self::Plain, Self::Custom] } else { &[Self::Plain] }
    }
}

/// Whether the tool that dumps databases of a server is there. Where servers are given, it has to be.
pub(crate) fn has_tool(server: &TestServer) -> bool {
    if server.is_postgres() {
        return !is_newer_than_tool(server);
    }
    !server.is_sqlite() || Command::new("sqlite3").arg("--version").output().is_ok()
}

/// Whether PostgreSQL's tool is there, and says no to a server that is newer than itself.
fn is_newer_than_tool(server: &TestServer) -> bool {
    let Ok(told) = Command::new("pg_dump").arg("--version").output() else { return false };
    let number = |text: &str| text.split(['.', '-', ' ']).find_map(|word| word.parse::<u32>().ok());
    let (tool, server) = (number(&String::from_utf8_lossy(&told.stdout)), number(server.name()));
    tool.zip(server).is_some_and(|(tool, server)| server > tool)
}

impl TestServer {
    /// Whether a tool that dumps the server's databases can be installed.
    fn has_dump_tool(&self) -> bool {
        !matches!(self.reference(), Server::Mysql56 | Server::Mysql57)
    }
}

/// Another database on the same server that holds what a dump of this one says.
///
/// # Panics
/// If a tool is missing or fails.
#[must_use]
#[allow(clippy::expect_used, reason = "a test without its database cannot go on")]
pub fn restored(
    server: &TestServer,
    database: &dyn TestDatabase,
    form: Form,
) -> Box<dyn TestDatabase> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let dump = folder.path().join("dump");
    let target = server.new_database();
    match (database.address(), target.address()) {
        (Some(from), Some(to)) if server.is_postgres() => postgres(from, to, form, &dump),
        (Some(from), Some(to)) if server.has_dump_tool() => mysql(from, to, server, &dump),
        (Some(from), Some(_)) => by_statements(&from.database, database, &*target),
        _ => sqlite(database, &*target, &dump),
    }
    target
}

fn postgres(from: &Address, to: &Address, form: Form, dump: &Path) {
    let at = |program: &str, address: &Address| {
        let mut command = Command::new(program);
        command.args(["-h", &address.host, "-p", &address.port.to_string(), "-U", &address.user]);
        command.args(["-d", &address.database]);
        command
    };
    let format = if form == Form::Custom { "custom" } else { "plain" };
    run(at("pg_dump", from).args(["--format", format, "--file"]).arg(dump));
    match form {
        Form::Plain => {
            let mut restore = at("psql", to);
            run(restore.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f"]).arg(dump));
        }
        Form::Custom => run(at("pg_restore", to).arg("--exit-on-error").arg(dump)),
    }
}

fn mysql(from: &Address, to: &Address, server: &TestServer, dump: &Path) {
    let own = std::env::var_os(MYSQLDUMP).filter(|_| server.reference() == Server::Mysql);
    let is_own = own.is_some();
    let program = own.map_or_else(|| PathBuf::from("mariadb-dump"), PathBuf::from);
    let at = |program: &Path, is_own: bool, address: &Address| {
        let mut command = Command::new(program);
        let (host, port) = (&address.host, address.port);
        command.args([format!("--host={host}"), format!("--port={port}")]);
        command.arg(format!("--user={}", address.user));
        command.arg(if is_own { "--ssl-mode=DISABLED" } else { "--skip-ssl" });
        command
    };
    let mut dumping = at(&program, is_own, from);
    dumping.args(["--no-tablespaces", "--triggers", "--routines", &from.database]);
    run(dumping.stdout(create(dump)));
    let mut restoring = at(Path::new("mariadb"), false, to);
    run(restoring.arg(&to.database).stdin(open(dump)));
}

/// What the `mysqldump` of servers does for which there is none to install.
fn by_statements(name: &str, from: &dyn TestDatabase, to: &dyn TestDatabase) {
    for row in from.query("SHOW FULL TABLES WHERE Table_type = 'BASE TABLE'") {
        let [Cell::Text(table), _] = row.as_slice() else { continue };
        let created = from.query(&format!("SHOW CREATE TABLE \"{table}\""));
        let Some([_, Cell::Text(sql)]) = created.first().map(Vec::as_slice) else { continue };
        let columns = written_columns(from, table);
        let rows = format!(
            "INSERT INTO \"{table}\" ({columns}) SELECT {columns} FROM \"{name}\".\"{table}\""
        );
        to.run_unchecked(&format!("{sql}; {rows}"));
    }
    for trigger in from.query("SHOW TRIGGERS") {
        let Some(Cell::Text(trigger)) = trigger.first() else { continue };
        let created = from.query(&format!("SHOW CREATE TRIGGER \"{trigger}\""));
        if let Some([_, _, Cell::Text(sql), ..]) = created.first().map(Vec::as_slice) {
            to.run(sql);
        }
    }
}

/// The columns of a table whose values no server computes.
fn written_columns(database: &dyn TestDatabase, table: &str) -> String {
    let columns = database.query(&format!("SHOW COLUMNS FROM \"{table}\""));
    let written = columns.iter().filter_map(|column| match (column.first(), column.last()) {
        (Some(Cell::Text(name)), Some(Cell::Text(extra))) => {
            (!extra.contains("GENERATED")).then(|| format!("\"{name}\""))
        }
        _ => None,
    });
    written.collect::<Vec<_>>().join(", ")
}

/// `.dump` writes the text of every object, and the rows.
fn sqlite(from: &dyn TestDatabase, to: &dyn TestDatabase, dump: &Path) {
    let path = |database: &dyn TestDatabase| database.path().map(Path::to_path_buf);
    let (Some(from), Some(to)) = (path(from), path(to)) else { return };
    run(Command::new("sqlite3").arg(from).arg(".dump").stdout(create(dump)));
    run(Command::new("sqlite3").arg("-bail").arg(to).stdin(open(dump)));
}

#[allow(clippy::expect_used, reason = "a test without its dump cannot go on")]
fn create(dump: &Path) -> Stdio {
    Stdio::from(File::create(dump).expect("a file for the dump"))
}

#[allow(clippy::expect_used, reason = "a test without its dump cannot go on")]
fn open(dump: &Path) -> Stdio {
    Stdio::from(File::open(dump).expect("the dump"))
}

#[allow(clippy::panic, reason = "a test without its tools cannot go on")]
fn run(command: &mut Command) {
    let ran = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let told = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{command:?}: {told}");
}
