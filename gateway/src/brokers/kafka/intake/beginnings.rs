//! Where reading began that was to begin with what comes next. A partition that was empty then has no
//! watermark until something is read from it, and a start in between must not begin anew.

use onhand_domain::ids::Text;
use onhand_storage::Cursors;

/// What names of cursors begin with.
const PREFIX: &str = "kafka-begin/";
/// Format of what is kept.
const FORMAT: u8 = 1;
/// Bytes of one partition: its number, and the offset.
const BYTES: usize = 12;

/// Partitions, and the offset each began with.
pub(super) type Offsets = Vec<(u32, u64)>;

/// What is kept of them, per stream and generation.
#[derive(Clone)]
pub(super) struct Beginnings(Cursors);

impl Beginnings {
    /// Kept here.
    pub(super) const fn new(cursors: Cursors) -> Self {
        Self(cursors)
    }

    /// Where reading of a stream began; `None` when it did not begin so.
    ///
    /// # Errors
    /// They cannot be read, in words.
    pub(super) fn get(&self, stream: &Text, generation: u32) -> Result<Option<Offsets>, String> {
        let stored = self.0.get(&name(stream, generation)).map_err(|error| error.to_string())?;
        stored.map(|bytes| decode(&bytes)).transpose()
    }

    /// Keeps them, durably.
    ///
    /// # Errors
    /// They cannot be written, in words.
    pub(super) fn put(
        &self,
        stream: &Text,
        generation: u32,
        offsets: &Offsets,
    ) -> Result<(), String> {
        let kept = self.0.put(&name(stream, generation), &encode(offsets));
        kept.map_err(|error| error.to_string())
    }
}

fn name(stream: &Text, generation: u32) -> String {
    format!("{PREFIX}{stream}#{generation}")
}

/// Format, then number and offset of each, in little endian.
fn encode(offsets: &Offsets) -> Vec<u8> {
    let mut bytes = vec![FORMAT];
    for (partition, offset) in offsets {
        bytes.extend(partition.to_le_bytes());
        bytes.extend(offset.to_le_bytes());
    }
    bytes
}

fn decode(bytes: &[u8]) -> Result<Offsets, String> {
    let unknown = || "where reading began cannot be read".to_owned();
    let (format, rest) = bytes.split_first().ok_or_else(unknown)?;
    let (entries, rest) = rest.as_chunks::<BYTES>();
    if *format != FORMAT || !rest.is_empty() {
        return Err(unknown());
    }
    let read = |entry: &[u8; BYTES]| {
        let (partition, offset) = entry.split_first_chunk::<4>()?;
        Some((u32::from_le_bytes(*partition), u64::from_le_bytes(offset.try_into().ok()?)))
    };
    entries.iter().map(read).collect::<Option<_>>().ok_or_else(unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_comes_back_and_nothing_else_does() {
        for offsets in [vec![], vec![(0, 0)], vec![(0, 7), (3, u64::MAX)]] {
            assert_eq!(decode(&encode(&offsets)), Ok(offsets));
        }
        let mut newer = encode(&vec![(0, 7)]);
        newer[0] = 2;
        for bytes in [&[][..], &[FORMAT, 1][..], &newer] {
            assert!(decode(bytes).is_err(), "{bytes:?}");
        }
    }
}
