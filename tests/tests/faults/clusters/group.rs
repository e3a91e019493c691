//! Group replication: one primary takes writes, or all members do.

use std::thread;
use std::time::{Duration, Instant};

use mlflow_migrate_core::error::ErrorKind;
use mlflow_migrate_tests::database::Cell;
use mlflow_migrate_tests::mysql;
use mlflow_migrate_tests::private_cluster::PrivateCluster;

use super::{FIRST, Needs, PATIENCE, Subject, Test, assert_one_has_worked};

pub(crate) const TESTS: &[Test] = &[
    ("undisturbed", Needs::Alone, undisturbed),
    ("upgraders_on_three_primaries", Needs::Alone, upgraders_on_three_primaries),
    ("many_begin_on_all_primaries", Needs::Alone, many_begin_on_all_primaries),
    ("a_primary_killed", Needs::Alone, a_primary_killed),
];

fn undisturbed(cluster: &PrivateCluster) {
    let subject = Subject::new(cluster);
    let error = subject.upgrade(2, Duration::ZERO).join().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ReadOnly, "{error:?}");
    assert!(!subject.upgraded_through(1).steps.is_empty());
    subject.assert_equal();
    assert_one_has_worked_twice(cluster);
}

fn assert_one_has_worked_twice(cluster: &PrivateCluster) {
    let subject = Subject::new(cluster);
    let upgrades = [0.0, 0.3].map(|after| subject.upgrade(1, Duration::from_secs_f64(after)));
    assert_one_has_worked(upgrades.into());
    subject.assert_equal();
}

fn upgraders_on_three_primaries(cluster: &PrivateCluster) {
    let _mode = MultiPrimary::of(cluster);
    let subject = Subject::new(cluster);
    let upgrades = [1, 2, 3].map(|node| subject.upgrade(node, Duration::ZERO));
    assert_one_has_worked(upgrades.into());
    subject.assert_equal();
}

/// A member that cannot repeat another member's change of a table leaves the group.
fn many_begin_on_all_primaries(cluster: &PrivateCluster) {
    let _mode = MultiPrimary::of(cluster);
    for upgraders in [3, 8, 3] {
        let subject = Subject::empty(cluster);
        let nodes = [1, 2, 3].into_iter().cycle().take(upgraders);
        assert_one_has_worked(nodes.map(|node| subject.upgrade_to(node, FIRST)).collect());
        subject.assert_equal();
    }
}

/// All members take writes. The first is the only primary again when this value is dropped, however
/// the trial ends: the next one begins there.
struct MultiPrimary<'a>(&'a PrivateCluster);

impl<'a> MultiPrimary<'a> {
    fn of(cluster: &'a PrivateCluster) -> Self {
        cluster.run(1, "SELECT group_replication_switch_to_multi_primary_mode()");
        Self(cluster)
    }
}

impl Drop for MultiPrimary<'_> {
    fn drop(&mut self) {
        let first = "SELECT group_replication_switch_to_single_primary_mode(@@server_uuid)";
        if let Err(error) = mysql::attempt(self.0.node(1), first) {
            assert!(thread::panicking(), "{error}");
        }
    }
}

/// The members elect another primary, through which the upgrade goes on.
fn a_primary_killed(cluster: &PrivateCluster) {
    let subject = Subject::new(cluster);
    let upgrade = subject.upgrade(1, Duration::ZERO);
    subject.wait_for_steps(1);
    cluster.kill(1);
    let error = upgrade.join().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionLost, "{error:?}");
    let primary = new_primary(cluster);
    assert!(!subject.upgraded_through(primary).steps.is_empty());
    cluster.assert_equal(&subject.name, &[2, 3]);
    cluster.restart(1);
    subject.assert_equal();
    let first = mysql::query(cluster.node(1), "SELECT @@server_uuid");
    let Cell::Text(first) = &first[0][0] else { panic!("{first:?}") };
    cluster.run(primary, &format!("SELECT group_replication_set_as_primary('{first}')"));
}

fn new_primary(cluster: &PrivateCluster) -> usize {
    let began = Instant::now();
    loop {
        for node in [2, 3] {
            let rows = mysql::attempt(cluster.node(node), "SELECT @@super_read_only");
            if rows.is_ok_and(|rows| format!("{rows:?}").contains("Integer(0)")) {
                return node;
            }
        }
        assert!(began.elapsed() < PATIENCE, "no new primary");
        thread::sleep(Duration::from_millis(100));
    }
}
