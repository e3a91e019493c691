//! Where the value of a parameter comes from: the URL, a service, or the environment.

use std::collections::BTreeMap;
use std::path::PathBuf;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::url::ServerUrl;

use super::service_file::Files;

/// Looks up a parameter, then a part of the URL, then the service, then the environment.
pub(crate) struct Sources<'a> {
    pub(crate) url: &'a ServerUrl,
    /// The parameters of the service that is named, if one is.
    pub(crate) service: BTreeMap<String, String>,
    environment: &'a BTreeMap<String, String>,
}

impl<'a> Sources<'a> {
    /// Reads the service that is named, if one is.
    pub(crate) fn new(
        url: &'a ServerUrl,
        environment: &'a BTreeMap<String, String>,
    ) -> Result<Self, Error> {
        let mut sources = Self { url, service: BTreeMap::new(), environment };
        if let Some(name) = sources.find("service", None, "PGSERVICE") {
            let named = sources.find("servicefile", None, "PGSERVICEFILE").map(PathBuf::from);
            let is_named = named.is_some();
            let files = Files {
                own: named.or_else(|| Some(sources.home()?.join(".pg_service.conf"))),
                is_named,
                system: sources.variable("PGSYSCONFDIR").map(PathBuf::from),
            };
            let hint = "check service and servicefile in the URL, or PGSERVICE and PGSERVICEFILE";
            let service = files.service(&name).map_err(|problem| sources.refuse(problem, hint))?;
            sources.service = service;
        }
        Ok(sources)
    }

    /// Returns what the URL gives as a parameter.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        self.url.parameter(name).filter(|value| !value.is_empty()).map(ToOwned::to_owned)
    }

    /// Returns what the service gives.
    pub(crate) fn of_service(&self, name: &str) -> Option<String> {
        self.service.get(name).filter(|value| !value.is_empty()).cloned()
    }

    /// Returns what the environment gives.
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        self.environment.get(name).filter(|value| !value.is_empty()).cloned()
    }

    /// Returns what the first of the sources gives.
    pub(crate) fn find(
        &self,
        parameter: &str,
        part: Option<String>,
        variable: &str,
    ) -> Option<String> {
        self.parameter(parameter)
            .or(part)
            .or_else(|| self.of_service(parameter))
            .or_else(|| self.variable(variable))
    }

    /// What a value that was found is called.
    pub(crate) fn whose(&self, parameter: &str, variable: &str) -> String {
        if self.parameter(parameter).is_some() {
            format!("the parameter {parameter}")
        } else if self.of_service(parameter).is_some() {
            format!("the service's parameter {parameter}")
        } else {
            format!("the variable {variable}")
        }
    }

    /// Returns the user's own folder.
    pub(crate) fn home(&self) -> Option<PathBuf> {
        self.variable("HOME").map(PathBuf::from)
    }

    /// A file at the place where libpq looks for it, if it is there.
    pub(crate) fn default_file(&self, name: &str) -> Option<PathBuf> {
        Some(self.home()?.join(".postgresql").join(name)).filter(|path| path.exists())
    }

    /// Makes the error that a parameter of the URL leads to.
    pub(crate) fn refuse(&self, problem: String, hint: &str) -> Error {
        Error::Url { url: self.url.shown().to_owned(), problem, hint: hint.to_owned() }
    }
}
