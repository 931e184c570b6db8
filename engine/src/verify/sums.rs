//! What the rules promise about sums: figures, layers, values, promises and goods on their way say the same.

use std::collections::{BTreeMap, HashMap};

use onhand_domain::change::{Change, Movement, MovementKind};
use onhand_domain::ids::LotNumber;
use onhand_domain::layer::Area;
use onhand_domain::position::{Bucket, Position, PositionNumber};
use onhand_domain::quantity::Quantity;
use onhand_domain::reservation::Holding;
use onhand_domain::stock::Stock;

use super::difference::name_of;

/// Sums of all movements, by position.
#[derive(Default)]
pub(super) struct Sums {
    on_hand: HashMap<PositionNumber, Quantity>,
    /// Millionths: what came in was worth, less what left.
    values: HashMap<PositionNumber, i128>,
}

impl Sums {
    /// What is there already, where the log begins.
    pub(super) fn begin(stock: &Stock) -> Self {
        let mut sums = Self::default();
        for number in 0..stock.sizes().positions {
            if let Some(position) = stock.position(number) {
                sums.on_hand.insert(number, position.figures().on_hand());
                sums.values.insert(number, value_of(position).unwrap_or_default());
            }
        }
        sums
    }

    /// What came in and went out by a record; `false`: one of its movements belongs to no position.
    pub(super) fn add(&mut self, change: &Change) -> bool {
        let mut is_whole = true;
        for movement in &change.movements {
            let Some(after) = change.positions.get(movement.position as usize) else {
                is_whole = false;
                continue;
            };
            let sum = self.on_hand.entry(after.position).or_default();
            let is_on_hand = |bucket: Option<Bucket>| bucket.is_some_and(Bucket::is_on_hand);
            // What stays on hand is left out: adding it first may not fit.
            match (is_on_hand(movement.from), is_on_hand(movement.to)) {
                (false, true) => *sum = sum.saturating_add(movement.quantity),
                (true, false) => *sum = sum.saturating_sub(movement.quantity),
                _ => {}
            }
            *self.values.entry(after.position).or_default() += worth_of(movement);
        }
        is_whole
    }

    /// Everything in memory that contradicts something else.
    pub(super) fn check(&self, stock: &Stock, find: &mut dyn FnMut(String)) {
        let held = Held::of(stock);
        for number in 0..stock.sizes().positions {
            let Some(position) = stock.position(number) else {
                find(format!("position {number} was never opened"));
                continue;
            };
            let mut found = |what: String| find(format!("{}: {what}", name_of(stock, number)));
            self.check_movements((number, position), &mut found);
            held.check((number, position), stock.promises().by_lot(number), &mut found);
            check_layers(position, &mut found);
        }
    }

    fn check_movements(
        &self,
        (number, position): (PositionNumber, &Position),
        found: &mut dyn FnMut(String),
    ) {
        let figures = position.figures();
        let moved = self.on_hand.get(&number).copied().unwrap_or_default();
        if figures.on_hand() != moved {
            found(format!("on hand {} but movements sum to {moved}", figures.on_hand()));
        }
        let told = self.values.get(&number).copied().unwrap_or_default();
        match value_of(position) {
            Some(value) if value == told => {}
            Some(value) => found(format!(
                "its layers are worth {value} millionths but movements sum to {told}"
            )),
            None => found("the value of its layers does not fit".to_owned()),
        }
        let others = [
            figures.reserved,
            figures.committed,
            figures.damaged,
            figures.quality_hold,
            figures.in_transit,
        ];
        if others.iter().any(|quantity| quantity.is_negative()) {
            found("a bucket other than available is below zero".to_owned());
        }
    }

    #[cfg(test)]
    pub(super) fn on_hand(&self, number: PositionNumber) -> Quantity {
        self.on_hand.get(&number).copied().unwrap_or_default()
    }
}

/// What a movement adds to the value of its position, in millionths.
fn worth_of(movement: &Movement) -> i128 {
    let value = i128::from(movement.value.millionths());
    match (movement.kind, movement.from, movement.to) {
        (MovementKind::Revaluation, ..) | (_, None, Some(_)) => value,
        (_, Some(_), None) => -value,
        _ => 0,
    }
}

fn value_of(position: &Position) -> Option<i128> {
    position.contents().value().map(|value| i128::from(value.millionths()))
}

/// "Layers − shortage = buckets, place by place".
fn check_layers(position: &Position, found: &mut dyn FnMut(String)) {
    let figures = position.figures();
    let layers = position.contents().to_layers();
    for (area, bucket) in [
        (Area::Shelf, figures.shelf()),
        (Area::Damaged, figures.damaged),
        (Area::QualityHold, figures.quality_hold),
        (Area::InTransit, figures.in_transit),
    ] {
        let there = layers.quantity(area);
        if there != bucket {
            found(format!("{area:?} holds {bucket} but its layers sum to {there}"));
        }
    }
    if !layers.shortage().is_zero() && layers.of(Area::Shelf).next().is_some() {
        found("its shelf is short, and has something".to_owned());
    }
}

/// What open reservations and transfers say of positions.
#[derive(Default)]
struct Held {
    promised: HashMap<PositionNumber, Quantity>,
    by_lot: HashMap<PositionNumber, BTreeMap<LotNumber, Quantity>>,
    on_the_way: HashMap<PositionNumber, Quantity>,
}

impl Held {
    fn of(stock: &Stock) -> Self {
        let mut held = Self::default();
        let open = stock.promises().slots_from(0).map(|(_, held)| held);
        for line in open.filter(|held| held.status.is_open()).flat_map(|held| &held.lines) {
            let (Some(position), Holding::Stock) = (line.position, line.holding) else { continue };
            let sum = held.promised.entry(position).or_default();
            *sum = sum.saturating_add(line.open());
            if let Some(lot) = line.lot.as_deref().filter(|_| !line.open().is_zero()) {
                let lots = held.by_lot.entry(position).or_default();
                let sum = lots.entry(lot.clone()).or_default();
                *sum = sum.saturating_add(line.open());
            }
        }
        for transfer in stock.promises().transfers() {
            let sum = held.on_the_way.entry(transfer.to).or_default();
            *sum = sum.saturating_add(transfer.open());
        }
        held
    }

    fn check(
        &self,
        (number, position): (PositionNumber, &Position),
        by_lot: &[(LotNumber, Quantity)],
        found: &mut dyn FnMut(String),
    ) {
        let figures = position.figures();
        let promised = self.promised.get(&number).copied().unwrap_or_default();
        if figures.promised() != promised {
            found(format!("promised {} but open lines sum to {promised}", figures.promised()));
        }
        let on_the_way = self.on_the_way.get(&number).copied().unwrap_or_default();
        if figures.in_transit != on_the_way {
            let held = figures.in_transit;
            found(format!("{held} in transit but transfers are to bring {on_the_way}"));
        }
        let by_lot: BTreeMap<LotNumber, Quantity> = by_lot.iter().cloned().collect();
        let lines = self.by_lot.get(&number).cloned().unwrap_or_default();
        if by_lot != lines {
            found(format!("promised by lot {by_lot:?} but open lines sum to {lines:?}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use onhand_domain::command::{
        Action, Backorder, Command, Completeness, Detail, Force, Place, RequestedLine, Reserve,
        StartTransfer, StockEntry, Wanted,
    };
    use onhand_domain::decide::{Decision, Recalled};
    use onhand_domain::ids::{ItemId, LocationId, TenantId};
    use onhand_domain::position::Figures;
    use onhand_domain::quantity::Money;
    use onhand_domain::stock::Rules;
    use onhand_domain::time::Timestamp;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000);

    fn place(location: &str) -> Place {
        let item = ItemId::parse("tea").expect("valid");
        Place { item, location: LocationId::parse(location).expect("valid") }
    }

    /// Two lots at north, one of them promised, some of it on its way to south.
    fn changes() -> Vec<Change> {
        let lot = || LotNumber::parse("L-1").expect("valid");
        let receive = |lot: Option<LotNumber>, cost: i64| {
            let unit_cost = Some(Money::from_millionths(cost * 1_000_000));
            let detail = Some(std::sync::Arc::new(Detail { lot, unit_cost, ..Detail::default() }));
            Action::Receive(StockEntry {
                place: place("north"),
                quantity: Quantity::units(5),
                detail,
            })
        };
        let line = RequestedLine {
            item: place("north").item,
            quantity: Quantity::units(2),
            wanted: Wanted::Only(place("north").location),
            lot: Some(lot()),
        };
        let reserve = Action::Reserve(Box::new(Reserve {
            order: None,
            customer: None,
            local: None,
            required_at: None,
            ttl_ms: None,
            completeness: Completeness::Whole,
            max_splits: None,
            backorder: Backorder::Policy,
            lines: vec![line],
        }));
        let transfer = Action::StartTransfer(Box::new(StartTransfer {
            item: place("north").item,
            from: place("north").location,
            to: place("south").location,
            quantity: Quantity::units(3),
            force: Force::Wish,
            detail: None,
        }));
        let mut stock = Stock::new(Rules::default(), 0);
        let mut changes = Vec::new();
        for action in [receive(Some(lot()), 3), receive(None, 7), reserve, transfer] {
            let tenant = TenantId::parse("default").expect("valid");
            let command = Command { tenant, key: None, source: None, trace: None, action };
            let sequence = changes.len() as u64 + 1;
            let decided = stock.decide(&command, Recalled::NotAsked, NOW, sequence);
            let Ok(Decision::Change(change)) = decided else { panic!("{decided:?}") };
            stock.apply(&change, sequence);
            changes.push(*change);
        }
        changes
    }

    /// What is found when the log says this, and memory is changed behind it.
    fn findings(changes: &[Change], damage: impl FnOnce(&mut Stock)) -> Vec<String> {
        let (mut stock, mut sums) = (Stock::new(Rules::default(), 0), Sums::default());
        for (sequence, change) in (1..).zip(changes) {
            assert!(sums.add(change));
            stock.apply(change, sequence);
        }
        damage(&mut stock);
        let mut found = Vec::new();
        sums.check(&stock, &mut |finding| found.push(finding));
        found
    }

    #[track_caller]
    fn finds(expected: &str, found: &[String]) {
        assert!(found.iter().any(|finding| finding.contains(expected)), "{expected}: {found:?}");
    }

    fn with_figures(stock: &mut Stock, number: PositionNumber, change: impl Fn(&mut Figures)) {
        let mut position = stock.position(number).expect("known").clone();
        let mut figures = position.figures();
        change(&mut figures);
        position.set_figures(&figures);
        stock.restore_position(number, position);
    }

    #[test]
    fn what_is_sound_has_no_findings() {
        assert_eq!(findings(&changes(), |_| {}), Vec::<String>::new());
    }

    #[test]
    fn a_movement_that_tells_another_value_is_found() {
        let mut changes = changes();
        changes[1].movements[0].value = Money::from_millionths(1);
        finds("are worth", &findings(&changes, |_| {}));
    }

    #[test]
    fn picks_that_contradict_the_figures_are_found() {
        let mut changes = changes();
        changes[1].picks[0].quantity = Quantity::units(4);
        finds("its layers sum to", &findings(&changes, |_| {}));
    }

    #[test]
    fn a_bucket_that_its_layers_do_not_explain_is_found() {
        let one = Quantity::units(1);
        let found = findings(&changes(), |stock| {
            with_figures(stock, 0, |figures| {
                figures.available = figures.available.saturating_sub(one);
                figures.damaged = one;
            });
        });
        finds("Shelf holds", &found);
        finds("Damaged holds", &found);
    }

    #[test]
    fn goods_on_their_way_of_which_no_transfer_knows_are_found() {
        let found = findings(&changes(), |stock| {
            with_figures(stock, 1, |figures| figures.in_transit = Quantity::units(4));
        });
        finds("4 in transit but transfers are to bring 3", &found);
    }

    /// Memory keeps what is promised by lot beside the reservations it follows from.
    #[test]
    fn a_promise_by_lot_that_no_line_explains_is_found() {
        let stock = {
            let mut stock = Stock::new(Rules::default(), 0);
            (1..).zip(&changes()).for_each(|(sequence, change)| stock.apply(change, sequence));
            stock
        };
        let position = stock.position(0).expect("known");
        let lot = LotNumber::parse("L-2").expect("valid");
        let mut found = Vec::new();
        let mut find = |finding| found.push(finding);
        Held::of(&stock).check((0, position), stock.promises().by_lot(0), &mut find);
        Held::of(&stock).check((0, position), &[(lot, Quantity::units(2))], &mut find);
        assert_eq!(found.len(), 1);
        finds("promised by lot", &found);
    }

    #[test]
    fn figures_near_the_end_of_what_fits_are_summed_exactly() {
        let moved = |kind, from, to, quantity| {
            Movement::plain(0, kind, from, to, Quantity::from_millionths(quantity))
        };
        let mut sums = Sums::default();
        let mut change = Change::new(onhand_domain::change::Cause::Received, NOW, 0);
        change.positions.push(onhand_domain::change::PositionChange {
            position: 7,
            opened: None,
            version: 1,
            previous: 0,
            figures: Figures::default(),
            sellable: None,
            alarms: onhand_domain::position::Alarms::default(),
            raised: onhand_domain::change::Raised::default(),
            threshold: None,
            terms: None,
            average: None,
        });
        let (available, reserved) = (Some(Bucket::Available), Some(Bucket::Reserved));
        change.movements = vec![
            moved(MovementKind::Receipt, None, available, i64::MAX - 1),
            moved(MovementKind::Reserve, available, reserved, i64::MAX / 2 + 2),
            moved(MovementKind::Sale, available, None, 5),
        ];
        assert!(sums.add(&change));
        assert_eq!(sums.on_hand(7), Quantity::from_millionths(i64::MAX - 6));
    }
}
