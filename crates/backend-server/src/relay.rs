//! Opens the connection to a server, and hands it to sqlx through a socket within this process.
//!
//! sqlx opens its own connections, and lets nobody set options on them. sqlx leaves Nagle's
//! algorithm on, which costs 40 ms wherever two packets follow each other. sqlx leaves keep-alive
//! off, so a connection that a firewall has dropped blocks without end. Neither the bytes that a
//! server sends before the login ends nor an answer has a limit in sqlx. This module sets the first
//! limit, and [`crate::line`] the second.

use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, ErrorKind};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener as StdUnixListener};
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixListener, UnixStream};
use tokio::runtime::{Builder, Handle};
use tokio::task::JoinHandle;

use crate::line::Meter;

/// How long a connection may be silent before the kernel probes the server.
const SILENCE: Duration = Duration::from_secs(60);

/// How long sent bytes and probes may stay unacknowledged, until the kernel closes the connection.
const UNHEARD: Duration = Duration::from_secs(120);

/// The time between two probes.
const ASKED_AGAIN: Duration = Duration::from_secs(15);

/// The most bytes that a server may send during the login. Certificates and settings take a few kB.
const LOGIN_LIMIT: usize = 1 << 20;

const CHUNK: usize = 64 * 1024;

/// The two connections that a relay joins.
#[derive(Debug)]
pub struct Ends {
    /// The connection from sqlx.
    pub driver: UnixStream,
    /// The connection to the server.
    pub server: TcpStream,
}

/// A relay between sqlx and a server. Dropping the relay during the login closes the connection.
#[derive(Debug)]
pub struct Relay {
    socket: String,
    task: JoinHandle<()>,
    has_logged_in: AtomicBool,
    meter: Arc<Meter>,
}

/// Connects to a server.
///
/// # Errors
/// If the host is not known, or the server does not answer.
pub async fn connect(host: &str, port: u16) -> io::Result<TcpStream> {
    let server = TcpStream::connect((host, port)).await?;
    server.set_nodelay(true)?;
    let socket = SockRef::from(&server);
    let keepalive = TcpKeepalive::new().with_time(SILENCE).with_interval(ASKED_AGAIN);
    socket.set_tcp_keepalive(&keepalive)?;
    socket.set_tcp_user_timeout(Some(UNHEARD))?;
    Ok(server)
}

impl Relay {
    /// Starts a relay, which waits for sqlx at a socket whose name ends with `suffix`.
    ///
    /// The relay passes the two connections to `login`, and then forwards bytes until either side
    /// closes.
    ///
    /// # Errors
    /// If the socket cannot be created.
    pub fn start<L, F>(server: TcpStream, suffix: &str, login: L) -> io::Result<Self>
    where
        L: FnOnce(Ends) -> F + Send + 'static,
        F: Future<Output = io::Result<Ends>> + Send + 'static,
    {
        let random = RandomState::new().hash_one(process::id());
        let name = format!("mlflow-migrate-{random:016x}");
        let address = SocketAddr::from_abstract_name(format!("{name}{suffix}"))?;
        let listener = StdUnixListener::bind_addr(&address)?;
        listener.set_nonblocking(true)?;
        let server = server.into_std()?;
        let meter = Arc::new(Meter::up_to(LOGIN_LIMIT));
        let measuring = Arc::clone(&meter);
        let task = thread_of_relays()?.spawn(async move {
            let joined = async {
                let driver = accept(UnixListener::from_std(listener)?).await?;
                login(Ends { driver, server: TcpStream::from_std(server)? }).await
            };
            // After a failure, the relay drops both connections, and sqlx sees its own connection
            // close.
            if let Ok(ends) = joined.await {
                hand_on(ends, &measuring).await;
            }
        });
        Ok(Self { socket: format!("\0{name}"), task, has_logged_in: AtomicBool::new(false), meter })
    }

    /// Returns the socket's name without its suffix, in the form that sqlx expects.
    #[must_use]
    pub fn socket(&self) -> &str {
        &self.socket
    }

    /// Ends the limit on login bytes. The caller's [`Line`](crate::line::Line) sets its own limits.
    pub fn login_is_over(&self) -> Arc<Meter> {
        self.has_logged_in.store(true, Ordering::Release);
        self.meter.allow(usize::MAX);
        Arc::clone(&self.meter)
    }

    /// Returns whether the server has sent more than its limit.
    #[must_use]
    pub fn has_overflowed(&self) -> bool {
        self.meter.has_overflowed()
    }
}

/// Returns the runtime that runs all relays, on one thread of its own.
///
/// So a connection closes when its user drops it, even if the user's own runtime is busy or gone.
fn thread_of_relays() -> io::Result<&'static Handle> {
    static THREAD: OnceLock<Handle> = OnceLock::new();
    if let Some(handle) = THREAD.get() {
        return Ok(handle);
    }
    let runtime = Builder::new_current_thread().enable_io().build()?;
    let handle = runtime.handle().clone();
    let run = move || runtime.block_on(std::future::pending::<()>());
    // If another caller was faster, its thread is used, and the new thread stays idle.
    thread::Builder::new().name("relays".to_owned()).spawn(run)?;
    Ok(THREAD.get_or_init(|| handle))
}

impl Drop for Relay {
    fn drop(&mut self) {
        if !self.has_logged_in.load(Ordering::Acquire) {
            self.task.abort();
        }
    }
}

/// Accepts the connection of this process, and closes connections of other processes.
///
/// Other processes can see the socket's name.
async fn accept(listener: UnixListener) -> io::Result<UnixStream> {
    loop {
        let (driver, _) = listener.accept().await?;
        let peer = driver.peer_cred()?.pid();
        if peer.and_then(|peer| u32::try_from(peer).ok()) == Some(process::id()) {
            return Ok(driver);
        }
    }
}

async fn hand_on(mut ends: Ends, meter: &Meter) {
    let (mut from_driver, mut to_driver) = ends.driver.split();
    let (mut from_server, mut to_server) = ends.server.split();
    let up = async {
        let mut chunk = vec![0; CHUNK];
        while let Ok(length @ 1..) = from_driver.read(&mut chunk).await {
            if to_server.write_all(&chunk[..length]).await.is_err() {
                break;
            }
        }
    };
    let down = async {
        let mut chunk = vec![0; CHUNK];
        while let Ok(length @ 1..) = from_server.read(&mut chunk).await {
            if !meter.count(length) || to_driver.write_all(&chunk[..length]).await.is_err() {
                break;
            }
        }
    };
    tokio::select! {
        () = up => {}
        () = down => {}
        () = meter.ended() => {}
    }
}

/// Reads exactly `length` bytes.
///
/// # Errors
/// If `length` exceeds the limit of a login, or the connection ends early.
pub async fn read_exact(
    from: &mut (impl AsyncReadExt + Unpin),
    length: usize,
) -> io::Result<Vec<u8>> {
    if length > LOGIN_LIMIT {
        return Err(io::Error::from(ErrorKind::InvalidInput));
    }
    let mut bytes = vec![0; length];
    from.read_exact(&mut bytes).await?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
