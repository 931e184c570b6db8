//! Hashes of idempotency keys and of order ids.

use onhand_domain::stable_hash::stable_hash;

/// The first 16 bytes of BLAKE3 over tenant and key: short enough to keep millions of them, and no
/// caller can make two keys collide.
#[must_use]
pub fn key_hash(tenant: &str, key: &str) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    // Length first: tenant "a" with key "bc" is not tenant "ab" with key "c".
    let length = u32::try_from(tenant.len()).unwrap_or(u32::MAX);
    hasher.update(&length.to_le_bytes());
    hasher.update(tenant.as_bytes());
    hasher.update(key.as_bytes());
    let mut short = [0; 16];
    short.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    short
}

/// Key of an order in the index of segments. Different orders may share it; readers compare.
#[must_use]
pub fn order_hash(tenant: u32, order: &str) -> u64 {
    stable_hash(&[&tenant.to_string(), order])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_belong_to_their_tenant() {
        assert_ne!(key_hash("a", "bc"), key_hash("ab", "c"));
        assert_eq!(key_hash("a", "b"), key_hash("a", "b"));
    }
}
