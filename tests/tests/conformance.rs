//! From every state to head, and between random pairs of states: the schema that comes out is the
//! one that MLflow's own chain makes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::collections::HashSet;

use mlflow_migrate_core::backend::Access;
use mlflow_migrate_core::catalogue::Catalogue;
use mlflow_migrate_core::schema::differences;
use mlflow_migrate_tests::database::{TestDatabase, upgrade};
use mlflow_migrate_tests::reference::{self, Description};
use mlflow_migrate_tests::sqlite::SqliteFile;

const PAIRS: usize = 300;
const SEED: u64 = 0x0091_3180;

/// A database at each state, made by going one revision further at a time.
struct States {
    catalogue: Catalogue,
    expected: Vec<(Option<String>, Description)>,
    databases: Vec<SqliteFile>,
}

impl States {
    async fn make() -> Self {
        let catalogue = mlflow_migrate_revisions::tracking().unwrap();
        let expected = reference::Server::Sqlite.states().unwrap();
        let mut databases = vec![SqliteFile::new()];
        upgrade(&catalogue, &databases[0], "base").await.unwrap();
        for (revision, _) in &expected[1..] {
            let next = SqliteFile::copy_of(databases.last().unwrap().path());
            upgrade(&catalogue, &next, revision.as_deref().unwrap()).await.unwrap();
            databases.push(next);
        }
        Self { catalogue, expected, databases }
    }

    fn name(&self, state: usize) -> &str {
        self.expected[state].0.as_deref().unwrap_or("base")
    }

    /// Upgrades a copy of one state to another, and compares.
    async fn check(&self, from: usize, to: usize) {
        let database = SqliteFile::copy_of(self.databases[from].path());
        let names = format!("{} to {}", self.name(from), self.name(to));
        let report = upgrade(&self.catalogue, &database, self.name(to)).await;
        let report = report.unwrap_or_else(|error| panic!("{names}: {error}"));
        assert_eq!(report.revisions.len(), to - from, "{names}");
        assert_eq!(report.to, self.expected[to].0, "{names}");
        self.compare(&database, to, &names).await;
    }

    async fn compare(&self, database: &dyn TestDatabase, state: usize, names: &str) {
        let mut backend = database.connect().await.unwrap();
        backend.begin(Access::Read).await.unwrap();
        let (revision, expected) = &self.expected[state];
        let stamped = backend.versions().await.unwrap().unwrap_or_default();
        assert_eq!(stamped.first(), revision.as_ref(), "{names}");
        let live = backend.inspect().await.unwrap();
        let platform = backend.platform().clone();
        let modelled = self.catalogue.state(revision.as_deref(), &platform).unwrap();
        assert_eq!(differences(&modelled, &live, &platform), [], "{names}");
        let described = reference::describe(&[(revision.clone(), live)], &platform);
        assert_eq!(reference::differences(expected, &described[0].1), [""; 0], "{names}");
        let damage = database.query("PRAGMA integrity_check");
        assert_eq!(damage, [["ok".into()]], "{names}");
    }
}

#[tokio::test]
async fn every_state_goes_to_head() {
    let states = States::make().await;
    let head = states.databases.len() - 1;
    assert_eq!(head, 70);
    for state in 0..=head {
        states.compare(&states.databases[state], state, states.name(state)).await;
        states.check(state, head).await;
    }
}

#[tokio::test]
async fn random_pairs() {
    let states = States::make().await;
    let mut random = SEED;
    let mut pick = |below: usize| {
        // Knuth's MMIX generator: the same pairs in every run.
        random =
            random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(random >> 33).unwrap() % below
    };
    let mut pairs = HashSet::new();
    while pairs.len() < PAIRS {
        let to = 1 + pick(states.databases.len() - 1);
        pairs.insert((pick(to), to));
    }
    for (from, to) in pairs {
        states.check(from, to).await;
    }
}

#[tokio::test]
async fn an_empty_database_gets_any_state() {
    let states = States::make().await;
    for state in (0..states.databases.len()).step_by(7) {
        let database = SqliteFile::new();
        upgrade(&states.catalogue, &database, states.name(state)).await.unwrap();
        states.compare(&database, state, states.name(state)).await;
    }
}
