//! Members of payloads about goods, in camelCase and snake_case, by our names and by the seeds'.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::fault::Fault;
use super::raw::Raw;

/// A member that we read. Spellings that mean the same are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(field_identifier, rename_all = "camelCase")]
pub(super) enum Key {
    #[serde(
        alias = "item_id",
        alias = "variant_id",
        alias = "variantId",
        alias = "inventoryItemId"
    )]
    ItemId,
    #[serde(alias = "location_id", alias = "warehouse_id", alias = "warehouseId")]
    LocationId,
    #[serde(alias = "from_location_id", alias = "from_warehouse_id", alias = "fromWarehouseId")]
    FromLocationId,
    #[serde(alias = "to_location_id", alias = "to_warehouse_id", alias = "toWarehouseId")]
    ToLocationId,
    Quantity,
    #[serde(alias = "sale_id")]
    SaleId,
    #[serde(alias = "receipt_id")]
    ReceiptId,
    #[serde(alias = "transfer_id")]
    TransferId,
    Amount,
    #[serde(alias = "lot_number")]
    LotNumber,
    #[serde(alias = "expiry_date")]
    ExpiryDate,
    #[serde(alias = "unit_cost")]
    UnitCost,
    Timestamp,
    #[serde(alias = "received_at")]
    ReceivedAt,
    #[serde(alias = "cancelled_by")]
    CancelledBy,
    #[serde(alias = "deleted_by")]
    DeletedBy,
    #[serde(alias = "approved_by")]
    ApprovedBy,
    #[serde(other)]
    Unread,
}

/// How many keys there are, without the last, which is not kept.
const KEYS: usize = Key::Unread as usize;

impl Key {
    /// Its canonical spelling.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::ItemId => "itemId",
            Self::LocationId => "locationId",
            Self::FromLocationId => "fromLocationId",
            Self::ToLocationId => "toLocationId",
            Self::Quantity => "quantity",
            Self::SaleId => "saleId",
            Self::ReceiptId => "receiptId",
            Self::TransferId => "transferId",
            Self::Amount => "amount",
            Self::LotNumber => "lotNumber",
            Self::ExpiryDate => "expiryDate",
            Self::UnitCost => "unitCost",
            Self::Timestamp => "timestamp",
            Self::ReceivedAt => "receivedAt",
            Self::CancelledBy => "cancelledBy",
            Self::DeletedBy => "deletedBy",
            Self::ApprovedBy => "approvedBy",
            Self::Unread => "",
        }
    }
}

/// The members of a payload, not yet read. What is `null` is absent.
#[derive(Debug, Default)]
pub(super) struct Goods<'a> {
    members: [Option<Raw<'a>>; KEYS],
}

impl<'a> Goods<'a> {
    /// Finds them.
    ///
    /// # Errors
    /// The payload is no object, or says one thing twice in different words.
    pub(super) fn parse(payload: Raw<'a>) -> Result<Self, Fault> {
        serde_json::from_str(payload.as_str()).map_err(|error| Fault::invalid("payload", error))
    }

    /// A member, if it is there.
    pub(super) fn get(&self, key: Key) -> Option<Raw<'a>> {
        self.members.get(key as usize).copied().flatten()
    }

    /// Who did it, with the member that says so.
    pub(super) fn actor(&self) -> Result<Option<(Key, Cow<'a, str>)>, Fault> {
        for key in [Key::CancelledBy, Key::DeletedBy, Key::ApprovedBy] {
            if let Some(raw) = self.get(key) {
                return Ok(raw.text_if(key.name())?.map(|text| (key, text)));
            }
        }
        Ok(None)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Goods<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Goods<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Goods<'de>, A::Error> {
                let mut goods = Goods::default();
                while let Some(key) = map.next_key::<Key>()? {
                    let Some(slot) = goods.members.get_mut(key as usize) else {
                        map.next_value::<IgnoredAny>()?;
                        continue;
                    };
                    let value = map.next_value::<Option<Raw<'de>>>()?;
                    match (&slot, value) {
                        (_, None) => {}
                        (Some(before), Some(now)) if before.as_str() != now.as_str() => {
                            let name = key.name();
                            return Err(A::Error::custom(format!("two different `{name}`")));
                        }
                        _ => *slot = value,
                    }
                }
                Ok(goods)
            }
        }

        deserializer.deserialize_map(Members)
    }
}
