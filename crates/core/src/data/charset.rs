//! Detects texts that a database cannot store.
//!
//! A computed value can hold characters that a column cannot store. JSON may contain an escaped
//! NUL, which PostgreSQL stores in no text. JSON is also always Unicode, whatever the character set
//! of the other columns is on MySQL.

use crate::schema::Schema;
use crate::schema::platform::{Dialect, Platform};

/// The characters that the texts of a table can hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Repertoire {
    dialect: Dialect,
    /// The character set on MySQL, where known.
    character_set: Option<String>,
}

impl Repertoire {
    /// Returns the repertoire of a table's columns without a collation of their own.
    ///
    /// A table that does not exist yet gets the schema's collation.
    pub(crate) fn of(schema: &Schema, table: &str, platform: &Platform) -> Self {
        let table = schema.table(table).and_then(|table| table.collation.as_ref());
        let collation = table.or(schema.collation.as_ref());
        let character_set = collation.and_then(|name| name.split('_').next());
        Self { dialect: platform.dialect, character_set: character_set.map(ToOwned::to_owned) }
    }

    /// Returns whether a text can be stored unchanged.
    pub(crate) fn holds(&self, text: &str) -> bool {
        match (self.dialect, self.character_set.as_deref()) {
            (Dialect::Postgres, _) => !text.contains('\0'),
            (Dialect::Mysql, Some("latin1")) => text.chars().all(is_latin1),
            (Dialect::Mysql, Some("ascii")) => text.is_ascii(),
            (Dialect::Mysql, Some("utf8" | "utf8mb3" | "ucs2")) => {
                text.chars().all(|one| u32::from(one) <= 0xFFFF)
            }
            _ => true,
        }
    }

    /// Returns the name of the repertoire for messages.
    pub(crate) fn describe(&self) -> String {
        match &self.character_set {
            Some(name) => format!("the character set {name}"),
            None => self.dialect.to_string(),
        }
    }
}

/// Returns whether MySQL's latin1 holds a character.
///
/// MySQL's latin1 is Windows-1252, with its five gaps filled by control characters (MySQL manual,
/// "West European Character Sets").
fn is_latin1(one: char) -> bool {
    const IN_WINDOWS_1252: &str = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ";
    match u32::from(one) {
        0..=0x7F | 0xA0..=0xFF | 0x81 | 0x8D | 0x8F | 0x90 | 0x9D => true,
        _ => IN_WINDOWS_1252.contains(one),
    }
}

#[cfg(test)]
mod tests {
    use super::Repertoire;
    use crate::schema::Schema;
    use crate::schema::platform::Platform;

    #[test]
    fn what_each_database_holds() {
        let of = |collation: Option<&str>, platform: &Platform| {
            let schema = Schema { collation: collation.map(Into::into), ..Schema::default() };
            Repertoire::of(&schema, "spans", platform)
        };
        let mysql = |collation| of(Some(collation), &Platform::MYSQL_5_7);
        for (repertoire, held, not_held) in [
            (of(None, &Platform::SQLITE), "a\0🦀", ""),
            (of(None, &Platform::POSTGRES), "é🦀", "a\0"),
            (mysql("utf8mb4_0900_ai_ci"), "a\0🦀", ""),
            (mysql("utf8_general_ci"), "é漢", "🦀"),
            (mysql("latin1_swedish_ci"), "é€\u{81}", "漢"),
            (mysql("ascii_bin"), "a", "é"),
        ] {
            assert!(repertoire.holds(held), "{}: {held}", repertoire.describe());
            assert!(not_held.is_empty() || !repertoire.holds(not_held), "{not_held}");
        }
    }
}
