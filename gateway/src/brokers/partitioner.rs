//! Which partition a key belongs to: as the Java client's default partitioner has it, so that others who
//! write to our topics agree (EVENTS.md, "The envelope").

/// A factor of the hash, and its seed (MurmurHash2, 32 bits, as Kafka's `Utils.murmur2` has them).
const FACTOR: u32 = 0x5bd1_e995;
const SEED: u32 = 0x9747_b28c;
/// Without the sign that Java's numbers have.
const POSITIVE: u32 = 0x7fff_ffff;

/// The partition of a key among so many, of which there is at least one.
pub(super) fn partition_of(key: &[u8], partitions: u32) -> u32 {
    (murmur2(key) & POSITIVE) % partitions
}

fn murmur2(key: &[u8]) -> u32 {
    let mix = |word: u32| {
        let word = word.wrapping_mul(FACTOR);
        (word ^ (word >> 24)).wrapping_mul(FACTOR)
    };
    // A key is at most a few hundred bytes long.
    let length = u32::try_from(key.len()).unwrap_or(u32::MAX);
    let (words, rest) = key.as_chunks::<4>();
    let mut hash = words.iter().fold(SEED ^ length, |hash, word| {
        hash.wrapping_mul(FACTOR) ^ mix(u32::from_le_bytes(*word))
    });
    if !rest.is_empty() {
        let tail = rest.iter().rev().fold(0, |tail, byte| tail << 8 | u32::from(*byte));
        hash = (hash ^ tail).wrapping_mul(FACTOR);
    }
    hash = (hash ^ (hash >> 13)).wrapping_mul(FACTOR);
    hash ^ (hash >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_hash_as_in_java() {
        // The vectors of Kafka's own UtilsTest, as signed numbers.
        for (key, hash) in [
            ("21", -973_932_308_i32),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
        ] {
            assert_eq!(murmur2(key.as_bytes()).cast_signed(), hash, "{key}");
        }
        assert_eq!(partition_of(b"abc", 6), 479_470_107 % 6);
        assert_eq!(partition_of(b"21", 1), 0);
    }
}
