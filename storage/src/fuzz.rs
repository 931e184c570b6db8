//! What a fuzzer may find on a disk: any bytes are read without a panic, in bounded time and memory,
//! and what is written comes back. The targets of `fuzz/` and property tests call the same functions.

use std::path::PathBuf;

use crate::checkpoint::{CheckpointFile, CheckpointOwner, forge};
use crate::frame::{FRAME_HEADER_BYTES, Frame, FrameFields, FrameHash, check, encode};
use crate::record::{RECORD_HEADER_BYTES, Records};

/// A row of the log, as it stands; and with its checksum made right, so that what lies behind that
/// check is reached too.
pub fn frame(data: &[u8]) {
    decode(data);
    let data = &data[..data.len().min(crate::frame::LARGE_ROW_BYTES_MAX)];
    let Some((header, body)) = data.split_first_chunk::<FRAME_HEADER_BYTES>() else { return };
    let number = |at: usize| {
        header[at..at + 8].iter().rev().fold(0, |sum: u64, byte| sum << 8 | u64::from(*byte))
    };
    let fields = FrameFields {
        log_number: u16::from_le_bytes([header[6], header[7]]),
        epoch: u32::from_le_bytes([header[8], header[9], header[10], header[11]]),
        count: u32::from_le_bytes([header[12], header[13], header[14], header[15]]).max(1),
        first_sequence: number(16),
        offset: number(24),
        previous_hash: FrameHash::of(&header[32..64]),
    };
    let mut row = Vec::new();
    encode(&fields, body, &mut row);
    decode(&row);
}

fn decode(row: &[u8]) {
    let checked = check(row);
    let Ok(frame) = Frame::decode(row.to_vec()) else {
        assert!(checked.is_err(), "a frame that was checked can be read");
        return;
    };
    let found = frame.header();
    let records: Vec<_> = frame.records().collect();
    assert_eq!(records.len(), found.count as usize, "as many records as it says");
    let bytes: usize = records.iter().map(|it| RECORD_HEADER_BYTES + it.payload.len()).sum();
    assert_eq!(FRAME_HEADER_BYTES + bytes, row.len(), "records fill the frame");
    let last = records.last().map(|record| record.sequence);
    assert_eq!(last, Some(found.last_sequence()));
    // What was read is what would be written.
    let fields = FrameFields {
        log_number: found.log_number,
        epoch: found.epoch,
        count: found.count,
        first_sequence: found.first_sequence,
        offset: found.offset,
        previous_hash: found.previous_hash,
    };
    let mut again = Vec::new();
    encode(&fields, &row[FRAME_HEADER_BYTES..], &mut again);
    assert_eq!(again, row);
    assert_eq!(Records::new(&row[FRAME_HEADER_BYTES..], 0, 1).count(), records.len());
}

/// A checkpoint file, and every entry of it.
pub fn checkpoint(data: &[u8]) {
    let owner =
        CheckpointOwner { identity: uuid::Uuid::nil(), log_number: 1, partitions: 3, epoch: 1 };
    let read = |bytes: Vec<u8>| {
        let Ok(file) = CheckpointFile::parse(PathBuf::new(), bytes, &owner, 1) else { return };
        assert!(file.highest() >= file.began());
        let mut entries = 0;
        for entry in file.entries() {
            let Ok(entry) = entry else { return };
            assert!(entry.payload.len() <= data.len());
            entries += 1;
        }
        assert_eq!(entries, file.count(), "a file without an error is whole");
    };
    read(data.to_vec());
    read(forge(data, owner, 1));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SplitMix64, as the disk of the crash tests uses it.
    struct Random(u64);

    impl Random {
        fn next(&mut self) -> u64 {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed ^ (mixed >> 27)
        }

        fn bytes(&mut self, length: u64) -> Vec<u8> {
            (0..length).map(|_| self.next().to_le_bytes()[3] & 0x0f).collect()
        }
    }

    #[test]
    fn whatever_lies_on_the_disk_is_read_without_a_panic() {
        let mut random = Random(1);
        for _ in 0..20_000 {
            let length = random.next() % 300;
            let bytes = random.bytes(length);
            frame(&bytes);
            checkpoint(&bytes);
        }
    }
}
