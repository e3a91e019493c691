//! A way to a server that counts what goes through it, that can be cut, and that can do something else
//! at a given statement.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::address::Address;

/// What all connections through one proxy share.
#[derive(Debug)]
struct Traffic {
    to_server: AtomicU64,
    to_client: AtomicU64,
    end: End,
    is_over: AtomicBool,
    is_postgres: bool,
}

/// Something to do when a text goes by; it tells what becomes of that.
type Action = Box<dyn FnOnce() -> Passage + Send>;

/// What becomes of something that is sent, and of the connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Passage {
    /// It is passed on.
    Free,
    /// It is passed on, but no answer to it, and the connection is closed.
    Last,
    /// The connection is closed.
    Closed,
    /// Every connection is closed, also new ones.
    Over,
    /// It is not passed on, and nothing more is, while the connection stays open.
    Silent,
    /// The last but one message is passed on without end.
    Endless,
}

impl Passage {
    fn free_if(is_free: bool) -> Self {
        if is_free { Self::Free } else { Self::Over }
    }
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
        when: When,
        action: Mutex<Option<Action>>,
    },
}

/// When something is done about a text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    /// Before it goes to the server.
    Before,
    /// When the server has answered, before the client knows.
    Answered,
}

impl std::fmt::Debug for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Never => f.write_str("never"),
            Self::Bytes(limit) => write!(f, "after {limit} bytes"),
            Self::Text { text, .. } => write!(f, "at {}", String::from_utf8_lossy(text)),
        }
    }
}

impl End {
    /// What is to be done about what is about to go to the server.
    fn action_at(&self, sent: &[u8]) -> Option<(When, Action)> {
        let Self::Text { text, left, when, action } = self else { return None };
        let has_text = sent.windows(text.len()).any(|part| part == text);
        let counted = |left: u64| left.checked_sub(1);
        if has_text && left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, counted).is_err() {
            let action = action.lock().unwrap_or_else(PoisonError::into_inner).take();
            return action.map(|action| (*when, action));
        }
        None
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
        Self::before(address, text, time, || false)
    }

    /// Closes the connection when a text is about to go to the server for the first time; new ones are
    /// passed on.
    ///
    /// # Panics
    /// If there is no free port.
    #[must_use]
    pub fn cut_once_at(address: &Address, text: &str) -> Self {
        Self::when(address, text, 1, When::Before, Box::new(|| Passage::Closed))
    }

    /// Closes the connection when a text has just gone to the server for the first time, so that nobody
    /// hears the answer; new ones are passed on.
    ///
    /// # Panics
    /// If there is no free port.
    #[must_use]
    pub fn cut_once_after(address: &Address, text: &str) -> Self {
        Self::when(address, text, 1, When::Before, Box::new(|| Passage::Last))
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

    /// Does something when a text is about to go to the server for the `time`th time. Then the text goes
    /// on, if the action says so, or every connection is closed.
    ///
    /// # Panics
    /// If there is no free port.
    #[must_use]
    pub fn before(
        address: &Address,
        text: &str,
        time: u64,
        action: impl FnOnce() -> bool + Send + 'static,
    ) -> Self {
        let act = || Passage::free_if(action());
        Self::when(address, text, time, When::Before, Box::new(act))
    }

    /// Does something when the server has answered a text that it got for the `time`th time, and before
    /// the client knows. Then the answer goes on, if the action says so, or every connection is closed.
    ///
    /// # Panics
    /// If there is no free port.
    #[must_use]
    pub fn after(
        address: &Address,
        text: &str,
        time: u64,
        action: impl FnOnce() -> bool + Send + 'static,
    ) -> Self {
        let act = || Passage::free_if(action());
        Self::when(address, text, time, When::Answered, Box::new(act))
    }

    /// Takes whatever comes from when a text is about to go to the server for the `time`th time, as a
    /// server does that is there and does not answer.
    ///
    /// # Panics
    /// If there is no free port.
    #[must_use]
    pub fn silent_at(address: &Address, text: &str, time: u64) -> Self {
        Self::when(address, text, time, When::Before, Box::new(|| Passage::Silent))
    }

    /// Repeats the last row of the answer to a text without end. The answer has to be a short one.
    ///
    /// # Panics
    /// If there is no free port.
    #[must_use]
    pub fn endless_at(address: &Address, text: &str, time: u64) -> Self {
        Self::when(address, text, time, When::Answered, Box::new(|| Passage::Endless))
    }

    fn when(address: &Address, text: &str, time: u64, when: When, action: Action) -> Self {
        let left = AtomicU64::new(time.saturating_sub(1));
        let (text, action) = (text.as_bytes().to_vec(), Mutex::new(Some(action)));
        Self::until(address, End::Text { text, left, when, action })
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
            is_postgres: address.is_postgres(),
        });
        let server = (address.host.clone(), address.port);
        let shared = Arc::clone(&traffic);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if let Ok(server) = TcpStream::connect(&server) {
                    // Whatever has come goes on at once.
                    let _ = (client.set_nodelay(true), server.set_nodelay(true));
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

/// What is to be done when the server answers on this connection.
type Awaited = Arc<Mutex<Option<Action>>>;

fn connect(client: &TcpStream, server: &TcpStream, traffic: &Arc<Traffic>) {
    let awaited = Awaited::default();
    for is_to_server in [true, false] {
        let (Ok(client), Ok(server)) = (client.try_clone(), server.try_clone()) else { return };
        let (from, to) = if is_to_server { (client, server) } else { (server, client) };
        let (traffic, awaited) = (Arc::clone(traffic), Arc::clone(&awaited));
        std::thread::spawn(move || {
            let _ = pass_on(&from, &to, &traffic, &awaited, is_to_server);
            let _ = from.shutdown(Shutdown::Both);
            let _ = to.shutdown(Shutdown::Both);
        });
    }
}

fn pass_on(
    mut from: &TcpStream,
    mut to: &TcpStream,
    traffic: &Traffic,
    awaited: &Awaited,
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
        let passage = act(traffic, awaited, sent, is_to_server);
        traffic.is_over.fetch_or(passage == Passage::Over, Ordering::SeqCst);
        if matches!(passage, Passage::Closed | Passage::Over) {
            return Ok(());
        }
        if passage == Passage::Silent {
            return std::io::copy(&mut from, &mut std::io::sink()).map(|_| ());
        }
        if passage == Passage::Endless {
            return never_end(sent, traffic.is_postgres, to);
        }
        if passage == Passage::Last {
            // Before the server can answer.
            from.shutdown(Shutdown::Both)?;
            return to.write_all(sent);
        }
        to.write_all(sent)?;
        if is_to_server && matches!(traffic.end, End::Bytes(limit) if total > limit) {
            traffic.is_over.store(true, Ordering::SeqCst);
            return Ok(());
        }
    }
}

/// Passes an answer on without its end, and repeats its last row.
fn never_end(answer: &[u8], is_postgres: bool, mut to: &TcpStream) -> std::io::Result<()> {
    let mut messages = Vec::new();
    let mut rest = answer;
    while let Some(length) = length_of_message(rest, is_postgres).filter(|it| *it <= rest.len()) {
        let (message, others) = rest.split_at(length);
        messages.push(message);
        rest = others;
    }
    // After the last row MySQL says that it was the last, and PostgreSQL that it is done, and ready.
    let is_row = |message: &&[u8]| !is_postgres || message.first() == Some(&b'D');
    let last = messages.len().saturating_sub(usize::from(!is_postgres) + 1);
    let row = messages.iter().take(last + 1).rposition(is_row).unwrap_or(0);
    to.write_all(&messages.iter().take(row).copied().collect::<Vec<_>>().concat())?;
    let rows = messages.get(row).copied().unwrap_or_default().repeat(1000);
    loop {
        to.write_all(&rows)?;
    }
}

/// How long the message is that begins here.
fn length_of_message(bytes: &[u8], is_postgres: bool) -> Option<usize> {
    let number =
        |bytes: &[u8]| bytes.iter().fold(0, |number, byte| number << 8 | usize::from(*byte));
    if is_postgres {
        return Some(1 + number(bytes.get(1..5)?));
    }
    let little_endian: Vec<u8> = bytes.get(..3)?.iter().rev().copied().collect();
    Some(4 + number(&little_endian))
}

/// Does what is to be done about what was read.
fn act(traffic: &Traffic, awaited: &Awaited, sent: &[u8], is_to_server: bool) -> Passage {
    let mut awaited = awaited.lock().unwrap_or_else(PoisonError::into_inner);
    if !is_to_server {
        return awaited.take().map_or(Passage::Free, |action| action());
    }
    match traffic.end.action_at(sent) {
        Some((When::Before, action)) => action(),
        Some((When::Answered, action)) => {
            *awaited = Some(action);
            Passage::Free
        }
        None => Passage::Free,
    }
}
