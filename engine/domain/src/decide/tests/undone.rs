//! "Reversal of everything = nothing": what was booked and undone in the opposite order is as it was.

use std::vec::Vec;

use proptest::prelude::*;

use super::histories::{Step, rules, steps};
use super::world::World;
use crate::change::Change;
use crate::command::{Action, Adjust};
use crate::decide::Decision;
use crate::decide::reverse::is_reversible;
use crate::layer::{Area, Goods, Layer};
use crate::position::{Bucket, Figures};
use crate::quantity::{Money, Quantity};

/// A position: its figures, its layers, what it is short of, and what it is worth.
type Held = (Figures, Vec<(Area, Layer)>, Quantity, Money);

/// A lot that was joined keeps the earlier day, also when what joined it is undone.
fn dayless(layer: &Layer) -> Layer {
    let mut layer = layer.clone();
    if layer.origin.lot.is_some() {
        (layer.origin.received_at, layer.origin.sequence) = Default::default();
    }
    layer
}

fn held(world: &World) -> Vec<Held> {
    let all = (0..world.stock.sizes().positions).map(|number| {
        let position = world.stock.position(number).expect("no hole");
        let layers = position.contents().to_layers();
        let mut lying: Vec<_> = layers.iter().map(|(area, layer)| (area, dayless(layer))).collect();
        lying.sort_by(|one, other| (one.0, &one.1.origin).cmp(&(other.0, &other.1.origin)));
        let value = position.contents().value().expect("fits");
        (position.figures(), lying, layers.shortage(), value)
    });
    all.collect()
}

/// What came in and filled a shortage is not there any more: its reversal would be refused.
fn fills_a_shortage(world: &World, change: &Change) -> bool {
    change.movements.iter().any(|movement| {
        let at = usize::try_from(movement.position).expect("small");
        let before = world.stock.position(change.positions[at].position);
        let available = before.map_or(Quantity::ZERO, |held| held.available());
        movement.to == Some(Bucket::Available) && available.is_negative()
    })
}

/// What is over is held before anything else is done about its item: it is not there to be taken back.
fn brings_what_is_over(world: &World, change: &Change) -> bool {
    let now = world.now();
    change.picks.iter().any(|pick| match &pick.goods {
        Goods::Layer(origin) => origin.expiry.is_some_and(|day| day.end() <= now),
        Goods::Shortage(_) => false,
    })
}

/// Takes a step, unless it is none that one movement's opposite undoes; tells how many it made.
fn book(world: &mut World, step: Step) -> usize {
    let action = match step.plain_action(world) {
        // A wish about more than is free is refused; the same as a fact may go below zero.
        Action::Adjust(wish) => Action::Adjust(Adjust { force: step.force(), ..wish }),
        action => action,
    };
    world.now += 7;
    let command = World::command(action);
    let mut decided = world.decide(&command);
    while let Ok(Decision::Recall(recall)) = decided {
        world.recall(recall);
        decided = world.decide(&command);
    }
    let Ok(Decision::Change(change)) = decided else { return 0 };
    let are_reversible = change.movements.iter().all(|movement| is_reversible(movement.kind));
    let is_corrected = change.movements.iter().any(|movement| movement.occurred_at.is_some());
    let is_lost = fills_a_shortage(world, &change) || brings_what_is_over(world, &change);
    if !are_reversible || is_corrected || is_lost {
        return 0;
    }
    world.apply(&change);
    change.movements.len()
}

/// Undoes what records did, the latest first.
fn undo(world: &mut World, records: core::ops::Range<usize>) {
    for at in records.rev() {
        let record = world.records[at].clone();
        let sequence = u64::try_from(at + 1).expect("small");
        for (place, movement) in record.movements.iter().enumerate().rev() {
            let place = u32::try_from(place).expect("small");
            // A correction at a later count goes with what it corrects.
            let is_own = movement.occurred_at.is_none() && !movement.quantity.is_zero();
            if is_own {
                world.ok(super::actions::reverse(sequence, place));
            }
        }
    }
}

proptest! {
    #[test]
    fn what_is_booked_and_undone_is_as_it_was(past in steps(40), steps in steps(60)) {
        let mut world = World::with(rules());
        for step in past {
            book(&mut world, step);
        }
        let (before, first) = (held(&world), world.records.len());
        for step in steps {
            book(&mut world, step);
        }
        let last = world.records.len();
        undo(&mut world, first..last);
        let after = held(&world);
        let nothing = (Figures::default(), Vec::new(), Quantity::ZERO, Money::ZERO);
        prop_assert_eq!(&after[..before.len()], &before);
        prop_assert!(after[before.len()..].iter().all(|held| *held == nothing));
    }
}
