use super::{Rule, Spelling, Tables};
use crate::schema::{Column, ForeignKey, Index, Table, integer, varchar};

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

fn all_rules(before: &Table, after: &Table, referred: Option<&Table>) -> Vec<Rule> {
    let spelling = Spelling {
        quote: |name| format!("\"{name}\""),
        integer: "bigint",
        limits_texts: true,
        enforces_checks: true,
    };
    let tables = Tables { before, after, found: before, spelling };
    let rules = tables.rules(|name| referred.filter(|referred| referred.name == name));
    rules.map_or_else(Vec::new, |rules| [rules.of_rows, rules.of_several].concat())
}

fn shown(rules: &[Rule]) -> String {
    rules
        .iter()
        .map(|rule| format!("{}\n  {}\n  {}\n", rule.constraint, rule.count, rule.query))
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
    assert_eq!(all_rules(&before, &after, Some(&models)), []);
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
    };
    assert_eq!(asked, [expected]);
    assert_eq!(all_rules(&before, &after, None), []);
}

#[test]
fn what_a_database_does_not_enforce_is_not_asked_for() {
    let (before, mut after) = (versions(), versions());
    after.columns[2] = varchar("stage", 5);
    assert_eq!(all_rules(&before, &after, None).len(), 1);
    after = after.check("more", "version < 9");
    let spelling = Spelling {
        quote: ToOwned::to_owned,
        integer: "SIGNED",
        limits_texts: false,
        enforces_checks: false,
    };
    let tables = Tables { before: &before, after: &after, found: &before, spelling };
    assert!(tables.rules(|_| None).is_none());
}
