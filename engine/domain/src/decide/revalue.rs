//! Revaluation: goods that are there get another cost.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::adjustments::find_tracked;
use crate::change::{Change, MovementKind};
use crate::command::{Detail, Revalue};
use crate::draft::goods::{Entry, bucket_of, total};
use crate::draft::{Draft, Unknown};
use crate::layer::{Area, Goods, Layer, Origin, Pick, value_of};
use crate::layers::Layers;
use crate::position::Average;
use crate::quantity::{Money, Quantity};
use crate::rejection::Rejection;

/// All that is there, or one lot of it, costs this much now; so does what the shelf is short of.
pub(super) fn revalue(mut draft: Draft<'_>, wish: &Revalue) -> Result<Box<Change>, Rejection> {
    let at = find_tracked(&mut draft, &wish.place, Unknown::Refuse)?;
    let words = wish.detail.as_deref().cloned().unwrap_or_default();
    let (lot, unit_cost) = (wish.lot.clone(), Some(wish.unit_cost));
    draft.tell(Some(&Arc::new(Detail { lot, unit_cost, ..words })));
    let layers = draft.contents(at).to_layers();
    if let Some(lot) = &wish.lot
        && !layers.iter().any(|(_, layer)| layer.origin.lot.as_ref() == Some(lot))
    {
        return Err(Rejection::UnknownLot(lot.clone()));
    }
    let average = draft.average_of(at)?;
    let mut change = Money::ZERO;
    // What is on its way keeps its cost: its transfer knows the layers by it.
    for area in [Area::Shelf, Area::Damaged, Area::QualityHold] {
        let picks = picks_in(&layers, area, wish);
        if picks.is_empty() {
            continue;
        }
        let bucket = bucket_of(area);
        let booked = draft.change.movements.len();
        let entry = Entry::within(MovementKind::Revaluation, bucket, bucket);
        draft.book_goods(at, entry, Quantity::ZERO, picks, None)?;
        let value = draft.change.movements.get(booked).map_or(Money::ZERO, |booked| booked.value);
        change = change.saturating_add(value);
    }
    if draft.change.movements.is_empty() {
        draft.book(at, MovementKind::Revaluation, None, None, Quantity::ZERO)?;
    } else {
        let figures = draft.figures(at);
        let units = total(&figures);
        let overflow = || Rejection::QuantityOverflow;
        let unit_cost = Some(wish.unit_cost);
        let after = if wish.lot.is_some() || !figures.in_transit.is_zero() {
            average.worth_more(change, units).ok_or_else(overflow)?
        } else {
            Average { value: value_of(unit_cost, units).ok_or_else(overflow)?, unit_cost }
        };
        draft.set_average(at, after);
    }
    draft.show(at);
    Ok(draft.finish())
}

/// What leaves an area at its old cost and comes back at the new one.
fn picks_in(layers: &Layers, area: Area, wish: &Revalue) -> Vec<Pick> {
    let unit_cost = Some(wish.unit_cost);
    let is_meant = |layer: &&Layer| {
        layer.origin.unit_cost != unit_cost && (wish.lot.is_none() || layer.origin.lot == wish.lot)
    };
    let mut picks = Vec::new();
    for layer in layers.of(area).filter(is_meant) {
        let origin = Origin { unit_cost, ..layer.origin.clone() };
        let quantity = layer.quantity.negated();
        picks.push(Pick { goods: Goods::Layer(layer.origin.clone()), quantity });
        picks.push(Pick { goods: Goods::Layer(origin), quantity: layer.quantity });
    }
    let short = layers.shortage();
    let is_short = area == Area::Shelf && wish.lot.is_none() && short.is_positive();
    if is_short && layers.last_cost() != unit_cost {
        picks.push(Pick { goods: Goods::Shortage(layers.last_cost()), quantity: short });
        picks.push(Pick { goods: Goods::Shortage(unit_cost), quantity: short.negated() });
    }
    picks
}
