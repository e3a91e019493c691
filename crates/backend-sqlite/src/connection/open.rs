//! Opens files whose schema may be hostile.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, ffi};

use super::settings::secured;

/// Opens a file whose schema may be hostile.
///
/// The path is made absolute, because SQLite gives a special meaning to `:memory:`, an empty name,
/// and a URI, which begins with `file:`.
pub(crate) fn open_file(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    secured(Connection::open_with_flags(absolute(path)?, flags)?)
}

/// Opens an empty temporary database, which goes with the connection.
pub(crate) fn open_temporary() -> rusqlite::Result<Connection> {
    secured(Connection::open("")?)
}

/// Makes a path absolute, so that SQLite takes the path as a file's name.
pub(super) fn absolute(path: &Path) -> rusqlite::Result<PathBuf> {
    std::path::absolute(path).map_err(|error| {
        let code = ffi::Error::new(ffi::SQLITE_CANTOPEN);
        rusqlite::Error::SqliteFailure(code, Some(error.to_string()))
    })
}

#[cfg(test)]
mod tests {
    use rusqlite::{Connection, OpenFlags};

    use super::open_file;
    use crate::connection::settings::set_schema_writable;

    #[test]
    fn a_hostile_schema_is_not_trusted_and_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE a (b)").unwrap();
        let connection = open_file(&path, OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
        let setting =
            |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        assert_eq!(setting("trusted_schema"), Ok(0));
        assert_eq!(setting("cell_size_check"), Ok(1));
        let change = "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = ''";
        assert!(connection.execute_batch(change).is_err());
        set_schema_writable(&connection, true).unwrap();
        connection.execute_batch("UPDATE sqlite_schema SET sql = sql").unwrap();
        set_schema_writable(&connection, false).unwrap();
        assert!(connection.execute_batch(change).is_err());
    }

    #[test]
    fn a_name_is_a_file_and_no_uri() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["file:a.db", "file:a.db?mode=memory", ":memory:"] {
            let path = folder.path().join(name);
            std::fs::File::create_new(&path).unwrap();
            let connection = open_file(&path, OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
            connection.execute_batch("CREATE TABLE a (b)").unwrap();
            assert!(std::fs::metadata(&path).unwrap().len() > 0, "{name}");
        }
    }
}
