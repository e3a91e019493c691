//! Clusters of three servers that a test program has for itself; the scripts of `tests/servers` start them.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::address::Address;
use crate::mysql;
use crate::private_server::{SAFE, run, scripts};
use crate::server::TestServer;

/// How long the nodes may take to become equal.
const PATIENCE: Duration = Duration::from_secs(20);

/// Three nodes, which end with this value.
#[derive(Debug)]
pub struct PrivateCluster {
    name: &'static str,
    folder: PathBuf,
    nodes: Vec<Address>,
    server: TestServer,
    /// Ends the servers when its input ends.
    guard: Mutex<Child>,
}

impl PrivateCluster {
    /// Starts a new one: `galera` or `group`.
    ///
    /// # Errors
    /// If it does not start.
    pub fn start(name: &'static str) -> Result<Self, String> {
        let folder = tempfile::Builder::new().prefix("mlflow-migrate-cluster.").tempdir();
        let folder = folder.map_err(|error| error.to_string())?.keep();
        let mut guard = Command::new("setsid");
        guard.arg(scripts().join("guard.sh")).arg(name).arg(&folder).stdin(Stdio::piped());
        let guard = Mutex::new(guard.spawn().map_err(|error| error.to_string())?);
        let urls =
            run(Command::new(scripts().join(name).join("start.sh")).arg(&folder).envs(SAFE))?;
        let nodes: Result<Vec<Address>, String> =
            urls.split_whitespace().map(Address::parse).collect();
        let nodes = nodes?;
        let first = nodes.first().ok_or("the cluster has no node")?;
        let server = TestServer::at_address(first)?;
        Ok(Self { name, folder, nodes, server, guard })
    }

    /// How databases are made on it: through the first node.
    #[must_use]
    pub fn server(&self) -> &TestServer {
        &self.server
    }

    /// Where a node is, by its number from 1; of a group the first is the primary.
    ///
    /// # Panics
    /// If there is no such node.
    #[must_use]
    pub fn node(&self, number: usize) -> &Address {
        &self.nodes[number - 1]
    }

    /// Runs a statement at one node.
    ///
    /// # Panics
    /// If the node refuses it.
    pub fn run(&self, node: usize, sql: &str) {
        mysql::run(self.node(node), sql);
    }

    /// Ends a node as `kill -9` does.
    ///
    /// # Panics
    /// If that cannot be done.
    #[allow(clippy::expect_used, reason = "a test cannot go on then")]
    pub fn kill(&self, node: usize) {
        let folder = self.folder.join(format!("n{node}"));
        let mut command = Command::new(scripts().join("kill.sh"));
        run(command.arg(self.name).arg(folder)).expect("kill.sh");
    }

    /// Sends a signal to a node's process: `STOP`, `CONT`.
    ///
    /// # Panics
    /// If that cannot be done.
    #[allow(clippy::expect_used, reason = "a test cannot go on then")]
    pub fn signal(&self, node: usize, signal: &str) {
        let file = self.folder.join(format!("n{node}")).join("mysqld.pid");
        let process = std::fs::read_to_string(file).expect("a running node");
        run(Command::new("kill").args(["-s", signal, process.trim()])).expect("kill");
    }

    /// Starts a node again, which joins the others.
    ///
    /// # Panics
    /// If it does not come up.
    #[allow(clippy::expect_used, reason = "a test cannot go on then")]
    pub fn restart(&self, node: usize) {
        let mut command = Command::new(scripts().join(self.name).join("start.sh"));
        run(command.arg(&self.folder).arg(node.to_string()).envs(SAFE))
            .expect("the node joins again");
    }

    /// Makes sure that nodes hold the same of a database: its tables and their rows.
    ///
    /// # Panics
    /// If they do not come to that.
    #[allow(clippy::panic, reason = "this is what a test asserts")]
    pub fn assert_equal(&self, database: &str, nodes: &[usize]) {
        let began = Instant::now();
        loop {
            let found: Vec<_> = nodes.iter().map(|node| self.contents(database, *node)).collect();
            if found.iter().all(|contents| contents.is_ok() && *contents == found[0]) {
                return;
            }
            if began.elapsed() > PATIENCE {
                panic!("the nodes differ: {found:#?}");
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    fn contents(&self, database: &str, node: usize) -> Result<Vec<String>, String> {
        let address = self.node(node).of_database(database);
        let query = |sql: &str| mysql::attempt(&address, sql).map_err(|error| error.to_string());
        let tables = "SELECT TABLE_NAME FROM information_schema.TABLES \
                      WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME";
        let mut contents = Vec::new();
        for table in query(tables)?.into_iter().flatten() {
            let crate::database::Cell::Text(table) = table else { continue };
            for sql in [format!("SHOW CREATE TABLE {table}"), format!("CHECKSUM TABLE {table}")] {
                contents.push(format!("{:?}", query(&sql)?));
            }
        }
        Ok(contents)
    }
}

impl Drop for PrivateCluster {
    fn drop(&mut self) {
        if let Ok(mut guard) = self.guard.lock() {
            drop(guard.stdin.take());
            let _ = guard.wait();
        }
    }
}
