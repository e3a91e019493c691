//! The note of an unfinished upgrade, changed by a user of the one database, when an administrator finishes
//! that upgrade or takes it back.

use std::sync::Arc;

use mlflow_migrate_core::error::ErrorKind;
use mlflow_migrate_core::event::cancellation::CancellationToken;
use mlflow_migrate_core::event::{NoopObserver, Observer};
use mlflow_migrate_core::upgrade::abort::abort;
use mlflow_migrate_core::{Error, FENCE};
use mlflow_migrate_tests::address::Address;
use mlflow_migrate_tests::capability::MYSQL;
use mlflow_migrate_tests::conformance::assert_at;
use mlflow_migrate_tests::connect::open;
use mlflow_migrate_tests::database::{Cell, TestDatabase, Waits};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::mysql::attempt;
use mlflow_migrate_tests::proxy::Proxy;
use mlflow_migrate_tests::server::{TestServer, query, wait_until_alone};
use mlflow_migrate_tests::tests;
use mlflow_migrate_tests::unique::next_name;
use serde_json::{Value, json};

use crate::common::{User, address_of, assert_told, to_newest};

pub(crate) const TESTS: &[Test] = tests![
    a_forged_note_is_refused => MYSQL,
    a_view_in_place_of_the_note_is_refused => MYSQL,
];

const STATE: &str = "451aebb31d03";

/// What of a note is changed; the text is a statement that the user may not run.
type Forgery = fn(&mut Value, &str);

const FORGERIES: [(&str, Forgery); 20] = [
    ("triggers", |note, evil| {
        of_tables(note, |table| {
            table["triggers"] = json!([{"name": "theirs", "definition": evil, "function": null}]);
        });
    }),
    ("collation of columns", |note, evil| {
        of_texts(note, |column| column["collation"] = json!(format!("utf8mb4_bin; {evil}; -- ")));
    }),
    ("collation of columns, one statement", |note, _| {
        of_texts(note, |column| column["collation"] = json!("utf8mb4_bin, ADD COLUMN more INT"));
    }),
    ("collation of tables", |note, evil| {
        of_tables(note, |table| table["collation"] = json!(format!("utf8mb4_bin; {evil}; -- ")));
    }),
    ("collation of the database", |note, evil| {
        note["live"]["collation"] = json!(format!("utf8mb4_bin; {evil}; -- "));
    }),
    ("types", |note, evil| other_type(note, &format!("VARCHAR(250) NOT NULL; {evil}; -- "))),
    ("types, one statement", |note, _| other_type(note, "VARCHAR(250), ADD COLUMN more INT")),
    ("types of more than letters", |note, _| other_type(note, "ENUM('a','b') CHECK (1)")),
    ("types with a comment", |note, _| other_type(note, "INT /*!50000 , ADD COLUMN more INT */")),
    ("types that end a text", |note, evil| other_type(note, &format!("ENUM('\\'); {evil}; -- ')"))),
    ("defaults", |note, evil| default(note, &format!("1); {evil}; -- "))),
    ("defaults of times", |note, evil| default(note, &format!("CURRENT_TIMESTAMP; {evil}; -- "))),
    ("defaults of bits", |note, evil| default(note, &format!("b'0'; {evil}; -- "))),
    ("defaults from elsewhere", |note, _| default(note, "(SELECT max(user) FROM mysql.user)")),
    ("generated columns", |note, evil| {
        let expression = format!("1) STORED; {evil}; -- ");
        of_texts(note, |column| {
            column["generated"] = json!({"expression": expression, "stored": true});
        });
    }),
    ("checks", |note, evil| check(note, &format!("1 = 1); {evil}; -- "))),
    ("checks that call something", |note, _| check(note, "sleep(0) = 0")),
    ("the target", |note, evil| note["to"] = json!(format!("head; {evil}"))),
    ("the origin", |note, evil| note["from"]["revision"] = json!(format!("base; {evil}"))),
    ("the version", |note, evil| note["version"] = json!(format!("1; {evil}"))),
];

fn of_tables(note: &mut Value, mut change: impl FnMut(&mut Value)) {
    let tables = note["live"]["tables"].as_object_mut().unwrap();
    tables.values_mut().for_each(&mut change);
}

/// Changes all columns of texts.
fn of_texts(note: &mut Value, mut change: impl FnMut(&mut Value)) {
    of_tables(note, |table| {
        let columns = table["columns"].as_array_mut().unwrap();
        let texts = columns.iter_mut().filter(|it| it["column_type"]["Varchar"].is_number());
        texts.for_each(&mut change);
    });
}

fn other_type(note: &mut Value, text: &str) {
    of_texts(note, |column| column["column_type"] = json!({"Other": text}));
}

fn default(note: &mut Value, text: &str) {
    of_texts(note, |column| column["default"] = json!({"Expression": text}));
}

fn check(note: &mut Value, text: &str) {
    of_tables(note, |table| {
        table["checks"] = json!([{"name": "theirs", "expression": text}]);
    });
}

/// A database whose upgrade was interrupted within its first step, a user who may do everything there, and
/// a table outside.
struct Scene {
    user: User,
    outside: String,
    administrator: Address,
    database: Box<dyn TestDatabase>,
}

impl Scene {
    async fn new(server: &TestServer) -> Self {
        let (user, administrator) = (User::new(server), server.address().clone());
        let outside = next_name();
        query(&administrator, &format!("CREATE DATABASE {outside}"));
        query(&administrator, &format!("CREATE TABLE {outside}.kept (a INT)"));
        query(&administrator, &format!("INSERT INTO {outside}.kept VALUES (1)"));
        let database = server.at(STATE).await;
        let address = address_of(&*database);
        let granted = format!("GRANT ALL ON {}.* TO {}", address.database, user.quoted());
        query(&administrator, &granted);
        let proxy = Proxy::cut_at(&address, "SET note = '1' WHERE id = 0", 1);
        to_newest(server, &address.through_port(proxy.port())).await.unwrap_err();
        assert!(proxy.has_cut());
        wait_until_alone(server, &address);
        Self { user, outside, administrator, database }
    }

    fn as_user(&self) -> Address {
        self.user.of(&*self.database)
    }

    fn evil(&self) -> String {
        format!("GRANT ALL ON *.* TO {}", self.user.quoted())
    }

    /// What the user may do, and what is outside.
    fn world(&self) -> [Vec<Vec<Cell>>; 2] {
        [
            format!("SHOW GRANTS FOR {}", self.user.quoted()),
            format!("SELECT a FROM {}.kept", self.outside),
        ]
        .map(|sql| query(&self.administrator, &sql))
    }

    /// The columns of all tables, and the triggers.
    fn schema(&self) -> [Vec<Vec<Cell>>; 2] {
        [
            "SELECT table_name, column_name, column_type, column_default, collation_name \
             FROM information_schema.columns WHERE table_schema = DATABASE() \
             ORDER BY table_name, ordinal_position",
            "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = DATABASE()",
        ]
        .map(|sql| self.database.query(sql))
    }

    fn note(&self) -> String {
        let rows = self.database.query("SELECT note FROM alembic_mlflow_migrate WHERE id = 1");
        let [row] = &rows[..] else { panic!("{rows:?}") };
        let [Cell::Text(note)] = &row[..] else { panic!("{row:?}") };
        note.clone()
    }

    fn write(&self, id: u32, note: &str) {
        let note = note.replace('\'', "''");
        let sql = format!("UPDATE alembic_mlflow_migrate SET note = '{note}' WHERE id = {id}");
        query(&self.as_user(), &sql);
    }

    /// An administrator finishes the upgrade, and takes it back: both refuse, and change nothing.
    async fn assert_refused(&self, server: &TestServer, what: &str) {
        let before = (self.world(), self.schema());
        let address = address_of(&*self.database);
        let finished = to_newest(server, &address).await.map(|_| ());
        let taken_back = roll_back(server, &address).await;
        let after = (self.world(), self.schema());
        assert!(after == before, "{what}: {finished:?}, {taken_back:?}");
        for result in [finished, taken_back] {
            let Err(error) = result else { panic!("{what}: not refused") };
            assert_told(&error, ErrorKind::Journal);
            assert!(error.to_string().contains("alembic_mlflow_migrate"), "{what}: {error}");
        }
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        query(&self.administrator, &format!("DROP DATABASE {}", self.outside));
    }
}

async fn roll_back(server: &TestServer, address: &Address) -> Result<(), Error> {
    let mut backend = open(address, Waits::default()).await?;
    let observer: Arc<dyn Observer> = Arc::new(NoopObserver);
    let aborted =
        abort(&mut *backend, server.catalogue(), &observer, &CancellationToken::default()).await;
    aborted.map(|_| ())
}

async fn a_forged_note_is_refused(server: &TestServer) {
    let scene = Scene::new(server).await;
    let note = scene.note();
    for (what, forge) in FORGERIES {
        let mut forged: Value = serde_json::from_str(&note).unwrap();
        forge(&mut forged, &scene.evil());
        scene.write(1, &forged.to_string());
        scene.assert_refused(server, what).await;
    }
    scene.write(1, &note);
    for steps in ["18446744073709551615", "1000", "-1"] {
        scene.write(0, steps);
        scene.assert_refused(server, steps).await;
    }
    scene.write(0, "0");
    let address = address_of(&*scene.database);
    to_newest(server, &address).await.unwrap();
    assert_at(server, &*scene.database, server.head()).await;
}

/// Whoever reads the view calls the function, with the rights of the reader.
async fn a_view_in_place_of_the_note_is_refused(server: &TestServer) {
    let scene = Scene::new(server).await;
    let user = scene.as_user();
    let function = format!(
        "CREATE FUNCTION theirs() RETURNS INT SQL SECURITY INVOKER MODIFIES SQL DATA \
         BEGIN UPDATE {}.kept SET a = 2; RETURN 0; END",
        scene.outside
    );
    // Where changes are logged it takes an administrator.
    let call = if attempt(&user, &function).is_ok() { "theirs()" } else { "0" };
    query(&user, "RENAME TABLE alembic_mlflow_migrate TO alembic_kept");
    let view = format!(
        "CREATE SQL SECURITY INVOKER VIEW alembic_mlflow_migrate AS \
         SELECT id + {call} AS id, note FROM alembic_kept"
    );
    query(&user, &view);
    scene.assert_refused(server, call).await;
    query(&user, "DROP VIEW alembic_mlflow_migrate");
    query(&user, "RENAME TABLE alembic_kept TO alembic_mlflow_migrate");
    let fence = [[Cell::from(FENCE)]];
    assert_eq!(scene.database.query("SELECT version_num FROM alembic_version"), fence);
    to_newest(server, &address_of(&*scene.database)).await.unwrap();
}
