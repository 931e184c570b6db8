//! Version 1 of entries in checkpoints. FROZEN, like version 1 of records, some of whose parts it uses.
//!
//! An entry has no time stamp and no tenant of its own to measure from: times are whole, save where
//! a thing has two that lie close together.

use std::sync::Arc;

use onhand_domain::catalog::{Bin, Item, Location};
use onhand_domain::dead_letter::DeadLetter;
use onhand_domain::idempotency::KeyEntry;
use onhand_domain::ids::{BinId, TenantId, Text};
use onhand_domain::layer::Origin;
use onhand_domain::position::Position;
use onhand_domain::quantity::Money;
use onhand_domain::reservation::Reservation;
use onhand_domain::sources::Watermark;
use onhand_domain::time::Timestamp;
use onhand_domain::transfer::Transfer;
use serde::{Deserialize, Serialize};

use super::DecodeError;
use super::checkpoint::Entry;
use super::mirror::{Base, List, Mirror, Part, name, restore_option};
use super::v1::catalog::{BinV1, ItemV1, LocationV1};
use super::v1::key::KeyV1;
use super::v1::layer::StackV1;
use super::v1::letter::DeadLetterV1;
use super::v1::policy::PolicyV1;
use super::v1::position::{FiguresV1, LOW_STANDS, OUT_STANDS, alarms_of, bits_of};
use super::v1::reservation::ReservationV1;
use super::v1::source::SourcePositionV1;
use super::v1::transfer::TransferV1;

/// What distances in an entry are measured from.
pub(super) const fn base(sequence: u64) -> Base {
    Base { sequence, at: Timestamp::from_millis(0), tenant: 0 }
}

/// Mirror of [`Entry::Tenant`].
#[derive(Serialize, Deserialize)]
pub(super) struct TenantV1<'a> {
    number: u32,
    id: &'a str,
}

impl<'a> TenantV1<'a> {
    pub(super) fn of(number: u32, id: &'a TenantId) -> Self {
        Self { number, id: id.as_str() }
    }

    pub(super) fn restore(self) -> Entry {
        Entry::Tenant { number: self.number, id: name!(TenantId, self.id) }
    }
}

/// Mirror of [`Entry::Item`].
pub(super) type ItemEntryV1<'a> = ItemV1<'a>;

pub(super) fn item(item: &Item, base: Base) -> ItemEntryV1<'_> {
    ItemV1::of(item, base)
}

/// Mirror of [`Entry::Transfer`].
pub(super) type TransferEntryV1<'a> = TransferV1<'a>;

pub(super) fn transfer(held: &Transfer, base: Base) -> TransferEntryV1<'_> {
    TransferV1::of(held, base)
}

/// Mirror of [`Entry::Location`].
#[derive(Serialize, Deserialize)]
pub(super) struct LocationEntryV1<'a> {
    #[serde(borrow)]
    location: LocationV1<'a>,
    #[serde(borrow)]
    bins: List<'a, BinV1<'a>>,
}

impl<'a> LocationEntryV1<'a> {
    pub(super) fn of(location: &'a Location, bins: &'a [Bin], base: Base) -> Self {
        Self { location: LocationV1::of(location, base), bins: List::Given(bins, base) }
    }

    pub(super) fn restore(self, base: Base) -> Result<Entry, DecodeError> {
        let (location, bins) = (self.location.restore(base)?, self.bins.restore(base)?);
        Ok(Entry::Location { location, bins })
    }
}

/// Mirror of [`Entry::Position`].
#[derive(Serialize, Deserialize)]
pub(super) struct PositionV1<'a> {
    number: u32,
    item: u32,
    location: u32,
    figures: FiguresV1,
    policy: Option<PolicyV1>,
    bin: Option<&'a str>,
    sequence: u64,
    created_at: i64,
    /// Milliseconds since it was opened.
    updated_at: i64,
    version: u32,
    alarms: u8,
    #[serde(borrow)]
    goods: Option<GoodsV1<'a>>,
}

/// The origin of the one layer that lies in place.
#[derive(Serialize, Deserialize)]
struct SingleV1 {
    received_at: i64,
    sequence: u64,
    unit_cost: Option<i64>,
}

impl SingleV1 {
    fn of(origin: &Origin, base: Base) -> Self {
        Self {
            received_at: base.offset(origin.received_at),
            sequence: base.back(origin.sequence),
            unit_cost: origin.unit_cost.map(Money::millionths),
        }
    }

    fn restore(self, base: Base) -> Origin {
        Origin {
            received_at: base.time(self.received_at),
            sequence: base.sequence(self.sequence),
            unit_cost: self.unit_cost.map(Money::from_millionths),
            ..Origin::default()
        }
    }
}

/// What a position consists of, and when it was counted; absent when nothing is known of either.
#[derive(Serialize, Deserialize)]
struct GoodsV1<'a> {
    single: SingleV1,
    #[serde(borrow)]
    stack: Option<Part<'a, StackV1<'a>>>,
    counts: Vec<i64>,
}

impl<'a> PositionV1<'a> {
    pub(super) fn of(number: u32, position: &'a Position, base: Base) -> Self {
        let policy = position.policy();
        let created = Base { at: position.created_at, ..base };
        Self {
            number,
            item: position.item,
            location: position.location,
            figures: FiguresV1::of(&position.figures(), base),
            policy: (policy != Default::default()).then(|| PolicyV1::of(&policy, base)),
            bin: position.bin().map(BinId::as_str),
            sequence: base.back(position.sequence),
            created_at: base.offset(position.created_at),
            updated_at: created.offset(position.updated_at),
            version: position.version,
            alarms: bits_of(position.alarms),
            goods: GoodsV1::of(position, created),
        }
    }

    pub(super) fn restore(self, base: Base) -> Result<Entry, DecodeError> {
        if self.alarms & !(LOW_STANDS | OUT_STANDS) != 0 {
            return Err(DecodeError::UnknownCode { what: "set of alarms", code: self.alarms });
        }
        let created_at = base.time(self.created_at);
        let mut position = Position::new(self.item, self.location, created_at);
        position.set_figures(&self.figures.restore(base)?);
        let policy = self.policy.map(|policy| policy.restore(base)).transpose()?;
        position.set_terms(policy.unwrap_or_default(), self.bin.map(|text| name!(BinId, text)));
        position.sequence = base.sequence(self.sequence);
        position.updated_at = Base { at: created_at, ..base }.time(self.updated_at);
        position.version = self.version;
        position.alarms = alarms_of(self.alarms);
        if let Some(goods) = self.goods {
            goods.restore(&mut position, Base { at: created_at, ..base })?;
        }
        Ok(Entry::Position { number: self.number, position })
    }
}

impl<'a> GoodsV1<'a> {
    /// Instants are measured from the one at which the position was opened.
    fn of(position: &'a Position, base: Base) -> Option<Self> {
        let single = position.single();
        let stack = position.stack();
        if single == Origin::default() && stack.is_none() && position.counts().is_empty() {
            return None;
        }
        Some(Self {
            single: SingleV1::of(&single, base),
            stack: stack.map(|stack| Part::of(stack, base)),
            counts: position.counts().iter().map(|at| base.offset(*at)).collect(),
        })
    }

    fn restore(self, position: &mut Position, base: Base) -> Result<(), DecodeError> {
        let stack = restore_option(self.stack, base)?;
        position.set_contents(&self.single.restore(base), stack);
        for offset in self.counts {
            position.note_count(base.time(offset));
        }
        Ok(())
    }
}

/// Mirror of [`Entry::Reservation`]; its times are measured from its last change.
#[derive(Serialize, Deserialize)]
pub(super) struct ReservationEntryV1<'a> {
    at: i64,
    #[serde(borrow)]
    reservation: ReservationV1<'a>,
}

impl<'a> ReservationEntryV1<'a> {
    pub(super) fn of(held: &'a Reservation, base: Base) -> Self {
        let from = Base { at: held.updated_at, ..base };
        Self { at: held.updated_at.millis(), reservation: ReservationV1::of(held, from) }
    }

    pub(super) fn restore(self, base: Base) -> Result<Entry, DecodeError> {
        let from = Base { at: Timestamp::from_millis(self.at), ..base };
        Ok(Entry::Reservation(Arc::new(self.reservation.restore(from)?)))
    }
}

/// Mirror of [`Entry::Keys`] and [`Entry::Events`].
#[derive(Serialize, Deserialize)]
pub(super) struct KeysV1<'a> {
    keys: List<'a, KeyEntryV1>,
}

impl<'a> KeysV1<'a> {
    pub(super) const fn of(keys: &'a [KeyEntry], base: Base) -> Self {
        Self { keys: List::Given(keys, base) }
    }

    pub(super) fn restore(self, base: Base) -> Result<Entry, DecodeError> {
        self.keys.restore(base).map(Entry::Keys)
    }

    pub(super) fn restore_events(self, base: Base) -> Result<Entry, DecodeError> {
        self.keys.restore(base).map(Entry::Events)
    }
}

/// Mirror of [`KeyEntry`].
#[derive(Serialize, Deserialize)]
pub(super) struct KeyEntryV1 {
    bound: KeyV1,
    sequence: u64,
}

impl<'a> Mirror<'a> for KeyEntryV1 {
    type Of = KeyEntry;

    fn of(entry: &'a KeyEntry, base: Base) -> Self {
        let bound = KeyV1::of(Some((entry.key, entry.fingerprint)));
        Self { bound, sequence: base.back(entry.sequence) }
    }

    fn restore(self, base: Base) -> Result<KeyEntry, DecodeError> {
        let bound = self.bound.restore().ok_or(DecodeError::Missing("key"))?;
        let (key, fingerprint) = bound;
        Ok(KeyEntry { key, fingerprint, sequence: base.sequence(self.sequence) })
    }
}

/// Mirror of [`Entry::Source`].
#[derive(Serialize, Deserialize)]
pub(super) struct WatermarkV1<'a> {
    #[serde(borrow)]
    last: SourcePositionV1<'a>,
    sequence: u64,
}

impl<'a> WatermarkV1<'a> {
    pub(super) fn of(mark: &'a Watermark, base: Base) -> Self {
        Self { last: SourcePositionV1::of(&mark.last), sequence: base.back(mark.sequence) }
    }

    pub(super) fn restore(self, base: Base) -> Result<Entry, DecodeError> {
        let last = Arc::new(self.last.restore());
        Ok(Entry::Source(Watermark { last, sequence: base.sequence(self.sequence) }))
    }
}

/// Mirror of [`Entry::Stream`].
#[derive(Serialize, Deserialize)]
pub(super) struct StreamV1<'a> {
    name: &'a str,
    generation: u32,
    sequence: u64,
}

impl<'a> StreamV1<'a> {
    pub(super) fn of(name: &'a Text, generation: u32, sequence: u64, base: Base) -> Self {
        Self { name: name.as_str(), generation, sequence: base.back(sequence) }
    }

    pub(super) fn restore(self, base: Base) -> Entry {
        let (name, sequence) = (name!(Text, self.name), base.sequence(self.sequence));
        Entry::Stream { name, generation: self.generation, sequence }
    }
}

/// Mirror of [`Entry::Letter`].
pub(super) type LetterEntryV1 = DeadLetterV1;

pub(super) fn letter(letter: &DeadLetter, base: Base) -> LetterEntryV1 {
    DeadLetterV1::of(letter, base)
}

/// Mirror of [`Entry::Clock`].
#[derive(Serialize, Deserialize)]
pub(super) struct ClockV1 {
    at: i64,
    sequence: u64,
}

impl ClockV1 {
    pub(super) const fn of(at: Timestamp, sequence: u64, base: Base) -> Self {
        Self { at: base.offset(at), sequence: base.back(sequence) }
    }

    pub(super) const fn restore(self, base: Base) -> Entry {
        Entry::Clock { at: base.time(self.at), sequence: base.sequence(self.sequence) }
    }
}
