//! Our own 64-bit hash: its values are stored, so it must never change.
//!
//! Words of eight bytes, little endian, are multiplied with a constant to 128 bits, and the halves are
//! folded together (the idea of Wang Yi's wyhash); at the end comes the finaliser of `MurmurHash3`
//! (Appleby). It is no defence against chosen collisions: where callers are not trusted it is seeded
//! (memory), or the caller hashes with BLAKE3 first (keys).

use core::hash::Hasher;

const START: u64 = 0x2d35_8dcc_aa6c_78a5;
const MULTIPLIER: u64 = 0x8bb8_4b93_962e_acc9;

/// A [`Hasher`] with values that are the same on every machine and in every build.
#[derive(Debug, Clone, Copy)]
pub struct StableHasher(u64);

impl Default for StableHasher {
    fn default() -> Self {
        Self(START)
    }
}

impl StableHasher {
    /// One that gives other values: for tables in memory, never for anything stored.
    #[must_use]
    pub const fn seeded(seed: u64) -> Self {
        Self(START ^ mix(seed))
    }

    #[inline]
    fn absorb(&mut self, word: u64) {
        let product = u128::from(self.0 ^ word).wrapping_mul(u128::from(MULTIPLIER));
        let [low, high] = halves(product);
        self.0 = low ^ high;
    }
}

#[allow(clippy::cast_possible_truncation, reason = "the halves are taken apart on purpose")]
const fn halves(product: u128) -> [u64; 2] {
    [product as u64, (product >> 64) as u64]
}

macro_rules! one_word {
    ($($method:ident: $type:ty),* $(,)?) => {$(
        #[inline]
        fn $method(&mut self, value: $type) {
            // `usize` and `isize` are widened like the others, so that 32-bit machines agree.
            #[allow(clippy::cast_lossless, clippy::cast_sign_loss, reason = "one macro for all widths")]
            self.absorb(value as u64);
        }
    )*};
}

impl Hasher for StableHasher {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        // The length first: bytes that fill a word up with zeros are not the same as zeros.
        self.write_usize(bytes.len());
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.absorb(u64::from_le_bytes(*word));
        }
        if !rest.is_empty() {
            let mut last = [0; 8];
            last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
            self.absorb(u64::from_le_bytes(last));
        }
    }

    #[inline]
    fn write_u128(&mut self, value: u128) {
        let [low, high] = halves(value);
        self.absorb(low);
        self.absorb(high);
    }

    #[inline]
    fn write_i128(&mut self, value: i128) {
        self.write_u128(value.cast_unsigned());
    }

    one_word! {
        write_u8: u8, write_u16: u16, write_u32: u32, write_u64: u64, write_usize: usize,
        write_i8: i8, write_i16: i16, write_i32: i32, write_i64: i64, write_isize: isize,
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

/// Hash of several texts; `("ab","c")` is not `("a","bc")`.
#[must_use]
pub fn stable_hash(parts: &[&str]) -> u64 {
    let mut hasher = StableHasher::default();
    for part in parts {
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
mod tests;
