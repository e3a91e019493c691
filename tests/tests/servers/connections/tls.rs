//! Connections that are encrypted, or should be.

use std::path::Path;

use mlflow_migrate_core::backend::SessionMode;
use mlflow_migrate_core::error::ErrorKind;
use mlflow_migrate_tests::address::Address;
use mlflow_migrate_tests::capability::{CERTIFICATE_AUTHORITY, MYSQL, NO_TLS, POSTGRES, TLS};
use mlflow_migrate_tests::connect::open;
use mlflow_migrate_tests::database::{TestDatabase, Waits};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::server::{TestServer, query};
use mlflow_migrate_tests::tests;

use crate::common::{User, assert_told, to_newest};

pub(crate) const TESTS: &[Test] = tests![
    a_certificate_of_the_right_authority => TLS,
    a_certificate_of_another_authority => TLS,
    a_certificate_for_another_host => TLS,
    an_authority_whose_file_is_missing => TLS,
    a_user_of_mysql_who_must_encrypt => TLS => MYSQL,
    a_user_of_postgres_who_must_encrypt => TLS => POSTGRES,
    a_user_of_mysql_with_a_certificate => TLS => MYSQL,
    a_user_of_postgres_with_a_certificate => TLS => POSTGRES,
    encryption_is_required_and_not_to_be_had => NO_TLS,
];

/// Where a database is, in a URL that says nothing of encryption.
fn address_of(database: &dyn TestDatabase) -> Address {
    crate::common::address_of(database).without_parameters()
}

fn authority() -> String {
    std::env::var(CERTIFICATE_AUTHORITY).unwrap()
}

/// The address of a server that has to prove that an authority knows it.
fn verified_by(address: Address, authority: &str) -> Address {
    if address.is_postgres() {
        address.with("sslmode", "verify-ca").with("sslrootcert", authority)
    } else {
        address.with("ssl_ca", authority).with("ssl_check_hostname", "false")
    }
}

/// The address of a server that has to prove that it is the one it is called.
fn verified_in_name(address: Address, authority: &str) -> Address {
    if address.is_postgres() {
        address.with("sslmode", "verify-full").with("sslrootcert", authority)
    } else {
        address.with("ssl_ca", authority)
    }
}

async fn a_certificate_of_the_right_authority(server: &TestServer) {
    let database = server.new_database();
    let address = verified_by(address_of(&*database), &authority());
    to_newest(server, &address).await.unwrap();
    let address = verified_in_name(address_of(&*database), &authority());
    let report = to_newest(server, &address).await.unwrap();
    assert!(report.revisions.is_empty());
}

async fn a_certificate_of_another_authority(server: &TestServer) {
    let database = server.new_database();
    let before = database.contents();
    let unrelated = Path::new(&authority()).with_file_name("unrelated-ca.pem");
    let address = verified_by(address_of(&*database), unrelated.to_str().unwrap());
    assert_told(&to_newest(server, &address).await.unwrap_err(), ErrorKind::Tls);
    assert!(database.contents() == before);
}

/// The servers' certificate is for 127.0.0.1.
async fn a_certificate_for_another_host(server: &TestServer) {
    let database = server.new_database();
    let address = Address { host: "localhost".to_owned(), ..address_of(&*database) };
    let error = to_newest(server, &verified_in_name(address.clone(), &authority())).await;
    assert_told(&error.unwrap_err(), ErrorKind::Tls);
    to_newest(server, &verified_by(address, &authority())).await.unwrap();
}

async fn an_authority_whose_file_is_missing(server: &TestServer) {
    let database = server.new_database();
    let address = verified_by(address_of(&*database), "/no/such/ca.pem");
    let error = to_newest(server, &address).await.unwrap_err();
    assert_told(&error, ErrorKind::Tls);
    assert!(error.to_string().contains("/no/such/ca.pem"), "{error}");
}

async fn a_user_of_mysql_who_must_encrypt(server: &TestServer) {
    let user = User::new(server);
    let database = server.new_database();
    let address = user.of(&*database).without_parameters();
    query(server.address(), &format!("GRANT ALL ON {}.* TO {}", address.database, user.quoted()));
    query(server.address(), &format!("ALTER USER {} REQUIRE SSL", user.quoted()));
    let error = to_newest(server, &address.unencrypted()).await.unwrap_err();
    assert_told(&error, ErrorKind::Tls);
    to_newest(server, &address).await.unwrap();
}

/// pg_hba.conf lets `client` in only like that.
async fn a_user_of_postgres_who_must_encrypt(server: &TestServer) {
    let database = server.new_database();
    let address = address_of(&*database).as_user("client", None).unencrypted();
    assert_told(&to_newest(server, &address).await.unwrap_err(), ErrorKind::Tls);
}

fn certificate() -> (String, String) {
    let file = |name| std::env::var(name).unwrap();
    (file("MLFLOW_MIGRATE_TEST_CLIENT_CERT"), file("MLFLOW_MIGRATE_TEST_CLIENT_KEY"))
}

async fn a_user_of_mysql_with_a_certificate(server: &TestServer) {
    let user = User::new(server);
    let database = server.new_database();
    let address = user.of(&*database).without_parameters();
    query(server.address(), &format!("GRANT ALL ON {}.* TO {}", address.database, user.quoted()));
    query(server.address(), &format!("ALTER USER {} REQUIRE X509", user.quoted()));
    let (certificate, key) = certificate();
    let with = address.clone().with("ssl_cert", &certificate).with("ssl_key", &key);
    open(&with, Waits::default()).await.unwrap();
    let error = to_newest(server, &address).await.unwrap_err();
    assert_told(&error, ErrorKind::AccessDenied);
}

async fn a_user_of_postgres_with_a_certificate(server: &TestServer) {
    let database = server.new_database();
    let address = address_of(&*database).as_user("client", None).with("sslmode", "require");
    let (certificate, key) = certificate();
    let with = address.clone().with("sslcert", &certificate).with("sslkey", &key);
    let mut backend = open(&with, Waits::default()).await.unwrap();
    backend.begin(SessionMode::Read).await.unwrap();
    backend.rollback().await.unwrap();
    let error = to_newest(server, &address).await.unwrap_err();
    assert_told(&error, ErrorKind::Tls);
}

async fn encryption_is_required_and_not_to_be_had(server: &TestServer) {
    let database = server.new_database();
    let address = address_of(&*database);
    let address = if server.is_postgres() {
        address.with("sslmode", "require")
    } else {
        address.with("ssl_mode", "REQUIRED")
    };
    assert_told(&to_newest(server, &address).await.unwrap_err(), ErrorKind::Tls);
}
