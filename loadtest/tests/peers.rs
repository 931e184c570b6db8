//! The peers, where they are installed: a short race on a private instance of each, audited.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::time::Duration;

use onhand_loadtest::order::Profile;
use onhand_loadtest::peers::{Peer, Settings, carry_out};
use onhand_loadtest::quantity::Quantity;
use onhand_loadtest::warehouse::Warehouse;

fn settings(profile: Profile, units: i128) -> Settings {
    Settings {
        data_parent: None,
        profile,
        connections: 4,
        depth: 2,
        measured: Duration::from_millis(300),
        warmup: Duration::from_millis(20),
        warehouse: Warehouse { items: 20, locations: 2 },
        stock: Quantity::from_micros(units * 1_000_000),
        seed: 3,
    }
}

fn check(peer: Peer) {
    if !peer.is_installed() {
        eprintln!("skipped: {} is not installed", peer.name());
        return;
    }
    let plenty = carry_out(peer, &settings(Profile::Spread, 1_000_000)).unwrap();
    assert_eq!(plenty.findings, Vec::<String>::new());
    let statuses = plenty.tally.statuses.sorted();
    let sold_out = statuses.iter().find(|(status, _)| *status == 409);
    assert!(plenty.tally.operations > 0 && sold_out.is_none_or(|(_, count)| *count == 0));
    // One item at two locations, one unit each time: three are sold at each, and not one more.
    let scarce = carry_out(peer, &settings(Profile::Flash, 3)).unwrap();
    assert_eq!(scarce.findings, Vec::<String>::new());
}

#[test]
fn postgres_sells_what_it_has() {
    check(Peer::Postgres);
}

#[test]
fn redis_sells_what_it_has() {
    check(Peer::Redis);
}
