//! The newest entry of every (run, metric).

use mlflow_migrate_core::Error;

use crate::connect::Postgres;

/// One pass finds the greatest step and timestamp of each pair, compared as one array. Few entries
/// are left then; `DISTINCT ON` takes the first of each pair in the order that decides: the greatest
/// value, and of a NaN and a number that agree in everything the number.
///
/// Sorting all entries at once took 7 s where this took 1.1 s (2,000,000 entries of 1,000 pairs), and
/// 8 s where this took 16 s (of 1,000,000 pairs, two entries each). Two texts that are equal byte for
/// byte belong together under any collation, and comparing bytes is the fastest way to sort them.
const FILL: &str = "INSERT INTO latest_metrics \
    (run_uuid, key, step, \"timestamp\", value, is_nan) \
    SELECT DISTINCT ON (m.run_uuid COLLATE \"C\", m.key COLLATE \"C\") \
    m.run_uuid, m.key, m.step, m.\"timestamp\", m.value, m.is_nan \
    FROM metrics AS m JOIN (\
        SELECT run_uuid, key, max(ARRAY[step, \"timestamp\"]) AS place \
        FROM metrics GROUP BY run_uuid, key) AS newest \
    ON m.run_uuid = newest.run_uuid AND m.key = newest.key \
    AND m.step = newest.place[1] AND m.\"timestamp\" = newest.place[2] \
    ORDER BY m.run_uuid COLLATE \"C\", m.key COLLATE \"C\", m.value DESC, m.is_nan";

impl Postgres {
    /// Fills `latest_metrics`, whatever it holds, and tells how many rows it has got.
    pub(crate) async fn fill_newest(&mut self) -> Result<u64, Error> {
        let action = "computing latest_metrics";
        self.run("DELETE FROM latest_metrics".to_owned(), action).await?;
        match sqlx::raw_sql(FILL).execute(&mut self.connection).await {
            Ok(done) => Ok(done.rows_affected()),
            Err(source) => Err(self.failed(action, source).await),
        }
    }
}
