//! What frozen structs have in common: they mirror a thing of the domain, in both directions.

use onhand_domain::catalog::TenantNumber;
use onhand_domain::time::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::DecodeError;

/// What a reader knows before it reads; numbers are stored as distances from it.
///
/// Distances wrap around: whatever was put in comes out, also where it makes no sense.
#[derive(Debug, Clone, Copy)]
pub(super) struct Base {
    /// Sequence of the record.
    pub(super) sequence: u64,
    /// Its time stamp.
    pub(super) at: Timestamp,
    /// Its tenant.
    pub(super) tenant: TenantNumber,
}

impl Base {
    /// How many records lie between this one and an earlier one.
    pub(super) const fn back(self, sequence: u64) -> u64 {
        self.sequence.wrapping_sub(sequence)
    }

    /// The opposite of [`Base::back`], which is its own.
    pub(super) const fn sequence(self, back: u64) -> u64 {
        self.sequence.wrapping_sub(back)
    }

    /// Milliseconds from this record to an instant.
    pub(super) const fn offset(self, time: Timestamp) -> i64 {
        time.millis().wrapping_sub(self.at.millis())
    }

    /// The opposite of [`Base::offset`].
    pub(super) const fn time(self, offset: i64) -> Timestamp {
        Timestamp::from_millis(self.at.millis().wrapping_add(offset))
    }

    /// Distance from the record's tenant; zero, unless something is very wrong.
    pub(super) const fn tenant_offset(self, tenant: TenantNumber) -> u32 {
        tenant.wrapping_sub(self.tenant)
    }

    /// The opposite of [`Base::tenant_offset`].
    pub(super) const fn tenant(self, offset: u32) -> TenantNumber {
        self.tenant.wrapping_add(offset)
    }
}

/// A frozen struct that holds, in another form, what a thing of the domain holds.
///
/// It borrows from the thing while writing and from the payload while reading.
pub(super) trait Mirror<'a>: Sized {
    /// The thing.
    type Of: 'a;

    /// Its mirror.
    fn of(thing: &'a Self::Of, base: Base) -> Self;

    /// The thing again.
    fn restore(self, base: Base) -> Result<Self::Of, DecodeError>;
}

/// Many mirrors: made one by one while writing, so that a list costs no memory; kept after reading.
pub(super) enum List<'a, M: Mirror<'a>> {
    /// To be written.
    Given(&'a [M::Of], Base),
    /// As read.
    Read(Vec<M>),
}

impl<'a, M: Mirror<'a>> List<'a, M> {
    /// The things again.
    pub(super) fn restore(self, base: Base) -> Result<Vec<M::Of>, DecodeError> {
        match self {
            Self::Given(things, given) => {
                things.iter().map(|thing| M::of(thing, given).restore(base)).collect()
            }
            Self::Read(mirrors) => mirrors.into_iter().map(|mirror| mirror.restore(base)).collect(),
        }
    }
}

impl<'a, M: Mirror<'a> + Serialize> Serialize for List<'a, M> {
    #[inline]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Given(things, base) => {
                serializer.collect_seq(things.iter().map(|thing| M::of(thing, *base)))
            }
            Self::Read(mirrors) => serializer.collect_seq(mirrors),
        }
    }
}

impl<'de, 'a, M: Mirror<'a> + Deserialize<'de>> Deserialize<'de> for List<'a, M> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self::Read)
    }
}

/// Restores a part that may be absent.
pub(super) fn restore_option<'a, M: Mirror<'a>>(
    mirror: Option<M>,
    base: Base,
) -> Result<Option<M::Of>, DecodeError> {
    mirror.map(|mirror| mirror.restore(base)).transpose()
}

/// A large part that is often absent: made while writing, boxed after reading, so that a record
/// without it stays small enough to be moved about.
pub(super) enum Part<'a, M: Mirror<'a>> {
    /// To be written.
    Given(&'a M::Of, Base),
    /// As read.
    Read(Box<M>),
}

impl<'a, M: Mirror<'a>> Mirror<'a> for Part<'a, M> {
    type Of = M::Of;

    #[inline]
    fn of(thing: &'a M::Of, base: Base) -> Self {
        Self::Given(thing, base)
    }

    fn restore(self, base: Base) -> Result<M::Of, DecodeError> {
        match self {
            Self::Given(thing, given) => M::of(thing, given).restore(base),
            Self::Read(mirror) => mirror.restore(base),
        }
    }
}

impl<'a, M: Mirror<'a> + Serialize> Serialize for Part<'a, M> {
    #[inline]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Given(thing, base) => M::of(thing, *base).serialize(serializer),
            Self::Read(mirror) => mirror.serialize(serializer),
        }
    }
}

impl<'de, 'a, M: Mirror<'a> + Deserialize<'de>> Deserialize<'de> for Part<'a, M> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        M::deserialize(deserializer).map(Box::new).map(Self::Read)
    }
}

/// A name that was checked when it entered.
macro_rules! name {
    ($name:ident, $text:expr) => {
        $name::trusted($text)
    };
}
pub(super) use name;
