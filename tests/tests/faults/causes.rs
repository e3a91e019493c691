//! How faults are brought about, and removed again.

use std::sync::Arc;

use mlflow_migrate_core::Error;
use mlflow_migrate_tests::address::Address;
use mlflow_migrate_tests::database::Cell;
use mlflow_migrate_tests::other_session::OtherSession;
use mlflow_migrate_tests::private_server::PrivateServer;
use mlflow_migrate_tests::server::query;

use crate::subject::USER;

/// Where a fault comes.
pub(crate) struct Place {
    pub(crate) private: Arc<PrivateServer>,
    /// The database that is upgraded, for an administrator.
    pub(crate) administrator: Address,
}

impl Place {
    fn is_postgres(&self) -> bool {
        self.administrator.is_postgres()
    }

    fn query(&self, sql: &str) -> Vec<Vec<Cell>> {
        query(&self.administrator, sql)
    }

    /// Sets a global variable of MySQL, and tells how to set it back.
    fn set(&self, variable: &str, value: &str) -> Removal {
        let before = self.query(&format!("SELECT @@GLOBAL.{variable}"));
        let [[Cell::Integer(before)]] = before.iter().map(Vec::as_slice).collect::<Vec<_>>()[..]
        else {
            panic!("{variable} is {before:?}")
        };
        self.query(&format!("SET GLOBAL {variable} = {value}"));
        self.later(format!("SET GLOBAL {variable} = {before}"))
    }

    fn later(&self, sql: String) -> Removal {
        let administrator = self.administrator.clone();
        Box::new(move || {
            query(&administrator, &sql);
        })
    }
}

/// Removes a fault.
pub(crate) type Removal = Box<dyn FnOnce() + Send>;

/// There is less room than the new tables take.
pub(crate) fn full_disk(place: &Place) -> Removal {
    let ballast = place.private.leave_room(256 * 1024).unwrap();
    Box::new(|| drop(ballast))
}

/// Less than the statements of data migrations may take.
pub(crate) fn small_packets(place: &Place) -> Removal {
    place.set("max_allowed_packet", "16384")
}

/// Less than the journal takes, in which a table of somebody's is described.
pub(crate) fn packets_smaller_than_the_journal(place: &Place) -> Removal {
    let columns: Vec<String> = (0..900).map(|number| format!("c{number} INTEGER")).collect();
    place.query(&format!("CREATE TABLE wide ({})", columns.join(", ")));
    let set_back = place.set("max_allowed_packet", "65536");
    let drop = place.later("DROP TABLE wide".to_owned());
    Box::new(|| {
        set_back();
        drop();
    })
}

pub(crate) fn enough_packets(place: &Place) -> Removal {
    place.set("max_allowed_packet", "1048576")
}

pub(crate) fn read_only(place: &Place) -> Removal {
    if !place.is_postgres() {
        return place.set("read_only", "ON");
    }
    place.query("ALTER SYSTEM SET default_transaction_read_only = on");
    place.query("SELECT pg_reload_conf()");
    let administrator = place.administrator.clone();
    Box::new(move || {
        let reset = "ALTER SYSTEM RESET default_transaction_read_only";
        query(&administrator, reset);
        query(&administrator, "SELECT pg_reload_conf()");
    })
}

pub(crate) fn revoked(place: &Place) -> Removal {
    let name = &place.administrator.database;
    let (what, user) = match place.is_postgres() {
        true => ("CREATE ON SCHEMA public".to_owned(), USER.to_owned()),
        false => (format!("ALL ON {name}.*"), format!("{USER}@'%'")),
    };
    place.query(&format!("REVOKE {what} FROM {user}"));
    place.later(format!("GRANT {what} TO {user}"))
}

pub(crate) fn ended_sessions(place: &Place) -> Removal {
    if place.is_postgres() {
        let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename";
        place.query(&format!("{sql} = '{USER}'"));
    } else {
        let other = OtherSession::of(&place.administrator);
        let sql = "SELECT id FROM information_schema.processlist WHERE user";
        for id in place.query(&format!("{sql} = '{USER}'")).into_iter().flatten() {
            let Cell::Integer(id) = id else { panic!("{id:?}") };
            // Those that copy rows end by themselves when one of them has.
            let _ = other.attempt(&format!("KILL {id}"));
        }
        other.end();
    }
    Box::new(|| {})
}

/// Somebody else has written to rows, and has not committed.
pub(crate) fn locked_rows(place: &Place) -> Removal {
    let other = OtherSession::of(&place.administrator);
    other.run("BEGIN");
    other.run("UPDATE metrics SET value = value");
    Box::new(move || other.end())
}

pub(crate) fn deadlock(place: &Place) -> Removal {
    let other = OtherSession::that_deadlocks(&place.administrator);
    Box::new(move || other.end())
}

/// An error about a lock tells who is in the way, where the server does.
#[track_caller]
pub(crate) fn assert_names_the_other(error: &Error) {
    match error {
        Error::Interrupted { source, .. } => assert_names_the_other(source),
        Error::Locked { holders, .. } => assert!(!holders.is_empty(), "{error}"),
        Error::Conflict { problem, .. } => {
            assert!(problem.to_lowercase().contains("deadlock"), "{error}");
        }
        other => panic!("{other:?}"),
    }
}
