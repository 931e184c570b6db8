//! Events of items, locations and bins.

use onhand_domain::catalog::{Item, ItemNumber, Location};
use onhand_domain::change::Cause;
use onhand_domain::ids::{BinId, ItemId, LocationId, Text};

use super::Payload;
use super::position::PolicyChanged;
use super::teller::{Aggregate, Teller};

/// An item was archived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemDeactivated {
    /// The item.
    pub item: ItemId,
    /// How many positions went with it.
    pub positions_archived: u32,
}

/// The catalog opened positions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PositionsOpened {
    /// The item.
    pub item: ItemId,
    /// Where.
    pub locations: Vec<LocationId>,
}

/// A location got a bin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BinCreated {
    /// The location.
    pub location: LocationId,
    /// The bin.
    pub bin: BinId,
    /// Name for people.
    pub name: Option<Text>,
}

/// The version of what is heard of for the first time.
const FIRST: u32 = 1;

/// Tells what happened to items and locations.
pub(super) fn tell(teller: &mut Teller<'_>) {
    for item in &teller.change.items {
        let payload = item_payload(teller, item);
        teller.tell(Aggregate::item(item), payload);
        if let (Cause::ItemPut, Some(before)) = (teller.change.cause, &teller.change.policy_before)
        {
            let (before, after) = (before.own, item.policy());
            let changed = PolicyChanged { item: item.id.clone(), location: None, before, after };
            teller.tell(Aggregate::item(item), Payload::PolicyChanged(Box::new(changed)));
        }
    }
    for location in &teller.change.locations {
        tell_location(teller, location);
    }
}

fn item_payload(teller: &Teller<'_>, item: &Item) -> Payload {
    match (teller.change.cause, item.version) {
        (Cause::ItemArchived, _) => Payload::ItemDeactivated(ItemDeactivated {
            item: item.id.clone(),
            positions_archived: teller.change.positions_archived,
        }),
        (_, FIRST) => Payload::ItemCreated(item.clone()),
        _ => Payload::ItemUpdated(item.clone()),
    }
}

fn tell_location(teller: &mut Teller<'_>, location: &Location) {
    let bin = teller.change.bin.as_ref().filter(|bin| bin.location == location.number);
    let created = bin.filter(|bin| bin.created).map(|change| BinCreated {
        location: location.id.clone(),
        bin: change.bin.id.clone(),
        name: change.bin.name.clone(),
    });
    if location.version == FIRST {
        teller.tell(Aggregate::location(location), Payload::LocationCreated(location.clone()));
    } else if created.is_none() {
        teller.tell(Aggregate::location(location), Payload::LocationUpdated(location.clone()));
    }
    if let Some(created) = created {
        teller.tell(Aggregate::location(location), Payload::BinCreated(created));
    }
}

/// Tells of positions that the catalog opened, not the first receipt: they come with the item that was
/// put, or, item by item, with the location that was put, or each by itself from a job.
pub(super) fn tell_opened(teller: &mut Teller<'_>) {
    let change = teller.change;
    if change.cause == Cause::PositionsOpened {
        return tell_each_opened(teller);
    }
    if !matches!(change.cause, Cause::ItemPut | Cause::LocationPut) {
        return;
    }
    let mut opened: Vec<(ItemNumber, Vec<LocationId>)> = Vec::new();
    for (item, location) in change.positions.iter().filter_map(|held| held.opened) {
        let location = teller.names.location(location);
        match opened.iter_mut().find(|(held, _)| *held == item) {
            Some((_, locations)) => locations.push(location),
            None => opened.push((item, vec![location])),
        }
    }
    for (item, locations) in opened {
        let put = change.items.iter().find(|put| put.number == item).map(Aggregate::item);
        let put = put.or_else(|| change.locations.first().map(Aggregate::location));
        let Some(aggregate) = put else { continue };
        let item = teller.names.item(item);
        teller.tell(aggregate, Payload::PositionsOpened(PositionsOpened { item, locations }));
    }
}

/// A job changes neither item nor location: the aggregate is the position.
fn tell_each_opened(teller: &mut Teller<'_>) {
    for held in &teller.change.positions {
        let (item, location) = teller.place(held.position);
        let aggregate = Aggregate::position(&item, &location, held.version);
        let opened = PositionsOpened { item, locations: vec![location] };
        teller.tell(aggregate, Payload::PositionsOpened(opened));
    }
}
