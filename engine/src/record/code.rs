//! Words as stored numbers. They are written out one by one, so that moving a variant moves no number.

use onhand_domain::catalog::{Activity, Standing, Strategy, Tracking};
use onhand_domain::change::{Cause, MovementKind};
use onhand_domain::command::Condition;
use onhand_domain::dead_letter::{Direction, LetterStatus};
use onhand_domain::layer::Area;
use onhand_domain::position::Bucket;
use onhand_domain::rejection::Limit;
use onhand_domain::reservation::{Holding, Status};
use onhand_domain::transfer::TransferStatus;

use super::DecodeError;

/// A word with a stored number, which is never zero.
pub(super) trait Code: Copy {
    /// Its number.
    fn code(self) -> u8;

    /// The word of a number.
    fn of_code(code: u8) -> Result<Self, DecodeError>;
}

/// The number of a word that may be absent: zero.
#[inline]
pub(super) fn code_or_zero<C: Code>(word: Option<C>) -> u8 {
    word.map_or(0, Code::code)
}

/// The opposite of [`code_or_zero`].
pub(super) fn of_code_or_zero<C: Code>(code: u8) -> Result<Option<C>, DecodeError> {
    match code {
        0 => Ok(None),
        code => C::of_code(code).map(Some),
    }
}

macro_rules! codes {
    ($word:ident, $what:literal, $($variant:ident = $code:literal),+ $(,)?) => {
        impl Code for $word {
            #[inline]
            fn code(self) -> u8 {
                match self {
                    $(Self::$variant => $code),+
                }
            }

            fn of_code(code: u8) -> Result<Self, DecodeError> {
                match code {
                    $($code => Ok(Self::$variant),)+
                    code => Err(DecodeError::UnknownCode { what: $what, code }),
                }
            }
        }
    };
}

codes!(
    Cause,
    "cause",
    ItemPut = 1,
    ItemArchived = 2,
    LocationPut = 3,
    LocationRemoved = 4,
    BinPut = 5,
    BinAssigned = 6,
    PolicySet = 7,
    Received = 10,
    Sold = 11,
    Returned = 12,
    Adjusted = 13,
    Moved = 14,
    Counted = 15,
    Revalued = 16,
    LotExpired = 17,
    TransferStarted = 20,
    TransferReceived = 21,
    TransferCancelled = 22,
    Reserved = 30,
    Confirmed = 31,
    Extended = 32,
    LinesSet = 33,
    Fulfilled = 34,
    Cancelled = 35,
    Expired = 36,
    Refused = 40,
    Unchanged = 41,
    SourceAdvanced = 50,
    SourceReset = 51,
    SourceSkipped = 52,
    Buried = 53,
    LetterRetried = 54,
    LetterDiscarded = 55,
    Published = 56,
);

codes!(
    MovementKind,
    "kind of movement",
    Receipt = 1,
    Sale = 2,
    Adjustment = 3,
    Count = 4,
    Move = 5,
    Return = 6,
    TransferOut = 7,
    TransferIn = 8,
    Reserve = 9,
    Release = 10,
    Confirm = 11,
    Fulfil = 12,
    Unfulfil = 13,
    Expired = 14,
    Reversal = 15,
    Revaluation = 16,
);

codes!(
    Bucket,
    "bucket",
    Available = 1,
    Reserved = 2,
    Committed = 3,
    Damaged = 4,
    QualityHold = 5,
    InTransit = 6,
);

codes!(
    Status,
    "status of a reservation",
    Active = 1,
    Confirmed = 2,
    Fulfilled = 3,
    Cancelled = 4,
    Expired = 5,
);

codes!(TransferStatus, "status of a transfer", InTransit = 1, Received = 2, Cancelled = 3);
codes!(Holding, "holding", Stock = 1, Nothing = 2);
codes!(Area, "area", Shelf = 1, Damaged = 2, QualityHold = 3, InTransit = 4);
codes!(Strategy, "strategy", Fifo = 1, Fefo = 2, Lifo = 3);
codes!(Tracking, "tracking", Tracked = 1, Untracked = 2);
codes!(Standing, "standing", Current = 1, Archived = 2);
codes!(Activity, "activity", Active = 1, Inactive = 2);
codes!(Condition, "condition", Good = 1, Damaged = 2, Defective = 3);
codes!(Direction, "direction", In = 1, Out = 2);
codes!(LetterStatus, "status of a dead letter", Open = 1, Retried = 2, Discarded = 3);
codes!(
    Limit,
    "limit",
    Lines = 1,
    Movements = 2,
    Shipments = 3,
    Bins = 4,
    Sources = 5,
    Events = 6,
    EventBytes = 7,
    Layers = 8,
);
