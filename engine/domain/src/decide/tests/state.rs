//! All of the memory as lines of text, so that two states can be compared and the difference read.

use std::format;
use std::string::String;
use std::vec::Vec;

use crate::stock::Stock;
use crate::time::Timestamp;

/// Everything a decision rests on, in an order of its own: that of numbers.
pub(super) fn lines(stock: &Stock) -> Vec<String> {
    let sizes = stock.sizes();
    let mut told = std::vec![format!("{sizes:?}")];
    for number in 0..sizes.tenants {
        let mut locations = stock.tenant_locations(number).to_vec();
        locations.sort_unstable();
        told.push(format!("tenant {number} {:?} {locations:?}", stock.tenant(number)));
    }
    for number in 0..sizes.items {
        let mut positions: Vec<u32> = stock.item_positions(number).collect();
        positions.sort_unstable();
        let (item, partition) = (stock.item(number), stock.partition(number));
        told.push(format!("item {number} {item:?} {partition:?} {positions:?}"));
    }
    for number in 0..sizes.locations {
        let mut positions = stock.location_positions(number).to_vec();
        positions.sort_unstable();
        let (location, mut bins) = (stock.location(number), stock.bins(number).to_vec());
        bins.sort_by(|one, other| one.id.cmp(&other.id));
        told.push(format!("location {number} {location:?} {bins:?} {positions:?}"));
    }
    for number in 0..sizes.positions {
        told.push(format!("position {number} {:?}", stock.position(number)));
    }
    let mut items: Vec<u32> = Vec::new();
    for partition in 0..stock.rules().partitions {
        items.extend(stock.partition_items(partition));
    }
    items.sort_unstable();
    told.push(format!("in partitions {items:?}"));
    told.extend(promises(stock));
    let keys = stock.keys();
    let keys = (keys.first()..).map_while(|number| keys.numbered(number));
    told.extend(keys.map(|entry| format!("key {entry:?}")));
    let events = stock.events();
    let events = (events.first()..).map_while(|number| events.numbered(number));
    told.extend(events.map(|entry| format!("event {entry:?}")));
    told.extend(stock.sources().streams().map(|stream| format!("stream {stream:?}")));
    told.extend(stock.letters().behind(0).map(|letter| format!("letter {letter:?}")));
    told.extend(stock.jobs().behind(0).map(|job| format!("job {job:?}")));
    told.push(format!("room for letters {:?}", !stock.letters().is_full()));
    told
}

fn promises(stock: &Stock) -> Vec<String> {
    let promises = stock.promises();
    let mut told: Vec<String> =
        promises.slots_from(0).map(|(_, held)| format!("reservation {held:?}")).collect();
    for (_, held) in promises.slots_from(0) {
        let Some(order) = &held.order else { continue };
        let mut all: Vec<u64> =
            promises.of_order(held.tenant, order).map(|held| held.number).collect();
        all.sort_unstable();
        told.push(format!("order {order} {all:?}"));
    }
    told.sort();
    told.extend(promises.transfers().map(|held| format!("transfer {held:?}")));
    told.push(format!("{} open, next {:?}", promises.open_count(), promises.next_deadline()));
    let end = Timestamp::from_millis(i64::MAX);
    let due = (0..stock.rules().partitions).map(|partition| promises.due(partition, end));
    told.push(format!("due first {:?}", due.collect::<Vec<_>>()));
    told
}
