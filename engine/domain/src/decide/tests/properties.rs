//! What holds after every command of every history.

use alloc::collections::BTreeMap;
use std::vec::Vec;

use proptest::prelude::*;

use super::histories::{Step, rules, steps};
use super::state;
use super::world::{Answer, World};
use crate::change::{Cause, Change, MovementKind};
use crate::command::{Action, Adjust, Backorder, Command, Force, Target};
use crate::layer::{Area, Layer};
use crate::position::{Bucket, Figures};
use crate::quantity::{Money, Quantity};
use crate::reservation::{Holding, Status};
use crate::stock::Stock;
use crate::upkeep::{Retry, Upkeep};

/// Figures, made anew from nothing but the movements.
fn moved(world: &World) -> BTreeMap<u32, Figures> {
    let mut all: BTreeMap<u32, Figures> = BTreeMap::new();
    for record in &world.records {
        for movement in &record.movements {
            let at = usize::try_from(movement.position).expect("small");
            let held = all.entry(record.positions[at].position).or_default();
            if let Some(from) = movement.from {
                *held = held.minus(from, movement.quantity).expect("fits");
            }
            if let Some(to) = movement.to {
                *held = held.plus(to, movement.quantity).expect("fits");
            }
        }
    }
    all
}

/// "on hand = sum of movements", bucket by bucket.
fn check_conservation(world: &World) {
    let moved = moved(world);
    for number in 0..world.stock.sizes().positions {
        let figures = world.stock.position(number).expect("no hole").figures();
        let expected = moved.get(&number).copied().unwrap_or_default();
        assert_eq!(figures, expected, "position {number}");
        assert!(figures.only_available_is_negative(), "position {number}: {figures:?}");
    }
}

/// "per place the sum of layers − shortage = the buckets", and only the shelf is ever short.
fn check_layers(stock: &Stock) {
    for number in 0..stock.sizes().positions {
        let position = stock.position(number).expect("no hole");
        let figures = position.figures();
        let layers = position.contents().to_layers();
        for (area, expected) in [
            (Area::Shelf, figures.shelf()),
            (Area::Damaged, figures.damaged),
            (Area::QualityHold, figures.quality_hold),
            (Area::InTransit, figures.in_transit),
        ] {
            assert_eq!(
                layers.quantity(area),
                expected,
                "{area:?} of position {number}: {layers:?}"
            );
        }
        let is_filled = layers.shortage().is_zero() || layers.of(Area::Shelf).next().is_none();
        assert!(is_filled, "what comes in fills a shortage first: {layers:?}");
        assert!(layers.iter().all(|(_, layer)| layer.quantity.is_positive()));
        let fits = layers.as_single().is_some();
        assert!(position.stack().is_some() || fits, "only one nameless layer lies in place");
    }
}

/// "Value in − value out = value there": what movements say is what layers are worth.
fn check_values(world: &World) {
    let mut values: BTreeMap<u32, Money> = BTreeMap::new();
    for record in &world.records {
        for movement in &record.movements {
            let at = usize::try_from(movement.position).expect("small");
            let sum = values.entry(record.positions[at].position).or_default();
            let signed = match (movement.kind, movement.from, movement.to) {
                (MovementKind::Revaluation, ..) | (_, None, Some(_)) => movement.value,
                (_, Some(_), None) => movement.value.negated(),
                _ => Money::ZERO,
            };
            *sum = sum.checked_add(signed).expect("fits");
        }
    }
    for number in 0..world.stock.sizes().positions {
        let position = world.stock.position(number).expect("no hole");
        let expected = values.get(&number).copied().unwrap_or_default();
        assert_eq!(position.contents().value(), Some(expected), "position {number}: {position:?}");
    }
}

/// Layers in transit are those that transfers are still to bring.
fn check_freight(stock: &Stock) {
    for transfer in stock.promises().transfers() {
        let sum = |sum: Quantity, layer: &Layer| sum.checked_add(layer.quantity).expect("fits");
        assert_eq!(transfer.freight.iter().fold(Quantity::ZERO, sum), transfer.open());
        let there = stock.position(transfer.to).expect("known").contents().to_layers();
        for layer in &transfer.freight {
            assert!(there.find(Area::InTransit, &layer.origin).is_some(), "{layer:?}: {there:?}");
        }
    }
}

/// "sum of live holds = reserved + committed", each in its bucket.
fn check_holds(stock: &Stock) {
    let mut held: BTreeMap<(u32, Bucket), Quantity> = BTreeMap::new();
    for (_, reservation) in stock.promises().slots_from(0) {
        let Some(bucket) = reservation.status.bucket() else {
            assert!(!reservation.has_open(), "what has ended holds nothing");
            continue;
        };
        assert!(reservation.has_open(), "what is open holds something: {reservation:?}");
        for line in reservation.lines.iter().filter(|line| line.holding == Holding::Stock) {
            let position = line.position.expect("stock is held somewhere");
            let sum = held.entry((position, bucket)).or_default();
            *sum = sum.checked_add(line.open()).expect("fits");
        }
    }
    for number in 0..stock.sizes().positions {
        let figures = stock.position(number).expect("no hole").figures();
        let of = |bucket| held.get(&(number, bucket)).copied().unwrap_or_default();
        let expected = (of(Bucket::Reserved), of(Bucket::Committed));
        assert_eq!((figures.reserved, figures.committed), expected, "position {number}");
    }
}

/// What lies in transit is what transfers are still to bring.
fn check_transit(stock: &Stock) {
    let mut on_the_way: BTreeMap<u32, Quantity> = BTreeMap::new();
    for transfer in stock.promises().transfers() {
        let sum = on_the_way.entry(transfer.to).or_default();
        *sum = sum.checked_add(transfer.open()).expect("fits");
    }
    for number in 0..stock.sizes().positions {
        let figures = stock.position(number).expect("no hole").figures();
        let expected = on_the_way.get(&number).copied().unwrap_or_default();
        assert_eq!(figures.in_transit, expected, "position {number}");
    }
}

/// "A record raises the version of every aggregate that it changes by exactly one."
fn check_versions(world: &World) {
    let mut versions: BTreeMap<(&str, u64), (u32, u64)> = BTreeMap::new();
    for (sequence, record) in (1..).zip(&world.records) {
        let positions = record.positions.iter();
        let mut all: Vec<(&str, u64, u32)> =
            positions.map(|held| ("position", u64::from(held.position), held.version)).collect();
        if record.cause != Cause::Unchanged {
            let held = record.reservations();
            all.extend(held.map(|held| ("reservation", held.number, held.version)));
            all.extend(record.items.iter().map(|it| ("item", u64::from(it.number), it.version)));
            let locations = record.locations.iter();
            all.extend(locations.map(|it| ("location", u64::from(it.number), it.version)));
        }
        all.extend(record.transfer.iter().map(|held| ("transfer", held.number, held.version)));
        for (kind, number, version) in all {
            let (before, previous) = versions.get(&(kind, number)).copied().unwrap_or((0, 0));
            assert_eq!(version, before + 1, "{kind} {number} in record {sequence}");
            if kind == "position" {
                let held = record.positions.iter().find(|it| u64::from(it.position) == number);
                assert_eq!(held.map(|held| held.previous), Some(previous));
            }
            versions.insert((kind, number), (version, sequence));
        }
    }
}

/// What is asked for, also by a dead letter that is tried again.
fn asked(action: &Action) -> &Action {
    match action {
        Action::Upkeep(upkeep) => match &**upkeep {
            Upkeep::Retry { with: Retry::Act(action, _), .. } => action,
            _ => action,
        },
        action => action,
    }
}

/// "only `available` may be below zero, and only through a fact or granted backorder room".
fn check_floor(before: &BTreeMap<u32, Figures>, stock: &Stock, command: &Command, change: &Change) {
    for held in &change.positions {
        let was = before.get(&held.position).copied().unwrap_or_default().available;
        let is = held.figures.available;
        if is >= was || !is.is_negative() {
            continue;
        }
        let position = stock.position(held.position).expect("there");
        let policy = stock.effective_policy(position);
        let by_policy =
            policy.sellable(is.checked_add(was.checked_sub(is).expect("fits")).expect("fits"));
        let taken = was.checked_sub(is).expect("fits");
        let granted = by_policy.is_none_or(|sellable| sellable >= taken);
        let allowed = match asked(&command.action) {
            Action::Sell(_) | Action::Count(_) => true,
            _ if change.cause == Cause::LotExpired => true,
            Action::Adjust(Adjust { force, target, .. }) => {
                *force == Force::Fact || !matches!(target, Target::Delta(_))
            }
            Action::Fulfil(wish) => wish.force == Force::Fact,
            Action::StartTransfer(wish) => wish.force == Force::Fact,
            Action::Reserve(wish) => match wish.backorder {
                Backorder::Always => true,
                Backorder::Policy => granted,
                Backorder::Never => false,
            },
            Action::SetLines { .. } | Action::Relocate { .. } => granted,
            _ => false,
        };
        assert!(allowed, "{command:?} took {was} to {is}");
    }
}

/// Nothing due is overlooked, and nothing else is called due.
fn check_deadlines(world: &World) {
    let stock = &world.stock;
    for partition in 0..stock.rules().partitions {
        let is_due = |held: &crate::reservation::Reservation| {
            held.status == Status::Active
                && held.expires_at.is_some_and(|deadline| deadline <= world.now())
                && held.lines.iter().any(|line| stock.partition(line.item) == Some(partition))
        };
        let all = stock.promises().slots_from(0).map(|(_, held)| held);
        let first =
            all.filter(|held| is_due(held)).map(|held| (held.expires_at, held.number)).min();
        let told = stock.promises().due(partition, world.now());
        assert_eq!(told, first.map(|(_, number)| number), "partition {partition}");
    }
}

fn check(world: &World) {
    check_conservation(world);
    check_holds(&world.stock);
    check_layers(&world.stock);
    check_values(world);
    check_freight(&world.stock);
    check_transit(&world.stock);
    check_deadlines(world);
}

fn live(steps: &[Step]) -> World {
    let mut world = World::with(rules());
    for step in steps {
        let before = world.records.len();
        let figures = moved(&world);
        let (command, answer) = step.take(&mut world);
        check(&world);
        if let Ok(Answer::Change(change)) = &answer
            && world.records.len() == before + 1
        {
            check_floor(&figures, &world.stock, &command, change);
        }
    }
    check_versions(&world);
    world
}

proptest! {
    #[test]
    fn every_history_keeps_the_books(steps in steps(80)) {
        live(&steps);
    }

    /// Quantities near the end of what fits are refused, and the books are kept all the same.
    #[test]
    fn histories_of_the_largest_quantities_keep_the_books(steps in steps(80)) {
        live(&steps.into_iter().map(Step::largest).collect::<Vec<_>>());
    }

    /// `decide` reads only, whatever it is asked.
    #[test]
    fn deciding_changes_nothing(past in steps(60), asked in steps(8)) {
        let world = super::histories::lived(&past);
        let before = state::lines(&world.stock);
        for step in asked {
            let _ = world.decide(&step.command(&world));
        }
        prop_assert_eq!(state::lines(&world.stock), before);
    }
}

/// The dice are not loaded: every cause, and most refusals, come up.
#[test]
fn histories_are_varied() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let mut causes = BTreeMap::new();
    let mut refusals = BTreeMap::new();
    for _ in 0..150 {
        let steps = steps(120).new_tree(&mut runner).expect("generated").current();
        let mut world = World::with(rules());
        for step in steps {
            if let (_, Err(refused)) = step.take(&mut world) {
                let name = std::format!("{refused:?}");
                let name = name.split(['(', ' ']).next().expect("a name");
                *refusals.entry(std::string::String::from(name)).or_insert(0) += 1;
            }
        }
        for record in &world.records {
            *causes.entry(std::format!("{:?}", record.cause)).or_insert(0) += 1;
        }
    }
    assert_eq!(causes.len(), Cause::ALL.len(), "{causes:?}");
    assert!(refusals.len() >= 17, "{refusals:?}");
}
