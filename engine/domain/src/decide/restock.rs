//! Goods that come back to where they left, or leave as they came: the one place where what a movement
//! did is undone.

use alloc::vec::Vec;

use crate::catalog::Standing;
use crate::change::{Change, Movement, MovementKind};
use crate::draft::Draft;
use crate::draft::goods::Entry;
use crate::layer::{Goods, Pick, share_of};
use crate::position::{Bucket, PositionNumber};
use crate::quantity::Quantity;
use crate::rejection::Rejection;

/// The movement whose goods are booked back.
#[derive(Clone, Copy)]
pub(super) struct Origin<'a> {
    /// The record it stands in.
    pub(super) record: &'a Change,
    /// Its place there.
    pub(super) place: usize,
}

impl<'a> Origin<'a> {
    pub(super) fn movement(&self) -> Movement {
        *self.record.movements.get(self.place).expect("a place of a movement in its record")
    }

    fn picks(&self) -> &'a [Pick] {
        self.record.entries().nth(self.place).map_or(&[], |(_, picks)| picks)
    }
}

/// How much of a movement is undone, and how much of it was before.
#[derive(Clone, Copy)]
pub(super) struct Part {
    pub(super) before: Quantity,
    pub(super) quantity: Quantity,
}

impl Part {
    /// All of a movement.
    pub(super) const fn whole(quantity: Quantity) -> Self {
        Self { before: Quantity::ZERO, quantity }
    }
}

/// Books goods back, all that one movement took or part of it: at their own cost, as the layers they were.
/// What came in and is not there any more as it was leaves by the item's strategy.
pub(super) fn undo(
    draft: &mut Draft<'_>,
    at: usize,
    kind: MovementKind,
    (from, to): (Option<Bucket>, Option<Bucket>),
    Part { before, quantity }: Part,
    origin: Origin<'_>,
) -> Result<(), Rejection> {
    let movement = origin.movement();
    let undone = before.saturating_add(quantity);
    assert!(undone <= movement.quantity, "no more comes back than left");
    let are_goods = from.map(Bucket::area) != to.map(Bucket::area);
    if !are_goods || quantity.is_zero() {
        return draft.book(at, kind, from, to, quantity);
    }
    let value = share_of(movement.value, quantity, movement.quantity);
    let value = value.ok_or(Rejection::QuantityOverflow)?;
    let picks = match from {
        None => brought(draft, origin.picks(), before, quantity),
        Some(bucket) => draft.pick_again(at, bucket, quantity, origin.picks()),
    };
    let entry = Entry { kind, from, to, occurred_at: None };
    draft.book_goods(at, entry, quantity, picks, Some(value))?;
    draft.limit_layers(at)
}

/// The layers that come back, behind those that came back before. What was not there when it left comes back
/// as a layer of this record; first, because it fills what is short, so that the others come back as the
/// layers they were.
fn brought(draft: &Draft<'_>, picks: &[Pick], before: Quantity, quantity: Quantity) -> Vec<Pick> {
    let (mut skip, mut rest) = (before, quantity);
    let mut brought: Vec<Pick> = Vec::with_capacity(picks.len());
    for pick in picks {
        let skipped = pick.quantity.min(skip);
        skip = skip.saturating_sub(skipped);
        let part = pick.quantity.saturating_sub(skipped).min(rest);
        rest = rest.saturating_sub(part);
        let goods = match &pick.goods {
            Goods::Shortage(unit_cost) => Goods::Layer(crate::layer::Origin {
                received_at: draft.now(),
                sequence: draft.sequence,
                unit_cost: *unit_cost,
                ..crate::layer::Origin::default()
            }),
            layer @ Goods::Layer(_) => layer.clone(),
        };
        if part.is_positive() {
            let was_short = matches!(pick.goods, Goods::Shortage(_));
            let at = if was_short { 0 } else { brought.len() };
            brought.insert(at, Pick { goods, quantity: part });
        }
    }
    assert!(rest.is_zero(), "goods consist of their picks");
    brought
}

/// The position goods come back to; a location that was removed meanwhile is in use again with that.
pub(super) fn home(draft: &mut Draft<'_>, position: PositionNumber) -> usize {
    let at = draft.touch(position);
    let (_, location) = draft.place_of(at);
    let held = draft.location(location);
    let removed = held.filter(|location| location.standing == Standing::Archived);
    if let Some(removed) = removed.cloned() {
        draft.put_location(&removed.id, removed.attributes);
    }
    at
}
