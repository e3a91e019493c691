//! A way to a server that counts what goes through it, and that can be cut.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::address::Address;

/// What all connections through one proxy share.
#[derive(Debug)]
struct Traffic {
    to_server: AtomicU64,
    to_client: AtomicU64,
    end: End,
    is_over: AtomicBool,
}

/// When every connection is cut.
#[derive(Debug)]
enum End {
    Never,
    /// After so many bytes to the server.
    Bytes(u64),
    /// Instead of passing on a text to the server that it has got so many times already.
    Text {
        text: Vec<u8>,
        left: AtomicU64,
    },
}

impl End {
    /// Whether what is about to go to the server is not to arrive there.
    fn is_at(&self, sent: &[u8]) -> bool {
        let Self::Text { text, left } = self else { return false };
        let has_text = sent.windows(text.len()).any(|part| part == text);
        let counted = |left: u64| left.checked_sub(1);
        has_text && left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, counted).is_err()
    }
}

/// Listens on a port of this machine for as long as the process lives.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    traffic: Arc<Traffic>,
}

impl Proxy {
    /// Passes everything on.
    ///
    /// # Panics
    /// If there is no free port.
    #[must_use]
    pub fn to(address: &Address) -> Self {
        Self::until(address, End::Never)
    }

    /// Passes so many bytes on to the server, and then closes every connection, also new ones.
    ///
    /// # Panics
    /// If there is no free port.
    #[must_use]
    pub fn cut_after(address: &Address, limit: u64) -> Self {
        Self::until(address, End::Bytes(limit))
    }

    /// Closes every connection, also new ones, when a text is about to go to the server for the
    /// `time`th time, counted from 1; not encrypted, and in one packet.
    ///
    /// # Panics
    /// If there is no free port.
    #[must_use]
    pub fn cut_at(address: &Address, text: &str, time: u64) -> Self {
        let left = AtomicU64::new(time.saturating_sub(1));
        Self::until(address, End::Text { text: text.as_bytes().to_vec(), left })
    }

    #[allow(clippy::expect_used, reason = "a test without a port cannot go on")]
    fn until(address: &Address, end: End) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("the port").port();
        let traffic = Arc::new(Traffic {
            to_server: AtomicU64::new(0),
            to_client: AtomicU64::new(0),
            end,
            is_over: AtomicBool::new(false),
        });
        let server = (address.host.clone(), address.port);
        let shared = Arc::clone(&traffic);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if let Ok(server) = TcpStream::connect(&server) {
                    connect(&client, &server, &shared);
                }
            }
        });
        Self { port, traffic }
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How many bytes have gone to the server.
    #[must_use]
    pub fn bytes_to_server(&self) -> u64 {
        self.traffic.to_server.load(Ordering::SeqCst)
    }

    /// How many bytes have gone to clients.
    #[must_use]
    pub fn bytes_to_client(&self) -> u64 {
        self.traffic.to_client.load(Ordering::SeqCst)
    }

    /// Whether connections have been cut.
    #[must_use]
    pub fn has_cut(&self) -> bool {
        self.traffic.is_over.load(Ordering::SeqCst)
    }
}

fn connect(client: &TcpStream, server: &TcpStream, traffic: &Arc<Traffic>) {
    for is_to_server in [true, false] {
        let (Ok(client), Ok(server)) = (client.try_clone(), server.try_clone()) else { return };
        let (from, to) = if is_to_server { (client, server) } else { (server, client) };
        let traffic = Arc::clone(traffic);
        std::thread::spawn(move || {
            let _ = pass_on(&from, &to, &traffic, is_to_server);
            let _ = from.shutdown(Shutdown::Both);
            let _ = to.shutdown(Shutdown::Both);
        });
    }
}

fn pass_on(
    mut from: &TcpStream,
    mut to: &TcpStream,
    traffic: &Traffic,
    is_to_server: bool,
) -> std::io::Result<()> {
    let mut buffer = [0; 16 * 1024];
    loop {
        let count = from.read(&mut buffer)?;
        if count == 0 || traffic.is_over.load(Ordering::SeqCst) {
            return Ok(());
        }
        let counter = if is_to_server { &traffic.to_server } else { &traffic.to_client };
        let total = counter.fetch_add(count as u64, Ordering::SeqCst) + count as u64;
        let sent = &buffer[..count];
        if is_to_server && traffic.end.is_at(sent) {
            traffic.is_over.store(true, Ordering::SeqCst);
            return Ok(());
        }
        to.write_all(sent)?;
        if is_to_server && matches!(traffic.end, End::Bytes(limit) if total > limit) {
            traffic.is_over.store(true, Ordering::SeqCst);
            return Ok(());
        }
    }
}
