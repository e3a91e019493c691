//! PgBouncer in front of a PostgreSQL server.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::address::Address;

/// How many connections to the server it keeps for a database.
const CONNECTIONS: usize = 3;

/// A pooler, which ends with this value.
#[derive(Debug)]
pub struct Pooler {
    port: u16,
    process: Child,
    _folder: TempDir,
}

impl Pooler {
    /// Starts one with a `pool_mode`, and waits until it listens.
    ///
    /// # Panics
    /// If it does not.
    #[must_use]
    #[allow(clippy::expect_used, clippy::panic, reason = "a test cannot go on without it")]
    pub fn start(server: &Address, mode: &str) -> Self {
        let folder = TempDir::with_prefix("mlflow-migrate-pooler.").expect("a folder");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("its port").port();
        drop(listener);
        let settings = format!(
            "[databases]\n* = host={} port={} user={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
             listen_port = {port}\nunix_socket_dir =\nauth_type = any\npool_mode = {mode}\n\
             default_pool_size = {CONNECTIONS}\n",
            server.host, server.port, server.user
        );
        let file = folder.path().join("pgbouncer.ini");
        std::fs::write(&file, settings).expect("its settings");
        make_readable(folder.path());
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("servers/pgbouncer/run.sh");
        let process = Command::new(script)
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("run.sh");
        let pooler = Self { port, process, _folder: folder };
        for _ in 0..600 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return pooler;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("no pooler listens on port {port}");
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// It runs as another user where this is root.
#[allow(clippy::expect_used, reason = "a test cannot go on without it")]
fn make_readable(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).expect("its mode");
}
