//! Names that the callers of the simulation use: few, so that they meet.

use onhand_domain::ids::{BinId, ItemId, LocationId, LotNumber, Reference, TenantId, Text};
use onhand_domain::quantity::Money;
use onhand_domain::time::{Day, Timestamp};

use crate::dice::Dice;

/// Items that callers speak of. The last one takes figures that do not fit; the one before nobody
/// ever brings in.
const ITEMS: [&str; 9] =
    ["tea", "pot", "cup", "milk", "spoon", "leaf", "sugar", "phantom", "abyss"];
/// The first ones are used often; all of them together give an item an order of choice.
const LOCATIONS: [&str; 14] = [
    "north", "south", "east", "west", "store-01", "store-02", "store-03", "store-04", "store-05",
    "store-06", "store-07", "store-08", "store-09", "nowhere",
];
const TENANTS: [&str; 2] = ["default", "acme"];

/// Figures that do not fit are tried with this one.
pub(crate) fn abyss() -> ItemId {
    ItemId::trusted("abyss")
}

pub(crate) fn item(dice: &mut Dice) -> ItemId {
    match dice.below(60) {
        0 => abyss(),
        1 => ItemId::trusted("phantom"),
        // One is asked for most.
        2..20 => ItemId::trusted(ITEMS[0]),
        _ => ItemId::trusted(dice.pick::<&str>(&ITEMS[1..7])),
    }
}

/// One that is always brought in.
pub(crate) fn staple(dice: &mut Dice) -> ItemId {
    ItemId::trusted(dice.pick::<&str>(&ITEMS[..7]))
}

/// One of the large ones.
pub(crate) fn house(dice: &mut Dice) -> LocationId {
    LocationId::trusted(dice.pick::<&str>(&LOCATIONS[..4]))
}

pub(crate) fn location(dice: &mut Dice) -> LocationId {
    match dice.below(40) {
        0 => LocationId::trusted("nowhere"),
        1..12 => LocationId::trusted(dice.pick::<&str>(&LOCATIONS[4..13])),
        _ => LocationId::trusted(dice.pick::<&str>(&LOCATIONS[..4])),
    }
}

/// All of them that there are.
pub(crate) fn everywhere() -> impl Iterator<Item = LocationId> {
    LOCATIONS[..13].iter().map(|id| LocationId::trusted(id))
}

pub(crate) fn tenant(dice: &mut Dice) -> TenantId {
    let other = dice.once_in(6);
    TenantId::trusted(TENANTS[usize::from(other)])
}

pub(crate) fn order(dice: &mut Dice) -> Reference {
    Reference::trusted(&format!("order-{}", dice.below(12)))
}

pub(crate) fn bin(dice: &mut Dice) -> BinId {
    BinId::trusted(&format!("A{}", dice.below(3)))
}

pub(crate) fn text(dice: &mut Dice) -> Text {
    Text::trusted(dice.pick::<&str>(&["counted", "broken", "because", "moved to the front"]))
}

pub(crate) fn product(dice: &mut Dice) -> Reference {
    Reference::trusted(dice.pick::<&str>(&["kitchen", "pantry"]))
}

/// Few, so that goods join.
pub(crate) fn lot(dice: &mut Dice) -> LotNumber {
    LotNumber::trusted(dice.pick::<&str>(&["L1", "L2", "L3", "L4"]))
}

/// The last day of a lot: mostly the same for the same lot on the same day.
pub(crate) fn expiry(dice: &mut Dice, lot: Option<&LotNumber>, now: i64) -> Option<Day> {
    let today = Timestamp::from_millis(now).day().days();
    let ahead = match lot.map(LotNumber::as_str).filter(|_| !dice.once_in(6)) {
        Some("L1" | "L2") => 0,
        Some("L3") => 1,
        Some(_) => return None,
        None => *dice.pick(&[-1, 0, 0, 1, 9]),
    };
    Some(Day::from_days(today + ahead))
}

/// Few, so that goods join; some do not divide well.
pub(crate) fn cost(dice: &mut Dice) -> Money {
    Money::from_millionths(*dice.pick(&[1_000_000, 2_500_000, 3_333_333, 7_000_001, 10]))
}

/// Millionths: mostly a few units, now and then a part of one.
pub(crate) fn amount(dice: &mut Dice) -> i64 {
    match dice.below(20) {
        0 => 1 + dice.signed(999_999),
        1 => 1_000_000 * (20 + dice.signed(80)),
        _ => 1_000_000 * (1 + dice.signed(9)),
    }
}
