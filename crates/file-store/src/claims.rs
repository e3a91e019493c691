//! Remembers which keys rows have, to find the entries that repeat one.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use crate::tables::Table;

/// The keys of all rows that others may repeat or refer to.
///
/// Holds 128 bits of hash for each key, since a store may have millions of traces.
#[derive(Default)]
pub(crate) struct Claims {
    hashers: [RandomState; 2],
    claimed: HashSet<[u64; 2]>,
}

impl Claims {
    /// Claims a key; false if another row has it.
    pub(crate) fn claim(&mut self, table: Table, key: &str) -> bool {
        let hash = self.hash(table, key);
        self.claimed.insert(hash)
    }

    /// Returns whether a row has the key.
    pub(crate) fn is_claimed(&self, table: Table, key: &str) -> bool {
        self.claimed.contains(&self.hash(table, key))
    }

    fn hash(&self, table: Table, key: &str) -> [u64; 2] {
        self.hashers.each_ref().map(|hasher| hasher.hash_one((table, key)))
    }
}

#[cfg(test)]
mod tests {
    use super::{Claims, Table};

    #[test]
    fn a_key_can_be_claimed_once_in_each_table() {
        let mut claims = Claims::default();
        assert!(claims.claim(Table::Runs, "a"));
        assert!(!claims.claim(Table::Runs, "a"));
        assert!(claims.claim(Table::TraceInfo, "a"));
        assert!(claims.is_claimed(Table::Runs, "a"));
        assert!(!claims.is_claimed(Table::Runs, "b"));
    }
}
