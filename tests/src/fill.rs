//! Many rows, made by the server itself.

use crate::database::TestDatabase;

const RUNS: i64 = 100;
const KEYS: i64 = 10;

/// How many rows [`metrics`] makes for each step that it is asked for.
pub const ROWS_OF_A_STEP: i64 = RUNS * KEYS;

/// Logs so many steps of ten metrics of a hundred runs in a database that is at 7ac759974ad8. The
/// statements run on every server: each doubles what is there.
///
/// # Panics
/// If the server refuses it.
pub fn metrics(database: &dyn TestDatabase, steps: i64) {
    let run = |number: i64| format!("('run {number:028}')");
    let runs: Vec<String> = (0..RUNS).map(run).collect();
    database.run(&format!("INSERT INTO runs (run_uuid) VALUES {}", runs.join(", ")));
    let entry = |number: i64| {
        let (run, key) = (number / KEYS, number % KEYS);
        format!("('run {run:028}', 'metric {key}', 0, 1500000000000, {number}.25, FALSE)")
    };
    let entries: Vec<String> = (0..RUNS * KEYS).map(entry).collect();
    let columns = r#"run_uuid, "key", step, timestamp, value, is_nan"#;
    database.run(&format!("INSERT INTO metrics ({columns}) VALUES {}", entries.join(", ")));
    let mut done = 1;
    while done < steps {
        database.run(&format!(
            r#"INSERT INTO metrics ({columns})
               SELECT run_uuid, "key", step + {done}, timestamp + {done}, value / 2 + step, is_nan
               FROM metrics WHERE step < {}"#,
            steps - done
        ));
        done *= 2;
    }
}
