//! Ledger entries: what moved from where to where, and what it was worth.

use crate::position::Bucket;
use crate::quantity::{Money, Quantity};
use crate::time::Timestamp;

/// Type of a ledger entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum MovementKind {
    /// Goods came in.
    Receipt = 1,
    /// Sold at a till.
    Sale = 2,
    /// Corrected.
    Adjustment = 3,
    /// Found by a count.
    Count = 4,
    /// Between buckets.
    Move = 5,
    /// Came back.
    Return = 6,
    /// Left for another location.
    TransferOut = 7,
    /// Arrived from another location.
    TransferIn = 8,
    /// Promised.
    Reserve = 9,
    /// Given back.
    Release = 10,
    /// Promised for good.
    Confirm = 11,
    /// Shipped.
    Fulfil = 12,
    /// Put back on the shelf and owed again.
    Unfulfil = 13,
    /// A hold's deadline or a lot's expiry day passed.
    Expired = 14,
    /// Undone by its opposite.
    Reversal = 15,
    /// Its cost was changed.
    Revaluation = 16,
}

impl MovementKind {
    /// All kinds; their numbers are stored.
    pub const ALL: [Self; 16] = [
        Self::Receipt,
        Self::Sale,
        Self::Adjustment,
        Self::Count,
        Self::Move,
        Self::Return,
        Self::TransferOut,
        Self::TransferIn,
        Self::Reserve,
        Self::Release,
        Self::Confirm,
        Self::Fulfil,
        Self::Unfulfil,
        Self::Expired,
        Self::Reversal,
        Self::Revaluation,
    ];
}

/// Where a ledger entry stands: what a `transactionId` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MovementPlace {
    /// Sequence of its record.
    pub sequence: u64,
    /// Its place in [`Change::movements`](super::Change::movements).
    pub place: u32,
}

/// One ledger entry of a change: a quantity leaves one bucket (or the outside) for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Movement {
    /// Place in [`Change::positions`](super::Change::positions).
    pub position: u32,
    /// Its type.
    pub kind: MovementKind,
    /// Bucket it leaves; `None`: it comes from outside.
    pub from: Option<Bucket>,
    /// Bucket it enters; `None`: it leaves the position.
    pub to: Option<Bucket>,
    /// How much; zero only for a count or figure that was right already, and for what changes values only.
    pub quantity: Quantity,
    /// What the goods are worth, at their own cost: zero for what moves promises only. Of a movement of kind
    /// [`MovementKind::Revaluation`]: what the position is worth more, or less, without any goods moving.
    pub value: Money,
    /// How many of [`Change::picks`](super::Change::picks) are its own: those behind the ones of the movements before it.
    pub picks: u32,
    /// When it happened, if not when the record says.
    pub occurred_at: Option<Timestamp>,
}

impl Movement {
    /// A movement of promises, or of what has no layers: worth nothing.
    #[must_use]
    pub const fn plain(
        position: u32,
        kind: MovementKind,
        from: Option<Bucket>,
        to: Option<Bucket>,
        quantity: Quantity,
    ) -> Self {
        let (value, picks, occurred_at) = (Money::ZERO, 0, None);
        Self { position, kind, from, to, quantity, value, picks, occurred_at }
    }
}
