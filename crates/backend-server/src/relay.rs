//! Opens the connection to a server, and hands it to sqlx through a socket within this process.
//!
//! sqlx opens its own connections and lets nobody set anything on them: it leaves Nagle's algorithm on,
//! which costs 40 ms wherever two packets follow each other, and keep-alive off, so that a connection
//! that a firewall has forgotten is waited for without end. What a server sends before the login is
//! over has no limit there either, and neither has an answer ([`crate::line`]).

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

/// How long a connection may be silent before the server is asked whether it is still there.
const SILENCE: Duration = Duration::from_secs(60);

/// How long it may then take until something is heard, and how long anything sent may go unacknowledged.
const UNHEARD: Duration = Duration::from_secs(120);

/// How often it is asked again.
const ASKED_AGAIN: Duration = Duration::from_secs(15);

/// What a server may send before the login is over, in all. Certificates and settings are a few kB.
const LOGIN_LIMIT: usize = 1 << 20;

const CHUNK: usize = 64 * 1024;

/// The two connections that a relay joins.
#[derive(Debug)]
pub struct Ends {
    /// That of sqlx.
    pub driver: UnixStream,
    /// That to the server.
    pub server: TcpStream,
}

/// A way to a server. If it is dropped before the login is over, the connection ends.
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
    /// Waits for sqlx at a socket whose name ends with `suffix`, does what `login` says with the two
    /// connections, and then hands on whatever comes until either side ends it.
    ///
    /// # Errors
    /// If there is no socket to be had.
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
            // Whoever uses the connection learns of its end by the end of its own.
            if let Ok(ends) = joined.await {
                hand_on(ends, &measuring).await;
            }
        });
        Ok(Self { socket: format!("\0{name}"), task, has_logged_in: AtomicBool::new(false), meter })
    }

    /// The name of the socket, without its suffix, as sqlx takes it.
    #[must_use]
    pub fn socket(&self) -> &str {
        &self.socket
    }

    /// Ends the limit of a login. What measures answers from now on sets its own.
    pub fn login_is_over(&self) -> Arc<Meter> {
        self.has_logged_in.store(true, Ordering::Release);
        self.meter.allow(usize::MAX);
        Arc::clone(&self.meter)
    }

    /// Whether the server has sent more than a login takes.
    #[must_use]
    pub fn has_overflowed(&self) -> bool {
        self.meter.has_overflowed()
    }
}

/// One thread has all relays: a connection ends when its user drops it, even if that user's own runtime
/// is busy or gone then.
fn thread_of_relays() -> io::Result<&'static Handle> {
    static THREAD: OnceLock<Handle> = OnceLock::new();
    if let Some(handle) = THREAD.get() {
        return Ok(handle);
    }
    let runtime = Builder::new_current_thread().enable_io().build()?;
    let handle = runtime.handle().clone();
    let run = move || runtime.block_on(std::future::pending::<()>());
    // Another caller may be quicker; then its thread is used, and this one has nothing to do.
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

/// The connection of this process; others that can see the name of the socket are sent away.
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

/// Reads exactly so many bytes, if they are no more than a login takes.
///
/// # Errors
/// If they are more, or the connection ends before.
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
