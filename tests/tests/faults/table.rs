//! The faults, and what is expected of an upgrade that meets them.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use mlflow_migrate::hint;
use mlflow_migrate_core::error::ErrorKind;
use mlflow_migrate_core::{Error, UpgradeReport};
use mlflow_migrate_tests::proxy::Proxy;
use mlflow_migrate_tests::wait;

use crate::causes::{self, Place, Removal};
use crate::subject::{Ground, Subject};

/// One fault.
pub(crate) struct Fault {
    pub(crate) name: &'static str,
    /// The servers, as their scripts call them.
    pub(crate) on: &'static [&'static str],
    when: When,
    /// Brings it about, and tells how to remove it.
    cause: fn(&Place) -> Removal,
    expected: Expected,
}

/// When a fault comes.
#[derive(Clone, Copy)]
enum When {
    /// Before the upgrade.
    Before,
    /// When this text is about to go to the server.
    At(&'static str),
}

/// What an upgrade does about a fault.
#[derive(Clone, Copy)]
enum Expected {
    /// Nothing is changed, and the error is of that kind.
    Refused(ErrorKind),
    /// It stops where it is, with an error of one of these kinds.
    Stops(&'static [ErrorKind]),
    /// It takes no notice.
    Finishes,
}

use Expected::{Finishes, Refused, Stops};
use When::{At, Before};

const ALL: &[&str] = &["postgres", "mariadb", "mysql56", "mysql"];
const MYSQL: &[&str] = &["mariadb", "mysql56", "mysql"];
const POSTGRES: &[&str] = &["postgres"];

/// So far that tables are made and changed after the latest metrics are computed.
const TARGET: &str = "cc1f77228345";

/// Half-way: tables are changed, and some are to come.
const HALF_WAY: When = At("INSERT INTO latest_metrics");

/// To bring about any fault.
const LONG_ENOUGH: Duration = Duration::from_secs(10);

/// A server that cannot write its log ends.
const FULL: Expected = Stops(&[ErrorKind::Full, ErrorKind::ConnectionLost]);

pub(crate) const FAULTS: &[Fault] = &[
    Fault {
        name: "the_disk_is_full",
        on: &["postgres", "mysql56"],
        when: Before,
        cause: causes::full_disk,
        expected: FULL,
    },
    Fault {
        name: "the_disk_fills_up",
        on: ALL,
        when: HALF_WAY,
        cause: causes::full_disk,
        expected: FULL,
    },
    Fault {
        name: "small_packets",
        on: MYSQL,
        when: Before,
        cause: causes::small_packets,
        expected: Refused(ErrorKind::ServerLimit),
    },
    Fault {
        name: "packets_smaller_than_the_journal",
        on: &["mariadb"],
        when: Before,
        cause: causes::packets_smaller_than_the_journal,
        expected: Refused(ErrorKind::ServerLimit),
    },
    Fault {
        name: "small_packets_that_are_enough",
        on: &["mariadb"],
        when: Before,
        cause: causes::enough_packets,
        expected: Finishes,
    },
    Fault {
        name: "rows_are_locked",
        on: ALL,
        when: Before,
        cause: causes::locked_rows,
        expected: Stops(&[ErrorKind::Locked]),
    },
    Fault {
        name: "a_deadlock",
        on: ALL,
        when: HALF_WAY,
        cause: causes::deadlock,
        expected: Stops(&[ErrorKind::Locked]),
    },
    Fault {
        name: "the_server_turns_read_only",
        on: MYSQL,
        when: HALF_WAY,
        cause: causes::read_only,
        expected: Stops(&[ErrorKind::ReadOnly]),
    },
    Fault {
        // A transaction stays as it began.
        name: "new_transactions_are_read_only",
        on: POSTGRES,
        when: HALF_WAY,
        cause: causes::read_only,
        expected: Finishes,
    },
    Fault {
        name: "a_privilege_is_revoked",
        on: POSTGRES,
        when: HALF_WAY,
        cause: causes::revoked,
        expected: Stops(&[ErrorKind::Privileges]),
    },
    Fault {
        // A session keeps what it has, and those that are to copy rows do not begin.
        name: "all_privileges_are_revoked",
        on: MYSQL,
        when: At("CREATE TABLE alembic_mlflow_migrate"),
        cause: causes::revoked,
        expected: Stops(&[ErrorKind::AccessDenied]),
    },
    Fault {
        name: "an_administrator_ends_the_sessions",
        on: ALL,
        when: HALF_WAY,
        cause: causes::ended_sessions,
        expected: Stops(&[ErrorKind::ConnectionLost]),
    },
];

impl Fault {
    /// Lets an upgrade meet the fault, removes it, and upgrades again.
    pub(crate) fn strike(&self, ground: &Ground) {
        wait(async {
            let subject = ground.subject(TARGET).await;
            let (result, remove) = self.meet(ground, &subject).await;
            remove();
            // The fault may have ended the server.
            ground.private.restart();
            self.judge(&subject, result);
            subject.assert_finishes(self.name).await;
        });
        if matches!(self.expected, Stops(_)) && !ground.server().is_postgres() {
            wait(self.strike_and_abort(ground));
        }
    }

    /// The other way out of an upgrade that the fault has stopped.
    async fn strike_and_abort(&self, ground: &Ground) {
        let subject = ground.subject(TARGET).await;
        let (_, remove) = self.meet(ground, &subject).await;
        remove();
        ground.private.restart();
        subject.assert_goes_back(self.name).await;
        subject.assert_finishes(self.name).await;
    }

    async fn meet(
        &self,
        ground: &Ground,
        subject: &Subject<'_>,
    ) -> (Result<UpgradeReport, Error>, Removal) {
        let private = Arc::clone(&ground.private);
        let place = Place { private, administrator: subject.administrator() };
        let cause = self.cause;
        let text = match self.when {
            Before => {
                let remove = cause(&place);
                return (subject.upgrade().await, remove);
            }
            At(text) => text,
        };
        let (brought, removal) = mpsc::channel();
        let act = move || brought.send(cause(&place)).is_ok();
        let proxy = Proxy::before(&subject.address(), text, 1, act);
        let result = subject.upgrade_through(proxy.port()).await;
        // An upgrade may meet the fault before all of it is there.
        let remove = removal.recv_timeout(LONG_ENOUGH);
        let remove = remove.unwrap_or_else(|_| panic!("the fault has not come: {result:?}"));
        (result, remove)
    }

    fn judge(&self, subject: &Subject<'_>, result: Result<UpgradeReport, Error>) {
        let error = match (self.expected, result) {
            (Finishes, result) => {
                result.unwrap();
                return;
            }
            (_, Ok(_)) => panic!("nothing was noticed of {}", self.name),
            (_, Err(error)) => error,
        };
        subject.assert_sound_after_failure(self.name);
        let kinds = match self.expected {
            Refused(kind) => {
                assert!(subject.is_as_before(), "not as before: {error}");
                vec![kind]
            }
            Stops(kinds) => kinds.to_vec(),
            Finishes => Vec::new(),
        };
        assert!(kinds.contains(&error.kind()), "{error:?}");
        assert!(hint(&error).is_some(), "{error:?}");
        if let ErrorKind::Locked = error.kind() {
            causes::assert_names_the_other(&error);
        }
    }
}
