//! Servers that send too much before the login ends, or nothing afterwards.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::url::ServerUrl;

use crate::{OpenOptions, Postgres};

/// `AuthenticationOk` and `ReadyForQuery`.
const LOGGED_IN: &[u8] = b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I";

/// `NoticeResponse`: severity, code and message.
const NOTICE: &[u8] = b"N\0\0\0\x1aSNOTICE\0C00000\0Mwait\0\0";

/// The URL's parameters, the server's behavior, and the time limit that the error names.
type Case = (&'static str, fn(&mut TcpStream), &'static str);

/// Returns the error of a connection to a server that answers the first packet in this way.
async fn meets(parameters: &str, answer: fn(&mut TcpStream)) -> Error {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            client.read_exact(&mut [0; 8]).unwrap();
            answer(&mut client);
            // Waits until the client has closed the connection.
            let _ = client.read_to_end(&mut Vec::new());
        }
    });
    let url = format!("postgresql://u:p@127.0.0.1:{port}/d?sslmode=disable{parameters}");
    let url = ServerUrl::parse(&url).unwrap();
    let answer_timeout = Duration::from_secs(1);
    let options = OpenOptions { answer_timeout, ..OpenOptions::default() };
    Postgres::connect(&url, &options).await.unwrap_err()
}

#[tokio::test]
async fn a_server_that_says_nothing_is_not_waited_for() {
    let cases: [Case; 3] = [
        ("&connect_timeout=2", |client| client.write_all(LOGGED_IN).unwrap(), "2 s"),
        ("&connect_timeout=0", |client| client.write_all(LOGGED_IN).unwrap(), "1 s"),
        ("&connect_timeout=0", |_| (), "1 s"),
    ];
    for (parameters, answer, limit) in cases {
        let error = meets(parameters, answer).await;
        assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
        assert!(error.to_string().contains(&format!("no answer within {limit}")), "{error}");
    }
}

#[tokio::test]
async fn a_server_that_never_ends_to_talk_is_cut_off() {
    let error = meets("", |client| while client.write_all(NOTICE).is_ok() {}).await;
    assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
    assert!(error.to_string().contains("closed the connection"), "{error}");
}
