//! dc11669786a5: jobs that were pending or running are canceled.

use mlflow_migrate_core::data::DataOptions;
use mlflow_migrate_tests::capability::EVERY_REVISION;
use mlflow_migrate_tests::database::{Cell, Upgrade};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::tests;

use super::upgraded_with;

pub(crate) const TESTS: &[Test] = tests![
    only_pending_and_running_jobs_are_canceled => EVERY_REVISION,
];

const NOW_MS: i64 = 1_790_000_000_123;

async fn only_pending_and_running_jobs_are_canceled(server: &TestServer) {
    let database = server.at("75868b020152").await;
    for status in -1..=7 {
        database.run(&format!(
            "INSERT INTO jobs (id, creation_time, job_name, params, status, retry_count,
             last_update_time) VALUES ('job {status}', 1, 'name', '{{}}', {status}, 0, 5)"
        ));
    }
    let mut data = DataOptions::default();
    data.now_ms = NOW_MS;
    let upgrade = Upgrade { data, ..Upgrade::default() };
    let (report, _) = upgraded_with(server, &upgrade, &*database, "dc11669786a5").await;
    assert_eq!(report.rows_migrated, 2);
    let jobs = database.query("SELECT id, status, last_update_time FROM jobs ORDER BY id");
    let expected: Vec<Vec<Cell>> = (-1..=7)
        .map(|status: i64| {
            let is_open = matches!(status, 0 | 1);
            let (now, updated) = if is_open { (5, NOW_MS) } else { (status, 5) };
            vec![Cell::Text(format!("job {status}")), now.into(), updated.into()]
        })
        .collect();
    assert_eq!(jobs, expected);
}
