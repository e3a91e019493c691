//! Servers that a test program has for itself, to be killed, filled up and set as it likes.
//!
//! The scripts of `tests/servers` start and kill them. Where this is root, the folder of such a server is
//! a file system of its own, in memory, which can be full.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;

use crate::address::Address;
use crate::server::{REQUIRED, TestServer};
use crate::small_disk::{self, Ballast};

/// How much room there is for a server's data, in MiB: several times of what it takes when it is new.
const SIZE: u32 = 768;

/// What outlives a server that is killed: every commit, and no page that is half written. The scripts'
/// servers are quicker than that.
pub(crate) const SAFE: [(&str, &str); 2] = [
    ("PG_ARGS", "-c synchronous_commit=on -c full_page_writes=on"),
    ("MYSQLD_ARGS", "--innodb-flush-log-at-trx-commit=2 --innodb-doublewrite=1"),
];

/// The names of the servers that can be started, as the scripts call them: those that the scripts have
/// started for everybody.
#[must_use]
pub fn names() -> Vec<String> {
    let names = std::env::var(REQUIRED).unwrap_or_default();
    names.split_whitespace().map(ToOwned::to_owned).collect()
}

/// One server, which ends with this value.
#[derive(Debug)]
pub struct PrivateServer {
    name: String,
    folder: PathBuf,
    address: Address,
    server: TestServer,
    /// Ends the server when its input ends.
    guard: Mutex<Child>,
    /// Whether its folder is a file system of its own, or why not.
    disk: Result<(), String>,
}

impl PrivateServer {
    /// Starts a new one.
    ///
    /// # Errors
    /// If it does not start.
    pub fn start(name: &str) -> Result<Self, String> {
        Self::start_with(name, "")
    }

    /// Starts a new one with further options, which it does not have when it is started again.
    ///
    /// # Errors
    /// If it does not start.
    pub fn start_with(name: &str, options: &str) -> Result<Self, String> {
        Self::start_after(name, options, |_| Ok(()))
    }

    /// Starts a standby of this one, a PostgreSQL server. It is called `standby`.
    ///
    /// # Errors
    /// If it does not start.
    pub fn start_standby(&self) -> Result<Self, String> {
        Self::start_after(&self.name, "", |folder| {
            let mut command = Command::new(scripts().join(&self.name).join("standby.sh"));
            run(command.arg(folder).arg(self.address.port.to_string())).map(drop)
        })
    }

    fn start_after(
        name: &str,
        options: &str,
        prepare: impl FnOnce(&Path) -> Result<(), String>,
    ) -> Result<Self, String> {
        let folder = tempfile::Builder::new().prefix("mlflow-migrate-private.").tempdir();
        let folder = folder.map_err(|error| error.to_string())?.keep();
        let mut guard = Command::new("setsid");
        guard.arg(scripts().join("guard.sh")).arg(name).arg(&folder).stdin(Stdio::piped());
        let guard = guard.spawn().map_err(|error| error.to_string())?;
        let disk = small_disk::mount(&folder, SIZE);
        prepare(&folder)?;
        let url = start(name, &folder, None, options)?;
        let address = Address::parse(&url)?;
        let server = TestServer::at_address(&address)?;
        let (name, guard) = (name.to_owned(), Mutex::new(guard));
        Ok(Self { name, folder, address, server, guard, disk })
    }

    /// How databases are made on it.
    #[must_use]
    pub fn server(&self) -> &TestServer {
        &self.server
    }

    /// The folder of one of its databases, on MySQL and MariaDB.
    #[must_use]
    pub fn folder_of(&self, database: &str) -> PathBuf {
        self.folder.join("data").join(database)
    }

    /// Ends it as `kill -9` does.
    ///
    /// # Panics
    /// If that cannot be done.
    #[allow(clippy::expect_used, reason = "a test cannot go on then")]
    pub fn kill(&self) {
        let mut command = Command::new(scripts().join("kill.sh"));
        run(command.arg(&self.name).arg(&self.folder)).expect("kill.sh");
    }

    /// Starts it again at the same port, unless it is up.
    ///
    /// # Panics
    /// If it does not come up.
    #[allow(clippy::expect_used, reason = "a test cannot go on then")]
    pub fn restart(&self) {
        start(&self.name, &self.folder, Some(self.address.port), "").expect("it starts again");
    }

    /// Takes all the room that there is for its data, but for so many bytes, until what this gives is
    /// dropped.
    ///
    /// # Errors
    /// If its folder is no file system of its own.
    pub fn leave_room(&self, bytes: u64) -> Result<Ballast, String> {
        self.disk.clone().map(|()| Ballast::leaving(&self.folder, bytes))
    }
}

impl Drop for PrivateServer {
    fn drop(&mut self) {
        if let Ok(mut guard) = self.guard.lock() {
            drop(guard.stdin.take());
            let _ = guard.wait();
        }
    }
}

pub(crate) fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("servers")
}

fn start(name: &str, folder: &Path, port: Option<u16>, options: &str) -> Result<String, String> {
    let mut command = Command::new(scripts().join(name).join("start.sh"));
    command.arg(folder).args(port.map(|port| port.to_string()));
    command.envs(SAFE.map(|(variable, safe)| (variable, format!("{safe} {options}"))));
    Ok(run(&mut command)?.trim().to_owned())
}

pub(crate) fn run(command: &mut Command) -> Result<String, String> {
    let ended = command.stdin(Stdio::null()).output();
    let Output { status, stdout, stderr } = ended.map_err(|error| error.to_string())?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    if status.success() { Ok(text(stdout)) } else { Err(text(stderr)) }
}
