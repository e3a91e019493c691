//! What other roles have put where PostgreSQL looks before its own schema.
//!
//! A role or a database may have a `search_path` that ends with the server's schema. Then each name
//! of a function, operator, type or view that is not qualified means somebody else's.

use std::time::Duration;

use mlflow_migrate_core::UpgradeOptions;
use mlflow_migrate_core::backend::Backend;
use mlflow_migrate_core::error::ErrorKind;
use mlflow_migrate_core::event::Event;
use mlflow_migrate_core::event::cancellation::CancellationToken;
use mlflow_migrate_core::history::target::Target;
use mlflow_migrate_core::report::{check, doctor, estimate, status, verify};
use mlflow_migrate_tests::address::Address;
use mlflow_migrate_tests::capability::POSTGRES;
use mlflow_migrate_tests::conformance::assert_at;
use mlflow_migrate_tests::connect::{open, upgrade_at};
use mlflow_migrate_tests::database::{Cell, TestDatabase, Upgrade, Waits};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::server::{TestServer, query};
use mlflow_migrate_tests::tests;

use crate::common::{User, address_of};
use crate::locks::others::{Reader, assert_locked_by};

pub(crate) const TESTS: &[Test] = tests![
    reading_calls_nothing_of_others => POSTGRES,
    waiting_and_committing_call_nothing_of_others => POSTGRES,
    stopping_calls_nothing_of_others => POSTGRES,
    failing_calls_nothing_of_others => POSTGRES,
    hidden_rows_call_nothing_of_others => POSTGRES,
];

const OLD: &str = "451aebb31d03";
const LONG: Waits = Waits { table: Duration::from_secs(20), upgrader: Duration::from_secs(20) };
const SHORT: Waits = Waits { table: Duration::from_secs(1), upgrader: Duration::from_secs(1) };

/// Puts a trap beside every function, aggregate, operator, type and relation of the server.
///
/// A trap leaves its name in a file of the server: no rollback takes that back, and a transaction
/// that only reads may do so. Some of the server's objects cannot be imitated: a pseudo-type, for
/// example, is none that a function in PL/pgSQL takes.
const TRAPS: &str = r"
CREATE SCHEMA theirs;
CREATE FUNCTION theirs.spring(what text) RETURNS bool LANGUAGE plpgsql SET search_path = pg_catalog
AS $$BEGIN
    EXECUTE format('COPY (SELECT %L) TO %L', what,
        current_setting('data_directory') || '/trap_of_' || current_database());
    RETURN true;
END$$;
CREATE FUNCTION theirs.body(what text, is_without_value bool) RETURNS text LANGUAGE sql
AS $$SELECT format('BEGIN PERFORM theirs.spring(%L); RETURN%s; END', what,
    CASE WHEN is_without_value THEN '' ELSE ' NULL' END)$$;
GRANT USAGE ON SCHEMA theirs TO PUBLIC;
DO $$
DECLARE it record; made int := 0;
BEGIN
    FOR it IN
        SELECT format('CREATE FUNCTION theirs.%I(%s) RETURNS %s LANGUAGE plpgsql AS %L', p.proname,
            pg_get_function_arguments(p.oid), pg_get_function_result(p.oid),
            theirs.body('function ' || p.oid::regprocedure, p.proretset
                OR p.prorettype = 'void'::regtype OR p.proargmodes && '{o,b,t}')) AS sql
        FROM pg_proc p WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f'
        UNION ALL
        SELECT format('CREATE FUNCTION theirs.step_%s(%s, %2$s) RETURNS %2$s LANGUAGE plpgsql AS %L; '
            'CREATE AGGREGATE theirs.%I(%2$s) (SFUNC = theirs.step_%1$s, STYPE = %2$s)', p.oid,
            p.proargtypes[0]::regtype, theirs.body('aggregate ' || p.proname, false), p.proname)
        FROM pg_proc p WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'a'
            AND p.pronargs = 1
        UNION ALL
        SELECT format('CREATE FUNCTION theirs.operator_%s(%s) RETURNS %s LANGUAGE plpgsql AS %L; '
            'CREATE OPERATOR theirs.%s (%s RIGHTARG = %s, FUNCTION = theirs.operator_%1$s)', o.oid,
            concat_ws(', ', nullif(o.oprleft, 0)::regtype, o.oprright::regtype),
            o.oprresult::regtype, theirs.body('operator ' || o.oid::regoperator, false),
            o.oprname, 'LEFTARG = ' || nullif(o.oprleft, 0)::regtype || ',', o.oprright::regtype)
        FROM pg_operator o WHERE o.oprnamespace = 'pg_catalog'::regnamespace
        UNION ALL
        SELECT format('CREATE DOMAIN theirs.%I AS pg_catalog.%1$I CHECK (theirs.spring(%L))',
            t.typname, 'type ' || t.typname)
        FROM pg_type t WHERE t.typnamespace = 'pg_catalog'::regnamespace AND t.typtype = 'b'
        UNION ALL
        SELECT format('CREATE VIEW theirs.%I AS SELECT %s FROM pg_catalog.%1$I WHERE theirs.spring(%3$L)',
            c.relname, string_agg(quote_ident(a.attname), ', '), 'relation ' || c.relname)
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
            AND a.atttypid <> 'anyarray'::regtype
        WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind IN ('r', 'v')
        GROUP BY c.relname
    LOOP
        BEGIN
            EXECUTE it.sql;
            made := made + 1;
        EXCEPTION WHEN OTHERS THEN NULL;
        END;
    END LOOP;
    IF made < 3000 THEN RAISE EXCEPTION 'only % traps', made; END IF;
END$$";

/// A database full of traps, and a role that sees all of them before what is the server's.
struct Trapped {
    database: Box<dyn TestDatabase>,
    theirs: Address,
    user: User,
}

impl Trapped {
    async fn new(server: &TestServer, rights: &str) -> Self {
        let user = User::new(server);
        let database = server.at(OLD).await;
        let (name, theirs) = (user.quoted(), user.of(&*database));
        query(server.address(), &rights.replace("{}", &name));
        database.run(TRAPS);
        database.run(&format!(
            "ALTER ROLE {name} IN DATABASE {} SET search_path = public, theirs, pg_catalog",
            theirs.database
        ));
        Self { database, theirs, user }
    }

    /// Whoever upgrades is a superuser.
    async fn of_superuser(server: &TestServer) -> Self {
        let trapped = Self::new(server, "ALTER ROLE {} SUPERUSER").await;
        // The traps are armed.
        query(&trapped.theirs, "SELECT lower('A')");
        assert_eq!(trapped.sprung(), [[Cell::from("function lower(text)")]]);
        trapped.rearm();
        trapped
    }

    /// The trap that went off last.
    fn sprung(&self) -> Vec<Vec<Cell>> {
        self.database.query(
            "SELECT trim(E'\n' FROM pg_read_file('trap_of_' || current_database(), 0, 1000, true)) \
             FROM pg_stat_file('trap_of_' || current_database(), true) AS f WHERE f.size > 0",
        )
    }

    /// Empties the file, which cannot be removed.
    fn rearm(&self) {
        self.database.run(
            "DO $$BEGIN EXECUTE format('COPY (SELECT WHERE false) TO %L', \
             current_setting('data_directory') || '/trap_of_' || current_database()); END$$",
        );
        assert!(self.sprung().is_empty());
    }

    async fn open(&self, waits: Waits) -> Box<dyn Backend> {
        open(&self.theirs, waits).await.unwrap()
    }

    /// Returns as soon as a session of the database waits for a lock.
    async fn waits_for_a_lock(&self) {
        const WAITING: &str = "SELECT 1 FROM pg_stat_activity \
            WHERE datname = current_database() AND wait_event_type = 'Lock'";
        while self.database.query(WAITING).is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    #[track_caller]
    fn assert_none(&self, what: &str) {
        assert!(self.sprung().is_empty(), "{what}: {:?}", self.sprung());
    }
}

async fn reading_calls_nothing_of_others(server: &TestServer) {
    let trapped = Trapped::of_superuser(server).await;
    let (mut backend, catalogue) = (trapped.open(LONG).await, server.catalogue());
    trapped.assert_none("connecting");
    status::status(&mut *backend, catalogue, None).await.unwrap();
    status::upgraders(&mut *backend).await.unwrap();
    trapped.assert_none("status");
    check::check(&mut *backend, catalogue, None).await.unwrap();
    verify::verify(&mut *backend, catalogue, None, true).await.unwrap();
    trapped.assert_none("check, verify");
    let request = UpgradeOptions::to(Target::parse(server.head()));
    doctor::diagnose(&mut *backend, catalogue, &request).await.unwrap();
    trapped.assert_none("doctor");
    let options = estimate::EstimateOptions::default();
    estimate::estimate(&mut *backend, catalogue, &request, options).await.unwrap();
    trapped.assert_none("estimate");
}

async fn waiting_and_committing_call_nothing_of_others(server: &TestServer) {
    let trapped = Trapped::of_superuser(server).await;
    // A COMMIT so slow that another session looks what it waits for.
    trapped.database.run(
        "CREATE SCHEMA slow; \
         CREATE FUNCTION slow.sleep() RETURNS trigger LANGUAGE plpgsql AS \
             $$BEGIN PERFORM pg_catalog.pg_sleep(3); RETURN NULL; END$$; \
         CREATE CONSTRAINT TRIGGER slow AFTER INSERT OR UPDATE ON alembic_version \
             DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow.sleep()",
    );
    let (reader, session) = Reader::of_table(&address_of(&*trapped.database), "metrics").await;
    let mut backend = trapped.open(LONG).await;
    let upgrade = Upgrade::default();
    let upgrading = upgrade.run_on(server.catalogue(), &mut *backend, server.head());
    let ending = async {
        trapped.waits_for_a_lock().await;
        tokio::time::sleep(Duration::from_millis(2500)).await;
        reader.end().await;
    };
    let ((upgraded, events), ()) = tokio::join!(upgrading, ending);
    upgraded.unwrap();
    trapped.assert_none("upgrade");
    // The second session had its answers.
    let told: Vec<String> = events
        .into_iter()
        .filter_map(|event| match event {
            Event::Waiting(wait) => Some(wait.holders.join(", ")),
            Event::Notice { message } => Some(message),
            _ => None,
        })
        .collect();
    for part in [session.to_string(), "at the COMMIT".to_owned()] {
        assert!(told.iter().any(|it| it.contains(&part)), "{part}: {told:?}");
    }
    trapped.database.run("DROP SCHEMA slow CASCADE");
    assert_at(server, &*trapped.database, server.head()).await;
}

async fn stopping_calls_nothing_of_others(server: &TestServer) {
    let trapped = Trapped::of_superuser(server).await;
    let (reader, _) = Reader::of_table(&address_of(&*trapped.database), "metrics").await;
    let stop = CancellationToken::default();
    let mut backend = trapped.open(LONG).await;
    let upgrade = Upgrade { stop: stop.clone(), ..Upgrade::default() };
    let upgrading = upgrade.run_on(server.catalogue(), &mut *backend, server.head());
    let asking = async {
        trapped.waits_for_a_lock().await;
        stop.request();
    };
    let ((stopped, _), ()) = tokio::join!(upgrading, asking);
    assert_eq!(stopped.unwrap_err().kind(), ErrorKind::Stopped);
    trapped.assert_none("a stop");
    reader.end().await;
}

async fn failing_calls_nothing_of_others(server: &TestServer) {
    let trapped = Trapped::of_superuser(server).await;
    let (reader, session) = Reader::of_table(&address_of(&*trapped.database), "metrics").await;
    let head = server.head();
    let refused = upgrade_at(server.catalogue(), &trapped.theirs, SHORT, head).await;
    trapped.assert_none("a table that somebody reads");
    assert_locked_by(&refused.unwrap_err(), session);
    reader.end().await;
    let mut first = trapped.open(LONG).await;
    first.begin(mlflow_migrate_core::backend::SessionMode::Upgrade).await.unwrap();
    let refused = upgrade_at(server.catalogue(), &trapped.theirs, SHORT, head).await;
    trapped.assert_none("another upgrade");
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Locked);
    first.rollback().await.unwrap();
}

async fn hidden_rows_call_nothing_of_others(server: &TestServer) {
    let rights = "GRANT pg_write_server_files TO {}";
    let trapped = Trapped::new(server, rights).await;
    trapped.rearm();
    trapped.database.run(&format!(
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO {}; \
         ALTER TABLE alembic_version ENABLE ROW LEVEL SECURITY",
        trapped.user.quoted()
    ));
    let mut backend = trapped.open(LONG).await;
    let refused = status::status(&mut *backend, server.catalogue(), None).await;
    trapped.assert_none("hidden rows");
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Privileges);
}
