//! A way to a server that counts what goes through it, and that can be cut.

use std::fmt;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use crate::address::Address;

/// What all connections through one proxy share.
#[derive(Debug)]
struct Traffic {
    to_server: AtomicU64,
    to_client: AtomicU64,
    end: End,
    is_over: AtomicBool,
}

/// Something to be done once; it tells what becomes of the connection.
type Action = Box<dyn FnOnce() -> Passage + Send>;

/// What becomes of something that is sent, and of the connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Passage {
    /// It is passed on.
    Free,
    /// It is passed on, and then the connection is closed.
    Last,
    /// The connection is closed.
    Closed,
}

/// When every connection is cut.
enum End {
    Never,
    /// After so many bytes to the server.
    Bytes(u64),
    /// Instead of passing on a text to the server that it has got so many times already.
    Text {
        text: Vec<u8>,
        left: AtomicU64,
    },
    /// Never, but something happens before a text goes to the server for the first time, and may end
    /// that one connection.
    Before {
        text: Vec<u8>,
        action: Mutex<Option<Action>>,
    },
}

impl fmt::Debug for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Never => "Never",
            Self::Bytes(_) => "Bytes",
            Self::Text { .. } => "Text",
            Self::Before { .. } => "Before",
        })
    }
}

impl End {
    /// What becomes of what is about to go to the server.
    fn passage(&self, sent: &[u8], is_over: &AtomicBool) -> Passage {
        let contains = |text: &[u8]| sent.windows(text.len()).any(|part| part == text);
        match self {
            Self::Text { text, left } if contains(text) => {
                let counted = |left: u64| left.checked_sub(1);
                let is_early = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, counted);
                is_over.fetch_or(is_early.is_err(), Ordering::SeqCst);
                if is_early.is_ok() { Passage::Free } else { Passage::Closed }
            }
            Self::Before { text, action } if contains(text) => {
                let action = action.lock().ok().and_then(|mut action| action.take());
                action.map_or(Passage::Free, |act| act())
            }
            _ => Passage::Free,
        }
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

    /// Closes the connection when a text is about to go to the server for the first time; new ones are
    /// passed on.
    ///
    /// # Panics
    /// If there is no free port.
    #[must_use]
    pub fn cut_once_at(address: &Address, text: &str) -> Self {
        Self::before(address, text, Box::new(|| Passage::Closed))
    }

    /// Closes the connection when a text has just gone to the server for the first time, so that nobody
    /// hears the answer; new ones are passed on.
    ///
    /// # Panics
    /// If there is no free port.
    #[must_use]
    pub fn cut_once_after(address: &Address, text: &str) -> Self {
        Self::before(address, text, Box::new(|| Passage::Last))
    }

    /// Passes everything on, from a port at which nobody has listened so far.
    ///
    /// # Panics
    /// If somebody else has got it.
    #[must_use]
    #[allow(clippy::expect_used, reason = "a test without its port cannot go on")]
    pub fn on_port(address: &Address, port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("that port");
        Self::listening(listener, address, End::Never)
    }

    /// Does something when a text is about to go to the server for the first time, and then passes it
    /// on.
    ///
    /// # Panics
    /// If there is no free port.
    #[must_use]
    pub fn acting_at(
        address: &Address,
        text: &str,
        action: impl FnOnce() + Send + 'static,
    ) -> Self {
        let act = || {
            action();
            Passage::Free
        };
        Self::before(address, text, Box::new(act))
    }

    fn before(address: &Address, text: &str, action: Action) -> Self {
        let (text, action) = (text.as_bytes().to_vec(), Mutex::new(Some(action)));
        Self::until(address, End::Before { text, action })
    }

    #[allow(clippy::expect_used, reason = "a test without a port cannot go on")]
    fn until(address: &Address, end: End) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        Self::listening(listener, address, end)
    }

    #[allow(clippy::expect_used, reason = "a listener has a port")]
    fn listening(listener: TcpListener, address: &Address, end: End) -> Self {
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
        let passage = match is_to_server {
            true => traffic.end.passage(sent, &traffic.is_over),
            false => Passage::Free,
        };
        if passage == Passage::Closed {
            return Ok(());
        }
        to.write_all(sent)?;
        if passage == Passage::Last {
            return Ok(());
        }
        if is_to_server && matches!(traffic.end, End::Bytes(limit) if total > limit) {
            traffic.is_over.store(true, Ordering::SeqCst);
            return Ok(());
        }
    }
}
