//! Finds missing synchronous standbys, without which no COMMIT returns.

use mlflow_migrate_core::Error;
use sqlx::Row as _;

use crate::database::Postgres;
use crate::statements;

const ACTION: &str = "looking for synchronous standbys";

/// Reads the setting that names the standbys, if a COMMIT waits for them.
const SETTING: &str = "SELECT CASE WHEN current_setting('synchronous_commit') NOT IN ('off', 'local') \
    AND current_setting('max_wal_senders')::int > 0 \
    THEN current_setting('synchronous_standby_names') ELSE '' END, $1::text";

/// Reads the receivers of the log and their state, which is NULL if the user may not see it.
const RECEIVERS: &str = "SELECT application_name, state, $1::text FROM pg_stat_replication";

/// Returns an error if too few synchronous standbys are connected, so that the COMMIT would wait.
///
/// If the user sees only the standbys' names, a standby that is not yet ready counts as ready.
pub(crate) async fn missing(database: &mut Postgres) -> Result<Option<Error>, Error> {
    let failed = |this: &Postgres, source| this.context().error(ACTION, source);
    let setting = statements::catalog(database, SETTING, ACTION).await?;
    let setting = setting.first().map_or(Ok(String::new()), |row| row.try_get(0));
    let setting: String = setting.map_err(|source| failed(database, source))?;
    let Some(wanted) = Wanted::parse(&setting) else { return Ok(None) };
    let mut connected = 0;
    for row in statements::catalog(database, RECEIVERS, ACTION).await? {
        let name: Option<String> = row.try_get(0).map_err(|source| failed(database, source))?;
        let state: Option<String> = row.try_get(1).map_err(|source| failed(database, source))?;
        let is_ready = state.is_none_or(|state| state == "streaming");
        connected += u64::from(is_ready && wanted.names(&name.unwrap_or_default()));
    }
    Ok((connected < wanted.number).then(|| Error::Unavailable {
        name: database.name.clone(),
        problem: format!(
            "the COMMIT would wait for a synchronous standby: synchronous_standby_names = '{setting}' \
             asks for {}, and {connected} of these are connected",
            wanted.number
        ),
        remedy: "the database is unchanged; start the standby, take it out of synchronous_standby_names, or let \
               this upgrade wait for none: add options=-csynchronous_commit%3Dlocal to the URL"
            .into(),
    }))
}

/// What `synchronous_standby_names` requires.
#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    number: u64,
    /// The names in lower case, as the server compares them; `*` matches any standby.
    names: Vec<String>,
}

impl Wanted {
    /// Parses `a, "B"`, `2 (a, b)`, `FIRST 2 (a, b)` and `ANY 2 (a, b)`; `None` for an empty list.
    fn parse(setting: &str) -> Option<Self> {
        let setting = setting.trim();
        let (number, list) = match setting.strip_suffix(')').and_then(|text| text.split_once('(')) {
            Some((head, list)) => {
                let number = head.split_whitespace().next_back().unwrap_or_default();
                (number.parse().unwrap_or(1), list)
            }
            None => (1, setting),
        };
        let names = split_names(list);
        (!names.is_empty()).then_some(Self { number, names })
    }

    fn names(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        self.names.iter().any(|known| known == "*" || *known == name)
    }
}

/// Splits a list into names. A quoted name may hold commas.
fn split_names(list: &str) -> Vec<String> {
    let (mut names, mut name, mut is_quoted) = (Vec::new(), String::new(), false);
    for one in list.chars() {
        match one {
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => names.push(std::mem::take(&mut name)),
            _ if one.is_whitespace() && !is_quoted => {}
            _ => name.extend(one.to_lowercase()),
        }
    }
    names.push(name);
    names.retain(|name| !name.is_empty());
    names
}

#[cfg(test)]
mod tests {
    use super::Wanted;

    #[test]
    fn the_setting_is_read_as_the_server_reads_it() {
        for (setting, number, names) in [
            ("s1", 1, vec!["s1"]),
            ("S1, \"a b, c\"", 1, vec!["s1", "a b, c"]),
            ("*", 1, vec!["*"]),
            ("2 (s1, s2, s3)", 2, vec!["s1", "s2", "s3"]),
            ("FIRST 1 (s1)", 1, vec!["s1"]),
            ("any 3(*)", 3, vec!["*"]),
        ] {
            let names = names.into_iter().map(ToOwned::to_owned).collect();
            assert_eq!(Wanted::parse(setting), Some(Wanted { number, names }), "{setting}");
        }
        assert_eq!(Wanted::parse("  "), None);
    }

    #[test]
    fn names_are_compared_without_case() {
        let wanted = Wanted::parse("Standby_1").unwrap();
        assert!(wanted.names("STANDBY_1") && !wanted.names("standby_2"));
        assert!(Wanted::parse("*").unwrap().names("pg_receivewal"));
    }
}
