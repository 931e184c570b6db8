//! Frozen mirrors of positions and of the movements at them.

use std::sync::Arc;

use onhand_domain::catalog::Tracking;
use onhand_domain::change::{Movement, MovementKind, PositionChange, Raised, Terms};
use onhand_domain::ids::BinId;
use onhand_domain::position::{Alarms, Figures};
use onhand_domain::quantity::Quantity;
use serde::{Deserialize, Serialize};

use super::layer::{AverageV1, WorthV1};
use super::policy::OwnAndEffectiveV1;
use crate::record::DecodeError;
use crate::record::code::{Code, code_or_zero, of_code_or_zero};
use crate::record::mirror::{Base, Mirror, Part, name, restore_option};

/// Mirror of [`Figures`].
#[derive(Serialize, Deserialize)]
pub(in crate::record) struct FiguresV1 {
    available: i64,
    reserved: i64,
    committed: i64,
    damaged: i64,
    quality_hold: i64,
    in_transit: i64,
}

impl<'a> Mirror<'a> for FiguresV1 {
    type Of = Figures;

    #[inline]
    fn of(figures: &'a Figures, _: Base) -> Self {
        Self {
            available: figures.available.millionths(),
            reserved: figures.reserved.millionths(),
            committed: figures.committed.millionths(),
            damaged: figures.damaged.millionths(),
            quality_hold: figures.quality_hold.millionths(),
            in_transit: figures.in_transit.millionths(),
        }
    }

    fn restore(self, _: Base) -> Result<Figures, DecodeError> {
        Ok(Figures {
            available: Quantity::from_millionths(self.available),
            reserved: Quantity::from_millionths(self.reserved),
            committed: Quantity::from_millionths(self.committed),
            damaged: Quantity::from_millionths(self.damaged),
            quality_hold: Quantity::from_millionths(self.quality_hold),
            in_transit: Quantity::from_millionths(self.in_transit),
        })
    }
}

/// Bits of [`PositionChangeV1::alarms`] and of positions in checkpoints.
pub(in crate::record) const LOW_STANDS: u8 = 1;
/// See [`LOW_STANDS`].
pub(in crate::record) const OUT_STANDS: u8 = 2;
const LOW_RAISED: u8 = 4;
const OUT_RAISED: u8 = 8;
const REPLENISHED_RAISED: u8 = 16;
const DISCREPANCY_RAISED: u8 = 32;

/// The bits of alarms that stand.
pub(in crate::record) const fn bits_of(alarms: Alarms) -> u8 {
    (if alarms.low { LOW_STANDS } else { 0 }) | (if alarms.out { OUT_STANDS } else { 0 })
}

/// The opposite of [`bits_of`]; looks at its two bits only.
pub(in crate::record) const fn alarms_of(bits: u8) -> Alarms {
    Alarms { low: bits & LOW_STANDS != 0, out: bits & OUT_STANDS != 0 }
}

const fn raised_bits_of(raised: Raised) -> u8 {
    (if raised.low { LOW_RAISED } else { 0 })
        | (if raised.out { OUT_RAISED } else { 0 })
        | (if raised.replenished { REPLENISHED_RAISED } else { 0 })
        | (if raised.discrepancy { DISCREPANCY_RAISED } else { 0 })
}

fn raised_of(bits: u8) -> Result<Raised, DecodeError> {
    if bits >= DISCREPANCY_RAISED << 1 {
        return Err(DecodeError::UnknownCode { what: "set of alarms", code: bits });
    }
    Ok(Raised {
        low: bits & LOW_RAISED != 0,
        out: bits & OUT_RAISED != 0,
        replenished: bits & REPLENISHED_RAISED != 0,
        discrepancy: bits & DISCREPANCY_RAISED != 0,
    })
}

/// Mirror of [`PositionChange`].
#[derive(Serialize, Deserialize)]
pub(in crate::record) struct PositionChangeV1<'a> {
    position: u32,
    opened: Option<(u32, u32)>,
    version: u32,
    /// Records back to the one that changed it before.
    previous: u64,
    figures: FiguresV1,
    average: Option<AverageV1>,
    /// Difference to `available`: mostly zero.
    sellable: Option<i64>,
    alarms: u8,
    threshold: Option<i64>,
    #[serde(borrow)]
    terms: Option<Part<'a, TermsV1<'a>>>,
}

impl<'a> Mirror<'a> for PositionChangeV1<'a> {
    type Of = PositionChange;

    #[inline]
    fn of(change: &'a PositionChange, base: Base) -> Self {
        let available = change.figures.available.millionths();
        Self {
            position: change.position,
            opened: change.opened,
            version: change.version,
            previous: base.back(change.previous),
            figures: FiguresV1::of(&change.figures, base),
            average: change.average.as_ref().map(|average| AverageV1::of(average, base)),
            sellable: change.sellable.map(|sellable| sellable.millionths().wrapping_sub(available)),
            alarms: bits_of(change.alarms) | raised_bits_of(change.raised),
            threshold: change.threshold.map(Quantity::millionths),
            terms: change.terms.as_deref().map(|terms| Part::of(terms, base)),
        }
    }

    fn restore(self, base: Base) -> Result<PositionChange, DecodeError> {
        let available = self.figures.available;
        Ok(PositionChange {
            position: self.position,
            opened: self.opened,
            version: self.version,
            previous: base.sequence(self.previous),
            figures: self.figures.restore(base)?,
            average: restore_option(self.average, base)?,
            sellable: self
                .sellable
                .map(|more| Quantity::from_millionths(available.wrapping_add(more))),
            alarms: alarms_of(self.alarms),
            raised: raised_of(self.alarms)?,
            threshold: self.threshold.map(Quantity::from_millionths),
            terms: restore_option(self.terms, base)?.map(Arc::new),
        })
    }
}

/// Mirror of [`Terms`].
#[derive(Serialize, Deserialize)]
pub(in crate::record) struct TermsV1<'a> {
    policies: OwnAndEffectiveV1,
    bin: Option<&'a str>,
    /// Milliseconds from the record's time stamp: not above zero.
    created_at: i64,
    tracking: u8,
}

impl<'a> Mirror<'a> for TermsV1<'a> {
    type Of = Terms;

    fn of(terms: &'a Terms, base: Base) -> Self {
        Self {
            policies: OwnAndEffectiveV1::of(&terms.own, &terms.effective, base),
            bin: terms.bin.as_ref().map(BinId::as_str),
            created_at: base.offset(terms.created_at),
            tracking: terms.tracking.code(),
        }
    }

    fn restore(self, base: Base) -> Result<Terms, DecodeError> {
        let (own, effective) = self.policies.restore(base)?;
        Ok(Terms {
            own,
            effective,
            bin: self.bin.map(|text| name!(BinId, text)),
            created_at: base.time(self.created_at),
            tracking: Tracking::of_code(self.tracking)?,
        })
    }
}

/// Mirror of [`Movement`]; bucket 0 is the outside.
#[derive(Serialize, Deserialize)]
pub(in crate::record) struct MovementV1 {
    position: u32,
    kind: u8,
    from: u8,
    to: u8,
    quantity: i64,
    worth: Option<WorthV1>,
}

impl<'a> Mirror<'a> for MovementV1 {
    type Of = Movement;

    #[inline]
    fn of(movement: &'a Movement, base: Base) -> Self {
        Self {
            position: movement.position,
            kind: movement.kind.code(),
            from: code_or_zero(movement.from),
            to: code_or_zero(movement.to),
            quantity: movement.quantity.millionths(),
            worth: WorthV1::of(movement, base),
        }
    }

    fn restore(self, base: Base) -> Result<Movement, DecodeError> {
        let kind = MovementKind::of_code(self.kind)?;
        let (from, to) = (of_code_or_zero(self.from)?, of_code_or_zero(self.to)?);
        let quantity = Quantity::from_millionths(self.quantity);
        let plain = Movement::plain(self.position, kind, from, to, quantity);
        Ok(match self.worth {
            Some(worth) => worth.restore(base, plain),
            None => plain,
        })
    }
}
