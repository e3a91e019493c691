//! From every state to the newest, and between random pairs of states: the schema that comes out is
//! the one that MLflow's own chain makes on that server, and `verify` and a second upgrade are content
//! with it.

use mlflow_migrate_tests::capability::EVERY_REVISION;
use mlflow_migrate_tests::conformance::{State, assert_content, differences};
use mlflow_migrate_tests::database::{TestDatabase, upgrade};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::reference::Server;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::tests;

pub(crate) const IN_EVERY_CHARSET: &[Test] = tests![
    there_are_71_states => EVERY_REVISION,
    one_revision_at_a_time,
    random_pairs,
];

pub(crate) const ONCE_A_SERVER: &[Test] =
    tests![every_state_goes_to_the_newest, an_empty_database_gets_any_state];

/// Other versions of a server: enough to see a catalogue that is read in another way, or DDL that does
/// something else.
pub(crate) const ON_FURTHER_SERVERS: &[Test] = tests![a_few_states_go_to_the_newest];

/// `all`: after every upgrade it is asked whether `verify` and a second upgrade are content.
const CONTENT: &str = "MLFLOW_MIGRATE_CONTENT";

/// `all`: every state goes to the newest on MariaDB and on MySQL, too, not every second one.
const STATES: &str = "MLFLOW_MIGRATE_CONFORMANCE_STATES";

/// Pairs in a server's first character set, and in another one.
const PAIRS: usize = 60;
const PAIRS_IN_ANOTHER_CHARSET: usize = 20;
const SEED: u64 = 0x0091_3180;

/// The states of a server, and what its databases must hold there.
struct States<'a> {
    server: &'a TestServer,
    expected: Vec<State>,
}

impl<'a> States<'a> {
    fn of(server: &'a TestServer) -> Self {
        Self { server, expected: server.reference().states().unwrap() }
    }

    fn newest(&self) -> usize {
        self.expected.len() - 1
    }

    /// Returns the states that go to the newest on this server.
    ///
    /// MySQL and MariaDB cannot copy a database, so each state is made anew there, and each of the two
    /// takes every second one.
    fn on_their_way(&self) -> impl Iterator<Item = usize> + use<> {
        let is_all = std::env::var(STATES).is_ok_and(|states| states == "all");
        let (first, step) = match self.server.reference() {
            Server::Mysql if !is_all => (0, 2),
            Server::Mariadb if !is_all => (1, 2),
            _ => (0, 1),
        };
        (first..=self.newest()).step_by(step)
    }

    fn name(&self, state: usize) -> &str {
        self.expected[state].0.as_deref().unwrap_or("base")
    }

    /// Upgrades a database of one state to another, and compares.
    async fn check(&self, database: &dyn TestDatabase, from: usize, to: usize) {
        let names = format!("{} to {}", self.name(from), self.name(to));
        let report = upgrade(self.server.catalogue(), database, self.name(to)).await;
        let report = report.unwrap_or_else(|error| panic!("{names}: {error}"));
        assert_eq!(report.revisions.len(), to - from, "{names}");
        assert_eq!(report.to, self.expected[to].0, "{names}");
        self.compare(database, to, &names).await;
        // Asking is about as long as upgrading, so one pair in ten is asked.
        let is_all = std::env::var(CONTENT).is_ok_and(|pairs| pairs == "all");
        if is_all || (from + to).is_multiple_of(10) {
            assert_content(self.server, database, self.name(to)).await;
        }
    }

    async fn compare(&self, database: &dyn TestDatabase, state: usize, names: &str) {
        let lines = differences(self.server, database, &self.expected[state]).await;
        let lines = lines.unwrap_or_else(|error| panic!("{names}: {error}"));
        assert!(lines.is_empty(), "{names}:\n{}", lines.join("\n"));
        if self.server.is_sqlite() {
            let damage = database.query("PRAGMA integrity_check");
            assert_eq!(damage, [["ok".into()]], "{names}");
        }
    }
}

async fn there_are_71_states(server: &TestServer) {
    assert_eq!(States::of(server).expected.len(), 71);
}

async fn one_revision_at_a_time(server: &TestServer) {
    let states = States::of(server);
    let database = server.new_database();
    upgrade(server.catalogue(), &*database, "base").await.unwrap();
    states.compare(&*database, 0, "base").await;
    for state in 1..=states.newest() {
        states.check(&*database, state - 1, state).await;
    }
}

/// Each state is a copy of the one that was come to step by step, or, where a database cannot be
/// copied, made at once.
async fn every_state_goes_to_the_newest(server: &TestServer) {
    let states = States::of(server);
    let walking = server.new_database();
    for state in states.on_their_way() {
        if server.copies_databases() {
            upgrade(server.catalogue(), &*walking, states.name(state)).await.unwrap();
        }
        let start = match walking.copy() {
            Some(copy) => copy,
            None => server.at(states.name(state)).await,
        };
        states.check(&*start, state, states.newest()).await;
    }
}

/// From an empty database to the newest, and from base in a few steps.
async fn a_few_states_go_to_the_newest(server: &TestServer) {
    let states = States::of(server);
    let database = server.new_database();
    upgrade(server.catalogue(), &*database, server.head()).await.unwrap();
    states.compare(&*database, states.newest(), "empty").await;
    assert_content(server, &*database, server.head()).await;
    let walking = server.new_database();
    upgrade(server.catalogue(), &*walking, "base").await.unwrap();
    let mut from = 0;
    for to in (24..states.newest()).step_by(24).chain([states.newest()]) {
        if let Some(start) = walking.copy() {
            states.check(&*start, from, states.newest()).await;
        }
        states.check(&*walking, from, to).await;
        from = to;
    }
}

/// Each pair begins where the one before it has ended, until there is no further state.
async fn random_pairs(server: &TestServer) {
    let states = States::of(server);
    let mut random = SEED;
    let mut pick = |below: usize| {
        // Knuth's MMIX generator: the same pairs in every run.
        random =
            random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(random >> 33).unwrap() % below
    };
    let mut pairs = 0;
    let wanted = if server.is_another_charset() { PAIRS_IN_ANOTHER_CHARSET } else { PAIRS };
    while pairs < wanted {
        let mut from = pick(states.newest());
        let database = server.at(states.name(from)).await;
        while from < states.newest() {
            let to = from + 1 + pick(states.newest() - from);
            states.check(&*database, from, to).await;
            pairs += 1;
            from = to;
        }
    }
}

async fn an_empty_database_gets_any_state(server: &TestServer) {
    let states = States::of(server);
    for state in (0..=states.newest()).step_by(7) {
        let database = server.new_database();
        upgrade(server.catalogue(), &*database, states.name(state)).await.unwrap();
        states.compare(&*database, state, states.name(state)).await;
    }
}
