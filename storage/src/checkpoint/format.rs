//! The bytes of a checkpoint file: a header, chunks of entries, a footer.

use uuid::Uuid;

use super::CheckpointOwner;

pub(super) const MAGIC: [u8; 4] = *b"ONHC";
pub(super) const FORMAT: u16 = 1;
pub(super) const HEADER_BYTES: usize = 48;
/// Before the body of every block: tag, index, length, checksum.
pub(super) const BLOCK_HEADER_BYTES: usize = 16;
pub(super) const TAG_CHUNK: [u8; 4] = *b"CHNK";
pub(super) const TAG_FOOTER: [u8; 4] = *b"FOOT";
/// Entries, began, highest.
pub(super) const FOOTER_BODY_BYTES: usize = 24;
/// Before the payload of every entry: kind, version, sequence, length.
pub(super) const ENTRY_HEADER_BYTES: usize = 14;
/// A chunk is written when it has reached this size.
pub(super) const CHUNK_BYTES: usize = 64 << 10;
/// A writer syncs whenever it has written this much.
pub(super) const SYNC_BYTES: u64 = 1 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) owner: CheckpointOwner,
    pub(super) slice: u16,
    pub(super) began: u64,
}

impl Header {
    pub(super) fn to_bytes(self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[..4].copy_from_slice(&MAGIC);
        bytes[4..6].copy_from_slice(&FORMAT.to_le_bytes());
        bytes[6..8].copy_from_slice(&self.slice.to_le_bytes());
        bytes[8..10].copy_from_slice(&self.owner.partitions.to_le_bytes());
        bytes[10..12].copy_from_slice(&self.owner.log_number.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.owner.epoch.to_le_bytes());
        bytes[16..32].copy_from_slice(self.owner.identity.as_bytes());
        bytes[32..40].copy_from_slice(&self.began.to_le_bytes());
        let checksum = crc32c::crc32c(&bytes[..HEADER_BYTES - 4]);
        bytes[HEADER_BYTES - 4..].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    /// The header, when magic and checksum are right. The format is compared by the caller.
    pub(super) fn from_bytes(bytes: &[u8; HEADER_BYTES]) -> Self {
        Self {
            slice: u16::from_le_bytes(take(bytes, 6)),
            began: u64::from_le_bytes(take(bytes, 32)),
            owner: CheckpointOwner {
                partitions: u16::from_le_bytes(take(bytes, 8)),
                log_number: u16::from_le_bytes(take(bytes, 10)),
                epoch: u32::from_le_bytes(take(bytes, 12)),
                identity: Uuid::from_bytes(take(bytes, 16)),
            },
        }
    }
}

/// A file whose checksums are right, made of any bytes: a fuzzer reaches what lies behind them.
#[cfg(feature = "faults")]
pub(crate) fn forge(data: &[u8], owner: CheckpointOwner, slice: u16) -> Vec<u8> {
    let (head, rest) = data.split_at(data.len().min(14));
    let mut words = head.iter().copied().chain(std::iter::repeat(0));
    let mut word = || words.next().unwrap_or_default();
    let (chunks, footer_index, began) = (word() % 4, word() % 6, u64::from(word()));
    let mut file = Header { owner, slice, began }.to_bytes().to_vec();
    let mut seal = |tag, index, body: &[u8]| {
        let mut block = [&[0; BLOCK_HEADER_BYTES], body].concat();
        seal_block(&mut block, tag, index);
        file.extend_from_slice(&block);
    };
    let size = rest.len().div_ceil(usize::from(chunks).max(1)).max(1);
    for (index, chunk) in (0..).zip(rest.chunks(size).take(usize::from(chunks))) {
        seal(TAG_CHUNK, index, chunk);
    }
    let mut footer = [0; FOOTER_BODY_BYTES];
    footer.iter_mut().step_by(8).for_each(|byte| *byte = word());
    footer[8] = u8::try_from(began).unwrap_or_default();
    seal(TAG_FOOTER, u32::from(footer_index), &footer);
    file
}

/// `N` bytes from a place that is known to exist.
pub(super) fn take<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut taken = [0; N];
    taken.copy_from_slice(&bytes[at..at + N]);
    taken
}

/// Fills in the header of a block whose body follows [`BLOCK_HEADER_BYTES`] of room.
pub(super) fn seal_block(block: &mut [u8], tag: [u8; 4], index: u32) {
    let (header, body) = block.split_at_mut(BLOCK_HEADER_BYTES);
    let length = u32::try_from(body.len()).expect("a block is a chunk or holds one entry");
    header[..4].copy_from_slice(&tag);
    header[4..8].copy_from_slice(&index.to_le_bytes());
    header[8..12].copy_from_slice(&length.to_le_bytes());
    let checksum = crc32c::crc32c_append(crc32c::crc32c(&header[..12]), body);
    header[12..16].copy_from_slice(&checksum.to_le_bytes());
}
