//! The servers to try, from lists of hosts, addresses and ports in libpq's or SQLAlchemy's form.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::path::Path;

use mlflow_migrate_core::Error;

use super::sources::Sources;

const DEFAULT_PORT: u16 = 5432;

/// Where PostgreSQL's packages and its default build put the server's socket.
const SOCKET_FOLDERS: [&str; 2] = ["/var/run/postgresql", "/tmp"];

/// One server to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// A host, or a socket's folder.
    pub(crate) host: String,
    /// The host's port.
    pub(crate) port: u16,
    /// The address to connect to instead of the host's own. The certificate must still be the
    /// host's.
    pub(crate) address: Option<String>,
}

impl Endpoint {
    /// Returns whether the host is a socket's folder.
    pub(crate) fn is_socket(&self) -> bool {
        self.address.is_none() && self.host.starts_with('/')
    }
}

/// Returns the servers in the order to try.
///
/// Hosts, addresses and ports may be lists, as in libpq. SQLAlchemy repeats the parameter, and
/// writes the port after the host.
pub(crate) fn endpoints(sources: &Sources<'_>) -> Result<Vec<Endpoint>, Error> {
    let hosts = hosts(sources);
    let addresses = addresses(sources, hosts.as_deref().map(<[_]>::len))?;
    let count = hosts.as_ref().or(addresses.as_ref()).map_or(1, Vec::len);
    let ports = ports(sources, count)?;
    let mut found = Vec::new();
    for place in 0..count {
        let host = hosts.as_ref().and_then(|hosts| hosts.get(place));
        let address = addresses.as_ref().and_then(|addresses| addresses.get(place)).cloned();
        let (host, own) = host.map_or(("", None), |host| split_port(host));
        if own.is_some() && ports.len() > 1 {
            let problem = "it gives ports behind the hosts and as a list, too".to_owned();
            return Err(
                sources.refuse(problem, "write host=h1,h2&port=p1,p2, or host=h1:p1&host=h2:p2")
            );
        }
        let general = ports.get(place).or(ports.first()).copied().unwrap_or(DEFAULT_PORT);
        let port = match own {
            // As in libpq's URLs, an empty port is the default.
            Some("") => DEFAULT_PORT,
            Some(own) => number(sources, own)?,
            None => general,
        };
        let host = match (host, &address) {
            ("", Some(address)) => address.clone(),
            ("", None) => default_host(port),
            (host, _) => host.to_owned(),
        };
        // An address that is equal to the host is not needed.
        let address = address.filter(|address| *address != host);
        found.push(Endpoint { host, port, address });
    }
    if is_random_order(sources)? {
        shuffle(&mut found);
    }
    Ok(found)
}

/// Returns the hosts as written; `None` if none is given.
fn hosts(sources: &Sources<'_>) -> Option<Vec<String>> {
    let repeated: Vec<&str> = sources
        .url
        .parameters
        .iter()
        .filter(|(name, value)| name == "host" && !value.is_empty())
        .map(|(_, value)| value.as_str())
        .collect();
    let text = match repeated[..] {
        [] => sources
            .url
            .host
            .clone()
            .or_else(|| sources.of_service("host"))
            .or_else(|| sources.variable("PGHOST"))?,
        _ => repeated.join(","),
    };
    let hosts: Vec<&str> = text.split(',').collect();
    // In a list with ports, a host without a port has the default port.
    let is_url_list = sources.url.host.as_deref() == Some(&text)
        && sources.url.port.is_none()
        && hosts.len() > 1
        && hosts.iter().any(|host| split_port(host).1.is_some());
    let host = |host: &str| match split_port(host) {
        (_, None) if is_url_list => format!("{host}:"),
        _ => host.to_owned(),
    };
    Some(hosts.into_iter().map(host).collect())
}

/// Splits a text into the host without brackets, and the port after the host.
fn split_port(text: &str) -> (&str, Option<&str>) {
    if let Some((host, rest)) = text.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        return (host, rest.strip_prefix(':'));
    }
    match text.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') && !text.starts_with('/') => (host, Some(port)),
        _ => (text, None),
    }
}

/// Returns the addresses, whose number must equal the number of hosts.
fn addresses(sources: &Sources<'_>, hosts: Option<usize>) -> Result<Option<Vec<String>>, Error> {
    let Some(text) = sources.find("hostaddr", None, "PGHOSTADDR") else { return Ok(None) };
    let addresses: Vec<String> = text.split(',').map(|one| one.trim().to_owned()).collect();
    let is_address = |text: &String| {
        // What follows a `%` names a network interface.
        text.split('%').next().is_some_and(|address| address.parse::<IpAddr>().is_ok())
    };
    if !addresses.iter().all(is_address) {
        let problem = "its hostaddr is no address of a network".to_owned();
        return Err(sources.refuse(problem, "write hostaddr=192.0.2.1, or name the host alone"));
    }
    match hosts {
        Some(count) if count != addresses.len() => {
            let problem =
                format!("it has {count} hosts, and {} addresses in hostaddr", addresses.len());
            Err(sources.refuse(problem, "give one address for each host, or none"))
        }
        _ => Ok(Some(addresses)),
    }
}

/// Returns one port for all hosts, or one for each.
fn ports(sources: &Sources<'_>, hosts: usize) -> Result<Vec<u16>, Error> {
    let part = sources.url.port.map(|port| port.to_string());
    let Some(text) = sources.find("port", part, "PGPORT") else { return Ok(vec![DEFAULT_PORT]) };
    let read = |port: &str| match port.trim() {
        "" => Ok(DEFAULT_PORT),
        port => number(sources, port),
    };
    let ports: Vec<u16> = text.split(',').map(read).collect::<Result<_, _>>()?;
    if ports.len() > 1 && ports.len() != hosts {
        let problem = format!("it has {hosts} hosts, and {} ports", ports.len());
        return Err(sources.refuse(problem, "give one port for each host, or one for all"));
    }
    Ok(ports)
}

fn number(sources: &Sources<'_>, port: &str) -> Result<u16, Error> {
    port.parse().ok().filter(|port| *port > 0).ok_or_else(|| {
        let problem = "its port is no number from 1 to 65535".to_owned();
        sources.refuse(problem, "write host:port/database")
    })
}

/// Returns whether the servers are tried in random order.
fn is_random_order(sources: &Sources<'_>) -> Result<bool, Error> {
    match sources.find("load_balance_hosts", None, "PGLOADBALANCEHOSTS").as_deref() {
        None | Some("disable") => Ok(false),
        Some("random") => Ok(true),
        Some(_) => {
            let problem = "its load_balance_hosts has an invalid value".to_owned();
            Err(sources.refuse(problem, "write load_balance_hosts=disable or random"))
        }
    }
}

/// Shuffles the servers.
fn shuffle(endpoints: &mut [Endpoint]) {
    for place in (1..endpoints.len()).rev() {
        let random = RandomState::new().hash_one(place);
        let below = u64::try_from(place).map_or(1, |place| place + 1);
        endpoints.swap(place, usize::try_from(random % below).unwrap_or(0));
    }
}

/// Returns libpq's default host: the folder of the server's socket, wherever the build puts it.
///
/// In `/tmp`, where everybody may write, a socket counts only if it belongs to a trusted user.
/// Without a socket, the default is `localhost`.
fn default_host(port: u16) -> String {
    let name = format!(".s.PGSQL.{port}");
    let has_socket = |folder: &&str| {
        let path = Path::new(folder).join(&name);
        path.exists() && (*folder != "/tmp" || is_trusted(&path))
    };
    SOCKET_FOLDERS.into_iter().find(has_socket).unwrap_or("localhost").to_owned()
}

/// Returns whether a file belongs to root, to this process's user, or to `postgres`.
#[cfg(unix)]
pub(crate) fn is_trusted(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let owner = |path: &Path| std::fs::symlink_metadata(path).map(|it| it.uid()).ok();
    let Some(found) = owner(path) else { return false };
    let users = || std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let own = || std::fs::metadata("/proc/self").map(|it| it.uid()).ok();
    found == 0 || own() == Some(found) || id_of_postgres(&users()) == Some(found)
}

#[cfg(not(unix))]
pub(crate) fn is_trusted(_: &Path) -> bool {
    false
}

/// Returns the user ID of `postgres` from a text in the format of `/etc/passwd`.
pub(crate) fn id_of_postgres(users: &str) -> Option<u32> {
    let mut lines = users.lines().map(|line| line.split(':'));
    lines.find_map(|mut fields| {
        (fields.next()? == "postgres").then(|| fields.nth(1)?.parse().ok())?
    })
}
