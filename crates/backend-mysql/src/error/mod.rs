//! Translates MySQL's error numbers into errors that a user can act on.
//!
//! The numbers come from the "Server Error Message Reference" of MySQL's manual. Where MariaDB's
//! numbers differ, they come from MariaDB's "Error Codes".

mod remedies;
mod numbers;

use std::io;

use mlflow_migrate_backend_server::line::NoAnswer;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::error::Remedy;

use numbers::TOO_LARGE;
use remedies::{BUSY_REMEDY, TOO_LARGE_REMEDY};

pub(crate) use numbers::{is_missing_table, is_refused_rows, is_too_large, is_view, server_error};
pub(crate) use remedies::{LIMIT_REMEDY, PACKET_REMEDY, TRIGGER_PRIVILEGE, TRIGGER_REMEDY};

/// `ER_LOCK_WAIT_TIMEOUT`, `ER_LOCK_NOWAIT`.
const LOCKED: [u16; 2] = [1205, 3572];

/// `ER_LOCK_DEADLOCK`.
const DEADLOCK: u16 = 1213;

/// The names that an error mentions: the database, its user and the lock timeout.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    /// The database's name, without a password.
    pub(crate) name: String,
    /// The user who logs in.
    pub(crate) user: String,
    /// How long the server waits for a lock.
    pub(crate) lock_seconds: u64,
}

impl Context {
    /// Returns the error for `source`, which occurred during `action`.
    pub(crate) fn error(&self, action: &str, source: sqlx::Error) -> Error {
        let name = self.name.clone();
        match &source {
            sqlx::Error::Database(_) => match server_error(&source) {
                Some((number, message)) => self.refused(action, number, &message, source),
                None => Error::Database { action: action.to_owned(), source: Box::new(source) },
            },
            sqlx::Error::Io(cause) => match NoAnswer::of(cause) {
                Some(why) => {
                    Error::Unanswered { name, action: action.to_owned(), why: why.to_string() }
                }
                None => self.lost(action, &describe_io(cause)),
            },
            sqlx::Error::Protocol(problem) => self.lost(action, problem),
            sqlx::Error::Decode(cause) | sqlx::Error::ColumnDecode { source: cause, .. } => {
                Error::BadValue { name, problem: format!("{action}: {cause}") }
            }
            _ => Error::Database { action: action.to_owned(), source: Box::new(source) },
        }
    }

    fn lost(&self, action: &str, problem: &str) -> Error {
        Error::ConnectionLost {
            name: self.name.clone(),
            action: action.to_owned(),
            problem: problem.to_owned(),
        }
    }

    fn refused(&self, action: &str, number: u16, message: &str, source: sqlx::Error) -> Error {
        let (name, problem) = (self.name.clone(), message.to_owned());
        match number {
            // ER_DBACCESS_DENIED_ERROR, ER_ACCESS_DENIED_ERROR, its forms without password and
            // for a locked or expired account, and for a host.
            1044 | 1045 | 1698 | 1862 | 3118 | 4151 | 1130 | 1820 => {
                Error::AccessDenied { name, problem }
            }
            _ if LOCKED.contains(&number) => {
                Error::Locked { name, waited_seconds: self.lock_seconds, holders: Vec::new() }
            }
            DEADLOCK => Error::Conflict { name, action: action.to_owned(), problem },
            // ER_USER_LIMIT_REACHED, where the limit is on connections and not on statements.
            1226 if message.contains("connections") => {
                Error::Unavailable { name, problem, remedy: BUSY_REMEDY.into() }
            }
            1049 | 1129 | 1226 => {
                Error::Unreachable { name, problem, remedy: unreachable_remedy(number).into() }
            }
            // ER_UNKNOWN_COM_ERROR, which a Galera node reports that is apart from the cluster.
            1047 => self.apart(),
            // ER_CON_COUNT_ERROR, ER_TOO_MANY_USER_CONNECTIONS.
            1040 | 1203 => Error::Unavailable { name, problem, remedy: BUSY_REMEDY.into() },
            // ER_SECURE_TRANSPORT_REQUIRED
            3159 => Error::Tls { name, problem, remedy: "add ssl_mode=REQUIRED to the URL".into() },
            1142 | 1143 | 1227 | 1370 | 1419 | 1410 => self.privileges(number, message),
            1792 | 1836 => self.read_only(message),
            1290 if message.contains("read") => self.read_only(message),
            // ER_NET_PACKET_TOO_LARGE
            1153 => Error::ServerLimit {
                name,
                problem: format!("{action}: {message}"),
                remedy: PACKET_REMEDY.into(),
            },
            // ER_RECORD_FILE_FULL, ER_DISK_FULL, and MySQL 8.0's error for a new table.
            1114 | 1021 | 3675 => Error::Full { name, problem },
            _ if is_full_disk(message) => Error::Full { name, problem },
            _ if TOO_LARGE.contains(&number) => Error::TooLarge {
                name,
                action: action.to_owned(),
                problem,
                remedy: TOO_LARGE_REMEDY.into(),
            },
            // ER_SERVER_SHUTDOWN, ER_CONNECTION_KILLED, ER_SESSION_WAS_KILLED,
            // ER_CLIENT_INTERACTION_TIMEOUT.
            1053 | 1927 | 3169 | 4031 => self.lost(action, message),
            // ER_TOO_LONG_KEY, ER_TOO_BIG_ROWSIZE, ER_TOO_BIG_FIELDLENGTH, ER_TOO_MANY_KEYS,
            // ER_INDEX_COLUMN_TOO_LONG.
            1071 | 1118 | 1074 | 1069 | 1709 => Error::ServerLimit {
                name,
                problem: format!("{action}: {message}"),
                remedy: LIMIT_REMEDY.into(),
            },
            _ => Error::Database { action: action.to_owned(), source: Box::new(source) },
        }
    }

    /// Returns the error for a node that has lost the others.
    pub(crate) fn apart(&self) -> Error {
        Error::Unavailable {
            name: self.name.clone(),
            problem:
                "this node is partitioned from its cluster and accepts no statements of its cluster"
                    .to_owned(),
            remedy: "look at wsrep_cluster_status there, or give the URL of another node".into(),
        }
    }

    pub(crate) fn read_only(&self, problem: &str) -> Error {
        Error::ReadOnly {
            name: self.name.clone(),
            problem: problem.to_owned(),
            remedy: "give the URL of the primary server; the database is unchanged".into(),
        }
    }

    fn privileges(&self, number: u16, message: &str) -> Error {
        // ER_BINLOG_CREATE_ROUTINE_NEED_SUPER
        let (missing, remedy) = if number == 1419 {
            (TRIGGER_PRIVILEGE.to_owned(), TRIGGER_REMEDY.to_owned())
        } else {
            (message.to_owned(), format!("let an administrator grant it to {}", self.user))
        };
        Error::Privileges {
            name: self.name.clone(),
            user: self.user.clone(),
            missing: vec![missing],
            remedy: Remedy::Words(remedy),
        }
    }
}

/// Returns whether a storage engine reports `ENOSPC` (28) or `HA_ERR_RECORD_FILE_FULL` (135).
fn is_full_disk(message: &str) -> bool {
    ["rror 28 ", "Errcode: 28", "errno: 28 ", "rror 135 ", "errno: 135 "]
        .iter()
        .any(|number| message.contains(number))
}

/// Returns `None` in place of an error about a missing privilege.
pub(crate) fn unless_denied<T>(error: Error) -> Result<Option<T>, Error> {
    match error {
        Error::Privileges { .. } | Error::AccessDenied { .. } => Ok(None),
        error => Err(error),
    }
}

fn unreachable_remedy(number: u16) -> &'static str {
    match number {
        1049 => "create the database, or check its name in the URL",
        1129 => "an administrator can unblock this host by FLUSH HOSTS",
        _ => BUSY_REMEDY,
    }
}

/// Describes an error of the operating system in a few words.
pub(crate) fn describe_io(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "the server closed the connection".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use mlflow_migrate_core::Error;
    use mlflow_migrate_core::error::ErrorKind;

    use super::Context;

    fn context() -> Context {
        Context { name: "mysql://u@h:3306/d".into(), user: "u".into(), lock_seconds: 10 }
    }

    #[test]
    fn each_number_has_its_kind() {
        let kinds = [
            (1045, "Access denied for user 'u'@'h'", ErrorKind::AccessDenied),
            (1044, "Access denied for user 'u'@'h' to database 'd'", ErrorKind::AccessDenied),
            (1049, "Unknown database 'd'", ErrorKind::Unreachable),
            (1040, "Too many connections", ErrorKind::Unreachable),
            (3159, "Connections using insecure transport are prohibited", ErrorKind::Tls),
            (1142, "CREATE command denied to user 'u'@'h' for table 't'", ErrorKind::Privileges),
            (1419, "You do not have the SUPER privilege", ErrorKind::Privileges),
            (1290, "running with the --read-only option", ErrorKind::ReadOnly),
            (1290, "running with the --secure-file-priv option", ErrorKind::Database),
            (1792, "Cannot execute statement in a READ ONLY transaction", ErrorKind::ReadOnly),
            (1205, "Lock wait timeout exceeded", ErrorKind::Locked),
            (1213, "Deadlock found", ErrorKind::Locked),
            (1114, "The table 't' is full", ErrorKind::Full),
            (1030, "Got error 28 from storage engine", ErrorKind::Full),
            (1005, "Can't create table `t` (errno: 135 \"No more room\")", ErrorKind::Full),
            (1005, "Can't create table `t` (errno: 150 \"Foreign key\")", ErrorKind::Database),
            (3675, "Create table/tablespace 't' failed, as disk is full", ErrorKind::Full),
            (1153, "Got a packet bigger than 'max_allowed_packet'", ErrorKind::ServerLimit),
            (3, "Error writing file '/tmp/MY' (Errcode: 28 - No space left)", ErrorKind::Full),
            (1053, "Server shutdown in progress", ErrorKind::ConnectionLost),
            (1197, "Multi-statement transaction required more", ErrorKind::ServerLimit),
            (1180, "wsrep_max_ws_rows exceeded", ErrorKind::ServerLimit),
            (1180, "Got error 28 \"No space left\" during COMMIT", ErrorKind::Full),
            (3100, "Error on observer while running replication hook", ErrorKind::ServerLimit),
            (1206, "The total number of locks exceeds the lock table size", ErrorKind::ServerLimit),
            (1071, "Specified key was too long; max key length is 767", ErrorKind::ServerLimit),
            (1118, "Row size too large", ErrorKind::ServerLimit),
            (1064, "You have an error in your SQL syntax", ErrorKind::Database),
        ];
        for (number, message, kind) in kinds {
            let error = context().refused("changing t", number, message, sqlx::Error::RowNotFound);
            assert_eq!(error.kind(), kind, "{number} {message}");
        }
    }

    #[test]
    fn a_limit_of_connections_passes() {
        for (resource, passes) in [("max_user_connections", true), ("max_questions", false)] {
            let message = format!("User 'u' has exceeded the '{resource}' resource");
            let error = context().refused("connecting", 1226, &message, sqlx::Error::RowNotFound);
            assert_eq!(matches!(error, Error::Unavailable { .. }), passes, "{error:?}");
        }
    }

    #[test]
    fn a_trigger_under_binary_logging_names_the_way_out() {
        let error = context().refused("changing t", 1419, "", sqlx::Error::RowNotFound);
        assert!(format!("{:?}", error.remedy()).contains("log_bin_trust_function_creators"));
    }

    #[test]
    fn a_lost_connection_tells_what_it_was_doing() {
        let eof = std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
        let error = context().error("changing runs", sqlx::Error::Io(eof));
        assert!(matches!(error, Error::ConnectionLost { .. }));
        assert!(error.to_string().contains("while changing runs: the server closed"));
    }
}
