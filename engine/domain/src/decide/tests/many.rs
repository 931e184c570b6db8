//! Limits of one step, and commands with very many lines.

use std::string::String;

use super::actions::{
    cancel, confirm, fulfil, fulfil_with, reference, reserve, reserve_with, set_lines, ship,
};
use super::world::World;
use crate::limits::{LINES_MAX, SHIPMENTS_MAX};
use crate::rejection::{Limit, Rejection};

fn each(count: u32, line: impl Fn(u32) -> String) -> String {
    (0..count).map(|number| line(number) + ", ").collect()
}

/// A thousand lines and no more: of the request, and after lines were split or added.
#[test]
fn a_reservation_has_at_most_a_thousand_lines() {
    let limit = || Rejection::LimitExceeded { what: Limit::Lines, limit: LINES_MAX };
    let mut world = World::stocked(&each(LINES_MAX + 1, |number| std::format!("i-{number}@a 5")));
    let too_many = each(LINES_MAX + 1, |number| std::format!("i-{number} 1"));
    assert_eq!(world.run(reserve(&too_many)).map(|_| ()), Err(limit()));
    let number = world.hold(&each(LINES_MAX, |number| std::format!("i-{number} 1")));
    let one_more = set_lines(number, "i-1000 1");
    assert_eq!(world.run(one_more).map(|_| ()), Err(limit()));
    // All of its life goes through lines by the thousand.
    world.ok(confirm(number));
    world.ok(set_lines(number, &each(LINES_MAX, |number| std::format!("i-{number}@a 2"))));
    world.ok(ship(number, &each(LINES_MAX, |number| std::format!("i-{number}@a 1"))));
    assert_eq!(world.at("i-999@a"), "available 3, committed 1");
    world.ok(fulfil(number));
    assert_eq!(world.at("i-999@a"), "available 3");
    // A split makes lines, too.
    let mut world = World::stocked(&each(LINES_MAX + 1, |number| std::format!("tea@p-{number} 1")));
    assert_eq!(world.run(reserve("tea 1001")).map(|_| ()), Err(limit()));
    let number = world.hold("tea 1000");
    assert_eq!(world.reservation(number).lines.len(), 1_000);
    world.ok(cancel(number));
}

/// Lines that are equal are one line, however many they are.
#[test]
fn many_equal_lines_are_one() {
    let mut world = World::stocked("tea@a 1000, tea@b 1000, pot@a 1000");
    let lines = each(900, |number| {
        ["tea@a 1", "tea@b 1", "pot@a 1"][usize::try_from(number % 3).expect("small")].into()
    });
    assert_eq!(world.chosen(reserve(&lines)), "tea@a 300, tea@b 300, pot@a 300");
    let halves = each(900, |number| ["tea 0.5", "tea>a 0.5"][usize::from(number == 0)].into());
    assert_eq!(world.chosen(reserve(&halves)), "tea@a 0.5, tea@b 449.5");
}

/// Shipments are remembered, so there is a limit to them; without a name there is none.
#[test]
fn a_reservation_has_at_most_a_thousand_named_shipments() {
    let mut world = World::stocked("tea@a 2000");
    let number = world.made(reserve_with("tea 1500", |wish| wish.ttl_ms = None));
    let shipment = |name: u32| {
        fulfil_with(number, |wish| {
            wish.shipment = Some(reference(&std::format!("S-{name}")));
            wish.lines = Some(super::text::shipped("tea@a 1"));
        })
    };
    for name in 0..SHIPMENTS_MAX {
        world.ok(shipment(name));
    }
    let limit = Rejection::LimitExceeded { what: Limit::Shipments, limit: SHIPMENTS_MAX };
    assert_eq!(world.run(shipment(SHIPMENTS_MAX)).map(|_| ()), Err(limit));
    world.ok(ship(number, "tea@a 1"));
    assert_eq!(world.reservation(number).lines[0].fulfilled, super::text::quantity("1001"));
}

/// A step has at most ten thousand movements: one item split over more places than that.
#[test]
fn a_step_has_at_most_ten_thousand_movements() {
    let mut world = World::stocked(&each(10_001, |number| std::format!("tea@p-{number} 1")));
    let limit = Rejection::LimitExceeded { what: Limit::Movements, limit: 10_000 };
    assert_eq!(world.run(reserve("tea 10001")).map(|_| ()), Err(limit));
}
