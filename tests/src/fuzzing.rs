//! What must hold of every text that somebody else has written: the definitions in an SQLite file, and
//! URLs. `fuzz/` looks for one of which it does not, `tests/tests/offline/fuzzing.rs` tries some.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::ops::Range;

use mlflow_migrate_backend_mysql as mysql;
use mlflow_migrate_backend_postgres as postgres;
use mlflow_migrate_backend_sqlite::ddl::{CreateIndex, CreateTable, TableConstraint, tokenize};
use mlflow_migrate_backend_sqlite::{create_table, path_from_url, read_table};
use mlflow_migrate_core::Error;
use mlflow_migrate_core::history::target::Target;
use mlflow_migrate_core::url::{ServerUrl, scheme, without_password};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rusqlite::Connection;

/// Part of every password here, and of nothing else.
const SECRET: &str = "S3cr3tS3cr3t";

/// Reads a definition. What SQLite accepts as a table must come out the same after it was written anew.
///
/// # Panics
/// If something does not hold.
pub fn ddl(text: &str) {
    if let Ok(tokens) = tokenize(text) {
        tokens.iter().for_each(|token| assert_within(&token.span(), text));
    }
    if let Ok(index) = CreateIndex::parse(text) {
        assert!(!index.columns.is_empty(), "an index over nothing: {text:?}");
    }
    let Ok(parsed) = CreateTable::parse(text) else { return };
    let names = parsed.columns.iter().flat_map(|column| [&column.name_span, &column.span]);
    let constraints = parsed.constraints.iter().map(TableConstraint::span);
    for span in names.chain(constraints).chain([&parsed.name_span, &parsed.closing_parenthesis]) {
        assert_within(span, text);
    }
    // Only what parses as one CREATE TABLE is run.
    let Some(stored) = stored_by_sqlite(text, &parsed.name) else { return };
    let table = read_table(&parsed.name, &stored);
    if table.inexpressible.is_empty() {
        let written = create_table(&table);
        let stored = stored_by_sqlite(&written, &table.name);
        let again = stored.map(|stored| read_table(&table.name, &stored));
        assert_eq!(again.as_ref(), Some(&table), "{text:?} was written as {written:?}");
    }
}

fn assert_within(span: &Range<usize>, text: &str) {
    assert!(text.get(span.clone()).is_some(), "{span:?} of {text:?}");
}

/// What SQLite keeps of a definition; `None` if it does not accept it.
fn stored_by_sqlite(sql: &str, table: &str) -> Option<String> {
    let connection = Connection::open_in_memory().ok()?;
    connection.execute_batch(sql).ok()?;
    let select = "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?1";
    connection.query_row(select, [table], |row| row.get(0)).ok()
}

/// Reads a URL, and URLs with a password of which the text is a part: no message shows any of that.
///
/// # Panics
/// If something does not hold.
pub fn urls(text: &str) {
    read(text);
    let encoded = utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    for dialect in ["postgresql", "mysql+pymysql", "mssql", "sqlite"] {
        // After an `@` and a `?` come values of parameters, which may be names of files, to be shown.
        let has_values = text.split_once('@').is_some_and(|(_, rest)| rest.contains('?'));
        for password in [text, &encoded].into_iter().skip(usize::from(has_values)) {
            for url in [
                format!("{dialect}://me:{password}{SECRET}@h:5/d?x=1"),
                format!("{dialect}://me:{SECRET}{password}@h/d"),
                format!("{dialect}://:{SECRET}{password}@/d"),
                format!("{dialect}//me:{SECRET}{password}@h/d"),
                format!("{dialect}://me:{SECRET}"),
            ] {
                assert_hides(&url);
            }
            // What follows these slashes is SQLite's path of a file.
            if dialect != "sqlite" {
                assert_hides(&format!("{dialect}:///me:{SECRET}{password}@h/d"));
            }
        }
        for parameter in ["password", "sslpassword", "Pass%77ord", "ssl_key_passphrase", "passwd"] {
            assert_hides(&format!("{dialect}://me@h/d?a=b&{parameter}={SECRET}{encoded}&c=d"));
            assert_hides(&format!("{dialect}://me@h/d?{parameter}%3D{encoded}{SECRET}"));
        }
    }
}

fn assert_hides(url: &str) {
    let told = read(url);
    assert!(!told.contains(SECRET), "{url:?} is told as {told}");
}

/// Everything that is made of a URL without connecting and may be shown.
fn read(url: &str) -> String {
    let mut told = vec![without_password(url), format!("{:?}", scheme(url))];
    // A path of a file is shown as it is: it has no password.
    if scheme(url).is_some() {
        told.push(tell(&path_from_url(url)));
    }
    if let Some(target) = named(&Target::parse(url)) {
        told.push(without_password(target));
    }
    match ServerUrl::parse(url) {
        Err(error) => told.push(tell::<()>(&Err(error))),
        Ok(parsed) => {
            let options = mysql::OpenOptions::default();
            told.push(tell(&postgres::read_url(&parsed, &BTreeMap::new())));
            told.push(tell(&mysql::read_url(&parsed, &options)));
            told.push(format!("{parsed:?} {} {:?}", parsed.shown(), parsed.password));
            told.extend([parsed.host, parsed.database].into_iter().flatten());
        }
    }
    told.join("\n")
}

fn named(target: &Target) -> Option<&str> {
    match target {
        Target::Named(name) => Some(name),
        _ => None,
    }
}

fn tell<T: Debug>(result: &Result<T, Error>) -> String {
    match result {
        Ok(read) => format!("{read:?}"),
        Err(error) => {
            assert!(matches!(error, Error::Url { .. } | Error::Tls { .. }), "{error:?}");
            format!("{error} {error:?}")
        }
    }
}
