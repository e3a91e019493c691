//! Looks at what a server says first, before the driver answers with a password.
//!
//! sqlx 0.9.0 logs in as the greeting of the server asks, by `mysql_clear_password` too, and encrypts a
//! password to whatever key the server sends. So the connection over TCP is opened here, and the driver
//! gets it through a socket within this process. Where TLS is verified there is no need of that: then
//! only the right server gets to see the password.

use std::hash::{BuildHasher, RandomState};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use sqlx::mysql::{MySqlConnectOptions, MySqlSslMode};
use sqlx::{ConnectOptions, MySqlConnection};
use tokio::io::AsyncReadExt;

use crate::connect::Failure;

/// The way to log in that hands over the password as it is.
const CLEAR_PASSWORD: &[u8] = b"mysql_clear_password";

/// What a packet before the end of the login may hold, at most.
const PACKET_LIMIT: usize = 64 * 1024;

/// `CLIENT_SSL`, in the second byte of a client's first packet.
const WANTS_TLS: u8 = 0x08;

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Other(sqlx::Error::Io(error))
    }
}

/// Connects, unless the server wants the password itself.
pub(crate) async fn connect(options: &MySqlConnectOptions) -> Result<MySqlConnection, Failure> {
    let is_verified =
        matches!(options.get_ssl_mode(), MySqlSslMode::VerifyCa | MySqlSslMode::VerifyIdentity);
    if is_verified || options.get_socket().is_some() {
        return options.connect().await.map_err(Failure::Other);
    }
    let address = (options.get_host(), options.get_port());
    let mut server = tokio::net::TcpStream::connect(address).await?;
    server.set_nodelay(true)?;
    let mut header = [0; 4];
    server.read_exact(&mut header).await?;
    let mut greeting = vec![0; length(header)?];
    server.read_exact(&mut greeting).await?;
    if greeting.windows(CLEAR_PASSWORD.len()).any(|part| part == CLEAR_PASSWORD) {
        return Err(Failure::ClearPassword);
    }
    let (listener, path) = listen()?;
    let server = server.into_std()?;
    server.set_nonblocking(false)?;
    // A URL that says DISABLED means what PyMySQL does then.
    let may_encrypt = matches!(options.get_ssl_mode(), MySqlSslMode::Disabled);
    let has_asked = Arc::new(AtomicBool::new(false));
    let login = Login { may_encrypt, has_asked: Arc::clone(&has_asked) };
    let packet = [&header[..], &greeting].concat();
    let relay = move || relay(listener, &server, &packet, &login);
    // Its end is that of the connection.
    drop(thread::Builder::new().name("relay".to_owned()).spawn(relay)?);
    options.clone().socket(path).connect().await.map_err(|source| {
        if has_asked.load(Ordering::Acquire) { Failure::ForeignKey } else { Failure::Other(source) }
    })
}

/// The length of the packet that a header announces.
fn length(header: [u8; 4]) -> io::Result<usize> {
    let length =
        usize::from(header[0]) | usize::from(header[1]) << 8 | usize::from(header[2]) << 16;
    if length > PACKET_LIMIT {
        let problem = "what answers does not speak MySQL's protocol";
        return Err(io::Error::new(ErrorKind::InvalidInput, problem));
    }
    Ok(length)
}

/// A socket with a name that is no file's, and that nobody can foresee.
fn listen() -> io::Result<(UnixListener, String)> {
    let random = RandomState::new().hash_one(std::process::id());
    let name = format!("mlflow-migrate-{random:016x}");
    let listener = UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name)?)?;
    Ok((listener, format!("\0{name}")))
}

/// What is watched while the driver logs in.
struct Login {
    /// Whether a password may go out encrypted to a key that the server sends.
    may_encrypt: bool,
    /// Whether that was to happen, and did not.
    has_asked: Arc<AtomicBool>,
}

/// Hands the connection on until either side ends it.
fn relay(listener: UnixListener, server: &TcpStream, greeting: &[u8], login: &Login) {
    let Ok((driver, _)) = listener.accept() else { return };
    drop(listener);
    let end = || {
        // An end that is closed already needs no more.
        let _ = driver.shutdown(Shutdown::Both);
        let _ = server.shutdown(Shutdown::Both);
    };
    let logged_in = (&driver).write_all(greeting).and_then(|()| login.watch(&driver, server));
    if logged_in.is_ok() {
        thread::scope(|both| {
            let up = || {
                let _ = io::copy(&mut &driver, &mut &*server);
                end();
            };
            if thread::Builder::new().spawn_scoped(both, up).is_ok() {
                let _ = io::copy(&mut &*server, &mut &driver);
            }
            end();
        });
    }
    end();
}

impl Login {
    /// Hands on packets until the server has let the driver in or turned it away, or they are
    /// encrypted.
    fn watch(&self, mut driver: &UnixStream, mut server: &TcpStream) -> io::Result<()> {
        if self.may_encrypt {
            return Ok(());
        }
        let mut is_first = true;
        loop {
            let packet = read_packet(&mut driver)?;
            // A single byte asks for the server's key.
            if matches!(packet[4..], [1 | 2]) {
                self.has_asked.store(true, Ordering::Release);
                return Err(io::Error::from(ErrorKind::PermissionDenied));
            }
            server.write_all(&packet)?;
            if is_first && packet.get(5).is_some_and(|flags| flags & WANTS_TLS != 0) {
                return Ok(());
            }
            is_first = false;
            loop {
                let packet = read_packet(&mut server)?;
                driver.write_all(&packet)?;
                match packet[4..] {
                    // The server goes on by itself: the password is the one that it remembers.
                    [1, 3] => {}
                    [0 | 0xff, ..] => return Ok(()),
                    _ => break,
                }
            }
        }
    }
}

/// Reads a packet, header and all.
fn read_packet(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut header = [0; 4];
    from.read_exact(&mut header)?;
    let mut packet = header.to_vec();
    packet.resize(4 + length(header)?, 0);
    from.read_exact(&mut packet[4..])?;
    Ok(packet)
}

#[cfg(test)]
mod tests;
