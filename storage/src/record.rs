//! Records: opaque bytes with a kind, a schema version and a sequence.

use crate::frame::{FRAME_HEADER_BYTES, LARGE_ROW_BYTES_MAX, ROW_BYTES_MAX};

/// Bytes before a record's payload: kind, version, length.
pub const RECORD_HEADER_BYTES: usize = 6;
/// The longest payload a record can have.
pub const PAYLOAD_BYTES_MAX: usize = LARGE_ROW_BYTES_MAX - FRAME_HEADER_BYTES - RECORD_HEADER_BYTES;

const BODY_BYTES_MAX: usize = ROW_BYTES_MAX - FRAME_HEADER_BYTES;

/// A record read from the log, borrowed from its frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordRef<'a> {
    /// Its number in the log, from 1.
    pub sequence: u64,
    /// Epoch of the process that wrote it.
    pub epoch: u32,
    /// What it is; the meaning belongs to the engine.
    pub kind: u8,
    /// Version of its schema; the meaning belongs to the engine.
    pub version: u8,
    /// Its content.
    pub payload: &'a [u8],
}

/// A record read from the log, with its own bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRecord {
    /// Its number in the log, from 1.
    pub sequence: u64,
    /// Epoch of the process that wrote it.
    pub epoch: u32,
    /// What it is; the meaning belongs to the engine.
    pub kind: u8,
    /// Version of its schema; the meaning belongs to the engine.
    pub version: u8,
    /// Its content.
    pub payload: Vec<u8>,
}

impl From<RecordRef<'_>> for StoredRecord {
    fn from(record: RecordRef<'_>) -> Self {
        Self {
            sequence: record.sequence,
            epoch: record.epoch,
            kind: record.kind,
            version: record.version,
            payload: record.payload.to_vec(),
        }
    }
}

/// Walks the records of a frame body that was checked before.
#[derive(Clone, Debug)]
pub(crate) struct Records<'a> {
    rest: &'a [u8],
    epoch: u32,
    sequence: u64,
}

impl<'a> Records<'a> {
    pub(crate) fn new(body: &'a [u8], epoch: u32, first_sequence: u64) -> Self {
        Self { rest: body, epoch, sequence: first_sequence }
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = RecordRef<'a>;

    fn next(&mut self) -> Option<RecordRef<'a>> {
        let (header, rest) = self.rest.split_first_chunk::<RECORD_HEADER_BYTES>()?;
        let [kind, version, length @ ..] = *header;
        let (payload, rest) = rest.split_at(u32::from_le_bytes(length) as usize);
        let record =
            RecordRef { sequence: self.sequence, epoch: self.epoch, kind, version, payload };
        self.rest = rest;
        self.sequence += 1;
        Some(record)
    }
}

/// A record was longer than a row can be. The batch is as it was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a record of {bytes} bytes is too large, at most {limit} are possible")]
pub struct RecordTooLarge {
    /// Length of its payload.
    pub bytes: usize,
    /// [`PAYLOAD_BYTES_MAX`].
    pub limit: usize,
}

/// Records laid out back to back, ready to be the bodies of one commit's rows. Made once and used
/// again: [`RecordBatch::begin`] keeps the memory.
///
/// A batch has no limit of its own: whoever fills it decides when it is full. It is cut into rows
/// of at most [`ROW_BYTES_MAX`] while it is filled.
#[derive(Debug, Default)]
pub struct RecordBatch {
    bytes: Vec<u8>,
    rows: Vec<Row>,
    first_sequence: u64,
    count: u32,
}

/// A part of a batch that becomes one row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    start: usize,
    end: usize,
    pub(crate) first_sequence: u64,
    pub(crate) count: u32,
}

impl RecordBatch {
    /// An empty batch. [`RecordBatch::begin`] must be called before the first record.
    pub fn new() -> Self {
        Self::default()
    }

    /// Empties the batch; the next record gets this sequence (at least 1).
    pub fn begin(&mut self, first_sequence: u64) {
        assert!(first_sequence > 0, "the first record of a log is 1");
        self.clear();
        self.first_sequence = first_sequence;
    }

    /// Adds a record whose payload is what `fill` appends, and returns its sequence. `fill` must
    /// only append; what is in the buffer already are the records before.
    pub fn push_with(
        &mut self,
        kind: u8,
        version: u8,
        fill: impl FnOnce(&mut Vec<u8>),
    ) -> Result<u64, RecordTooLarge> {
        assert!(self.first_sequence > 0, "a batch is begun before it is filled");
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&[kind, version, 0, 0, 0, 0]);
        fill(&mut self.bytes);
        let payload = self.bytes.len().checked_sub(start + RECORD_HEADER_BYTES);
        let payload_bytes = payload.expect("fill only appends");
        if payload_bytes > PAYLOAD_BYTES_MAX {
            self.bytes.truncate(start);
            return Err(RecordTooLarge { bytes: payload_bytes, limit: PAYLOAD_BYTES_MAX });
        }
        let length = u32::try_from(payload_bytes).expect("a payload is below 1 MiB");
        self.bytes[start + 2..start + RECORD_HEADER_BYTES].copy_from_slice(&length.to_le_bytes());
        let sequence = self.first_sequence + u64::from(self.count);
        let end = self.bytes.len();
        match self.rows.last_mut() {
            Some(row) if end - row.start <= BODY_BYTES_MAX => {
                row.end = end;
                row.count += 1;
            }
            _ => self.rows.push(Row { start, end, first_sequence: sequence, count: 1 }),
        }
        self.count += 1;
        Ok(sequence)
    }

    /// Records in the batch.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Sequence of the first record, or of the next one while the batch is empty.
    pub fn first_sequence(&self) -> u64 {
        self.first_sequence
    }

    /// Sequence of the last record; one less than the first while the batch is empty.
    pub fn last_sequence(&self) -> u64 {
        (self.first_sequence + u64::from(self.count)).saturating_sub(1)
    }

    /// Bytes of the records with their headers.
    pub fn bytes_len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there is no record.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Empties the batch and keeps its memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.rows.clear();
        self.count = 0;
    }

    /// The records, with `epoch` as theirs.
    pub fn records(&self, epoch: u32) -> impl Iterator<Item = RecordRef<'_>> {
        Records::new(&self.bytes, epoch, self.first_sequence)
    }

    pub(crate) fn rows(&self) -> impl ExactSizeIterator<Item = (Row, &[u8])> {
        self.rows.iter().map(|row| (*row, &self.bytes[row.start..row.end]))
    }
}
