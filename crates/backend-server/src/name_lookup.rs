//! Failed lookups of a host's name.

use std::io;

/// How the lookup of a host's name failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameLookup {
    /// No host has this name.
    Unknown,
    /// The name server did not answer, which may pass.
    Unanswered,
}

impl NameLookup {
    /// Returns how a lookup failed, if the connection failed there.
    ///
    /// The standard library gives these errors no kind, so their text decides: its own prefix, and
    /// the C library's `EAI_AGAIN`.
    #[must_use]
    pub fn of(error: &io::Error) -> Option<Self> {
        let text = error.to_string();
        if !text.contains("lookup address") && !text.contains("resolve") {
            return None;
        }
        let is_unanswered = text.contains("Temporary failure");
        Some(if is_unanswered { Self::Unanswered } else { Self::Unknown })
    }
}

#[cfg(test)]
mod tests {
    use std::net::ToSocketAddrs as _;

    use super::NameLookup;

    #[test]
    fn a_name_that_is_none_fails_in_the_lookup() {
        let error = ("a name with blanks", 1).to_socket_addrs().unwrap_err();
        assert!(NameLookup::of(&error).is_some(), "{error}");
        let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        assert_eq!(NameLookup::of(&refused), None);
    }
}
