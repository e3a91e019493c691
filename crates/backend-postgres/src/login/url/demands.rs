//! Refuses protections that this crate does not support.
//!
//! A URL, a service or the environment can ask for them. Each of them is refused before anything is
//! sent. An unknown parameter that may ask for protection is refused too.

use mlflow_migrate_backend_server::parameter::{may_protect, same_letters};
use mlflow_migrate_core::Error;

use super::parameters::{IRRELEVANT, RELEVANT};
use super::sources::Sources;

/// A libpq parameter that can ask for an unsupported protection.
struct Demand {
    parameter: &'static str,
    /// The parameter's environment variable; empty if it has none.
    variable: &'static str,
    /// Whether the connection satisfies a value of the parameter.
    is_met: fn(&str) -> bool,
    /// What to write instead.
    remedy: &'static str,
}

const DEMANDS: &[Demand] = &[
    Demand {
        parameter: "require_auth",
        variable: "PGREQUIREAUTH",
        is_met: leaves_the_choice,
        remedy: "remove it, or let it accept password, md5, scram-sha-256 and none: the server chooses \
               among them",
    },
    Demand {
        parameter: "channel_binding",
        variable: "PGCHANNELBINDING",
        is_met: |value| matches!(value, "disable" | "prefer"),
        remedy: "write channel_binding=prefer, and sslmode=verify-full",
    },
    Demand {
        parameter: "gssencmode",
        variable: "PGGSSENCMODE",
        is_met: |value| matches!(value, "disable" | "prefer"),
        remedy: "write gssencmode=disable, and sslmode=verify-full",
    },
    Demand {
        parameter: "requirepeer",
        variable: "PGREQUIREPEER",
        is_met: never,
        remedy: "remove it, and name a host whose certificate sslmode=verify-full can check",
    },
    Demand {
        parameter: "sslcrl",
        variable: "PGSSLCRL",
        is_met: never,
        remedy: "remove it: no list of revoked certificates is looked at",
    },
    Demand {
        parameter: "sslcrldir",
        variable: "PGSSLCRLDIR",
        is_met: never,
        remedy: "remove it: no list of revoked certificates is looked at",
    },
    Demand {
        parameter: "sslpassword",
        variable: "",
        is_met: never,
        remedy: "name as sslkey a file without a password",
    },
    Demand {
        parameter: "sslnegotiation",
        variable: "PGSSLNEGOTIATION",
        is_met: |value| value == "postgres",
        remedy: "write sslnegotiation=postgres, and sslmode=require or a stricter one",
    },
    Demand {
        parameter: "sslsni",
        variable: "PGSSLSNI",
        is_met: |value| value == "1",
        remedy: "remove it, or name the host by its address: that is never sent in clear",
    },
    Demand {
        parameter: "sslcertmode",
        variable: "PGSSLCERTMODE",
        is_met: |value| matches!(value, "disable" | "allow"),
        remedy: "write sslcertmode=allow: the certificate is sent if the server asks for it",
    },
    Demand {
        parameter: "ssl_min_protocol_version",
        variable: "PGSSLMINPROTOCOLVERSION",
        is_met: |value| ["tlsv1", "tlsv1.1", "tlsv1.2"].contains(&&*value.to_lowercase()),
        remedy: "write ssl_min_protocol_version=TLSv1.2: TLS 1.2 or 1.3 is negotiated",
    },
    Demand {
        parameter: "ssl_max_protocol_version",
        variable: "PGSSLMAXPROTOCOLVERSION",
        is_met: |value| value.eq_ignore_ascii_case("tlsv1.3"),
        remedy: "remove it: TLS 1.2 or 1.3 is negotiated",
    },
    Demand {
        parameter: "min_protocol_version",
        variable: "PGMINPROTOCOLVERSION",
        is_met: |value| value == "3.0",
        remedy: "remove it: version 3.0 of the protocol is spoken",
    },
    Demand {
        parameter: "scram_client_key",
        variable: "",
        is_met: never,
        remedy: "give the password instead",
    },
    Demand {
        parameter: "scram_server_key",
        variable: "",
        is_met: never,
        remedy: "give the password instead",
    },
];

fn never(_: &str) -> bool {
    false
}

/// Returns whether a `require_auth` lets the server choose among all methods that the driver knows.
fn leaves_the_choice(value: &str) -> bool {
    const KNOWN: [&str; 4] = ["none", "password", "md5", "scram-sha-256"];
    let methods: Vec<&str> = value.split(',').map(str::trim).collect();
    let excluded: Option<Vec<&str>> = methods.iter().map(|one| one.strip_prefix('!')).collect();
    KNOWN.iter().all(|known| match &excluded {
        Some(excluded) => !excluded.contains(known),
        None => methods.contains(known),
    })
}

/// Refuses unsupported protections, and returns a warning for each unknown parameter.
///
/// Messages name parameters, never values.
///
/// # Errors
/// If a parameter asks for an unsupported protection, or may ask for one.
pub(crate) fn check(sources: &Sources<'_>) -> Result<Vec<String>, Error> {
    for demand in DEMANDS {
        let Demand { parameter, variable, is_met, remedy } = *demand;
        let given = sources.find(parameter, None, variable);
        if given.is_some_and(|value| !is_met(&value)) {
            let whose = sources.whose(parameter, variable);
            let problem = format!("{whose} asks for a protection that is not to be had here");
            return Err(sources.refuse(problem, remedy));
        }
    }
    let of_url = sources.url.parameters.iter().map(|(name, _)| ("the URL's", name));
    let of_service = sources.service.keys().map(|name| ("the service's", name));
    let mut warnings: Vec<String> = Vec::new();
    for (whose, name) in of_url.chain(of_service) {
        // What follows an encoded `=` is not part of a name.
        let name = name.split('=').next().unwrap_or_default();
        let is_known = RELEVANT.contains(&name)
            || IRRELEVANT.contains(&name)
            || DEMANDS.iter().any(|demand| demand.parameter == name);
        if is_known {
            continue;
        }
        if may_protect(name) {
            let problem =
                format!("{whose} parameter {name} is not known, and may ask for protection");
            let remedy = match same_letters(name, RELEVANT) {
                Some(meant) => format!("write {meant}"),
                None => "remove it, or use sslmode, sslrootcert, sslcert, sslkey".to_owned(),
            };
            return Err(sources.refuse(problem, &remedy));
        }
        let warning = format!("{whose} parameter {name} is not known, and ignored");
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }
    Ok(warnings)
}

#[cfg(test)]
mod tests {
    use super::DEMANDS;
    use crate::login::url::parameters::ENVIRONMENT;

    #[test]
    fn every_variable_is_asked_for() {
        for variable in DEMANDS.iter().map(|demand| demand.variable) {
            assert!(variable.is_empty() || ENVIRONMENT.contains(&variable), "{variable}");
        }
    }
}
