//! Returned goods.

use super::actions::{
    archive, fulfil, give_back, give_back_of, reference, reserve_with, sell, ship,
};
use super::world::World;
use crate::command::Condition;

/// "condition: good → available, damaged and defective → damaged"; unknown is not sold.
#[test]
fn the_condition_decides_the_bucket() {
    for (condition, expected) in [
        (Some(Condition::Good), "available 2"),
        (Some(Condition::Damaged), "damaged 2"),
        (Some(Condition::Defective), "damaged 2"),
        (None, "damaged 2"),
    ] {
        let mut world = World::new();
        let change = world.ok(give_back("tea@north", "2", condition));
        assert_eq!(world.at("tea@north"), expected, "{condition:?}");
        assert!(!change.exceeds_shipped, "a return without an order exceeds nothing");
    }
}

/// Four of an order for six are shipped.
fn four_shipped() -> (World, u64) {
    let mut world = World::stocked("tea@north 10, pot@north 10");
    let order = |lines: &str| reserve_with(lines, |wish| wish.order = Some(reference("O-1")));
    let number = world.made(order("tea 6, pot 1"));
    world.ok(ship(number, "tea@north 4"));
    (world, number)
}

/// "more than was shipped on that order: booked, `exceedsShipped:true`".
#[test]
fn more_than_was_shipped_is_booked_and_marked() {
    let (mut world, number) = four_shipped();
    let mut give_back = |place: &str, quantity: &str, order: &str| {
        world.ok(give_back_of(place, quantity, order)).exceeds_shipped
    };
    assert!(!give_back("tea@north", "3", "O-1"));
    assert!(!give_back("tea@south", "1", "O-1"), "wherever it comes back");
    assert!(give_back("tea@north", "0.000001", "O-1"));
    assert!(give_back("pot@north", "1", "O-1"), "of another item nothing was shipped");
    assert!(give_back("tea@north", "1", "O-2"), "of another order neither");
    assert!(give_back("ghost@north", "1", "O-1"));
    world.ok(fulfil(number));
    assert!(
        world.ok(give_back_of("pot@north", "1", "O-1")).exceeds_shipped,
        "one was back already"
    );
    assert!(!world.ok(give_back_of("tea@north", "0.999999", "O-1")).exceeds_shipped);
    assert!(world.ok(give_back_of("tea@north", "1.000001", "O-1")).exceeds_shipped);
}

/// "later writes 409 `ITEM_ARCHIVED`".
#[test]
fn nothing_of_an_archived_item_comes_back() {
    let mut world = World::stocked("tea@north 1");
    world.ok(sell("tea@north", "1"));
    world.ok(archive("tea"));
    let no = world.no(give_back("tea@north", "1", Some(Condition::Good)));
    assert_eq!(no, "ItemArchived: tea");
}
