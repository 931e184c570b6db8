//! Work on more things than one step may touch, and releasing an order.

use std::borrow::ToOwned;
use std::string::String;
use std::vec::Vec;

use super::actions::{
    archive, cancel_order, confirm, put_item, put_location, receive, reference, reserve,
    reserve_with, ship, start_job,
};
use super::text;
use super::world::World;
use crate::catalog::{Standing, Tracking};
use crate::change::{Cause, Change};
use crate::command::WishedTask;
use crate::ids::{ItemId, TenantId};
use crate::job::{JobStatus, Progress};
use crate::limits::JOBS_MAX;
use crate::stock::{Rules, Stock};
use crate::upkeep::Kept;

fn of_item(item: &str) -> WishedTask {
    WishedTask::CancelItem(text::item(item))
}

fn at_location(location: &str) -> WishedTask {
    WishedTask::CancelLocation(text::location(location))
}

fn progress(change: &Change) -> Progress {
    match change.kept.as_deref() {
        Some(Kept::Job(told)) => told.progress,
        other => panic!("tells of no job: {other:?}"),
    }
}

/// Runs a job to its end; tells how many things it changed and left.
fn run(world: &mut World, task: WishedTask) -> (u64, u64) {
    world.ok(start_job(task, "recall"));
    world.finish_jobs();
    let last = progress(world.records.last().expect("the end"));
    assert_eq!(last.status, JobStatus::Completed);
    (last.done, last.left)
}

fn status(world: &World, number: u64) -> String {
    world.held(number).split(':').next().expect("a status").to_owned()
}

/// "by order 200 `{cancelled}`, one record".
#[test]
fn an_order_is_released_in_one_record() {
    let mut world = World::stocked("tea@north 9, pot@south 9");
    let of = |order: &'static str| {
        move |wish: &mut crate::command::Reserve| {
            wish.order = Some(reference(order));
        }
    };
    let one = world.made(reserve_with("tea 2, pot 1", of("O-1")));
    let two = world.made(reserve_with("tea 3", of("O-1")));
    let other = world.made(reserve_with("tea 1", of("O-2")));
    world.ok(confirm(two));
    world.ok(ship(two, "tea@north 1"));
    let change = world.ok(cancel_order("O-1"));
    assert_eq!(change.cause, Cause::OrderCancelled);
    let told: Vec<_> = change.withdrawn.iter().map(|held| held.reservation.number).collect();
    assert_eq!(told, [one, two], "oldest first");
    let shares: Vec<_> = change.withdrawn.iter().map(|held| held.released.len()).collect();
    assert_eq!(shares, [2, 1]);
    assert_eq!(world.held(one), "CANCELLED: tea@north 2 (released 2), pot@south 1 (released 1)");
    assert_eq!(world.held(two), "FULFILLED: tea@north 3 (shipped 1, released 2)");
    assert_eq!(status(&world, other), "ACTIVE");
    assert_eq!(world.at("tea@north"), "available 7, reserved 1");
    assert!(world.ok(cancel_order("O-1")).withdrawn.is_empty(), "nothing is open any more");
    assert!(world.ok(cancel_order("never placed")).withdrawn.is_empty());
}

#[test]
fn what_is_due_of_an_order_expires_before_the_rest_is_released() {
    let mut world = World::stocked("tea@north 9");
    let wish = |ttl| {
        reserve_with("tea 1", move |wish| {
            wish.order = Some(reference("O-1"));
            wish.ttl_ms = ttl;
        })
    };
    let (due, open) = (world.made(wish(Some(10))), world.made(wish(None)));
    world.now += 10;
    assert_eq!(world.ok(cancel_order("O-1")).withdrawn.len(), 1);
    assert_eq!((status(&world, due), status(&world, open)), ("EXPIRED".into(), "CANCELLED".into()));
}

/// By item: whole reservations with an open line of it, one record each.
#[test]
fn a_job_cancels_whole_reservations_with_a_line_of_an_item() {
    let mut world = World::stocked("tea@north 20, pot@north 20");
    let mixed = world.hold("tea 1, pot 1");
    let plain: Vec<u64> = (0..5).map(|_| world.hold("tea 1")).collect();
    let other = world.hold("pot 1");
    let shipped = world.hold("tea 1, pot 1");
    world.ok(ship(shipped, "tea@north 1"));
    assert_eq!(run(&mut world, of_item("tea")), (6, 0));
    assert_eq!(status(&world, mixed), "CANCELLED");
    assert!(plain.iter().all(|number| status(&world, *number) == "CANCELLED"));
    assert_eq!(status(&world, other), "ACTIVE");
    assert_eq!(status(&world, shipped), "ACTIVE", "nothing of the item is open");
    assert_eq!(world.at("tea@north"), "available 19");
    let cancelled = world.records.iter().filter(|change| change.cause == Cause::Cancelled);
    for (at, change) in cancelled.enumerate() {
        let reason = change.detail.as_ref().and_then(|detail| detail.reason.clone());
        assert_eq!(reason.expect("told").as_str(), "recall");
        assert_eq!(progress(change).done, at as u64 + 1);
    }
}

#[test]
fn a_job_cancels_reservations_with_a_line_at_a_location() {
    let mut world = World::stocked("tea@north 20, tea@south 20");
    let split = world.hold("tea@north 1, tea@south 1");
    let south = world.hold("tea@south 2");
    assert_eq!(run(&mut world, at_location("north")), (1, 0));
    assert_eq!(
        (status(&world, split), status(&world, south)),
        ("CANCELLED".into(), "ACTIVE".into())
    );
    assert_eq!(world.at("tea@south"), "available 18, reserved 2");
}

/// What is promised while a job runs was promised by somebody who knew.
#[test]
fn a_job_leaves_what_was_promised_after_it_began() {
    let mut world = World::stocked("tea@north 20");
    let before = world.hold("tea 1");
    world.ok(start_job(of_item("tea"), "recall"));
    let after = world.hold("tea 1");
    world.finish_jobs();
    assert_eq!(
        (status(&world, before), status(&world, after)),
        ("CANCELLED".into(), "ACTIVE".into())
    );
}

#[test]
fn what_is_due_expires_instead_of_being_cancelled() {
    let mut world = World::stocked("tea@north 20");
    let due = world.made(reserve_with("tea 1", |wish| wish.ttl_ms = Some(10)));
    world.hold("tea 1");
    world.now += 10;
    assert_eq!(run(&mut world, of_item("tea")), (1, 0));
    assert_eq!(status(&world, due), "EXPIRED");
}

#[test]
fn jobs_need_what_they_are_about() {
    let mut world = World::stocked("tea@north 1");
    assert_eq!(world.no(start_job(of_item("ghost"), "-")), "UnknownItem: ghost");
    assert_eq!(world.no(start_job(at_location("ghost"), "-")), "UnknownLocation: ghost");
    for _ in 0..JOBS_MAX {
        world.ok(start_job(of_item("tea"), "-"));
    }
    let told = world.no(start_job(of_item("tea"), "-"));
    assert_eq!(told, "LimitExceeded { what: Jobs, limit: 1000 }");
}

/// Recovery applies records; a job goes on behind them, wherever the process was killed.
#[test]
fn a_job_goes_on_after_every_possible_crash() {
    let mut world = World::stocked("tea@north 20, pot@north 5");
    for _ in 0..6 {
        world.hold("tea 1");
    }
    world.hold("pot 1");
    world.ok(start_job(of_item("tea"), "recall"));
    let begun = world.records.len();
    world.finish_jobs();
    let whole = world.records.clone();
    for kept in begun..=whole.len() {
        let mut again = World::new();
        whole[..kept].iter().for_each(|change| again.apply(change));
        again.now = world.now;
        again.finish_jobs();
        assert_eq!(again.records, whole, "killed behind record {kept}");
        assert!(again.stock.jobs().first().is_none());
    }
}

/// A job in a checkpoint is as new as its entry: records it contains are skipped.
#[test]
fn a_job_of_a_checkpoint_skips_the_records_it_contains() {
    let mut world = World::stocked("tea@north 20");
    for _ in 0..3 {
        world.hold("tea 1");
    }
    world.ok(start_job(of_item("tea"), "recall"));
    let began = world.records.len() - 1;
    world.work(9);
    world.work(9);
    let job = world.stock.jobs().first().expect("runs").clone();
    assert_eq!(job.done, 2);
    let mut stock = Stock::new(Rules::default(), 7);
    for (at, change) in world.records[..began].iter().enumerate() {
        stock.apply(change, at as u64 + 1);
    }
    stock.restore_job(job.clone());
    for (at, change) in world.records.iter().enumerate().skip(began) {
        stock.apply(change, at as u64 + 1);
        assert_eq!(stock.jobs().first(), Some(&job));
    }
}

#[test]
fn a_job_archives_the_items_of_a_product_each_by_itself() {
    let mut world = World::new();
    let of = |product: &'static str| {
        move |attributes: &mut crate::catalog::ItemAttributes| {
            attributes.product = Some(reference(product));
        }
    };
    for item in ["a", "b", "c", "d"] {
        world.ok(put_item(item, of("P-1")));
    }
    world.ok(put_item("other", of("P-2")));
    world.receive("b@north 1, plain@north 1");
    world.ok(archive("d"));
    assert_eq!(run(&mut world, WishedTask::ArchiveProduct(reference("P-1"))), (2, 1));
    let tenant = world.stock.tenant_number(&TenantId::parse("default").unwrap()).unwrap();
    let standing = |item: &str| {
        let number = world.stock.item_number(tenant, &ItemId::parse(item).unwrap()).unwrap();
        world.stock.item(number).unwrap().standing
    };
    let archived = ["a", "c", "d"].map(standing);
    assert_eq!(archived, [Standing::Archived; 3]);
    let current = ["b", "other", "plain"].map(standing);
    assert_eq!(current, [Standing::Current; 3]);
}

fn count(world: &World, cause: Cause) -> usize {
    world.records.iter().filter(|change| change.cause == cause).count()
}

/// "PositionsOpened (…, tracking switched on, new active location)".
#[test]
fn a_new_location_that_sells_gets_a_position_of_every_item_of_the_catalog() {
    let mut world = World::new();
    world.ok(put_item("tea", |_| {}));
    world.ok(put_item("pot", |_| {}));
    world.untracked("gift");
    world.ok(put_item("gone", |_| {}));
    world.ok(archive("gone"));
    world.receive("used@north 1");
    let started = world.ok(put_location("south", |_| {}));
    assert_eq!(progress(&started).status, JobStatus::Running);
    world.finish_jobs();
    assert_eq!(progress(world.records.last().unwrap()).done, 2);
    assert_eq!(world.at("tea@south"), "empty");
    assert_eq!(world.at("pot@south"), "empty");
    for other in ["gift@south", "gone@south", "used@south", "tea@north"] {
        assert!(world.position(other).is_none(), "{other}");
    }
    // Closed and opened again: what is there stays, what is new since then comes.
    world.close("south");
    world.ok(put_item("cup", |_| {}));
    world.ok(receive("tea@south", "5"));
    world.ok(put_location("south", |_| {}));
    world.finish_jobs();
    assert_eq!(world.at("tea@south"), "available 5");
    assert_eq!(world.at("cup@south"), "empty");
}

#[test]
fn a_location_opens_nothing_without_a_catalog_or_while_it_is_closed() {
    let mut world = World::stocked("used@north 1");
    world.ok(put_location("south", |_| {}));
    world.ok(put_item("tea", |_| {}));
    world.close("east");
    world.ok(put_location("south", |attributes| attributes.priority = 3));
    assert!(world.stock.jobs().first().is_none());
}

#[test]
fn many_positions_are_opened_in_slices() {
    let mut world = World::new();
    for number in 0..600 {
        world.ok(put_item(&std::format!("item-{number}"), |_| {}));
    }
    world.ok(put_location("south", |_| {}));
    while world.work(1_024) {}
    assert_eq!(count(&world, Cause::PositionsOpened), 3);
    assert_eq!(progress(world.records.last().unwrap()).done, 600);
}

#[test]
fn an_item_that_is_counted_from_now_on_gets_a_position_at_every_location_that_sells() {
    for locations in [3_u32, 300] {
        let mut world = World::new();
        for number in 0..locations {
            world.ok(put_location(&std::format!("L-{number}"), |_| {}));
        }
        world.close("closed");
        world.untracked("tea");
        assert!(world.position("tea@L-0").is_none());
        let change = world.ok(put_item("tea", |item| item.tracking = Tracking::Tracked));
        world.finish_jobs();
        assert!(world.position("tea@closed").is_none());
        assert_eq!(world.stock.sizes().positions, locations);
        let inline = change.positions.len();
        assert_eq!(inline, if locations == 3 { 3 } else { 0 }, "more than a step may take: a job");
    }
}

#[test]
fn a_new_item_that_is_put_opens_nothing() {
    let mut world = World::stocked("used@north 1");
    world.ok(put_item("tea", |_| {}));
    world.ok(reserve("used 1"));
    assert!(world.position("tea@north").is_none());
}
