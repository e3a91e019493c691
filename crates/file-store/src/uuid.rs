//! Makes the UUIDs that a file store does not hold.
//!
//! MLflow's command makes random ones. Here they follow from the content, so the same store gives
//! the same rows.

use sha2::{Digest, Sha256};

/// Returns the UUID of some texts: version 8 of RFC 9562, from their SHA-256.
pub(crate) fn from_texts(texts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        // The length keeps apart what the same bytes in other parts would be.
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    }
    let mut uuid = String::with_capacity(36);
    for (position, byte) in hash.finalize().iter().take(16).enumerate() {
        let byte = match position {
            6 => (byte & 0x0f) | 0x80,
            8 => (byte & 0x3f) | 0x80,
            _ => *byte,
        };
        if matches!(position, 4 | 6 | 8 | 10) {
            uuid.push('-');
        }
        uuid.extend(
            [byte >> 4, byte & 0x0f]
                .map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)])),
        );
    }
    uuid
}

#[cfg(test)]
mod tests {
    use super::from_texts;

    #[test]
    fn a_uuid_depends_on_each_text_and_on_their_borders() {
        let uuid = from_texts(&["DATASET", "a"]);
        assert_eq!(uuid, from_texts(&["DATASET", "a"]));
        assert_ne!(uuid, from_texts(&["DATASETa", ""]));
        assert_eq!(uuid.len(), 36);
        assert_eq!(uuid.chars().filter(|character| *character == '-').count(), 4);
        assert_eq!(uuid.as_bytes()[14], b'8');
    }
}
