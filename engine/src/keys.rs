//! Hashes of idempotency keys, of order ids and of references.

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
    stable_hash(&[&tenant.to_string(), order])
}

/// Key of a reference in the index of segments. Different references may share it; readers compare.
#[must_use]
pub fn reference_hash(tenant: u32, reference: &str) -> u64 {
    stable_hash(&["reference", &tenant.to_string(), reference])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_belong_to_their_tenant() {
        assert_ne!(key_hash("a", "bc"), key_hash("ab", "c"));
        assert_eq!(key_hash("a", "b"), key_hash("a", "b"));
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
