//! A frame: the records one commit wrote, with what proves that they are whole and in their place.
//! The format is documented byte by byte in `docs/LOG_FORMAT.md`.

use std::fmt;

use uuid::Uuid;

use crate::record::{RECORD_HEADER_BYTES, RecordRef, Records};

/// First bytes of every frame.
pub(crate) const MAGIC: [u8; 4] = *b"ONHF";
/// The only format there is so far.
pub const FRAME_FORMAT: u8 = 1;
/// Bytes before the records.
pub const FRAME_HEADER_BYTES: usize = 72;
/// A row of several records ends here. redb stores a row in a run of 2^k pages together with less
/// than 64 B of its own; a row that needs one byte more would take twice the run.
pub const ROW_BYTES_MAX: usize = 256 * 1024 - 64;
/// A single record above [`ROW_BYTES_MAX`] is a row of its own, up to here.
pub const LARGE_ROW_BYTES_MAX: usize = 1024 * 1024 - 64;

const _: () = assert!(!ROW_BYTES_MAX.is_power_of_two() && !LARGE_ROW_BYTES_MAX.is_power_of_two());
const _: () = assert!(ROW_BYTES_MAX < LARGE_ROW_BYTES_MAX);

/// BLAKE3-256 of a frame's row: what the next frame names as its predecessor.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct FrameHash(pub [u8; 32]);

impl FrameHash {
    /// What the first frame of a log names: a log cannot be continued with another one's frames.
    pub fn genesis(identity: Uuid, log_number: u16) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"onhand log");
        hasher.update(identity.as_bytes());
        hasher.update(&log_number.to_le_bytes());
        Self(*hasher.finalize().as_bytes())
    }

    pub(crate) fn of(row: &[u8]) -> Self {
        Self(*blake3::hash(row).as_bytes())
    }
}

impl fmt::Display for FrameHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for FrameHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "FrameHash({self})")
    }
}

/// What stands before the records of a frame, and the frame's own hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    /// Log the frame belongs to.
    pub log_number: u16,
    /// Epoch of the process that wrote it.
    pub epoch: u32,
    /// Sequence of the first record.
    pub first_sequence: u64,
    /// Records in the frame, at least 1.
    pub count: u32,
    /// Bytes of all rows of this log before this one.
    pub offset: u64,
    /// Hash of the frame before this one.
    pub previous_hash: FrameHash,
    /// Hash of this frame.
    pub hash: FrameHash,
}

impl FrameHeader {
    /// Sequence of the last record.
    pub fn last_sequence(&self) -> u64 {
        self.first_sequence + u64::from(self.count) - 1
    }
}

/// Why a row is not a frame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameDamage {
    /// The row ends before its header or its records do, or goes on after them.
    #[error("length is {found}, expected {expected}")]
    Length {
        /// Bytes of the row.
        found: usize,
        /// Bytes it should have.
        expected: usize,
    },
    /// The row does not begin like a frame.
    #[error("magic is missing")]
    Magic,
    /// A later version wrote it.
    #[error("frame format {0} is unknown")]
    Format(u8),
    /// Bytes have changed.
    #[error("CRC32C is {found:08x}, expected {expected:08x}")]
    Checksum {
        /// Computed.
        found: u32,
        /// Stored.
        expected: u32,
    },
    /// The records do not fill the body as the header says. A correct checksum makes this a defect
    /// of the writer, or an edit by someone who knew the format.
    #[error("records do not fill the frame")]
    Records,
}

/// Fields of a header whose row passed every check that needs no hash.
#[derive(Clone, Copy)]
pub(crate) struct Checked {
    pub(crate) log_number: u16,
    pub(crate) epoch: u32,
    pub(crate) count: u32,
    pub(crate) first_sequence: u64,
    pub(crate) offset: u64,
    pub(crate) previous_hash: FrameHash,
}

impl Checked {
    pub(crate) fn last_sequence(&self) -> u64 {
        self.first_sequence + u64::from(self.count) - 1
    }
}

fn take<const N: usize>(row: &[u8], at: usize) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.copy_from_slice(&row[at..at + N]);
    bytes
}

/// What a frame is written with.
pub(crate) struct FrameFields {
    pub(crate) log_number: u16,
    pub(crate) epoch: u32,
    pub(crate) count: u32,
    pub(crate) first_sequence: u64,
    pub(crate) offset: u64,
    pub(crate) previous_hash: FrameHash,
}

/// Replaces the content of `row` by the frame of these records and returns its hash.
pub(crate) fn encode(fields: &FrameFields, body: &[u8], row: &mut Vec<u8>) -> FrameHash {
    assert!(fields.count > 0, "a frame holds at least one record");
    assert!(FRAME_HEADER_BYTES + body.len() <= LARGE_ROW_BYTES_MAX, "the batch keeps the cap");
    row.clear();
    row.reserve(FRAME_HEADER_BYTES + body.len());
    row.extend_from_slice(&MAGIC);
    row.extend_from_slice(&[FRAME_FORMAT, 0]);
    row.extend_from_slice(&fields.log_number.to_le_bytes());
    row.extend_from_slice(&fields.epoch.to_le_bytes());
    row.extend_from_slice(&fields.count.to_le_bytes());
    row.extend_from_slice(&fields.first_sequence.to_le_bytes());
    row.extend_from_slice(&fields.offset.to_le_bytes());
    row.extend_from_slice(&fields.previous_hash.0);
    let body_bytes = u32::try_from(body.len()).expect("a row is below 1 MiB");
    row.extend_from_slice(&body_bytes.to_le_bytes());
    let checksum = crc32c::crc32c_append(crc32c::crc32c(row), body);
    row.extend_from_slice(&checksum.to_le_bytes());
    debug_assert_eq!(row.len(), FRAME_HEADER_BYTES);
    row.extend_from_slice(body);
    FrameHash::of(row)
}

/// Checks a row: length, magic, format, checksum, and that the records fill it exactly.
pub(crate) fn check(row: &[u8]) -> Result<Checked, FrameDamage> {
    if row.len() < FRAME_HEADER_BYTES {
        return Err(FrameDamage::Length { found: row.len(), expected: FRAME_HEADER_BYTES });
    }
    if row[..4] != MAGIC {
        return Err(FrameDamage::Magic);
    }
    if row[4] != FRAME_FORMAT {
        return Err(FrameDamage::Format(row[4]));
    }
    let body = &row[FRAME_HEADER_BYTES..];
    let body_bytes = u32::from_le_bytes(take(row, 64));
    if usize::try_from(body_bytes) != Ok(body.len()) {
        let expected = FRAME_HEADER_BYTES.saturating_add(body_bytes as usize);
        return Err(FrameDamage::Length { found: row.len(), expected });
    }
    let expected = u32::from_le_bytes(take(row, 68));
    let found = crc32c::crc32c_append(crc32c::crc32c(&row[..68]), body);
    if found != expected {
        return Err(FrameDamage::Checksum { found, expected });
    }
    let checked = Checked {
        log_number: u16::from_le_bytes(take(row, 6)),
        epoch: u32::from_le_bytes(take(row, 8)),
        count: u32::from_le_bytes(take(row, 12)),
        first_sequence: u64::from_le_bytes(take(row, 16)),
        offset: u64::from_le_bytes(take(row, 24)),
        previous_hash: FrameHash(take(row, 32)),
    };
    // Flags are none so far; a frame that has one asks for something we cannot do.
    if row[5] != 0 || !filled(&checked, body) {
        return Err(FrameDamage::Records);
    }
    Ok(checked)
}

fn filled(checked: &Checked, body: &[u8]) -> bool {
    if checked.count == 0 || checked.first_sequence == 0 {
        return false;
    }
    let mut rest = body;
    for _ in 0..checked.count {
        if rest.len() < RECORD_HEADER_BYTES {
            return false;
        }
        let length = u32::from_le_bytes(take(rest, 2)) as usize;
        match rest.get(RECORD_HEADER_BYTES + length..) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    rest.is_empty() && checked.first_sequence.checked_add(u64::from(checked.count)).is_some()
}

/// A frame in memory, whole and checked. It owns its bytes; records are borrowed from it.
#[derive(Clone, Debug)]
pub struct Frame {
    bytes: Vec<u8>,
    header: FrameHeader,
    from: u64,
}

impl Frame {
    /// Reads a row, checks it and computes its hash.
    pub fn decode(bytes: Vec<u8>) -> Result<Self, FrameDamage> {
        let checked = check(&bytes)?;
        let header = FrameHeader {
            log_number: checked.log_number,
            epoch: checked.epoch,
            first_sequence: checked.first_sequence,
            count: checked.count,
            offset: checked.offset,
            previous_hash: checked.previous_hash,
            hash: FrameHash::of(&bytes),
        };
        Ok(Self { bytes, header, from: header.first_sequence })
    }

    /// Everything before the records, and the frame's hash.
    pub fn header(&self) -> &FrameHeader {
        &self.header
    }

    /// The row as it lies on disk.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The records, in ascending order. When the walk that found this frame was asked to begin in
    /// the middle of it, those before are left out.
    pub fn records(&self) -> impl Iterator<Item = RecordRef<'_>> {
        let body = &self.bytes[FRAME_HEADER_BYTES..];
        let from = self.from;
        Records::new(body, self.header.epoch, self.header.first_sequence)
            .skip_while(move |record| record.sequence < from)
    }

    pub(crate) fn begin_at(&mut self, sequence: u64) {
        self.from = sequence;
    }
}
