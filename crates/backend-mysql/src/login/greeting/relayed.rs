//! Inspects the server's first packets before the driver sends a password.
//!
//! sqlx 0.9.0 logs in as the server's greeting asks, by `mysql_clear_password` too. It also
//! encrypts a password with whatever key the server sends. So this module opens the connection and
//! relays its first packets. Where the certificate is checked, packets are only relayed, since only
//! the right server gets the password.

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mlflow_migrate_backend_server::line::Meter;
use mlflow_migrate_backend_server::relay::{self, Ends, Relay};
use sqlx::mysql::{MySqlConnectOptions, MySqlSslMode};
use sqlx::{ConnectOptions, MySqlConnection};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::login::failure::Failure;

/// The authentication plugin that sends the password in clear text.
const CLEAR_PASSWORD: &[u8] = b"mysql_clear_password";

/// `CLIENT_SSL`, in the second byte of a client's first packet.
const WANTS_TLS: u8 = 0x08;

/// Connects, unless the server asks for the password itself.
///
/// Measures what the server sends, except over a socket.
pub(crate) async fn connect(
    options: &MySqlConnectOptions,
) -> Result<(MySqlConnection, Arc<Meter>), Failure> {
    if options.get_socket().is_some() {
        let connection = options.connect().await.map_err(Failure::Other)?;
        return Ok((connection, Arc::new(Meter::up_to(usize::MAX))));
    }
    let mut server = relay::connect(options.get_host(), options.get_port()).await?;
    let greeting = read_packet(&mut server).await?;
    let mode = options.get_ssl_mode();
    let is_checked = matches!(mode, MySqlSslMode::VerifyCa | MySqlSslMode::VerifyIdentity);
    if !is_checked && greeting.windows(CLEAR_PASSWORD.len()).any(|part| part == CLEAR_PASSWORD) {
        return Err(Failure::ClearPassword);
    }
    // With `ssl_mode=DISABLED`, PyMySQL encrypts the password with the server's key as well.
    let may_encrypt = is_checked || matches!(mode, MySqlSslMode::Disabled);
    let has_asked = Arc::new(AtomicBool::new(false));
    let login = Login { may_encrypt, has_asked: Arc::clone(&has_asked) };
    let relay = Relay::start(server, "", move |mut ends| async move {
        ends.driver.write_all(&greeting).await?;
        login.watch(&mut ends).await?;
        Ok(ends)
    })?;
    match options.clone().socket(relay.socket()).connect().await {
        Ok(connection) => Ok((connection, relay.login_is_over())),
        Err(_) if has_asked.load(Ordering::Acquire) => Err(Failure::ForeignKey),
        Err(_) if relay.has_overflowed() => Err(Failure::from(not_mysql())),
        Err(source) => Err(Failure::Other(source)),
    }
}

fn not_mysql() -> io::Error {
    let problem = "what answers does not speak MySQL's protocol";
    io::Error::new(ErrorKind::InvalidInput, problem)
}

/// Watches the packets while the driver logs in.
struct Login {
    /// Whether the password may be sent encrypted with a key that the server sends.
    may_encrypt: bool,
    /// Set when the driver asked for the server's key, which was refused.
    has_asked: Arc<AtomicBool>,
}

impl Login {
    /// Relays packets until the server accepts or refuses the login, or the packets are encrypted.
    async fn watch(&self, ends: &mut Ends) -> io::Result<()> {
        if self.may_encrypt {
            return Ok(());
        }
        let Ends { driver, server } = ends;
        let mut is_first = true;
        loop {
            let packet = read_packet(driver).await?;
            // A single byte asks for the server's key.
            if matches!(packet[4..], [1 | 2]) {
                self.has_asked.store(true, Ordering::Release);
                return Err(io::Error::from(ErrorKind::PermissionDenied));
            }
            server.write_all(&packet).await?;
            if is_first && packet.get(5).is_some_and(|flags| flags & WANTS_TLS != 0) {
                return Ok(());
            }
            is_first = false;
            loop {
                let packet = read_packet(server).await?;
                driver.write_all(&packet).await?;
                match packet[4..] {
                    // The server remembers the password, and its next packet follows without a
                    // request.
                    [1, 3] => {}
                    [0 | 0xff, ..] => return Ok(()),
                    _ => break,
                }
            }
        }
    }
}

/// Reads a packet with its header.
async fn read_packet(from: &mut (impl AsyncReadExt + Unpin)) -> io::Result<Vec<u8>> {
    let mut packet = relay::read_exact(from, 4).await?;
    let length =
        usize::from(packet[0]) | usize::from(packet[1]) << 8 | usize::from(packet[2]) << 16;
    let body = relay::read_exact(from, length).await.map_err(|error| match error.kind() {
        ErrorKind::InvalidInput => not_mysql(),
        _ => error,
    })?;
    packet.extend(body);
    Ok(packet)
}
