//! What is wrong with a value that the destination cannot hold as it is.

use std::fmt;

use crate::schema::platform::Dialect;

/// Why a value cannot be copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// NULL, in a column that refuses NULL.
    Null,
    /// No text.
    NotText,
    /// Bytes that are not UTF-8.
    NotUtf8,
    /// A text with a NUL character, which PostgreSQL cannot store.
    Nul,
    /// A text with characters that the destination's character set lacks.
    OutsideCharset,
    /// More characters than the column takes.
    TooManyCharacters(u32),
    /// More bytes than the column takes.
    TooManyBytes(u64),
    /// No integer.
    NotInteger,
    /// An integer of more than 32 bits.
    TooLarge,
    /// No number.
    NotNumber,
    /// An infinity or NaN, which only some databases store.
    NotFinite,
    /// A number beyond 32-bit floats.
    BeyondSinglePrecision,
    /// Neither 0 nor 1.
    NotBoolean,
    /// No bytes.
    NotBytes,
    /// No JSON document.
    NotJson,
    /// No date.
    NotDate,
    /// A row that is longer than what the server takes in one piece.
    RowTooLong(u64),
    /// A key that equals another one in the destination's collation.
    EqualKey,
    /// A key that equals another one as a 32-bit float.
    EqualFloat,
    /// A reference to a row that is left out.
    LeftOutParent,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("is NULL, which the column refuses"),
            Self::NotText => f.write_str("is not a text"),
            Self::NotUtf8 => f.write_str("is not a text in UTF-8"),
            Self::Nul => f.write_str("contains a NUL character"),
            Self::OutsideCharset => {
                f.write_str("contains characters that the destination's character set lacks")
            }
            Self::TooManyCharacters(most) => write!(f, "has more than {most} characters"),
            Self::TooManyBytes(most) => write!(f, "has more than {most} bytes"),
            Self::NotInteger => f.write_str("is not an integer"),
            Self::TooLarge => f.write_str("does not fit into 32 bits"),
            Self::NotNumber => f.write_str("is not a number"),
            Self::NotFinite => f.write_str("is infinite, or not a number"),
            Self::BeyondSinglePrecision => f.write_str("does not fit into a 32-bit float"),
            Self::NotBoolean => f.write_str("is neither 0 nor 1"),
            Self::NotBytes => f.write_str("is not a value of bytes"),
            Self::NotJson => f.write_str("is not JSON that the destination accepts"),
            Self::NotDate => f.write_str("is not a date"),
            Self::RowTooLong(most) => {
                write!(f, "and the rest of the row have more than {most} bytes")
            }
            Self::EqualFloat => {
                f.write_str("equals another key once the destination rounds it to 32 bits")
            }
            Self::LeftOutParent => f.write_str("references a row that is left out"),
            Self::EqualKey => f.write_str(
                "differs from another key only in what the destination's collation ignores",
            ),
        }
    }
}

impl Fault {
    /// Returns the SQL condition of the rows with this fault, where SQL has one.
    ///
    /// `column` is the quoted name, and `dialect` that of the source.
    pub(crate) fn condition(self, column: &str, dialect: Dialect) -> Option<String> {
        let is_sqlite = dialect == Dialect::Sqlite;
        let type_is_not =
            |types: &str| is_sqlite.then(|| format!("typeof({column}) NOT IN ({types})"));
        let bytes = match dialect {
            Dialect::Sqlite => format!("length(CAST({column} AS BLOB))"),
            Dialect::Postgres => format!("octet_length({column}::text)"),
            Dialect::Mysql => format!("length({column})"),
        };
        match self {
            Self::Null => Some(format!("{column} IS NULL")),
            Self::NotText => type_is_not("'text', 'null'"),
            Self::Nul if is_sqlite => Some(format!("instr(CAST({column} AS BLOB), x'00') > 0")),
            Self::Nul => Some(format!("instr({column}, char(0)) > 0")),
            Self::TooManyCharacters(most) if is_sqlite => {
                Some(format!("length({column}) > {most}"))
            }
            Self::TooManyCharacters(most) => Some(format!("char_length({column}) > {most}")),
            Self::TooManyBytes(most) => Some(format!("{bytes} > {most}")),
            Self::NotInteger => type_is_not("'integer', 'null'"),
            Self::TooLarge => Some(format!("{column} NOT BETWEEN -2147483648 AND 2147483647")),
            Self::NotNumber => type_is_not("'integer', 'real', 'null'"),
            Self::NotFinite if dialect == Dialect::Postgres => {
                Some(format!("{column} IN ('NaN', 'Infinity', '-Infinity')"))
            }
            Self::NotFinite => Some(format!("abs({column}) > 1.7976931348623157e308")),
            Self::BeyondSinglePrecision => Some(format!("abs({column}) > 3.4028234663852886e38")),
            Self::NotBoolean => Some(format!("{column} NOT IN (0, 1)")),
            Self::NotBytes => type_is_not("'blob', 'null'"),
            Self::NotJson if is_sqlite => Some(format!("NOT json_valid({column})")),
            // SQLite does not check whether a text is UTF-8.
            Self::NotUtf8
            | Self::OutsideCharset
            | Self::NotJson
            | Self::NotDate
            | Self::RowTooLong(_)
            | Self::EqualKey
            | Self::EqualFloat
            | Self::LeftOutParent => None,
        }
    }
}
