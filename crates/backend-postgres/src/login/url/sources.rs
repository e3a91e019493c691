//! The sources of a parameter's value: the URL, a service, and the environment.

use std::collections::BTreeMap;
use std::path::PathBuf;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::url::ServerUrl;

use super::service_file::Files;

/// Looks up a value: first URL parameters, then a part of the URL, the service, the environment.
pub(crate) struct Sources<'a> {
    pub(crate) url: &'a ServerUrl,
    /// The parameters of the named service, if one is named.
    pub(crate) service: BTreeMap<String, String>,
    environment: &'a BTreeMap<String, String>,
}

impl<'a> Sources<'a> {
    /// Reads the named service, if one is named.
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
            let remedy = "check service and servicefile in the URL, or PGSERVICE and PGSERVICEFILE";
            let service =
                files.service(&name).map_err(|problem| sources.refuse(problem, remedy))?;
            sources.service = service;
        }
        Ok(sources)
    }

    /// Returns the URL's parameter.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        self.url.parameter(name).filter(|value| !value.is_empty()).map(ToOwned::to_owned)
    }

    /// Returns the service's parameter.
    pub(crate) fn of_service(&self, name: &str) -> Option<String> {
        self.service.get(name).filter(|value| !value.is_empty()).cloned()
    }

    /// Returns the environment variable.
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        self.environment.get(name).filter(|value| !value.is_empty()).cloned()
    }

    /// Returns the value from the first source that has one.
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

    /// Returns how messages name the source of a value.
    pub(crate) fn whose(&self, parameter: &str, variable: &str) -> String {
        if self.parameter(parameter).is_some() {
            format!("the parameter {parameter}")
        } else if self.of_service(parameter).is_some() {
            format!("the service's parameter {parameter}")
        } else {
            format!("the variable {variable}")
        }
    }

    /// Returns the user's home folder.
    pub(crate) fn home(&self) -> Option<PathBuf> {
        self.variable("HOME").map(PathBuf::from)
    }

    /// Returns the path where libpq looks for a file, if the file exists.
    pub(crate) fn default_file(&self, name: &str) -> Option<PathBuf> {
        Some(self.home()?.join(".postgresql").join(name)).filter(|path| path.exists())
    }

    /// Builds the error for an invalid or refused URL.
    pub(crate) fn refuse(&self, problem: String, remedy: &str) -> Error {
        Error::Url { url: self.url.shown().to_owned(), problem, remedy: remedy.into() }
    }
}
