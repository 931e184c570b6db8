//! Frozen mirror of idempotency keys.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const KEY_BYTES: usize = 16;
const FINGERPRINT_BYTES: usize = 8;
const BYTES: usize = KEY_BYTES + FINGERPRINT_BYTES;

/// A key's hash and the fingerprint of its command, or none: a list of 24 bytes, or of none.
/// They are bytes without order, for which varints would be too long.
pub(in crate::record) struct KeyV1(Option<[u8; BYTES]>);

impl KeyV1 {
    #[inline]
    pub(in crate::record) fn of(bound: Option<([u8; KEY_BYTES], u64)>) -> Self {
        Self(bound.map(|(key, fingerprint)| {
            let mut bytes = [0; BYTES];
            let (first, last) = bytes.split_at_mut(KEY_BYTES);
            first.copy_from_slice(&key);
            last.copy_from_slice(&fingerprint.to_le_bytes());
            bytes
        }))
    }

    pub(in crate::record) fn restore(self) -> Option<([u8; KEY_BYTES], u64)> {
        let bytes = self.0?;
        let (key, fingerprint) = bytes.split_first_chunk()?;
        Some((*key, u64::from_le_bytes(fingerprint.try_into().ok()?)))
    }
}

impl Serialize for KeyV1 {
    #[inline]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0.as_ref().map_or(&[], <[u8; BYTES]>::as_slice))
    }
}

impl<'de> Deserialize<'de> for KeyV1 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = <&[u8]>::deserialize(deserializer)?;
        if bytes.is_empty() {
            return Ok(Self(None));
        }
        let key = bytes.try_into().map_err(|_| D::Error::custom("a key has 24 bytes"))?;
        Ok(Self(Some(key)))
    }
}
