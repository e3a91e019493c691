//! Relays to servers that the tests run themselves.

use std::fs;
use std::io::ErrorKind;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};

use super::{CHUNK, LOGIN_LIMIT, Relay, connect};

/// Returns a server's end of a connection, the relay to it, and the driver's end.
async fn joined() -> (TcpStream, Relay, UnixStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (connected, accepted) = tokio::join!(connect("127.0.0.1", port), listener.accept());
    let login = |ends| async { Ok(ends) };
    let relay = Relay::start(connected.unwrap(), "/suffix", login).unwrap();
    let driver = UnixStream::connect(format!("{}/suffix", relay.socket())).await.unwrap();
    (accepted.unwrap().0, relay, driver)
}

/// Sends `length` bytes, and returns whether all were sent.
async fn send(server: &mut TcpStream, mut length: usize) -> bool {
    let chunk = vec![7; CHUNK];
    while length > 0 {
        let part = length.min(CHUNK);
        if server.write_all(&chunk[..part]).await.is_err() {
            return false;
        }
        length -= part;
    }
    true
}

#[tokio::test]
async fn what_is_said_is_handed_on_until_either_side_ends_it() {
    let (mut server, _relay, mut driver) = joined().await;
    driver.write_all(b"question").await.unwrap();
    let mut question = [0; 8];
    server.read_exact(&mut question).await.unwrap();
    server.write_all(b"answer").await.unwrap();
    drop(server);
    let mut answer = String::new();
    driver.read_to_string(&mut answer).await.unwrap();
    assert_eq!((&question, answer.as_str()), (b"question", "answer"));

    let (mut server, _relay, driver) = joined().await;
    drop(driver);
    assert_eq!(server.read(&mut [0]).await.unwrap(), 0);
}

#[tokio::test]
async fn before_the_login_is_over_a_server_sends_only_so_much() {
    for has_logged_in in [false, true] {
        let (mut server, relay, mut driver) = joined().await;
        if has_logged_in {
            relay.login_is_over();
        }
        let wanted = LOGIN_LIMIT + 3 * CHUNK;
        let sent = async {
            send(&mut server, wanted).await;
            drop(server);
        };
        let mut received = Vec::new();
        let (result, ()) = tokio::join!(driver.read_to_end(&mut received), sent);
        result.unwrap();
        assert_eq!(relay.has_overflowed(), !has_logged_in);
        assert_eq!(received.len() == wanted, has_logged_in, "{}", received.len());
        assert!(has_logged_in || received.len() <= LOGIN_LIMIT);
    }
}

#[tokio::test]
async fn a_driver_that_gives_up_ends_the_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (connected, accepted) = tokio::join!(connect("127.0.0.1", port), listener.accept());
    let relay = Relay::start(connected.unwrap(), "", |ends| async { Ok(ends) }).unwrap();
    drop(relay);
    assert_eq!(accepted.unwrap().0.read(&mut [0]).await.unwrap(), 0);
}

/// The kernel's timer detects a server that has gone silently.
#[tokio::test]
async fn the_kernel_asks_whether_the_server_is_still_there() {
    const KEEPALIVE: &str = "02";
    let (server, _relay, _driver) = joined().await;
    let (port, server_port) =
        (server.peer_addr().unwrap().port(), server.local_addr().unwrap().port());
    let ends = format!("0100007F:{port:04X} 0100007F:{server_port:04X}");
    let connections = fs::read_to_string("/proc/net/tcp").unwrap();
    let ours = connections.lines().find(|line| line.contains(&ends)).unwrap();
    let timer = ours.split_whitespace().nth(5).unwrap();
    assert!(timer.starts_with(KEEPALIVE), "{ours}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let error = connect("127.0.0.1", port).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}
