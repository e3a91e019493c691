//! Random `CREATE TABLE` statements that SQLite accepts.

use proptest::prelude::*;

/// Text that may stand between two tokens.
const GAPS: [&str; 8] =
    ["", " ", "\n\t", " /* ) , ' */ ", "-- x(,'\n", "/**/", " \u{feff}", "/*/ \" */-- ;\r\n"];

/// Names that SQLite accepts without quotes, and some that need them.
const NAMES: [(&str, bool); 14] = [
    ("key", true),
    ("timestamp", true),
    ("Value", true),
    ("replace", true),
    ("action", true),
    ("left", true),
    ("größe", true),
    ("_a$1", true),
    ("order", false),
    ("two words", false),
    ("it's", false),
    ("a\"b`c", false),
    ("x),--/*", false),
    ("", false),
];

const TYPES: [&str; 12] = [
    "",
    "INTEGER",
    "integer",
    "VARCHAR(250)",
    "DECIMAL ( 10 , -2 )",
    "DOUBLE /* ( */ PRECISION",
    "'a type'",
    "\"say \"\"x\"\"\"",
    "[int]",
    "native character(+70)",
    "text",
    "key",
];

const DEFAULTS: [&str; 14] = [
    "1",
    "-1",
    "+ 1.5e-3",
    "NULL",
    "TRUE",
    "CURRENT_TIMESTAMP",
    "'it''s (,'",
    "x'00'",
    "word",
    "\"a word\"",
    "( 1 + (2) )",
    "(')' || /* ) */ '')",
    "(-- (\n1)",
    "0xFF",
];

const EXPRESSIONS: [&str; 6] = [
    "1",
    "1 + (2) > 0",
    "')' <> '(' -- )\n",
    "/* ( */ 1 IN (1, 2)",
    "length('--') = 2",
    "((('a')))",
];

const CONFLICTS: [&str; 6] = ["ROLLBACK", "ABORT", "FAIL", "IGNORE", "REPLACE", ""];

/// A statement and the CHECK constraints in it, each with its name and its expression.
#[derive(Debug, Clone)]
pub(super) struct Generated {
    pub(super) sql: String,
    pub(super) checks: Vec<(Option<String>, String)>,
}

pub(super) fn create_table() -> impl Strategy<Value = Generated> {
    prop::collection::vec(any::<u8>(), 0..400).prop_map(|choices| {
        let mut writer = Writer { choices: choices.into_iter(), ..Writer::default() };
        writer.create_table();
        Generated { sql: writer.sql, checks: writer.checks }
    })
}

/// Writes a statement, taking each decision from the next byte; without bytes, the simplest one.
#[derive(Default)]
struct Writer {
    choices: std::vec::IntoIter<u8>,
    sql: String,
    checks: Vec<(Option<String>, String)>,
}

impl Writer {
    fn choose(&mut self, count: usize) -> usize {
        usize::from(self.choices.next().unwrap_or(0)) % count
    }

    fn chance(&mut self, one_in: usize) -> bool {
        self.choose(one_in) == one_in - 1
    }

    fn pick<'a>(&mut self, options: &[&'a str]) -> &'a str {
        options[self.choose(options.len())]
    }

    /// Writes tokens, each after a random gap, which is not empty between two words.
    fn tokens(&mut self, tokens: &str) {
        for token in tokens.split(' ').filter(|token| !token.is_empty()) {
            self.token(token);
        }
    }

    fn token(&mut self, token: &str) {
        let is_symbol = |end: Option<char>| end.is_none_or(|end| "(),.".contains(end));
        let may_touch = is_symbol(self.sql.chars().last()) || is_symbol(token.chars().next());
        let gap = match self.pick(&GAPS) {
            "" if !may_touch => " ",
            gap => gap,
        };
        self.sql.push_str(gap);
        self.sql.push_str(token);
    }

    fn name(&mut self, name: &str, may_be_bare: bool) {
        let quoted = match self.choose(5) {
            0 if may_be_bare => name.to_owned(),
            1 => format!("`{}`", name.replace('`', "``")),
            2 if !name.contains(']') => format!("[{name}]"),
            3 => format!("'{}'", name.replace('\'', "''")),
            _ => format!("\"{}\"", name.replace('"', "\"\"")),
        };
        self.token(&quoted);
    }

    fn column_name(&mut self, column: usize) {
        let (name, may_be_bare) = NAMES[column];
        self.name(name, may_be_bare);
    }

    fn create_table(&mut self) {
        self.sql.push_str("CREATE");
        self.tokens("TABLE");
        if self.chance(4) {
            self.tokens("IF NOT EXISTS");
        }
        self.name("the table", false);
        self.tokens("(");
        let columns = 1 + self.choose(NAMES.len());
        let has_primary_key = self.chance(2);
        let key_column = self.choose(columns * 2);
        for column in 0..columns {
            if column > 0 {
                self.tokens(",");
            }
            self.column(column, has_primary_key && column == key_column);
        }
        let mut separator = ",";
        if has_primary_key && key_column >= columns {
            self.tokens(",");
            self.constraint_name();
            self.tokens("PRIMARY KEY");
            self.key_columns(columns);
            self.conflict();
            separator = "";
        }
        for _ in 0..self.choose(4) {
            self.tokens(separator);
            self.table_constraint(columns);
            separator = self.pick(&[",", ""]);
        }
        self.tokens(")");
        if has_primary_key && self.chance(3) {
            self.tokens("WITHOUT ROWID");
        }
    }

    fn column(&mut self, column: usize, is_primary_key: bool) {
        self.column_name(column);
        let declared_type = self.pick(&TYPES);
        if !declared_type.is_empty() {
            self.token(declared_type);
        }
        if is_primary_key {
            self.constraint_name();
            self.tokens("PRIMARY KEY");
            let order = self.pick(&["", "ASC", "DESC"]);
            self.tokens(order);
            self.conflict();
        }
        // A table needs a column that is not generated, and its keys must not be generated.
        let may_be_generated = column > 0 && !is_primary_key;
        for _ in 0..self.choose(5) {
            self.column_constraint();
        }
        if may_be_generated && self.chance(8) {
            self.generated();
        } else if self.chance(2) {
            let default = self.pick(&DEFAULTS);
            self.tokens("DEFAULT");
            self.token(default);
        }
    }

    fn column_constraint(&mut self) {
        let name = self.constraint_name();
        match self.choose(6) {
            0 => {
                self.tokens("NOT NULL");
                self.conflict();
            }
            1 => self.tokens("NULL"),
            2 => self.tokens("UNIQUE"),
            3 => self.check(name),
            4 => {
                self.tokens("REFERENCES");
                self.foreign_key_clause(1);
            }
            _ => {
                self.tokens("COLLATE");
                let collation = self.pick(&["nocase", "'RTRIM'", "\"binary\""]);
                self.token(collation);
            }
        }
    }

    fn generated(&mut self) {
        let expression = self.pick(&EXPRESSIONS);
        let prefix = self.pick(&["", "GENERATED ALWAYS"]);
        if !prefix.is_empty() {
            // Without CONSTRAINT before them, SQLite could read these words into the type.
            self.tokens("CONSTRAINT generated");
            self.tokens(prefix);
        }
        self.tokens("AS");
        self.parenthesised(expression);
        let stored = self.pick(&["", "STORED", "virtual"]);
        self.tokens(stored);
    }

    fn table_constraint(&mut self, columns: usize) {
        let name = self.constraint_name();
        match self.choose(3) {
            0 => {
                self.check(name);
                self.conflict();
            }
            1 => {
                self.tokens("UNIQUE");
                self.key_columns(columns);
            }
            _ => {
                let referring = 1 + self.choose(columns.min(3));
                self.tokens("FOREIGN KEY (");
                for index in 0..referring {
                    self.tokens(if index > 0 { "," } else { "" });
                    self.column_name((index * 5) % columns);
                }
                self.tokens(") REFERENCES");
                self.foreign_key_clause(referring);
            }
        }
    }

    fn key_columns(&mut self, columns: usize) {
        let first = self.choose(columns);
        let mut key = vec![first];
        if self.chance(2) && columns > 1 {
            key.push((first + 1) % columns);
        }
        self.tokens("(");
        for (index, column) in key.iter().enumerate() {
            self.tokens(if index > 0 { "," } else { "" });
            self.column_name(*column);
            let collation = self.pick(&["", "", "COLLATE nocase", "COLLATE \"rtrim\""]);
            let order = self.pick(&["", "ASC", "DESC"]);
            self.tokens(collation);
            self.tokens(order);
        }
        self.tokens(")");
    }

    fn foreign_key_clause(&mut self, columns: usize) {
        self.name("the parent", false);
        if self.chance(2) {
            self.tokens("(");
            for index in 0..columns {
                self.tokens(if index > 0 { "," } else { "" });
                self.column_name(index);
            }
            self.tokens(")");
        }
        for _ in 0..self.choose(3) {
            let event = self.pick(&["ON DELETE", "ON UPDATE", "ON INSERT"]);
            let action =
                self.pick(&["CASCADE", "SET NULL", "SET DEFAULT", "RESTRICT", "NO ACTION"]);
            self.tokens(event);
            self.tokens(action);
        }
        let rest =
            self.pick(&["", "MATCH simple", "NOT DEFERRABLE", "DEFERRABLE INITIALLY DEFERRED"]);
        self.tokens(rest);
    }

    fn check(&mut self, name: Option<String>) {
        let expression = self.pick(&EXPRESSIONS);
        self.tokens("CHECK");
        self.parenthesised(expression);
        self.checks.push((name, expression.trim().to_owned()));
    }

    fn parenthesised(&mut self, expression: &str) {
        self.tokens("(");
        self.sql.push_str(expression);
        self.sql.push(')');
    }

    fn conflict(&mut self) {
        let conflict = self.pick(&CONFLICTS);
        if !conflict.is_empty() {
            self.tokens("ON CONFLICT");
            self.tokens(conflict);
        }
    }

    fn constraint_name(&mut self) -> Option<String> {
        let (name, may_be_bare) = NAMES[self.choose(NAMES.len())];
        if self.chance(2) {
            self.tokens("CONSTRAINT");
            self.name(name, may_be_bare);
            Some(name.to_owned())
        } else {
            None
        }
    }
}
