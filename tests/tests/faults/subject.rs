//! The upgrade that faults happen to.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use mlflow_migrate_core::event::cancellation::CancellationToken;
use mlflow_migrate_core::event::{NoopObserver, Observer};
use mlflow_migrate_core::upgrade::abort::abort;
use mlflow_migrate_core::{Error, FENCE, UpgradeReport};
use mlflow_migrate_tests::address::Address;
use mlflow_migrate_tests::conformance::assert_at;
use mlflow_migrate_tests::connect::{open, upgrade_at};
use mlflow_migrate_tests::database::{Cell, TestDatabase, Waits};
use mlflow_migrate_tests::private_server::PrivateServer;
use mlflow_migrate_tests::server::{TestServer, query, wait_until_alone};
use mlflow_migrate_tests::{fill, wait};

/// Metrics have to be moved from there.
const OLD: &str = "7ac759974ad8";

/// Entries of each metric, so that there are several ranges of them.
const ENTRIES: i64 = 6;

/// An upgrade that takes longer hangs.
const LIMIT: Duration = Duration::from_secs(300);

/// Short waits for a table: whoever is in the way here stays there.
const WAITS: Waits = Waits { table: Duration::from_secs(3), upgrader: Duration::from_secs(30) };

/// Who upgrades: nobody that a server makes exceptions for.
pub(crate) const USER: &str = "upgrader";

type Rows = Vec<Vec<Vec<Cell>>>;

/// A server, and what an undisturbed upgrade does there.
pub(crate) struct Ground {
    pub(crate) private: Arc<PrivateServer>,
    undisturbed: Mutex<BTreeMap<&'static str, Arc<Undisturbed>>>,
}

/// What an upgrade gives that nobody disturbs.
pub(crate) struct Undisturbed {
    rows: Rows,
    pub(crate) duration: Duration,
}

impl Ground {
    pub(crate) fn start(name: &str) -> Result<Self, String> {
        let private = Arc::new(PrivateServer::start(name)?);
        let server = private.server();
        let (is_there, create) = if server.is_postgres() {
            ("SELECT 1 FROM pg_roles WHERE rolname", format!("CREATE ROLE {USER} LOGIN"))
        } else {
            ("SELECT 1 FROM mysql.user WHERE user", format!("CREATE USER {USER}@'%'"))
        };
        if query(server.address(), &format!("{is_there} = '{USER}'")).is_empty() {
            query(server.address(), &create);
        }
        if !server.is_postgres() {
            // To be told who holds a lock.
            query(server.address(), &format!("GRANT PROCESS ON *.* TO {USER}@'%'"));
        }
        Ok(Self { private, undisturbed: Mutex::default() })
    }

    pub(crate) fn server(&self) -> &TestServer {
        self.private.server()
    }

    /// What an upgrade to a target gives that nobody disturbs.
    pub(crate) fn undisturbed(&self, target: &'static str) -> Arc<Undisturbed> {
        let mut known = self.undisturbed.lock().unwrap();
        let undisturbed = known.entry(target).or_insert_with(|| {
            wait(async {
                let database = self.filled().await;
                let started = Instant::now();
                upgrade(self.server(), &as_user(&*database), target).await.unwrap();
                let duration = started.elapsed();
                Arc::new(Undisturbed { rows: rows(&*database), duration })
            })
        });
        Arc::clone(undisturbed)
    }

    /// A database with rows, to be upgraded to a target.
    pub(crate) async fn subject(&self, target: &'static str) -> Subject<'_> {
        // The test before may have failed while the server was down.
        self.private.restart();
        let undisturbed = self.undisturbed(target);
        let database = self.filled().await;
        let before = database.contents();
        Subject { ground: self, database, before, target, undisturbed }
    }

    async fn filled(&self) -> Box<dyn TestDatabase> {
        let database = self.server().at(OLD).await;
        fill::metrics(&*database, ENTRIES);
        if self.server().is_postgres() {
            database.run(&format!(
                "GRANT ALL ON SCHEMA public TO {USER};
                 DO $$ DECLARE name text; BEGIN
                    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
                        EXECUTE format('ALTER TABLE %I OWNER TO {USER}', name);
                    END LOOP;
                 END $$"
            ));
        } else {
            let name = &database.address().unwrap().database;
            database.run(&format!("GRANT ALL ON {name}.* TO {USER}@'%'"));
        }
        database
    }
}

/// A database that is to be upgraded.
pub(crate) struct Subject<'a> {
    ground: &'a Ground,
    database: Box<dyn TestDatabase>,
    before: Vec<u8>,
    target: &'static str,
    undisturbed: Arc<Undisturbed>,
}

impl Subject<'_> {
    /// Where the database is, for the one who upgrades it.
    pub(crate) fn address(&self) -> Address {
        as_user(&*self.database)
    }

    /// The same for an administrator.
    pub(crate) fn administrator(&self) -> Address {
        self.database.address().unwrap().clone()
    }

    /// Upgrades it.
    pub(crate) async fn upgrade(&self) -> Result<UpgradeReport, Error> {
        upgrade(self.ground.server(), &self.address(), self.target).await
    }

    /// Upgrades it through a proxy.
    pub(crate) async fn upgrade_through(&self, port: u16) -> Result<UpgradeReport, Error> {
        upgrade(self.ground.server(), &self.address().through_port(port), self.target).await
    }

    pub(crate) fn is_as_before(&self) -> bool {
        self.database.contents() == self.before
    }

    /// What an upgrade that has failed may have left behind, now that the server is up again: nothing,
    /// or where DDL is not transactional, a fence.
    pub(crate) fn assert_sound_after_failure(&self, what: &str) {
        let server = self.ground.server();
        wait_until_alone(server, &self.administrator());
        if self.is_as_before() {
            return;
        }
        assert!(!server.reference().platform().transactional_ddl, "{what}: not as before");
        let version = self.database.query("SELECT version_num FROM alembic_version");
        // The journal is begun before the fence goes up, and both before the first step.
        let has_only_begun = version == [[Cell::from(OLD)]] && !self.has_noted_a_step();
        assert!(has_only_begun || version == [[Cell::from(FENCE)]], "{what}: {version:?}");
    }

    fn has_noted_a_step(&self) -> bool {
        let noted =
            "SELECT id FROM alembic_mlflow_migrate WHERE id <> 1 AND NOT (id = 0 AND note = '0')";
        !self.database.query(noted).is_empty()
    }

    /// `abort` ends where the upgrade began, if anything of it was left.
    pub(crate) async fn assert_goes_back(&self, what: &str) {
        let server = self.ground.server();
        wait_until_alone(server, &self.administrator());
        if self.is_as_before() {
            return;
        }
        let mut backend = open(&self.address(), WAITS).await.unwrap();
        let observer: Arc<dyn Observer> = Arc::new(NoopObserver);
        let aborted =
            abort(&mut *backend, server.catalogue(), &observer, &CancellationToken::default())
                .await;
        aborted.unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_at(server, &*self.database, OLD).await;
    }

    /// The same command again ends as if nothing had happened.
    pub(crate) async fn assert_finishes(&self, what: &str) {
        let again = self.upgrade().await;
        again.unwrap_or_else(|error| panic!("{what}: {error}"));
        let server = self.ground.server();
        assert_at(server, &*self.database, self.target).await;
        assert!(rows(&*self.database) == self.undisturbed.rows, "{what}: other rows");
        let schema = if server.is_postgres() { "current_schema()" } else { "DATABASE()" };
        let left = self.database.query(&format!(
            "SELECT table_name FROM information_schema.tables \
             WHERE table_schema = {schema} AND table_name LIKE 'alembic_m%'"
        ));
        assert!(left.is_empty(), "{what}: {left:?}");
    }
}

fn as_user(database: &dyn TestDatabase) -> Address {
    database.address().unwrap().as_user(USER, None)
}

/// Upgrades to a target, and no longer than that may take.
async fn upgrade(
    server: &TestServer,
    address: &Address,
    target: &str,
) -> Result<UpgradeReport, Error> {
    let upgrade = upgrade_at(server.catalogue(), address, WAITS, target);
    match tokio::time::timeout(LIMIT, upgrade).await {
        Ok(result) => result,
        Err(_) => panic!("an upgrade hangs for {LIMIT:?}"),
    }
}

/// The rows that an upgrade moves.
fn rows(database: &dyn TestDatabase) -> Rows {
    let read = |table: &&str| {
        let mut rows = database.query(&format!("SELECT * FROM {table}"));
        rows.sort();
        rows
    };
    ["runs", "metrics", "latest_metrics"].iter().map(read).collect()
}
