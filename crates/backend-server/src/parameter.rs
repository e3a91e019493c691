//! URL parameters that no backend knows.

/// Words in a parameter's name which show that the parameter protects a connection.
const WORDS: [&str; 7] = ["ssl", "tls", "auth", "gss", "channel", "crl", "peer"];

/// Returns whether an unknown parameter may ask for protection, judging by its name.
///
/// To ignore such a parameter would leave a connection weaker than the user wants.
#[must_use]
pub fn may_protect(name: &str) -> bool {
    let name = letters(name);
    WORDS.iter().any(|word| name.contains(word))
}

/// Returns the known name with the same letters and digits, ignoring case and punctuation.
#[must_use]
pub fn same_letters<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let name = letters(name);
    known.iter().copied().find(|known| letters(known) == name)
}

fn letters(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::{may_protect, same_letters};

    #[test]
    fn what_may_protect_is_told_by_its_name() {
        for name in ["ssl-ca", "SSLMode", "tls_versions", "require_auth", "gssenc", "s_s_l", "crl"]
        {
            assert!(may_protect(name), "{name}");
        }
        for name in ["charset", "wibble", "connect_timeout", ""] {
            assert!(!may_protect(name), "{name}");
        }
    }

    #[test]
    fn another_spelling_is_recognised() {
        let known = ["ssl_ca", "ssl_mode"];
        assert_eq!(same_letters("ssl-ca", &known), Some("ssl_ca"));
        assert_eq!(same_letters("sslMode", &known), Some("ssl_mode"));
        assert_eq!(same_letters("ssl", &known), None);
    }
}
