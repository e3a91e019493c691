//! Upgrades in clusters of three nodes: one works, whichever node it goes through, and all nodes end equal.

mod galera;
mod group;

use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use mlflow_migrate_core::{Error, UpgradeReport};
use mlflow_migrate_tests::address::Address;
use mlflow_migrate_tests::connect::upgrade_at;
use mlflow_migrate_tests::database::{TestDatabase, Waits};
use mlflow_migrate_tests::harness::{Claim, Resource, Trial};
use mlflow_migrate_tests::private_cluster::PrivateCluster;
use mlflow_migrate_tests::{fill, wait};

/// Metrics have to be moved from there, and tables to be copied.
const OLD: &str = "7ac759974ad8";

/// The oldest revision that an upgrade makes.
const FIRST: &str = "451aebb31d03";

/// Entries of each of a thousand metrics.
const ENTRIES: i64 = 6;

/// How long it may take to give up somebody who is gone, or to see what a cluster does by itself.
const PATIENCE: Duration = Duration::from_secs(75);

/// An upgrade that takes longer hangs: several times what one takes on a machine that does much else.
const LIMIT: Duration = Duration::from_secs(300);

/// Who waits for another upgrade waits longer than that one takes.
const WAITS: Waits = Waits { table: Duration::from_secs(5), upgrader: Duration::from_secs(240) };

/// A trial's name, what it gets along with, and what it does.
type Test = (&'static str, Needs, fn(&PrivateCluster));

/// What a trial on the same nodes gets along with.
#[derive(Clone, Copy)]
enum Needs {
    /// One that mostly waits.
    Waiting,
    /// Those that mostly wait: it takes the machine's time itself.
    Working,
    /// Nothing: it sets, stops or kills nodes.
    Alone,
}

/// A cluster that is started for the first trial on it.
#[derive(Default)]
struct Ground {
    cluster: OnceLock<Result<PrivateCluster, String>>,
    nodes: Resource,
    work: Resource,
}

impl Ground {
    fn claims(&self, needs: Needs) -> Vec<Claim> {
        match needs {
            Needs::Waiting => vec![Claim::Shared(self.nodes.clone())],
            Needs::Working => {
                vec![Claim::Exclusive(self.work.clone()), Claim::Shared(self.nodes.clone())]
            }
            Needs::Alone => vec![Claim::Exclusive(self.nodes.clone())],
        }
    }
}

/// The trials of all clusters whose servers are there.
pub(crate) fn trials(servers: &[String]) -> Vec<Trial> {
    let mut trials = Vec::new();
    for (server, name, tests) in
        [("mariadb", "galera", galera::TESTS), ("mysql", "group", group::TESTS)]
    {
        if !servers.iter().any(|given| given == server) {
            continue;
        }
        let ground = Arc::new(Ground::default());
        for (test, needs, run) in tests {
            let (claims, ground) = (ground.claims(*needs), Arc::clone(&ground));
            trials.push(Trial::new(format!("{name}::clusters::{test}"), claims, move || {
                let cluster = ground.cluster.get_or_init(|| PrivateCluster::start(name));
                run(cluster.as_ref().map_err(Failed::from)?);
                Ok(())
            }));
        }
    }
    trials
}

/// A database with rows, on all nodes.
struct Subject<'a> {
    cluster: &'a PrivateCluster,
    /// Goes with this value.
    _database: Box<dyn TestDatabase>,
    name: String,
}

impl<'a> Subject<'a> {
    fn new(cluster: &'a PrivateCluster) -> Self {
        let database = wait(cluster.server().at(OLD));
        fill::metrics(&*database, ENTRIES);
        Self::of(cluster, database)
    }

    /// One without any table.
    fn empty(cluster: &'a PrivateCluster) -> Self {
        Self::of(cluster, cluster.server().new_database())
    }

    fn of(cluster: &'a PrivateCluster, database: Box<dyn TestDatabase>) -> Self {
        let name = database.address().unwrap().database.clone();
        let subject = Self { cluster, _database: database, name };
        subject.assert_equal();
        subject
    }

    fn at_node(&self, node: usize) -> Address {
        self.cluster.node(node).of_database(&self.name)
    }

    fn assert_equal(&self) {
        self.cluster.assert_equal(&self.name, &[1, 2, 3]);
    }

    /// Upgrades through a node, in a thread of its own, after a while.
    fn upgrade(&self, node: usize, after: Duration) -> JoinHandle<Ended> {
        self.upgrade_after(node, after, "head")
    }

    /// Upgrades through a node at once, no further than to a revision.
    fn upgrade_to(&self, node: usize, target: &'static str) -> JoinHandle<Ended> {
        self.upgrade_after(node, Duration::ZERO, target)
    }

    fn upgrade_after(
        &self,
        node: usize,
        after: Duration,
        target: &'static str,
    ) -> JoinHandle<Ended> {
        let address = self.at_node(node);
        let catalogue = self.cluster.server().catalogue().clone();
        thread::spawn(move || {
            thread::sleep(after);
            wait(async move {
                let upgraded = upgrade_at(&catalogue, &address, WAITS, target);
                tokio::time::timeout(LIMIT, upgraded).await.unwrap_or_else(|_| panic!("it hangs"))
            })
        })
    }

    fn upgraded_through(&self, node: usize) -> UpgradeReport {
        self.upgrade(node, Duration::ZERO).join().unwrap().unwrap()
    }

    /// How many rows of a kind a node holds.
    fn count(&self, node: usize, query: &str) -> String {
        let rows = mlflow_migrate_tests::mysql::query(&self.at_node(node), query);
        format!("{:?}", rows.concat())
    }

    /// Waits until an upgrade has noted some steps.
    fn wait_for_steps(&self, node: usize) {
        let began = Instant::now();
        let sql = "SELECT note FROM alembic_mlflow_migrate WHERE id = 0 AND note > 3";
        let has_steps = || {
            let rows = mlflow_migrate_tests::mysql::attempt(&self.at_node(node), sql);
            rows.is_ok_and(|rows| !rows.is_empty())
        };
        while !has_steps() {
            assert!(began.elapsed() < PATIENCE, "no upgrade has begun");
            thread::sleep(Duration::from_millis(5));
        }
    }
}

/// How an upgrade has ended.
type Ended = Result<UpgradeReport, Error>;

/// Several upgrades at the same time: one does it all, the others wait, and find nothing to do.
fn assert_one_has_worked(ended: Vec<JoinHandle<Ended>>) {
    let ended: Vec<Ended> = ended.into_iter().map(|one| one.join().unwrap()).collect();
    let worked = ended.iter().filter(|one| {
        let report = one.as_ref().unwrap_or_else(|error| panic!("{error}: {ended:?}"));
        !report.steps.is_empty()
    });
    assert_eq!(worked.count(), 1, "{ended:?}");
}
