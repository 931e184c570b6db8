//! Items, locations, bins, policies.

use std::sync::Arc;

use onhand_domain::catalog::{ItemAttributes, Tracking};
use onhand_domain::change::Cause;
use onhand_domain::command::Place;
use onhand_domain::ids::{BinId, ItemId, LocationId, Text};
use onhand_domain::policy::Policy;
use onhand_domain::rejection::{Rejection, StockThere};

use super::shop::{Item, Key, threshold};
use super::step::{Step, Unknown};

fn key(place: &Place) -> Key {
    (place.item.clone(), place.location.clone())
}

impl Step {
    pub(super) fn put_item(
        &mut self,
        id: &ItemId,
        attributes: &Arc<ItemAttributes>,
    ) -> Result<(), Rejection> {
        let before = self.shop().items.get(id).cloned();
        let of_item = self.shop().positions_of(id);
        let is_tracked = attributes.tracking == Tracking::Tracked;
        if before.as_ref().is_some_and(Item::tracked) && !is_tracked {
            self.refuse_stock(&of_item)?;
        }
        let version = before.as_ref().map_or(0, |held| held.version) + 1;
        let rank = before.as_ref().map_or_else(|| self.model.item_count(), |held| held.rank);
        let attributes = Some(Arc::clone(attributes));
        let item = Item { attributes, archived: false, version, rank };
        self.shop_mut().items.insert(id.clone(), item);
        self.told.items.insert(id.clone());
        // Alarms stand at once where a new threshold says so.
        let Some(before) = before else { return Ok(()) };
        let moved = threshold(&before.policy()) != threshold(&self.shop().items[id].policy());
        if moved || before.tracked() != is_tracked {
            for key in of_item {
                let (low, _) = self.shop().alarms(&key);
                if self.shop().positions[&key].low != low {
                    self.touch(&key);
                }
            }
        }
        // Counted from now on: there is a position wherever something is sold.
        if !before.tracked() && is_tracked {
            let locations: Vec<LocationId> = self.shop().locations.keys().cloned().collect();
            for location in locations {
                let key = (id.clone(), location);
                if self.shop().sells(&key.1) && !self.shop().positions.contains_key(&key) {
                    self.touch(&key);
                }
            }
        }
        Ok(())
    }

    pub(super) fn archive_item(&mut self, id: &ItemId) -> Result<(), Rejection> {
        self.is_fact = true;
        self.known_item(id)?;
        self.told.items.insert(id.clone());
        if self.shop().items[id].archived {
            self.told.cause = Some(Cause::Unchanged);
            return Ok(());
        }
        let of_item = self.shop().positions_of(id);
        self.refuse_stock(&of_item)?;
        let item = self.shop_mut().items.get_mut(id).expect("known");
        item.archived = true;
        item.version += 1;
        Ok(())
    }

    pub(super) fn remove_location(&mut self, id: &LocationId) -> Result<(), Rejection> {
        self.known_location(id)?;
        let there: Vec<Key> =
            self.shop().positions.keys().filter(|(_, at)| at == id).cloned().collect();
        self.refuse_stock(&there)?;
        self.told.locations.insert(id.clone());
        let location = self.shop_mut().locations.get_mut(id).expect("known");
        location.removed = true;
        location.version += 1;
        Ok(())
    }

    pub(super) fn put_bin(
        &mut self,
        location: &LocationId,
        bin: &BinId,
        name: Option<&Text>,
    ) -> Result<(), Rejection> {
        self.known_location(location)?;
        self.told.locations.insert(location.clone());
        let held = self.shop_mut().locations.get_mut(location).expect("known");
        held.version += 1;
        held.bins.insert(bin.clone(), name.cloned());
        Ok(())
    }

    pub(super) fn assign_bin(&mut self, place: &Place, bin: &BinId) -> Result<(), Rejection> {
        self.known_item(&place.item)?;
        self.known_location(&place.location)?;
        if !self.shop().locations[&place.location].bins.contains_key(bin) {
            let location = place.location.clone();
            return Err(Rejection::UnknownBin { location, bin: bin.clone() });
        }
        self.touch(&key(place));
        self.shop_mut().positions.get_mut(&key(place)).expect("touched").bin = Some(bin.clone());
        Ok(())
    }

    pub(super) fn set_policy(&mut self, place: &Place, policy: Policy) -> Result<(), Rejection> {
        self.known_item(&place.item)?;
        self.known_location(&place.location)?;
        self.touch(&key(place));
        self.shop_mut().positions.get_mut(&key(place)).expect("touched").own = policy;
        Ok(())
    }

    fn refuse_stock(&self, keys: &[Key]) -> Result<(), Rejection> {
        let shop = self.shop();
        let occupied = keys.iter().filter(|key| !shop.positions[*key].is_empty());
        let places: Vec<StockThere> = occupied
            .map(|key| StockThere {
                item: key.0.clone(),
                location: key.1.clone(),
                location_name: shop.locations[&key.1].attributes.name.clone(),
                figures: shop.positions[key].figures(),
            })
            .collect();
        if places.is_empty() { Ok(()) } else { Err(Rejection::StockNotZero { places }) }
    }

    /// Item and location of a stock write.
    pub(super) fn find_place(&mut self, place: &Place, unknown: Unknown) -> Result<Key, Rejection> {
        self.find_item(&place.item, unknown)?;
        self.find_location(&place.location, unknown)?;
        Ok(key(place))
    }
}
