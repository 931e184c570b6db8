//! Confirming and extending.

use super::actions::{cancel, confirm, extend, fulfil, reserve_with, ship};
use super::world::{Answer, World};
use crate::reservation::Status;

fn six_held() -> (World, u64) {
    let mut world = World::stocked("tea@north 10");
    let number = world.hold("tea 6");
    (world, number)
}

/// "drops the deadline → `CONFIRMED` (reserved becomes committed)".
#[test]
fn confirming_drops_the_deadline_and_commits() {
    let (mut world, number) = six_held();
    world.ok(confirm(number));
    assert_eq!(world.held(number), "CONFIRMED: tea@north 6");
    assert_eq!(world.reservation(number).expires_at, None);
    assert_eq!(world.reservation(number).version, 2);
    assert_eq!(world.at("tea@north"), "available 4, committed 6");
    world.now = i64::MAX;
    world.expire_due();
    assert_eq!(world.held(number), "CONFIRMED: tea@north 6");
}

/// "already CONFIRMED: 200, unchanged".
#[test]
fn confirming_twice_changes_nothing() {
    let (mut world, number) = six_held();
    world.ok(confirm(number));
    let before = world.sequence;
    let again = world.send(&World::command(confirm(number)));
    let Ok(Answer::Unchanged(held)) = again else { panic!("{again:?}") };
    assert_eq!((held.version, world.sequence), (2, before));
}

#[test]
fn only_what_is_still_open_is_committed() {
    let (mut world, number) = six_held();
    world.ok(ship(number, "tea@north 2"));
    world.ok(confirm(number));
    assert_eq!(world.held(number), "CONFIRMED: tea@north 6 (shipped 2)");
    assert_eq!(world.at("tea@north"), "available 4, committed 4");
}

/// "409 `RESERVATION_EXPIRED` / `INVALID_STATE`", and "extend: ACTIVE only, else 409 as for confirm".
#[test]
fn what_has_ended_is_neither_confirmed_nor_extended() {
    let (mut world, shipped) = six_held();
    world.ok(fulfil(shipped));
    let cancelled = world.hold("tea 1");
    world.ok(cancel(cancelled));
    let expired = world.hold("tea 1");
    let confirmed = world.hold("tea 1");
    world.ok(confirm(confirmed));
    let deadline = world.reservation(expired).expires_at.expect("a deadline").millis();
    world.now = deadline;
    let late = std::format!("ReservationExpired: {deadline}");
    for (number, on_confirm, on_extend) in [
        (shipped, "InvalidState: Fulfilled", "InvalidState: Fulfilled"),
        (cancelled, "InvalidState: Cancelled", "InvalidState: Cancelled"),
        (confirmed, "unchanged", "InvalidState: Confirmed"),
    ] {
        if on_confirm != "unchanged" {
            assert_eq!(world.no(confirm(number)), on_confirm);
        }
        assert_eq!(world.no(extend(number, 1)), on_extend);
    }
    world.expire_due();
    assert_eq!(world.no(confirm(expired)), late);
    assert_eq!(world.no(extend(expired, 1)), late);
}

/// "`{ttlSeconds}` from now".
#[test]
fn extending_counts_from_now() {
    let (mut world, number) = six_held();
    world.now += 10_000;
    world.ok(extend(number, 5_000));
    assert_eq!(world.reservation(number).expires_at, Some(world.now().plus_millis(5_000)));
    assert_eq!(world.at("tea@north"), "available 4, reserved 6");
    // Also to an earlier end, and to one where there was none.
    world.ok(extend(number, 1));
    world.now += 1;
    world.expire_due();
    assert_eq!(world.held(number), "EXPIRED: tea@north 6 (released 6)");
    let endless = world.made(reserve_with("tea 1", |wish| wish.ttl_ms = None));
    world.ok(extend(endless, 1));
    world.now += 1;
    world.expire_due();
    assert_eq!(world.reservation(endless).status, Status::Expired);
}

/// A time to live beyond the end of time is the end of time.
#[test]
fn a_deadline_never_overflows() {
    let (mut world, number) = six_held();
    world.ok(extend(number, i64::MAX));
    assert_eq!(world.reservation(number).expires_at.map(|at| at.millis()), Some(i64::MAX));
}
