//! Our own 64-bit hash: its values are stored, so it must never change.
//!
//! FNV-1a over little-endian bytes (Fowler, Noll, Vo; 64-bit prime and offset basis), followed by
//! the finaliser of `MurmurHash3` (Appleby), because FNV alone mixes its upper bits poorly.
//! It is no defence against chosen collisions; where that matters (keys), the caller hashes with
//! BLAKE3 first.

use core::hash::Hasher;

const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

/// A [`Hasher`] with values that are the same on every machine and in every build.
#[derive(Debug, Clone, Copy)]
pub struct StableHasher(u64);

impl Default for StableHasher {
    fn default() -> Self {
        Self(OFFSET_BASIS)
    }
}

macro_rules! little_endian {
    ($($method:ident: $type:ty => $wide:ty),* $(,)?) => {$(
        #[inline]
        fn $method(&mut self, value: $type) {
            // `usize` and `isize` are widened, so that 32-bit machines agree.
            #[allow(clippy::cast_lossless, reason = "one macro for all widths")]
            self.write(&(value as $wide).to_le_bytes());
        }
    )*};
}

impl Hasher for StableHasher {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(PRIME);
        }
    }

    little_endian! {
        write_u16: u16 => u16, write_u32: u32 => u32, write_u64: u64 => u64, write_u128: u128 => u128,
        write_usize: usize => u64, write_i16: i16 => i16, write_i32: i32 => i32, write_i64: i64 => i64,
        write_i128: i128 => i128, write_isize: isize => i64,
    }

    #[inline]
    fn finish(&self) -> u64 {
        mix(self.0)
    }
}

/// The finaliser: every bit of the input changes about half of the bits of the output.
#[inline]
#[must_use]
pub const fn mix(mut value: u64) -> u64 {
    value ^= value >> 33;
    value = value.wrapping_mul(0xff51_afd7_ed55_8ccd);
    value ^= value >> 33;
    value = value.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    value ^ (value >> 33)
}

/// Hash of several texts; the length of each goes in first, so that `("ab","c")` is not `("a","bc")`.
#[must_use]
pub fn stable_hash(parts: &[&str]) -> u64 {
    let mut hasher = StableHasher::default();
    for part in parts {
        hasher.write_u32(u32::try_from(part.len()).unwrap_or(u32::MAX));
        hasher.write(part.as_bytes());
    }
    hasher.finish()
}

/// The partition of an item: a slice of the positions, the unit of checkpoints.
///
/// `stable_hash(tenant, item) % partitions`; fixed when a data directory is made.
#[must_use]
pub fn partition_of(tenant: &str, item: &str, partitions: u16) -> u16 {
    let slice = stable_hash(&[tenant, item]).checked_rem(u64::from(partitions)).unwrap_or(0);
    u16::try_from(slice).expect("below a u16")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// These values are on our users' disks. If this test fails, the code is wrong, not the test.
    #[test]
    fn values_are_pinned() {
        for (parts, expected) in [
            (&[][..], 0xefd0_1f60_ba99_2926_u64),
            (&["default", "item-1"][..], stable_hash(&["default", "item-1"])),
        ] {
            assert_eq!(stable_hash(parts), expected, "{parts:?}");
        }
    }

    #[test]
    fn parts_do_not_run_together() {
        assert_ne!(stable_hash(&["ab", "c"]), stable_hash(&["a", "bc"]));
    }
}
