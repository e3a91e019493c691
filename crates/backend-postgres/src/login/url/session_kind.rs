//! libpq's `target_session_attrs`: which of several servers a connection may use.

use mlflow_migrate_core::Error;

use super::sources::Sources;

/// The kind of server that a connection requires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SessionKind {
    /// Any server.
    Any,
    /// A server that can be written.
    ReadWrite,
    /// A server that cannot be written.
    ReadOnly,
    /// A server that is no standby.
    Primary,
    /// A standby.
    Standby,
    /// A standby, or any server if no standby answers.
    PreferStandby,
}

impl SessionKind {
    /// Returns what the URL, the service or the environment asks for.
    pub(crate) fn wanted(sources: &Sources<'_>) -> Result<Self, Error> {
        let wanted = sources.find("target_session_attrs", None, "PGTARGETSESSIONATTRS");
        Ok(match wanted.as_deref() {
            None | Some("any") => Self::Any,
            Some("read-write") => Self::ReadWrite,
            Some("read-only") => Self::ReadOnly,
            Some("primary") => Self::Primary,
            Some("standby") => Self::Standby,
            Some("prefer-standby") => Self::PreferStandby,
            Some(_) => {
                let problem = "its target_session_attrs has an invalid value".to_owned();
                let remedy = "one of any, read-write, read-only, primary, standby, prefer-standby";
                return Err(sources.refuse(problem, remedy));
            }
        })
    }

    /// Returns the kinds to look for in turn, until a server is of one.
    pub(crate) fn rounds(self) -> &'static [Self] {
        match self {
            Self::Any => &[Self::Any],
            Self::ReadWrite => &[Self::ReadWrite],
            Self::ReadOnly => &[Self::ReadOnly],
            Self::Primary => &[Self::Primary],
            Self::Standby => &[Self::Standby],
            Self::PreferStandby => &[Self::Standby, Self::Any],
        }
    }

    /// Returns the description of the required kind, if the server is not of this kind.
    pub(crate) fn lacks(self, is_standby: bool, is_read_only: bool) -> Option<&'static str> {
        match self {
            Self::ReadWrite if is_standby || is_read_only => Some("a server that can be written"),
            Self::ReadOnly if !is_standby && !is_read_only => {
                Some("a server that cannot be written")
            }
            Self::Primary if is_standby => Some("a server that is no standby"),
            Self::Standby if !is_standby => Some("a standby"),
            _ => None,
        }
    }
}
