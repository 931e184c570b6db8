//! Till sales as messages: written for the topic, read by the bare loop.

use std::borrow::Cow;
use std::io::Write;

use serde::Deserialize;

use crate::quantity::Quantity;
use crate::warehouse::{Position, Warehouse};

/// Writes a sale in the dialect `standard` (EVENTS.md), as a till would.
pub fn write(
    number: u64,
    position: Position,
    quantity: u32,
    (tenant, warehouse): (&str, Warehouse),
    out: &mut Vec<u8>,
) {
    let time = "2026-11-21T12:00:00Z";
    let written = write!(
        out,
        "{{\"eventId\":\"sale-{number:010}\",\"eventType\":\"SALE_COMPLETED\",\
         \"tenantId\":\"{tenant}\",\"timestamp\":\"{time}\",\"version\":\"1.0\",\
         \"payload\":{{\"saleId\":\"S-{number:010}\","
    );
    written.expect("memory takes what is written");
    warehouse.write_place(position, out);
    let written = write!(
        out,
        ",\"quantity\":{quantity},\"amount\":9.95,\"timestamp\":\"{time}\"}},\
         \"metadata\":{{\"source\":\"till-{:03}\"}}}}",
        number % 100
    );
    written.expect("memory takes what is written");
}

/// The message as the bare loop reads it: all that an application would look at, nothing copied.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sale<'a> {
    /// Its identity.
    #[serde(borrow)]
    pub event_id: Cow<'a, str>,
    /// Its type.
    #[serde(borrow)]
    pub event_type: Cow<'a, str>,
    /// Whose it is.
    #[serde(borrow)]
    pub tenant_id: Cow<'a, str>,
    /// When it was said.
    #[serde(borrow)]
    pub timestamp: Cow<'a, str>,
    /// What was sold.
    #[serde(borrow)]
    pub payload: Sold<'a>,
}

/// What was sold.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sold<'a> {
    /// The receipt's number.
    #[serde(borrow)]
    pub sale_id: Cow<'a, str>,
    /// The item.
    #[serde(borrow)]
    pub item_id: Cow<'a, str>,
    /// Where.
    #[serde(borrow)]
    pub location_id: Cow<'a, str>,
    /// How much.
    pub quantity: Quantity,
}

/// A change as Onhand publishes it, as far as the audit counts it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Change<'a> {
    /// `StockLevelChanged` for each change of a position.
    #[serde(borrow)]
    pub event_type: Cow<'a, str>,
    /// What changed.
    #[serde(borrow)]
    pub payload: Changed<'a>,
}

/// What changed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Changed<'a> {
    /// The item.
    #[serde(borrow, default)]
    pub item_id: Cow<'a, str>,
    /// Where.
    #[serde(borrow, default)]
    pub location_id: Cow<'a, str>,
    /// Why; `SALE` is ours.
    #[serde(borrow)]
    pub change_reason: Option<Cow<'a, str>>,
    /// By how much, below zero for a sale.
    pub change_amount: Option<Quantity>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bare_loop_reads_what_was_written() {
        let warehouse = Warehouse { items: 30, locations: 1 };
        let mut out = Vec::new();
        write(7, 12, 3, ("shop", warehouse), &mut out);
        let sale: Sale<'_> = serde_json::from_slice(&out).unwrap();
        assert_eq!((&*sale.event_id, &*sale.event_type), ("sale-0000000007", "SALE_COMPLETED"));
        assert_eq!((&*sale.tenant_id, &*sale.payload.sale_id), ("shop", "S-0000000007"));
        let Sold { item_id, location_id, quantity, .. } = &sale.payload;
        assert_eq!(warehouse.find(item_id, location_id), Some(12));
        assert_eq!(quantity.to_string(), "3");
        assert!(matches!(sale.event_id, Cow::Borrowed(_)), "nothing is copied");
    }
}
