//! What other roles have put into PostgreSQL's schema, and whose the new tables are.

use mlflow_migrate::hint;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::error::ErrorKind;
use mlflow_migrate_core::history::target::Target;
use mlflow_migrate_core::report::verify::verify;
use mlflow_migrate_core::upgrade::stamp::stamp;
use mlflow_migrate_tests::address::Address;
use mlflow_migrate_tests::capability::POSTGRES;
use mlflow_migrate_tests::conformance::assert_at;
use mlflow_migrate_tests::connect::{open, upgrade_at};
use mlflow_migrate_tests::database::{Cell, TestDatabase, Upgrade, Waits};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::server::{TestServer, query};
use mlflow_migrate_tests::tests;

use crate::common::{User, address_of, assert_told, to_newest};

pub(crate) const TESTS: &[Test] = tests![
    code_of_others_is_not_called => POSTGRES,
    code_of_the_types_of_others_is_not_called => POSTGRES,
    a_stamp_calls_no_code_of_others => POSTGRES,
    code_of_ones_own_stays => POSTGRES,
    new_tables_are_the_owners => POSTGRES,
    a_role_that_cannot_give_tables_to_their_owner => POSTGRES,
];

const OLD: &str = "451aebb31d03";

/// The revision that fills `latest_metrics`.
const NEXT: &str = "89d4b8295536";

/// What a user who may create something in the schema puts there; `take()` makes the user a superuser if
/// a superuser calls it.
const TRAPS: [&str; 10] = [
    "CREATE FUNCTION public.same(varchar, varchar) RETURNS bool LANGUAGE plpgsql AS $$BEGIN \
         PERFORM public.take(); RETURN $1::text OPERATOR(pg_catalog.=) $2::text; END$$; \
     CREATE OPERATOR public.= (LEFTARG = varchar, RIGHTARG = varchar, FUNCTION = public.same)",
    "CREATE FUNCTION public.same(oid, regclass) RETURNS bool LANGUAGE plpgsql AS $$BEGIN \
         PERFORM public.take(); RETURN $1 OPERATOR(pg_catalog.=) $2::oid; END$$; \
     CREATE OPERATOR public.= (LEFTARG = oid, RIGHTARG = regclass, FUNCTION = public.same)",
    "CREATE FUNCTION public.length(varchar) RETURNS int LANGUAGE plpgsql AS $$BEGIN \
         PERFORM public.take(); RETURN 1; END$$",
    "CREATE AGGREGATE public.max(varchar) (SFUNC = public.taking, STYPE = varchar)",
    "CREATE TRIGGER theirs BEFORE INSERT OR UPDATE OR DELETE ON public.alembic_version \
     FOR EACH ROW EXECUTE FUNCTION public.trap()",
    "CREATE RULE theirs AS ON UPDATE TO public.alembic_version DO ALSO SELECT public.take()",
    "ALTER TABLE public.metrics ADD CHECK (public.taking(key, key) <> '')",
    "CREATE DOMAIN public.version AS varchar(32) CHECK (public.taking(VALUE, VALUE) <> ''); \
     ALTER TABLE public.alembic_version ALTER version_num TYPE public.version",
    "CREATE DOMAIN public.more AS varchar DEFAULT public.taking('a', 'b'); \
     ALTER TABLE public.tags ADD COLUMN more varchar; \
     ALTER TABLE public.tags ALTER more TYPE public.more",
    "CREATE TABLE public.more () INHERITS (public.alembic_version); \
     WITH moved AS (DELETE FROM ONLY public.alembic_version RETURNING version_num) \
         INSERT INTO public.more SELECT version_num FROM moved; \
     CREATE TRIGGER theirs BEFORE UPDATE ON public.more \
         FOR EACH ROW EXECUTE FUNCTION public.trap()",
];

/// What cannot be removed from a table.
const PARTITION_KEY: &str = "ALTER TABLE public.alembic_version RENAME TO undivided; \
     CREATE FUNCTION public.place(varchar) RETURNS int IMMUTABLE LANGUAGE plpgsql AS \
         $$BEGIN PERFORM public.take(); RETURN 1; END$$; \
     CREATE TABLE public.alembic_version (version_num varchar(32) NOT NULL) \
         PARTITION BY LIST (public.place(version_num)); \
     CREATE TABLE public.part PARTITION OF public.alembic_version FOR VALUES IN (1); \
     INSERT INTO public.alembic_version SELECT version_num FROM public.undivided";

/// What a user's own types bring along, in columns that are read, compared and converted.
const TRAPS_OF_TYPES: [&str; 5] = [
    "CREATE TYPE public.mine AS ENUM ('451aebb31d03'); \
     CREATE FUNCTION public.shown(public.mine) RETURNS text LANGUAGE plpgsql AS \
         $$BEGIN PERFORM public.take(); RETURN '451aebb31d03'; END$$; \
     CREATE CAST (public.mine AS text) WITH FUNCTION public.shown(public.mine); \
     ALTER TABLE public.alembic_version ALTER version_num TYPE public.mine \
         USING version_num::text::public.mine",
    "CREATE TYPE public.mine AS (a varchar); \
     CREATE FUNCTION public.left(public.mine, int) RETURNS text LANGUAGE plpgsql AS \
         $$BEGIN PERFORM public.take(); RETURN '451aebb31d03'; END$$; \
     ALTER TABLE public.alembic_version DROP CONSTRAINT alembic_version_pkc; \
     ALTER TABLE public.alembic_version ALTER version_num TYPE public.mine \
         USING ROW (version_num)::public.mine",
    "CREATE TYPE public.mine AS ENUM ('m'); \
     CREATE FUNCTION public.length(public.mine) RETURNS int LANGUAGE plpgsql AS \
         $$BEGIN PERFORM public.take(); RETURN 1; END$$; \
     ALTER TABLE public.metrics ALTER key TYPE public.mine USING key::text::public.mine",
    "CREATE TYPE public.mine AS ENUM ('m'); \
     CREATE FUNCTION public.same(public.mine, public.mine) RETURNS bool LANGUAGE plpgsql AS \
         $$BEGIN PERFORM public.take(); RETURN true; END$$; \
     CREATE OPERATOR public.= (LEFTARG = public.mine, RIGHTARG = public.mine, FUNCTION = public.same); \
     ALTER TABLE public.metrics ALTER key TYPE public.mine USING key::text::public.mine",
    "CREATE SCHEMA theirs; CREATE TYPE theirs.mine AS ENUM ('m'); \
     CREATE FUNCTION theirs.shown(theirs.mine) RETURNS varchar LANGUAGE plpgsql AS \
         $$BEGIN PERFORM public.take(); RETURN 'm'; END$$; \
     CREATE CAST (theirs.mine AS varchar) WITH FUNCTION theirs.shown(theirs.mine) AS IMPLICIT; \
     ALTER TABLE public.metrics ALTER key TYPE theirs.mine USING key::text::theirs.mine",
];

/// Who has taken the rights of a superuser.
fn is_superuser(server: &TestServer, user: &User) -> bool {
    let sql = format!("SELECT 1 FROM pg_roles WHERE rolsuper AND rolname = '{}'", user.quoted());
    !query(server.address(), &sql).is_empty()
}

/// The database, of which all tables are this user's.
async fn of_user(server: &TestServer, user: &User) -> (Box<dyn TestDatabase>, Address) {
    let database = server.new_database();
    let address = user.of(&*database);
    let name = user.quoted();
    query(server.address(), &format!("ALTER DATABASE {} OWNER TO {name}", address.database));
    upgrade_at(server.catalogue(), &address, Waits::default(), OLD).await.unwrap();
    (database, address)
}

/// A database of this user's, in which everything that calls `take()` waits for a superuser.
async fn trapped(server: &TestServer, user: &User, trap: &str) -> Box<dyn TestDatabase> {
    let (database, theirs) = of_user(server, user).await;
    database.run(
        "INSERT INTO experiments (experiment_id, name) VALUES (1, 'one'); \
         INSERT INTO runs (run_uuid, experiment_id, user_id) VALUES ('r', 1, 'me'); \
         INSERT INTO metrics (key, value, timestamp, run_uuid, step) VALUES ('m', 1, 1, 'r', 0)",
    );
    for sql in [
        &format!(
            "CREATE FUNCTION public.take() RETURNS int LANGUAGE plpgsql AS $$BEGIN \
             IF (SELECT rolsuper FROM pg_catalog.pg_roles \
                 WHERE rolname OPERATOR(pg_catalog.=) current_user) THEN \
             EXECUTE 'ALTER ROLE {} SUPERUSER'; END IF; RETURN 1; END$$",
            user.quoted()
        ),
        "CREATE FUNCTION public.taking(varchar, varchar) RETURNS varchar LANGUAGE plpgsql \
         AS $$BEGIN PERFORM public.take(); RETURN $2; END$$",
        "CREATE FUNCTION public.trap() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN \
         PERFORM public.take(); RETURN new; END$$",
        trap,
    ] {
        query(&theirs, sql);
    }
    database
}

/// Upgrades as a superuser, whom the maker of a trap waits for, and returns what to do about it.
async fn refused(
    server: &TestServer,
    user: &User,
    database: &dyn TestDatabase,
    trap: &str,
) -> String {
    let before = database.contents();
    let done = upgrade_at(server.catalogue(), &address_of(database), Waits::default(), NEXT).await;
    assert!(!is_superuser(server, user), "{trap}: {done:?}");
    let error = done.err().unwrap_or_else(|| panic!("not refused: {trap}"));
    assert_told(&error, ErrorKind::Privileges);
    assert!(error.to_string().contains(&user.quoted()), "{error}");
    assert!(database.contents() == before, "{trap}");
    // Its own maker gains nothing by it.
    let hint = hint(&error).unwrap();
    assert!(hint.contains(&format!("as {}", user.quoted())), "{hint}");
    hint.split_once("belong there: ").unwrap().1.to_owned()
}

async fn code_of_others_is_not_called(server: &TestServer) {
    for trap in TRAPS {
        let user = User::new(server);
        let database = trapped(server, &user, trap).await;
        let remedy = refused(server, &user, &*database, trap).await;
        database.run(&remedy);
        upgrade_at(server.catalogue(), &address_of(&*database), Waits::default(), NEXT)
            .await
            .unwrap_or_else(|error| panic!("{trap}: {error}"));
        assert!(!is_superuser(server, &user), "{trap}");
    }
    let user = User::new(server);
    let database = trapped(server, &user, PARTITION_KEY).await;
    let remedy = refused(server, &user, &*database, PARTITION_KEY).await;
    assert_eq!(remedy, "ALTER FUNCTION place(character varying) OWNER TO CURRENT_USER");
}

/// Even those who only read call what belongs to a column's type.
async fn code_of_the_types_of_others_is_not_called(server: &TestServer) {
    for trap in TRAPS_OF_TYPES {
        let user = User::new(server);
        let database = trapped(server, &user, trap).await;
        let mut backend = open(&address_of(&*database), Waits::default()).await.unwrap();
        let read = verify(&mut *backend, server.catalogue(), None, true).await.map(drop);
        let upgrade = Upgrade { accept_drift: true, ..Upgrade::default() };
        let (done, _) = upgrade.run_on(server.catalogue(), &mut *backend, NEXT).await;
        assert!(!is_superuser(server, &user), "{trap}: {read:?}, {done:?}");
        for result in [read, done.map(drop)] {
            let error = result.err().unwrap_or_else(|| panic!("not refused: {trap}"));
            assert_told(&error, ErrorKind::Privileges);
            let hint = hint(&error).unwrap();
            database
                .run(&format!("BEGIN; {}; ROLLBACK", hint.split_once("belong there: ").unwrap().1));
        }
    }
}

/// A stamp has no plan, and writes the version all the same.
async fn a_stamp_calls_no_code_of_others(server: &TestServer) {
    for trap in TRAPS.into_iter().filter(|trap| trap.contains("alembic_version")) {
        let user = User::new(server);
        let database = trapped(server, &user, trap).await;
        let mut backend = open(&address_of(&*database), Waits::default()).await.unwrap();
        let stamped = stamp(&mut *backend, server.catalogue(), &Target::parse(OLD), true).await;
        assert!(!is_superuser(server, &user), "{trap}: {stamped:?}");
        let error = stamped.err().unwrap_or_else(|| panic!("not refused: {trap}"));
        assert_told(&error, ErrorKind::Privileges);
    }
}

/// An operator of a superuser's is one that an extension has brought, for example.
async fn code_of_ones_own_stays(server: &TestServer) {
    let user = User::new(server);
    let (database, theirs) = of_user(server, &user).await;
    query(
        &theirs,
        "CREATE FUNCTION lower(varchar) RETURNS text LANGUAGE sql AS 'SELECT pg_catalog.lower($1::text)'",
    );
    database.run("CREATE FUNCTION upper(varchar) RETURNS text LANGUAGE sql AS 'SELECT $1::text'");
    // What others have for types of their own, and a trigger that the owner of the table has let in.
    let other = User::new(server);
    database.run(&format!(
        "GRANT CREATE ON SCHEMA public TO {name}; GRANT TRIGGER ON metrics TO {name}",
        name = other.quoted()
    ));
    query(
        &other.of(&*database),
        "CREATE TYPE theirs AS (a int);
         CREATE FUNCTION lower(theirs) RETURNS text LANGUAGE sql AS $$SELECT ''$$;
         CREATE FUNCTION same(theirs, theirs) RETURNS bool LANGUAGE sql AS 'SELECT true';
         CREATE OPERATOR = (LEFTARG = theirs, RIGHTARG = theirs, FUNCTION = same);
         CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN new; END$$;
         CREATE TRIGGER audit BEFORE INSERT OR UPDATE ON metrics FOR EACH ROW EXECUTE FUNCTION audit()",
    );
    to_newest(server, &theirs).await.unwrap();
    // A superuser does not even read there.
    query(&theirs, "DROP FUNCTION lower(varchar)");
    database.run(&format!("DROP OWNED BY {} CASCADE", other.quoted()));
    assert_at(server, &*database, server.head()).await;
}

/// What is in the schema, and not this user's.
fn of_others(database: &dyn TestDatabase, user: &User) -> Vec<Vec<Cell>> {
    let name = user.quoted();
    database.query(&format!(
        "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace \
         AND pg_get_userbyid(relowner) <> '{name}' UNION ALL \
         SELECT proname::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace \
         AND pg_get_userbyid(proowner) <> '{name}'"
    ))
}

async fn new_tables_are_the_owners(server: &TestServer) {
    let (user, member) = (User::new(server), User::new(server));
    query(server.address(), &format!("GRANT {} TO {}", user.quoted(), member.quoted()));
    for is_member in [false, true] {
        let (database, theirs) = of_user(server, &user).await;
        let address = if is_member { member.of(&*database) } else { address_of(&*database) };
        to_newest(server, &address).await.unwrap();
        assert!(of_others(&*database, &user).is_empty(), "{:?}", of_others(&*database, &user));
        query(&theirs, "SELECT count(*) FROM latest_metrics");
        assert_at(server, &*database, server.head()).await;
    }
}

async fn a_role_that_cannot_give_tables_to_their_owner(server: &TestServer) {
    let (user, other) = (User::new(server), User::new(server));
    let (database, _) = of_user(server, &user).await;
    let name = other.quoted();
    database.run(&format!(
        "GRANT ALL ON SCHEMA public TO {name}; GRANT ALL ON ALL TABLES IN SCHEMA public TO {name}"
    ));
    let address = other.of(&*database);
    let error = to_newest(server, &address).await.unwrap_err();
    assert_told(&error, ErrorKind::Privileges);
    assert!(matches!(error, Error::Privileges { .. }), "{error:?}");
    let hint = hint(&error).unwrap();
    assert!(!hint.contains("OWNER TO"), "{hint}");
    let advice = format!("GRANT \"{}\" TO \"{name}\"", user.quoted());
    assert!(hint.contains(&advice), "{hint}");
    query(server.address(), &advice);
    to_newest(server, &address).await.unwrap();
    assert!(of_others(&*database, &user).is_empty());
}
