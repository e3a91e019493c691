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
    limit: u64,
    is_over: AtomicBool,
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
        Self::cut_after(address, u64::MAX)
    }

    /// Passes so many bytes on to the server, and then closes every connection, also new ones.
    ///
    /// # Panics
    /// If there is no free port.
    #[must_use]
    #[allow(clippy::expect_used, reason = "a test without a port cannot go on")]
    pub fn cut_after(address: &Address, limit: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("the port").port();
        let traffic = Arc::new(Traffic {
            to_server: AtomicU64::new(0),
            to_client: AtomicU64::new(0),
            limit,
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
        to.write_all(&buffer[..count])?;
        if is_to_server && total > traffic.limit {
            traffic.is_over.store(true, Ordering::SeqCst);
            return Ok(());
        }
    }
}
