//! Servers that ask for a password, and what they get.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::url::ServerUrl;

use crate::{Mysql, OpenOptions, table};

const PASSWORD: &str = "S3cr3t";
const USER: &str = "the_user";

/// After this silence a client is done.
const SILENCE: Duration = Duration::from_millis(150);

const NATIVE: &str = "mysql_native_password";
const SHA256: &str = "sha256_password";
const CACHING_SHA2: &str = "caching_sha2_password";
const CLEAR: &str = "mysql_clear_password";

/// A server that asks for a password with some plugin.
#[derive(Clone, Copy)]
struct Rogue {
    plugin: &'static str,
    offers_tls: bool,
    /// Its answers to the client's packets, in order.
    answers: &'static [&'static [u8]],
}

impl Rogue {
    /// `HandshakeV10` of MySQL's protocol.
    fn greeting(self) -> Vec<u8> {
        // CLIENT_LONG_PASSWORD, _CONNECT_WITH_DB, _PROTOCOL_41, _SECURE_CONNECTION, _PLUGIN_AUTH, _SSL.
        let flags: u32 = 0x0008_8209 | if self.offers_tls { 0x800 } else { 0 };
        let [first, second, third, fourth] = flags.to_le_bytes();
        let mut greeting = b"\x0a8.0.0\0\x01\0\0\0abcdefgh\0".to_vec();
        greeting.extend([first, second, 45, 2, 0, third, fourth, 21]);
        greeting.extend([0; 10]);
        greeting.extend(b"ijklmnopqrst\0");
        greeting.extend(self.plugin.bytes());
        greeting.push(0);
        greeting
    }

    fn serve(self, mut client: TcpStream, heard: &Sender<Vec<u8>>) {
        client.set_read_timeout(Some(SILENCE)).unwrap();
        send(&mut client, 0, &self.greeting());
        let mut all = Vec::new();
        let mut answers = self.answers.iter();
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = client.read(&mut buffer) {
            all.extend_from_slice(&buffer[..length]);
            if let Some(answer) = answers.next() {
                send(&mut client, buffer[3] + 1, answer);
            }
        }
        // A test that has ended asks no more.
        let _ = heard.send(all);
    }

    fn start(self) -> (u16, Receiver<Vec<u8>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (heard, hears) = channel();
        thread::spawn(move || {
            for client in listener.incoming() {
                self.serve(client.unwrap(), &heard);
            }
        });
        (port, hears)
    }

    /// Returns the result of a connection, and what the server received over all connections.
    async fn meets(self, parameters: &str) -> (Error, Vec<Vec<u8>>) {
        let (port, hears) = self.start();
        let url =
            format!("mysql://{USER}:{PASSWORD}@127.0.0.1:{port}/d?connect_timeout=3{parameters}");
        let url = ServerUrl::parse(&url).unwrap();
        let error = Mysql::connect(&url, &OpenOptions::default()).await.unwrap_err();
        let mut heard = vec![hears.recv_timeout(2 * SILENCE).unwrap()];
        heard.extend(std::iter::from_fn(|| hears.recv_timeout(2 * SILENCE).ok()));
        (error, heard)
    }
}

fn send(client: &mut TcpStream, number: u8, packet: &[u8]) {
    let length = u32::try_from(packet.len()).unwrap().to_le_bytes();
    // A client that has what it needs has closed the connection.
    let _ = client.write_all(&[&length[..3], &[number], packet].concat());
}

fn contains(heard: &[Vec<u8>], text: &str) -> bool {
    heard.iter().any(|one| one.windows(text.len()).any(|part| part == text.as_bytes()))
}

/// A request for the server's key is a packet of one byte.
fn asks_for_a_key(heard: &[Vec<u8>]) -> bool {
    heard.iter().any(|one| {
        let mut rest = &one[..];
        while let [length, _, _, _, packet @ ..] = rest {
            if *length == 1 && matches!(packet, [1 | 2, ..]) {
                return true;
            }
            rest = packet.get(usize::from(*length)..).unwrap_or_default();
        }
        false
    })
}

/// The rows of `docs/connections.md`.
const NAMED: &str = "greeting names `mysql_clear_password`";
const LATER: &str = "asks for `mysql_clear_password` later";
const CHALLENGE: &str = "`mysql_native_password`";
const FULL_CACHING_SHA2: &str = "`caching_sha2_password`, not encrypted";
const FULL_SHA256: &str = "`sha256_password`, not encrypted";

/// Rows that need a server with a certificate: the trials of `tests/tests/servers/connections/tls.rs`.
const ON_SERVERS: [&str; 2] =
    ["either, encrypted, certificate checked", "either, encrypted, certificate not checked"];

#[tokio::test]
async fn no_server_gets_a_password_that_it_could_read() {
    const FULL: &[&[u8]] = &[&[1, 4], b"\x01-----BEGIN PUBLIC KEY-----\n"];
    const SWITCH: &[&[u8]] = &[b"\xfemysql_clear_password\0"];
    let rogue = |plugin, answers| Rogue { plugin, offers_tls: false, answers };
    let cases = [
        (NAMED, rogue(CLEAR, &[]), ""),
        (NAMED, rogue(CLEAR, &[]), "&ssl_mode=PREFERRED"),
        (NAMED, rogue(CLEAR, &[]), "&ssl_mode=DISABLED"),
        (NAMED, rogue(CLEAR, &[]), "&ssl_mode=REQUIRED"),
        (NAMED, Rogue { offers_tls: true, ..rogue(CLEAR, &[]) }, ""),
        (NAMED, Rogue { offers_tls: true, ..rogue(CLEAR, &[]) }, "&ssl_mode=REQUIRED"),
        (LATER, rogue(NATIVE, SWITCH), ""),
        (LATER, rogue(NATIVE, SWITCH), "&ssl_disabled=true"),
        (CHALLENGE, rogue(NATIVE, &[]), ""),
        (FULL_SHA256, rogue(SHA256, &[]), ""),
        (FULL_CACHING_SHA2, rogue(CACHING_SHA2, FULL), ""),
        (FULL_CACHING_SHA2, rogue(CACHING_SHA2, FULL), "&ssl_mode=PREFERRED"),
    ];
    let rows = cases.iter().map(|(row, ..)| *row).chain(ON_SERVERS);
    let rows: Vec<(&str, bool)> = rows.map(|row| (row, false)).collect();
    table::assert_covered("Who gets the password", &rows);
    for (_, rogue, parameters) in cases {
        let (error, heard) = rogue.meets(parameters).await;
        let case = format!("{} {} {parameters}: {error}", rogue.plugin, rogue.offers_tls);
        assert!(!contains(&heard, PASSWORD) && !asks_for_a_key(&heard), "{case}: {heard:?}");
        let is_switch = rogue.plugin == NATIVE;
        assert!(is_switch || matches!(error, Error::Tls { .. }), "{case}: {error:?}");
        assert!(error.remedy().is_some(), "{case}");
    }
}

/// PyMySQL does the same.
#[tokio::test]
async fn a_url_without_encryption_lets_the_password_be_encrypted_by_any_key() {
    let answers: &[&[u8]] = &[&[1, 4]];
    let rogue = Rogue { plugin: CACHING_SHA2, offers_tls: false, answers };
    let (_, heard) = rogue.meets("&ssl_mode=DISABLED").await;
    assert!(asks_for_a_key(&heard), "{heard:?}");
}

#[tokio::test]
async fn nothing_goes_out_in_plain_text_after_a_handshake_that_failed() {
    let answers: &[&[u8]] = &[b"no TLS at all"];
    let rogue = Rogue { plugin: NATIVE, offers_tls: true, answers };
    for parameters in ["", "&ssl_mode=PREFERRED", "&ssl_mode=REQUIRED", "&ssl=true"] {
        let (error, heard) = rogue.meets(parameters).await;
        assert!(matches!(error, Error::Tls { .. }), "{parameters}: {error:?}");
        assert!(heard.len() == 1 && !contains(&heard, USER), "{parameters}: {heard:?}");
    }
}

#[tokio::test]
async fn what_is_no_mysql_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for client in listener.incoming() {
            let _ = client.unwrap().write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let url = ServerUrl::parse(&format!("mysql://me:{PASSWORD}@127.0.0.1:{port}/d")).unwrap();
    let error = Mysql::connect(&url, &OpenOptions::default()).await.unwrap_err();
    assert!(error.to_string().contains("MySQL's protocol"), "{error}");
}
