use super::{Rule, Spelling, Tables, Written};
use crate::schema::platform::Dialect;
use crate::schema::{Column, ColumnType, ForeignKey, Index, Schema, Table, integer, varchar};

fn models() -> Table {
    Table::new("models").column(varchar("name", 9).not_null()).primary_key("pk", &["name"])
}

fn versions() -> Table {
    Table::new("versions")
        .column(varchar("name", 9).not_null())
        .column(integer("version"))
        .column(varchar("stage", 20))
        .unique_named("one", &["name", "version"])
        .check("old", "version > 0")
}

fn workspace() -> Column {
    varchar("workspace", 9).server_default("default").not_null()
}

const POSTGRES: Spelling = Spelling {
    quote: |name| format!("\"{name}\""),
    integer: "bigint",
    dialect: Dialect::Postgres,
    enforces_checks: true,
};

const MYSQL: Spelling = Spelling {
    quote: |name| format!("`{name}`"),
    integer: "SIGNED",
    dialect: Dialect::Mysql,
    enforces_checks: true,
};

const SQLITE: Spelling = Spelling { dialect: Dialect::Sqlite, ..POSTGRES };

fn rules_for(
    spelling: Spelling,
    before: &Table,
    after: &Table,
    referred: Option<&Table>,
) -> Vec<Rule> {
    let written = Written::default();
    let tables = Tables { before, after, found: before, spelling, written: &written };
    let mut live = Schema::default();
    live.insert(before.clone());
    referred.into_iter().for_each(|referred| live.insert(referred.clone()));
    let rules = tables.rules(&|_| false, &live);
    rules.map_or_else(Vec::new, |rules| [rules.of_rows, rules.of_several].concat())
}

fn all_rules(before: &Table, after: &Table, referred: Option<&Table>) -> Vec<Rule> {
    rules_for(POSTGRES, before, after, referred)
}

fn shown(rules: &[Rule]) -> String {
    rules
        .iter()
        .map(|rule| {
            let delete = rule.delete.iter().map(|delete| format!("  {delete}\n"));
            format!("{}\n  {}\n  {}\n", rule.constraint, rule.count, rule.query)
                + &delete.collect::<String>()
        })
        .collect()
}

#[test]
fn a_table_that_stays_asks_for_nothing() {
    assert_eq!(all_rules(&versions(), &versions(), None), []);
}

#[test]
fn everything_that_rows_may_lack() {
    let before = versions();
    let models = models();
    let after = Table::new("versions")
        .column(varchar("name", 9).not_null())
        .column(integer("version").not_null())
        .column(varchar("stage", 5))
        .primary_key("versions_pk", &["version"])
        .check("old", "(version) > 0")
        .check("new", "stage IN ('a', 'b') -- or none")
        .check("again", "stage in ('a', 'b')")
        .index(Index::new("by_stage", &["stage"]).unique())
        .foreign_key(ForeignKey::new(&["name"], "models", &["name"]).named("fk"));
    insta::assert_snapshot!(shown(&all_rules(&before, &after, Some(&models))));
}

#[test]
fn a_wider_key_and_new_columns_ask_for_nothing() {
    let before = versions().foreign_key(ForeignKey::new(&["name"], "models", &["name"]));
    let models = models();
    let mut after = before
        .clone()
        .column(workspace())
        .unique_named("wider", &["workspace", "name", "version"])
        .check("of_new", "workspace <> ''");
    after.foreign_keys =
        vec![ForeignKey::new(&["workspace", "name"], "models", &["workspace", "name"])];
    assert_eq!(rules_for(SQLITE, &before, &after, Some(&models)), []);
    // Only on SQLite may an upgrade ignore orphaned rows of an existing foreign key.
    let asked = all_rules(&before, &after, Some(&models));
    assert_eq!(asked.len(), 1, "{asked:?}");
}

#[test]
fn a_reference_is_checked_by_the_columns_that_are_there() {
    let before = versions();
    let models = models();
    let after = before.clone().column(workspace()).foreign_key(
        ForeignKey::new(&["workspace", "name"], "models", &["workspace", "name"]).named("fk"),
    );
    let asked = all_rules(&before, &after, Some(&models));
    let orphans = "FROM \"versions\" AS c WHERE c.\"name\" IS NOT NULL AND NOT EXISTS \
                   (SELECT 1 FROM \"models\" AS p WHERE p.\"name\" = c.\"name\")";
    let expected = Rule {
        constraint: "foreign key fk (workspace, name) to models".to_owned(),
        count: format!("SELECT count(*) {orphans}"),
        query: format!("SELECT * {orphans}"),
        delete: Some(format!("DELETE {orphans}")),
    };
    assert_eq!(asked, [expected]);
    assert_eq!(all_rules(&before, &after, None), []);
}

#[test]
fn a_reference_of_several_columns() {
    let pairs = |qualifiers: Option<&str>| {
        let mut key = ForeignKey::new(&["name", "version"], "versions", &["name", "version"]);
        key.qualifiers = qualifiers.map(ToOwned::to_owned);
        let mut tags = versions();
        "tags".clone_into(&mut tags.name);
        (tags.clone(), tags.foreign_key(key))
    };
    let mut all = String::new();
    for (spelling, qualifiers) in [(POSTGRES, None), (POSTGRES, Some("MATCH FULL")), (MYSQL, None)]
    {
        let (before, after) = pairs(qualifiers);
        all += &shown(&rules_for(spelling, &before, &after, Some(&versions())));
    }
    insta::assert_snapshot!(all);
}

/// The rules cover values that the old type can hold, and the new type cannot.
#[test]
fn what_a_narrower_type_does_not_take() {
    use ColumnType::{
        BigInteger, Binary, Double, Float, Integer, Json, LongText, MediumText, Other, Text,
        Varchar,
    };
    let other = |name: &str| Other(name.to_owned());
    let mut all = String::new();
    for (old, new) in [
        (Varchar(9), Varchar(9)),
        (Varchar(9), Varchar(10)),
        (Varchar(9), Text),
        (Text, MediumText),
        (Integer, Varchar(20)),
        (Float, Double),
        (BigInteger, Double),
        (other("decimal(9,2)"), Double),
        (Varchar(10), Varchar(9)),
        (Text, Varchar(9)),
        (LongText, Varchar(9)),
        (Json, Varchar(9)),
        (other("char(20)"), Varchar(9)),
        (Binary, Varchar(9)),
        (MediumText, Text),
        (LongText, MediumText),
        (other("longblob"), MediumText),
        (Text, Double),
    ] {
        let table = |column_type: &ColumnType| {
            let mut table = Table::new("t").column(Column::new("c", column_type.clone()));
            table.collation = Some("utf8mb4_bin".to_owned());
            table
        };
        for spelling in [MYSQL, POSTGRES, SQLITE] {
            for rule in rules_for(spelling, &table(&old), &table(&new), None) {
                all += &format!("{old:?} {:?} {}\n", spelling.dialect, rule.query);
            }
        }
    }
    insta::assert_snapshot!(all);
}

/// `a` and `a ` are two versions for MySQL 8's collations, and one for those that pad.
#[test]
fn a_key_over_texts_that_become_equal() {
    let table = |collation: &str| {
        let name = varchar("name", 9).collate(collation);
        Table::new("t").column(name).primary_key("pk", &["name"])
    };
    for (old, new, is_asked) in [
        ("utf8mb4_0900_ai_ci", "utf8mb4_bin", true),
        ("utf8mb4_general_nopad_ci", "utf8mb4_bin", true),
        ("utf8mb4_general_ci", "utf8mb4_bin", false),
        ("utf8mb4_bin", "utf8mb4_bin", false),
        ("utf8mb4_bin", "utf8mb4_general_ci", true),
    ] {
        let rules = rules_for(MYSQL, &table(old), &table(new), None);
        let by = format!("CONVERT(`name` USING utf8mb4) COLLATE {new}");
        assert_eq!(rules.iter().any(|rule| rule.query.contains(&by)), is_asked, "{old} {new}");
        assert_eq!(!rules.is_empty(), is_asked, "{rules:?}");
    }
}

#[test]
fn what_a_database_does_not_enforce_is_not_asked_for() {
    let (before, mut after) = (versions(), versions());
    after.columns[2] = varchar("stage", 5);
    assert_eq!(all_rules(&before, &after, None).len(), 1);
    after = after.check("more", "version < 9");
    let spelling = Spelling { enforces_checks: false, ..SQLITE };
    assert_eq!(rules_for(spelling, &before, &after, None), []);
}
