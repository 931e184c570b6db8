//! Version 1 of a record. FROZEN: fields are never added, removed, reordered or given another meaning;
//! a new need is a new version.

pub(super) mod catalog;
pub(super) mod detail;
mod kept;
pub(super) mod key;
pub(super) mod layer;
pub(super) mod letter;
pub(super) mod policy;
pub(super) mod position;
pub(super) mod rejection;
pub(super) mod reservation;
pub(super) mod source;
pub(super) mod transfer;

use std::sync::Arc;

use onhand_domain::change::{BoundKey, Cause, Change};
use onhand_domain::ids::TenantId;
use onhand_domain::quantity::Quantity;
use onhand_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::DecodeError;
use super::code::{Code, code_or_zero, of_code_or_zero};
use super::mirror::{Base, List, Mirror, Part, name, restore_option};
use catalog::{BinChangeV1, ItemV1, LocationV1};
use detail::DetailV1;
use kept::KeptV1;
use key::KeyV1;
use layer::PickV1;
use policy::PolicyBeforeV1;
use position::{MovementV1, PositionChangeV1};
use rejection::RejectionV1;
use reservation::{LineShareV1, ReservationV1};
use source::{SourceV1, TraceV1};
use transfer::TransferV1;

/// Mirror of [`Change`].
#[derive(Serialize, Deserialize)]
pub(super) struct RecordV1<'a> {
    cause: u8,
    at: i64,
    tenant: u32,
    key: KeyV1,
    #[serde(borrow)]
    positions: List<'a, PositionChangeV1<'a>>,
    movements: List<'a, MovementV1>,
    #[serde(borrow)]
    picks: List<'a, PickV1<'a>>,
    #[serde(borrow)]
    reservation: Option<ReservationV1<'a>>,
    shipped: List<'a, LineShareV1>,
    released: List<'a, LineShareV1>,
    #[serde(borrow)]
    source: Option<Part<'a, SourceV1<'a>>>,
    #[serde(borrow)]
    trace: Option<Part<'a, TraceV1<'a>>>,
    #[serde(borrow)]
    detail: Option<Part<'a, DetailV1<'a>>>,
    #[serde(borrow)]
    rare: Option<Part<'a, RareV1<'a>>>,
}

/// Parts that most records do not have: one byte says so for all of them.
#[derive(Serialize, Deserialize)]
struct RareV1<'a> {
    tenant_opened: Option<&'a str>,
    #[serde(borrow)]
    items: List<'a, ItemV1<'a>>,
    #[serde(borrow)]
    locations: List<'a, LocationV1<'a>>,
    #[serde(borrow)]
    bin: Option<BinChangeV1<'a>>,
    #[serde(borrow)]
    transfer: Option<TransferV1<'a>>,
    transferred: i64,
    exceeds_shipped: bool,
    lot_dropped: bool,
    policy_before: Option<PolicyBeforeV1>,
    positions_archived: u32,
    #[serde(borrow)]
    refusal: Option<RejectionV1<'a>>,
    refused: u8,
    #[serde(borrow)]
    kept: Option<Part<'a, KeptV1<'a>>>,
}

impl<'a> Mirror<'a> for RareV1<'a> {
    type Of = Change;

    fn of(change: &'a Change, base: Base) -> Self {
        Self {
            tenant_opened: change.tenant_opened.as_ref().map(TenantId::as_str),
            items: List::Given(&change.items, base),
            locations: List::Given(&change.locations, base),
            bin: change.bin.as_deref().map(|bin| BinChangeV1::of(bin, base)),
            transfer: change.transfer.as_deref().map(|transfer| TransferV1::of(transfer, base)),
            transferred: change.transferred.millionths(),
            exceeds_shipped: change.exceeds_shipped,
            lot_dropped: change.lot_dropped,
            policy_before: change
                .policy_before
                .as_deref()
                .map(|before| PolicyBeforeV1::of(before, base)),
            positions_archived: change.positions_archived,
            refusal: change.refusal.as_deref().map(|refusal| RejectionV1::of(refusal, base)),
            refused: code_or_zero(change.refused),
            kept: change.kept.as_deref().map(|kept| Part::of(kept, base)),
        }
    }

    /// A change that has nothing but these parts.
    fn restore(self, base: Base) -> Result<Change, DecodeError> {
        let mut change = Change::new(Cause::Unchanged, base.at, base.tenant);
        change.tenant_opened = self.tenant_opened.map(|text| name!(TenantId, text));
        change.items = self.items.restore(base)?;
        change.locations = self.locations.restore(base)?;
        change.bin = restore_option(self.bin, base)?.map(Box::new);
        change.transfer = restore_option(self.transfer, base)?.map(Box::new);
        change.transferred = Quantity::from_millionths(self.transferred);
        change.exceeds_shipped = self.exceeds_shipped;
        change.lot_dropped = self.lot_dropped;
        change.policy_before = restore_option(self.policy_before, base)?.map(Box::new);
        change.positions_archived = self.positions_archived;
        change.refusal = restore_option(self.refusal, base)?.map(Box::new);
        change.refused = of_code_or_zero(self.refused)?;
        change.kept = restore_option(self.kept, base)?.map(Box::new);
        Ok(change)
    }
}

/// Whether a change has none of the rare parts.
fn is_plain(change: &Change) -> bool {
    change.tenant_opened.is_none()
        && change.items.is_empty()
        && change.locations.is_empty()
        && change.bin.is_none()
        && change.transfer.is_none()
        && change.transferred.is_zero()
        && !change.exceeds_shipped
        && !change.lot_dropped
        && change.policy_before.is_none()
        && change.positions_archived == 0
        && change.refusal.is_none()
        && change.refused.is_none()
        && change.kept.is_none()
}

impl RecordV1<'_> {
    /// What distances in it are measured from.
    pub(super) const fn base(&self, sequence: u64) -> Base {
        Base { sequence, at: Timestamp::from_millis(self.at), tenant: self.tenant }
    }
}

impl<'a> Mirror<'a> for RecordV1<'a> {
    type Of = Change;

    #[inline]
    fn of(change: &'a Change, base: Base) -> Self {
        Self {
            cause: change.cause.code(),
            at: change.at.millis(),
            tenant: change.tenant,
            key: KeyV1::of(change.key.map(|bound| (bound.key, bound.fingerprint))),
            positions: List::Given(&change.positions, base),
            movements: List::Given(&change.movements, base),
            picks: List::Given(&change.picks, base),
            reservation: change.reservation.as_deref().map(|held| ReservationV1::of(held, base)),
            shipped: List::Given(&change.shipped, base),
            released: List::Given(&change.released, base),
            source: change.source.as_deref().map(|source| Part::of(source, base)),
            trace: change.trace.as_deref().map(|trace| Part::of(trace, base)),
            detail: change.detail.as_deref().map(|detail| Part::of(detail, base)),
            rare: (!is_plain(change)).then(|| Part::of(change, base)),
        }
    }

    fn restore(self, base: Base) -> Result<Change, DecodeError> {
        let rare = restore_option(self.rare, base)?;
        let mut change =
            rare.unwrap_or_else(|| Change::new(Cause::Unchanged, base.at, base.tenant));
        change.cause = Cause::of_code(self.cause)?;
        change.key = self.key.restore().map(|(key, fingerprint)| BoundKey { key, fingerprint });
        change.positions = self.positions.restore(base)?;
        change.movements = self.movements.restore(base)?;
        change.picks = self.picks.restore(base)?;
        change.reservation = restore_option(self.reservation, base)?.map(Arc::new);
        change.shipped = self.shipped.restore(base)?;
        change.released = self.released.restore(base)?;
        change.source = restore_option(self.source, base)?.map(Arc::new);
        change.trace = restore_option(self.trace, base)?.map(Arc::new);
        change.detail = restore_option(self.detail, base)?.map(Arc::new);
        Ok(change)
    }
}
