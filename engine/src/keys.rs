//! Hashes of idempotency keys, of order ids and of references.

use std::hash::Hasher as _;

use onhand_domain::stable_hash::StableHasher;

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

/// Identity of a consumed event: it counts once per tenant, stream and type. The first eight bytes are
/// of the id alone, so that an event is found by its id.
#[must_use]
pub fn event_key(tenant: &str, stream: &str, event_type: &str, id: &str) -> [u8; 16] {
    let mut key = [0; 16];
    let (of_id, of_all) = key.split_at_mut(8);
    of_id.copy_from_slice(&event_id_hash(id).to_le_bytes());
    let mut hasher = blake3::Hasher::new();
    for part in [tenant, stream, event_type, id] {
        hasher.update(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    of_all.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    key
}

/// What the key of a consumed event begins with, little endian.
#[must_use]
pub fn event_id_hash(id: &str) -> u64 {
    let hash = blake3::hash(id.as_bytes());
    let first = hash.as_bytes().first_chunk::<8>().expect("a hash has 32 bytes");
    u64::from_le_bytes(*first)
}

/// Key of an order in the index of segments. Different orders may share it; readers compare.
#[must_use]
pub fn order_hash(tenant: u32, order: &str) -> u64 {
    name_hash(0, tenant, order)
}

/// Key of a reference in the index of segments. Different references may share it; readers compare.
#[must_use]
pub fn reference_hash(tenant: u32, reference: &str) -> u64 {
    name_hash(1, tenant, reference)
}

/// Stored, as part of the index.
fn name_hash(space: u8, tenant: u32, name: &str) -> u64 {
    let mut hasher = StableHasher::default();
    hasher.write_u8(space);
    hasher.write_u32(tenant);
    hasher.write(name.as_bytes());
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_belong_to_their_tenant() {
        assert_ne!(key_hash("a", "bc"), key_hash("ab", "c"));
        assert_eq!(key_hash("a", "b"), key_hash("a", "b"));
    }

    /// The values are stored.
    #[test]
    fn names_of_each_tenant_and_kind_have_keys_of_their_own() {
        let keys = [
            order_hash(0, "a"),
            order_hash(1, "a"),
            order_hash(0, "b"),
            reference_hash(0, "a"),
            reference_hash(1, "a"),
        ];
        for (at, key) in keys.iter().enumerate() {
            assert!(!keys[at + 1..].contains(key), "{keys:x?}");
        }
        assert_eq!(order_hash(7, "order-1"), order_hash(7, "order-1"));
    }

    #[test]
    fn events_count_per_tenant_stream_and_type() {
        let parts = ["tenant", "stream", "type", "id"];
        let key =
            |[tenant, stream, event_type, id]: [&str; 4]| event_key(tenant, stream, event_type, id);
        for other in 0..parts.len() {
            let mut changed = parts;
            changed[other] = "other";
            assert_ne!(key(changed), key(parts));
            assert_eq!(key(changed)[..8] == key(parts)[..8], other < 3, "found by the id alone");
        }
    }
}
