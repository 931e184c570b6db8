//! `StockLevelChanged`: the net effect of a record on a position.

use onhand_domain::change::{Change, Movement, MovementKind, PolicyBefore, PositionChange};
use onhand_domain::ids::{ItemId, LocationId, LotNumber, Reference, Text};
use onhand_domain::layer::unit_cost_of;
use onhand_domain::position::{Bucket, Figures};
use onhand_domain::quantity::{Money, Quantity};

use super::teller::Teller;
use super::words;

/// What a record did to a position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockLevelChanged {
    /// The item.
    pub item: ItemId,
    /// The location.
    pub location: LocationId,
    /// On hand before.
    pub previous_quantity: Quantity,
    /// On hand after.
    pub new_quantity: Quantity,
    /// The difference; zero for holds, moves and policies.
    pub change_amount: Quantity,
    /// Type of the movement that did it, else what happened instead.
    pub change_reason: &'static str,
    /// Why, in the caller's words.
    pub reason: Option<Text>,
    /// What changed, bucket by bucket.
    pub changes: Vec<BucketChange>,
    /// Free to be promised after it.
    pub available: Quantity,
    /// What may be promised after it; `None`: no limit.
    pub sellable: Option<Quantity>,
    /// Name of the movement.
    pub transaction_id: String,
    /// Reference given by the caller, else the document behind it.
    pub reference: Option<Reference>,
    /// What kind of thing the reference names.
    pub reference_type: Option<Reference>,
    /// The order it belongs to.
    pub order: Option<Reference>,
    /// Lot it is about.
    pub lot: Option<LotNumber>,
    /// Cost of a unit that came or went, else as stated by the caller.
    pub unit_cost: Option<Money>,
    /// What came or went was worth, at its own cost; `None` when nothing did.
    pub value: Option<Money>,
}

/// How one bucket changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BucketChange {
    /// Word of the bucket, or [`words::SAFETY_STOCK`].
    pub bucket: &'static str,
    /// What lay in it before.
    pub before: Quantity,
    /// What lies in it now.
    pub after: Quantity,
}

/// The event of the n-th position of the record.
pub(super) fn of(teller: &Teller<'_>, at: usize, held: &PositionChange) -> StockLevelChanged {
    let change = teller.change;
    let (item, location) = teller.place(held.position);
    let mine = |movement: &Movement| usize::try_from(movement.position) == Ok(at);
    let movements = change.movements.iter().enumerate().filter(|(_, movement)| mine(movement));
    let before = unwound(&held.figures, movements.clone().rev().map(|(_, movement)| movement));
    let (previous_quantity, new_quantity) = (on_hand(&before), on_hand(&held.figures));
    // What came or went says more than what was only held or given back with it.
    let moving = movements.clone().find(|(_, movement)| amount(movement).is_some());
    let main = moving.or_else(|| movements.clone().next());
    let goods = main.map_or_else(Moved::default, |(place, _)| Moved::by(change, place));
    let detail = teller.detail();
    // Goods that moved say themselves which lot they are of; the caller may have named another one.
    let has_goods = main.is_some_and(|(_, movement)| movement.picks > 0);
    let named = detail.and_then(|detail| detail.lot.clone()).filter(|_| !has_goods);
    let order = || change.reservations().next().and_then(|held| held.order.clone());
    StockLevelChanged {
        item,
        location,
        previous_quantity,
        new_quantity,
        change_amount: new_quantity.saturating_sub(previous_quantity),
        change_reason: main
            .map_or(words::cause(change.cause), |(_, movement)| words::movement(movement.kind)),
        reason: detail.and_then(|detail| detail.reason.clone()),
        changes: changes(&before, held, change.policy_before.as_deref()),
        available: held.figures.available,
        sellable: held.sellable,
        transaction_id: teller.transaction_id(main.map_or(0, |(place, _)| place)),
        reference: detail
            .and_then(|detail| detail.reference.clone().or_else(|| detail.document.clone())),
        reference_type: detail.and_then(|detail| detail.reference_type.clone()),
        order: detail.and_then(|detail| detail.order.clone()).or_else(order),
        lot: named.or_else(|| goods.lot.cloned()),
        unit_cost: goods.unit_cost.or_else(|| detail.and_then(|detail| detail.unit_cost)),
        value: goods.value,
    }
}

/// What is known of the goods of a movement.
#[derive(Debug, Clone, Copy, Default)]
pub struct Moved<'a> {
    /// The lot, if all are of one.
    pub lot: Option<&'a LotNumber>,
    /// What one of them cost, on average; `None` when nobody knows, or nothing moved.
    pub unit_cost: Option<Money>,
    /// What they were worth; `None` when nothing moved.
    pub value: Option<Money>,
}

impl<'a> Moved<'a> {
    /// The goods of the n-th movement of a record.
    #[must_use]
    pub fn by(change: &'a Change, place: usize) -> Self {
        let Some((movement, picks)) = change.entries().nth(place) else { return Self::default() };
        let is_revaluation = movement.kind == MovementKind::Revaluation;
        if picks.is_empty() && !is_revaluation {
            return Self::default();
        }
        let lots = || picks.iter().map(|pick| pick.goods.lot());
        let is_known = picks.iter().any(|pick| pick.goods.unit_cost().is_some());
        Self {
            lot: lots().next().flatten().filter(|first| lots().all(|lot| lot == Some(first))),
            unit_cost: unit_cost_of(movement.value, movement.quantity).filter(|_| is_known),
            value: Some(movement.value),
        }
    }
}

/// What a movement did to on hand; `None`: nothing.
fn amount(movement: &Movement) -> Option<Quantity> {
    let is_on_hand = |bucket: Option<Bucket>| bucket.is_some_and(Bucket::is_on_hand);
    match (is_on_hand(movement.from), is_on_hand(movement.to)) {
        (false, true) => Some(movement.quantity),
        (true, false) => Some(movement.quantity.negated()),
        _ => None,
    }
}

/// Figures before these movements, the latest of which comes first.
fn unwound<'a>(after: &Figures, latest_first: impl Iterator<Item = &'a Movement>) -> Figures {
    let mut figures = *after;
    for Movement { from, to, quantity, .. } in latest_first {
        if let Some(to) = to {
            figures = with(&figures, *to, figures.get(*to).saturating_sub(*quantity));
        }
        if let Some(from) = from {
            figures = with(&figures, *from, figures.get(*from).saturating_add(*quantity));
        }
    }
    figures
}

fn with(figures: &Figures, bucket: Bucket, quantity: Quantity) -> Figures {
    let mut changed = *figures;
    let place = match bucket {
        Bucket::Available => &mut changed.available,
        Bucket::Reserved => &mut changed.reserved,
        Bucket::Committed => &mut changed.committed,
        Bucket::Damaged => &mut changed.damaged,
        Bucket::QualityHold => &mut changed.quality_hold,
        Bucket::InTransit => &mut changed.in_transit,
    };
    *place = quantity;
    changed
}

/// Unlike [`Figures::on_hand`] it takes any figures: those of a record that something is wrong with too.
fn on_hand(figures: &Figures) -> Quantity {
    let held = Bucket::ALL.into_iter().filter(|bucket| bucket.is_on_hand());
    held.fold(Quantity::ZERO, |sum, bucket| sum.saturating_add(figures.get(bucket)))
}

fn changes(
    before: &Figures,
    held: &PositionChange,
    policy: Option<&PolicyBefore>,
) -> Vec<BucketChange> {
    let buckets = Bucket::ALL.into_iter().map(|bucket| BucketChange {
        bucket: words::bucket(bucket),
        before: before.get(bucket),
        after: held.figures.get(bucket),
    });
    // Only the position whose policy was set carries its terms beside the policy before.
    let safety = policy.zip(held.terms.as_ref()).map(|(before, terms)| BucketChange {
        bucket: words::SAFETY_STOCK,
        before: before.effective.safety(),
        after: terms.effective.safety(),
    });
    buckets.chain(safety).filter(|change| change.before != change.after).collect()
}
