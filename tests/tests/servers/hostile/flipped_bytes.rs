//! Files in which one bit of a page is another: an upgrade of such a one comes to a whole file, or to an
//! error and the bytes as they were.

use std::path::Path;

use mlflow_migrate_core::error::ErrorKind;
use mlflow_migrate_tests::capability::SQLITE;
use mlflow_migrate_tests::database::{TestDatabase, upgrade};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::sqlite::SqliteFile;
use mlflow_migrate_tests::tests;

pub(crate) const TESTS: &[Test] = tests![every_page => SQLITE];

const PAGE: usize = 4096;

/// A place of a page, and the bit that is flipped there. Headers and pointers are at the beginning of a
/// page, and cells from its end.
const FLIPS: [(usize, u8); 4] = [(4, 0x01), (PAGE - 12, 0x01), (8, 0x08), (PAGE - 3, 0x20)];

/// Whether SQLite finds no damage. A row that a CHECK or a NOT NULL refuses is none.
fn is_whole(path: &Path) -> bool {
    let told = rusqlite::Connection::open(path).and_then(|connection| {
        let mut statement = connection.prepare("PRAGMA integrity_check")?;
        let told = statement.query_map([], |row| row.get::<_, String>(0))?;
        told.collect::<rusqlite::Result<Vec<String>>>()
    });
    let is_of_rows =
        |text: &String| text.starts_with("CHECK constraint") || text.starts_with("NULL value");
    told.is_ok_and(|told| told.iter().all(|text| text == "ok" || is_of_rows(text)))
}

async fn every_page(server: &TestServer) {
    let whole = SqliteFile::new();
    whole.run(&format!("PRAGMA page_size = {PAGE}; VACUUM"));
    upgrade(server.catalogue(), &whole, "base").await.unwrap();
    whole.run(
        "INSERT INTO experiments (experiment_id, name, lifecycle_stage) VALUES (1, 'one', 'active');
         INSERT INTO runs (run_uuid, name, user_id, status, experiment_id)
         VALUES ('run 1', 'name', 'user', 'FINISHED', 1);
         WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 79)
         INSERT INTO metrics (key, value, timestamp, run_uuid) SELECT 'm' || i, i / 7.0, i, 'run 1' FROM n;
         INSERT INTO params (key, value, run_uuid) VALUES ('long', printf('%.9000c', 'x'), 'run 1');
         INSERT INTO tags (key, value, run_uuid) VALUES ('key', 'value', 'run 1');
         CREATE TABLE mine (a TEXT NOT NULL); CREATE INDEX by_a ON mine (a);
         INSERT INTO mine SELECT printf('%.200c', 'x') || key FROM metrics;
         DELETE FROM mine WHERE rowid > 30",
    );
    let bytes = whole.contents();
    let (mut upgraded, mut refused) = (0, 0);
    for page in 0..bytes.len() / PAGE {
        let (place, flip) = FLIPS[page % FLIPS.len()];
        let mut bytes = bytes.clone();
        bytes[page * PAGE + place] ^= flip;
        let damaged = SqliteFile::new();
        std::fs::write(damaged.path(), &bytes).unwrap();
        let was_whole = is_whole(damaged.path());
        let at = format!("page {} at {place}", page + 1);
        match upgrade(server.catalogue(), &damaged, "451aebb31d03").await {
            Ok(_) => {
                upgraded += 1;
                assert!(is_whole(damaged.path()), "{at}: upgraded, and damaged");
            }
            Err(error) => {
                refused += 1;
                let kind = error.kind();
                let is_damage = matches!(kind, ErrorKind::Corrupt | ErrorKind::NotADatabase);
                assert!(is_damage || was_whole, "{at}: {kind:?}: {error}");
                assert!(damaged.contents() == bytes, "{at}: changed, and refused: {error}");
            }
        }
    }
    assert!(upgraded > 1 && refused > 10, "{upgraded} upgraded, {refused} refused");
}
