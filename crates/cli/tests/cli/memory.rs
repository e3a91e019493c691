//! Memory does not grow with the rows.

use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::sandbox::Sandbox;

const ROWS: u32 = 1_000_000;
pub(crate) const LIMIT_KIB: u64 = 64 * 1024;

/// The most memory that a process has had so far, in KiB (proc(5), `VmHWM`).
fn peak_of(process: u32) -> Option<u64> {
    let status =
        std::fs::read_to_string(Path::new("/proc").join(process.to_string()).join("status"));
    let status = status.ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Runs a command, and tells the most memory that it had, in KiB.
pub(crate) fn run_watched(command: &mut Command) -> (ExitStatus, u64) {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut peak = 0;
    loop {
        peak = peak_of(child.id()).unwrap_or_default().max(peak);
        if let Some(status) = child.try_wait().unwrap() {
            return (status, peak);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_million_metric_rows_from_base_to_head() {
    let sandbox = Sandbox::with_sample("mlruns-0.9.1.db");
    sandbox.sql(&format!(
        "INSERT INTO runs (run_uuid, experiment_id, status, lifecycle_stage) \
         SELECT 'memory' || value, (SELECT min(experiment_id) FROM experiments), 'FINISHED', 'active' \
         FROM (WITH RECURSIVE n(value) AS (VALUES (0) UNION ALL SELECT value + 1 FROM n LIMIT 200) \
               SELECT value FROM n); \
         INSERT INTO metrics (key, value, timestamp, run_uuid) \
         WITH RECURSIVE n(value) AS (VALUES (0) UNION ALL SELECT value + 1 FROM n LIMIT {ROWS}) \
         SELECT 'key' || (value / 200 % 20), value * 0.5, 1560000000000 + value, \
                'memory' || (value % 200) FROM n;"
    ));
    let (status, peak) = run_watched(&mut sandbox.command(&["upgrade", "mlruns.db"]));
    assert!(status.success());
    let pairs = sandbox.connect().query_row(
        "SELECT count(*) FROM latest_metrics WHERE run_uuid LIKE 'memory%'",
        [],
        |row| row.get::<_, u32>(0),
    );
    assert_eq!(pairs.unwrap(), 200 * 20);
    assert!(peak > 4 * 1024, "the peak of {peak} KiB was not seen");
    assert!(peak < LIMIT_KIB, "{peak} KiB");
}
