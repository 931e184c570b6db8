//! Records as bytes: what one command did, in a form that stays readable forever.
//!
//! A payload is the [postcard](https://postcard.jamesmunns.com/wire-format) form of one frozen struct
//! per version (`v1`); docs/RECORD_FORMAT.md lists its fields. Numbers are written as distances from
//! what the reader knows anyway (the record's own sequence, its time stamp), so that most take a byte.
//! A new field means a new version beside the old one; what is here never changes
//! (tests/golden/records-v1).

pub mod checkpoint;
mod checkpoint_v1;
mod code;
mod mirror;
mod v1;
mod writer;

#[cfg(test)]
mod checkpoint_tests;
#[cfg(test)]
mod golden_tests;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod strategies;
#[cfg(test)]
mod tests;

use onhand_domain::change::Change;
use thiserror::Error;

use mirror::{Base, Mirror};

/// Kind of a record that holds a [`Change`].
pub const KIND_CHANGE: u8 = 1;
/// Version of the form that [`encode`] writes.
pub const VERSION: u8 = 1;

/// Room that is asked for at once; most records fit in it.
const TYPICAL_BYTES: usize = 192;

/// Why bytes are not a record, or not an entry of a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// A kind that this program does not know: written by a newer one.
    #[error("unknown kind {0}")]
    UnknownKind(u8),
    /// A version that this program does not know: written by a newer one.
    #[error("unknown version {0}")]
    UnknownVersion(u8),
    /// The bytes end too early, or are not of this form.
    #[error("malformed: {0}")]
    Malformed(postcard::Error),
    /// A number stands for no word of its kind.
    #[error("unknown {what} {code}")]
    UnknownCode {
        /// Kind of word.
        what: &'static str,
        /// The number.
        code: u8,
    },
    /// A part that must be there is not.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// Bytes are left over.
    #[error("{0} bytes too many")]
    TooLong(usize),
}

/// Appends a change as the payload of the record with this sequence.
///
/// Allocates only when `into` has to grow.
pub fn encode(change: &Change, sequence: u64, into: &mut Vec<u8>) {
    let base = Base { sequence, at: change.at, tenant: change.tenant };
    into.reserve(TYPICAL_BYTES);
    writer::append(&v1::RecordV1::of(change, base), into);
}

/// Reads the payload of a record.
///
/// Takes no more memory than a fixed multiple of the payload, whatever the bytes are.
///
/// # Errors
/// The bytes are of a newer program, or damaged.
pub fn decode(kind: u8, version: u8, sequence: u64, payload: &[u8]) -> Result<Change, DecodeError> {
    match (kind, version) {
        (KIND_CHANGE, 1) => {
            let record: v1::RecordV1<'_> = read(payload)?;
            // Time and tenant stand in the record itself.
            let base = record.base(sequence);
            record.restore(base)
        }
        (KIND_CHANGE, other) => Err(DecodeError::UnknownVersion(other)),
        (other, _) => Err(DecodeError::UnknownKind(other)),
    }
}

/// Reads one mirror that fills its payload to the last byte.
fn read<'a, M: serde::Deserialize<'a>>(payload: &'a [u8]) -> Result<M, DecodeError> {
    let (mirror, rest) = postcard::take_from_bytes(payload).map_err(DecodeError::Malformed)?;
    match rest.len() {
        0 => Ok(mirror),
        left => Err(DecodeError::TooLong(left)),
    }
}
