//! Addresses at which there is no database to be had.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use mlflow_migrate_core::Error;
use mlflow_migrate_core::error::ErrorKind;
use mlflow_migrate_tests::address::Address;
use mlflow_migrate_tests::capability::SERVER;
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::tests;

use crate::common::{PASSWORD, User, address_of, assert_told, to_newest};

pub(crate) const TESTS: &[Test] = tests![
    a_wrong_password => SERVER,
    a_host_that_does_not_exist => SERVER,
    a_port_at_which_nobody_listens => SERVER,
    a_host_that_does_not_answer => SERVER,
    a_database_that_does_not_exist => SERVER,
    no_database_at_all => SERVER,
];

/// An address at which connecting fails.
async fn refused(server: &TestServer, address: &Address, kind: ErrorKind) -> Error {
    let error = to_newest(server, address).await.unwrap_err();
    assert_told(&error, kind);
    error
}

async fn a_wrong_password(server: &TestServer) {
    let user = User::new(server);
    let database = server.new_database();
    let wrong = format!("not {PASSWORD}");
    let address = address_of(&*database).as_user(&user.name, Some(&wrong));
    let error = refused(server, &address, ErrorKind::AccessDenied).await;
    assert!(error.to_string().contains(&user.name), "{error}");
}

async fn a_host_that_does_not_exist(server: &TestServer) {
    let address = Address { host: "no-such-host.invalid".to_owned(), ..server.address().clone() };
    let address = address.of_database("mlflow").as_user("me", Some(PASSWORD));
    let error = refused(server, &address, ErrorKind::Unreachable).await;
    assert!(error.to_string().contains("no-such-host.invalid"), "{error}");
}

async fn a_port_at_which_nobody_listens(server: &TestServer) {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = server.address().through_port(port).of_database("mlflow");
    let address = address.as_user("me", Some(PASSWORD));
    let error = refused(server, &address, ErrorKind::Unreachable).await;
    assert!(error.to_string().contains(&port.to_string()), "{error}");
}

/// Like one behind a firewall that throws packets away.
async fn a_host_that_does_not_answer(server: &TestServer) {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let address = server.address().through_port(port).of_database("mlflow");
    let address = address.as_user("me", Some(PASSWORD)).with("connect_timeout", "2");
    let started = Instant::now();
    refused(server, &address, ErrorKind::Unreachable).await;
    assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
}

async fn a_database_that_does_not_exist(server: &TestServer) {
    let address = server.address().of_database("mlflow_migrate_test_missing");
    let error = refused(server, &address, ErrorKind::Unreachable).await;
    assert!(error.to_string().contains("mlflow_migrate_test_missing"), "{error}");
}

/// PostgreSQL takes the user's name for the database's; MySQL would connect to none.
async fn no_database_at_all(server: &TestServer) {
    let user = User::new(server);
    let address = server.address().of_database("").as_user(&user.name, Some(PASSWORD));
    let kind = if server.is_postgres() { ErrorKind::Unreachable } else { ErrorKind::Url };
    refused(server, &address, kind).await;
}
