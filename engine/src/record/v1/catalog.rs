//! Frozen mirrors of items, locations and bins.

use std::sync::Arc;

use onhand_domain::catalog::{
    Activity, Bin, Item, ItemAttributes, Location, LocationAttributes, Standing, Strategy, Tracking,
};
use onhand_domain::change::BinChange;
use onhand_domain::ids::{BinId, ItemId, LocationId, Reference, Text};
use onhand_domain::quantity::Money;
use serde::{Deserialize, Serialize};

use super::policy::PolicyV1;
use crate::record::DecodeError;
use crate::record::code::Code;
use crate::record::mirror::{Base, Mirror, name, restore_option};

/// Mirror of [`Item`]; times are milliseconds from the record's time stamp.
#[derive(Serialize, Deserialize)]
pub(in crate::record) struct ItemV1<'a> {
    number: u32,
    tenant: u32,
    id: &'a str,
    #[serde(borrow)]
    attributes: Option<ItemAttributesV1<'a>>,
    standing: u8,
    version: u32,
    created_at: i64,
    updated_at: i64,
}

impl<'a> Mirror<'a> for ItemV1<'a> {
    type Of = Item;

    fn of(item: &'a Item, base: Base) -> Self {
        Self {
            number: item.number,
            tenant: base.tenant_offset(item.tenant),
            id: item.id.as_str(),
            attributes: item.attributes.as_ref().map(|held| ItemAttributesV1::of(held, base)),
            standing: item.standing.code(),
            version: item.version,
            created_at: base.offset(item.created_at),
            updated_at: base.offset(item.updated_at),
        }
    }

    fn restore(self, base: Base) -> Result<Item, DecodeError> {
        Ok(Item {
            number: self.number,
            tenant: base.tenant(self.tenant),
            id: name!(ItemId, self.id),
            attributes: restore_option(self.attributes, base)?.map(Arc::new),
            standing: Standing::of_code(self.standing)?,
            version: self.version,
            created_at: base.time(self.created_at),
            updated_at: base.time(self.updated_at),
        })
    }
}

/// Mirror of [`ItemAttributes`].
#[derive(Serialize, Deserialize)]
pub(in crate::record) struct ItemAttributesV1<'a> {
    sku: Option<&'a str>,
    name: Option<&'a str>,
    product: Option<&'a str>,
    unit_of_measure: Option<&'a str>,
    tracking: u8,
    policy: PolicyV1,
    unit_cost: Option<i64>,
    strategy: u8,
}

impl<'a> Mirror<'a> for ItemAttributesV1<'a> {
    type Of = ItemAttributes;

    fn of(attributes: &'a ItemAttributes, base: Base) -> Self {
        Self {
            sku: attributes.sku.as_ref().map(Reference::as_str),
            name: attributes.name.as_ref().map(Text::as_str),
            product: attributes.product.as_ref().map(Reference::as_str),
            unit_of_measure: attributes.unit_of_measure.as_ref().map(Reference::as_str),
            tracking: attributes.tracking.code(),
            policy: PolicyV1::of(&attributes.policy, base),
            unit_cost: attributes.unit_cost.map(Money::millionths),
            strategy: attributes.strategy.code(),
        }
    }

    fn restore(self, base: Base) -> Result<ItemAttributes, DecodeError> {
        Ok(ItemAttributes {
            sku: self.sku.map(|text| name!(Reference, text)),
            name: self.name.map(|text| name!(Text, text)),
            product: self.product.map(|text| name!(Reference, text)),
            unit_of_measure: self.unit_of_measure.map(|text| name!(Reference, text)),
            tracking: Tracking::of_code(self.tracking)?,
            policy: self.policy.restore(base)?,
            unit_cost: self.unit_cost.map(Money::from_millionths),
            strategy: Strategy::of_code(self.strategy)?,
        })
    }
}

/// Mirror of [`Location`] without its bins.
#[derive(Serialize, Deserialize)]
pub(in crate::record) struct LocationV1<'a> {
    number: u32,
    tenant: u32,
    id: &'a str,
    name: Option<&'a str>,
    kind: Option<&'a str>,
    activity: u8,
    priority: i32,
    standing: u8,
    version: u32,
    created_at: i64,
    updated_at: i64,
}

impl<'a> Mirror<'a> for LocationV1<'a> {
    type Of = Location;

    fn of(location: &'a Location, base: Base) -> Self {
        Self {
            number: location.number,
            tenant: base.tenant_offset(location.tenant),
            id: location.id.as_str(),
            name: location.attributes.name.as_ref().map(Text::as_str),
            kind: location.attributes.kind.as_ref().map(Reference::as_str),
            activity: location.attributes.activity.code(),
            priority: location.attributes.priority,
            standing: location.standing.code(),
            version: location.version,
            created_at: base.offset(location.created_at),
            updated_at: base.offset(location.updated_at),
        }
    }

    fn restore(self, base: Base) -> Result<Location, DecodeError> {
        Ok(Location {
            number: self.number,
            tenant: base.tenant(self.tenant),
            id: name!(LocationId, self.id),
            attributes: LocationAttributes {
                name: self.name.map(|text| name!(Text, text)),
                kind: self.kind.map(|text| name!(Reference, text)),
                activity: Activity::of_code(self.activity)?,
                priority: self.priority,
            },
            standing: Standing::of_code(self.standing)?,
            version: self.version,
            created_at: base.time(self.created_at),
            updated_at: base.time(self.updated_at),
        })
    }
}

/// Mirror of [`Bin`].
#[derive(Serialize, Deserialize)]
pub(in crate::record) struct BinV1<'a> {
    id: &'a str,
    name: Option<&'a str>,
}

impl<'a> Mirror<'a> for BinV1<'a> {
    type Of = Bin;

    fn of(bin: &'a Bin, _: Base) -> Self {
        Self { id: bin.id.as_str(), name: bin.name.as_ref().map(Text::as_str) }
    }

    fn restore(self, _: Base) -> Result<Bin, DecodeError> {
        Ok(Bin { id: name!(BinId, self.id), name: self.name.map(|text| name!(Text, text)) })
    }
}

/// Mirror of [`BinChange`].
#[derive(Serialize, Deserialize)]
pub(in crate::record) struct BinChangeV1<'a> {
    location: u32,
    #[serde(borrow)]
    bin: BinV1<'a>,
    created: bool,
}

impl<'a> Mirror<'a> for BinChangeV1<'a> {
    type Of = BinChange;

    fn of(change: &'a BinChange, base: Base) -> Self {
        Self {
            location: change.location,
            bin: BinV1::of(&change.bin, base),
            created: change.created,
        }
    }

    fn restore(self, base: Base) -> Result<BinChange, DecodeError> {
        Ok(BinChange {
            location: self.location,
            bin: self.bin.restore(base)?,
            created: self.created,
        })
    }
}
