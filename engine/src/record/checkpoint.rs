//! Entries of checkpoints: what the rules look at, thing by thing, as bytes.
//!
//! An entry is kept beside the sequence of its last change; numbers in it are distances from that.

use std::sync::Arc;

use onhand_domain::catalog::{Bin, Item, Location, TenantNumber};
use onhand_domain::dead_letter::DeadLetter;
use onhand_domain::idempotency::KeyEntry;
use onhand_domain::ids::{TenantId, Text};
use onhand_domain::job::Job;
use onhand_domain::position::{Position, PositionNumber};
use onhand_domain::reservation::Reservation;
use onhand_domain::sources::Watermark;
use onhand_domain::time::Timestamp;
use onhand_domain::transfer::Transfer;

use super::checkpoint_v1 as v1;
use super::mirror::Mirror;
use super::writer::append;
use super::{DecodeError, read};

/// Version of the form that [`encode`] writes.
pub const VERSION: u8 = 1;
/// Most keys of one [`Entry::Keys`] that we write.
pub const KEYS_PER_ENTRY: usize = 256;

/// One thing in a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A tenant.
    Tenant {
        /// Its number.
        number: TenantNumber,
        /// Its name.
        id: TenantId,
    },
    /// An item.
    Item(Item),
    /// A location with its bins.
    Location {
        /// The location.
        location: Location,
        /// Its bins, in the order in which they were made.
        bins: Vec<Bin>,
    },
    /// A position.
    Position {
        /// Its number.
        number: PositionNumber,
        /// The position.
        position: Position,
    },
    /// A reservation: an open one, or one that ended a short while ago.
    Reservation(Arc<Reservation>),
    /// A transfer: an open one, or one that ended a short while ago.
    Transfer(Transfer),
    /// Idempotency keys, oldest first; at most [`KEYS_PER_ENTRY`].
    Keys(Vec<KeyEntry>),
    /// Where a source partition stands.
    Source(Watermark),
    /// The last record that the checkpoint has seen.
    Clock {
        /// Its time stamp.
        at: Timestamp,
        /// Its sequence.
        sequence: u64,
    },
    /// The generation a stream is in.
    Stream {
        /// Its name.
        name: Text,
        /// The generation.
        generation: u32,
        /// The record that began it; 0: nobody did.
        sequence: u64,
    },
    /// A dead letter; what it says lies in the log.
    Letter(DeadLetter),
    /// Consumed events, oldest first; at most [`KEYS_PER_ENTRY`].
    Events(Vec<KeyEntry>),
    /// A running job.
    Job(Box<Job>),
}

/// Kinds as stored.
mod kind {
    pub(super) const TENANT: u8 = 1;
    pub(super) const ITEM: u8 = 2;
    pub(super) const LOCATION: u8 = 3;
    pub(super) const POSITION: u8 = 4;
    pub(super) const RESERVATION: u8 = 5;
    pub(super) const TRANSFER: u8 = 6;
    pub(super) const KEYS: u8 = 7;
    pub(super) const SOURCE: u8 = 8;
    pub(super) const CLOCK: u8 = 9;
    pub(super) const STREAM: u8 = 10;
    pub(super) const LETTER: u8 = 11;
    pub(super) const EVENTS: u8 = 12;
    pub(super) const JOB: u8 = 13;
}

impl Entry {
    /// The number under which entries of this kind are stored.
    #[must_use]
    pub const fn kind(&self) -> u8 {
        match self {
            Self::Tenant { .. } => kind::TENANT,
            Self::Item(_) => kind::ITEM,
            Self::Location { .. } => kind::LOCATION,
            Self::Position { .. } => kind::POSITION,
            Self::Reservation(_) => kind::RESERVATION,
            Self::Transfer(_) => kind::TRANSFER,
            Self::Keys(_) => kind::KEYS,
            Self::Source(_) => kind::SOURCE,
            Self::Clock { .. } => kind::CLOCK,
            Self::Stream { .. } => kind::STREAM,
            Self::Letter(_) => kind::LETTER,
            Self::Events(_) => kind::EVENTS,
            Self::Job(_) => kind::JOB,
        }
    }
}

/// Whether entries of this kind are promises, which need to find the items they are about.
#[must_use]
pub const fn is_promise(kind: u8) -> bool {
    matches!(kind, kind::RESERVATION | kind::TRANSFER)
}

/// Appends an entry, last changed by the record with this sequence; [`Entry::kind`] goes beside it.
pub fn encode(entry: &Entry, sequence: u64, into: &mut Vec<u8>) {
    let base = v1::base(sequence);
    match entry {
        Entry::Tenant { number, id } => append(&v1::TenantV1::of(*number, id), into),
        Entry::Item(item) => append(&v1::item(item, base), into),
        Entry::Location { location, bins } => {
            append(&v1::LocationEntryV1::of(location, bins, base), into);
        }
        Entry::Position { number, position } => {
            append(&v1::PositionV1::of(*number, position, base), into);
        }
        Entry::Reservation(held) => append(&v1::ReservationEntryV1::of(held, base), into),
        Entry::Transfer(held) => append(&v1::transfer(held, base), into),
        Entry::Keys(keys) | Entry::Events(keys) => append(&v1::KeysV1::of(keys, base), into),
        Entry::Source(mark) => append(&v1::WatermarkV1::of(mark, base), into),
        Entry::Clock { at, sequence } => append(&v1::ClockV1::of(*at, *sequence, base), into),
        Entry::Stream { name, generation, sequence } => {
            append(&v1::StreamV1::of(name, *generation, *sequence, base), into);
        }
        Entry::Letter(letter) => append(&v1::letter(letter, base), into),
        Entry::Job(job) => append(&v1::JobEntryV1::of(job, base), into),
    }
}

/// Reads an entry that was last changed by the record with this sequence.
///
/// # Errors
/// The bytes are of a newer program, or damaged.
pub fn decode(kind: u8, version: u8, sequence: u64, payload: &[u8]) -> Result<Entry, DecodeError> {
    if !(kind::TENANT..=kind::JOB).contains(&kind) {
        return Err(DecodeError::UnknownKind(kind));
    }
    if version != 1 {
        return Err(DecodeError::UnknownVersion(version));
    }
    let base = v1::base(sequence);
    Ok(match kind {
        kind::TENANT => read::<v1::TenantV1<'_>>(payload)?.restore(),
        kind::ITEM => Entry::Item(read::<v1::ItemEntryV1<'_>>(payload)?.restore(base)?),
        kind::LOCATION => read::<v1::LocationEntryV1<'_>>(payload)?.restore(base)?,
        kind::POSITION => read::<v1::PositionV1<'_>>(payload)?.restore(base)?,
        kind::RESERVATION => read::<v1::ReservationEntryV1<'_>>(payload)?.restore(base)?,
        kind::TRANSFER => Entry::Transfer(read::<v1::TransferEntryV1>(payload)?.restore(base)?),
        kind::KEYS => read::<v1::KeysV1<'_>>(payload)?.restore(base)?,
        kind::SOURCE => read::<v1::WatermarkV1<'_>>(payload)?.restore(base)?,
        kind::CLOCK => read::<v1::ClockV1>(payload)?.restore(base),
        kind::STREAM => read::<v1::StreamV1<'_>>(payload)?.restore(base),
        kind::LETTER => Entry::Letter(read::<v1::LetterEntryV1>(payload)?.restore(base)?),
        kind::EVENTS => read::<v1::KeysV1<'_>>(payload)?.restore_events(base)?,
        _ => read::<v1::JobEntryV1<'_>>(payload)?.restore(base)?,
    })
}
