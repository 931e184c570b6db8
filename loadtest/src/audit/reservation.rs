//! Judges one reservation against the order it was made for.

use std::borrow::Cow;

use serde::Deserialize;

use crate::journal::Status;
use crate::order::{Order, OrderNumber};
use crate::quantity::Quantity;
use crate::request::order_id;
use crate::warehouse::{Position, Warehouse};

/// A reservation, as far as it is judged.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reservation<'a> {
    /// `reservationId`
    #[serde(borrow)]
    pub reservation_id: Cow<'a, str>,
    /// `orderId`
    #[serde(borrow)]
    pub order_id: Option<Cow<'a, str>>,
    /// `status`
    pub status: Status,
    /// `lines`
    #[serde(borrow)]
    pub lines: Vec<ReservationLine<'a>>,
}

/// One line of it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReservationLine<'a> {
    /// `itemId`
    #[serde(borrow)]
    pub item_id: Cow<'a, str>,
    /// `locationId`
    #[serde(borrow)]
    pub location_id: Cow<'a, str>,
    /// `quantity`
    pub quantity: Quantity,
    /// `fulfilled`
    pub fulfilled: Quantity,
    /// `released`
    pub released: Quantity,
}

/// The page of reservations of an order.
#[derive(Debug, Deserialize)]
pub struct Page<'a> {
    /// `items`
    #[serde(borrow)]
    pub items: Vec<Reservation<'a>>,
}

impl Reservation<'_> {
    /// What differs from the order `number`, whose reservation was acknowledged under `id`.
    #[must_use]
    pub fn differs(
        &self,
        (number, order): (OrderNumber, &Order),
        id: Option<&[u8]>,
        warehouse: Warehouse,
    ) -> Option<String> {
        if id.is_some_and(|id| id != self.reservation_id.as_bytes()) {
            return Some(format!("another reservationId: {}", self.reservation_id));
        }
        if self.order_id.as_deref() != Some(&order_id(number)) {
            return Some(format!(
                "reservation {} has orderId {:?}",
                self.reservation_id, self.order_id
            ));
        }
        let mut found: Vec<(Option<Position>, Quantity)> = self
            .lines
            .iter()
            .map(|line| (warehouse.find(&line.item_id, &line.location_id), line.quantity))
            .collect();
        let mut asked: Vec<_> =
            order.lines.iter().map(|line| (Some(line.position), line.quantity)).collect();
        found.sort_unstable();
        asked.sort_unstable();
        if found != asked {
            return Some("its lines are not those that were asked for".into());
        }
        self.lines.iter().find_map(|line| {
            let (fulfilled, released) = match self.status {
                Status::Active | Status::Confirmed => (Quantity::ZERO, Quantity::ZERO),
                Status::Fulfilled => (line.quantity, Quantity::ZERO),
                Status::Cancelled | Status::Expired => (Quantity::ZERO, line.quantity),
            };
            let as_due = (line.fulfilled, line.released) == (fulfilled, released);
            (!as_due).then(|| {
                format!(
                    "{:?}, but of {} {} are fulfilled and {} released",
                    self.status, line.quantity, line.fulfilled, line.released
                )
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::{Fate, Line};

    const NUMBER: OrderNumber = OrderNumber { thread: 0, sequence: 7 };

    fn body(order: &str, status: &str, lines: &[(&str, &str, &str, &str)]) -> String {
        let lines: Vec<String> = lines
            .iter()
            .map(|(item, quantity, fulfilled, released)| {
                format!(
                    r#"{{"itemId":"{item}","locationId":"loc-0000","quantity":{quantity},"fulfilled":{fulfilled},"released":{released}}}"#
                )
            })
            .collect();
        format!(
            r#"{{"reservationId":"r-1","orderId":"{order}","status":"{status}","expiresAt":null,"lines":[{}]}}"#,
            lines.join(",")
        )
    }

    fn judged(body: &str, id: &[u8]) -> Option<String> {
        let line = |position, micros| Line { position, quantity: Quantity::from_micros(micros) };
        let order = Order { lines: vec![line(1, 2_000_000), line(0, 250_000)], fate: Fate::Keep };
        let reservation: Reservation<'_> = serde_json::from_str(body).unwrap();
        let warehouse = Warehouse { items: 5, locations: 1 };
        reservation.differs((NUMBER, &order), Some(id), warehouse)
    }

    const ITEM: [&str; 2] = ["item-00000000", "item-00000001"];
    const ORDER: &str = "order-00-0000000007";

    #[test]
    fn what_was_asked_for_is_right_in_every_status() {
        for (status, first, second) in [
            ("ACTIVE", (ITEM[0], "0.25", "0", "0"), (ITEM[1], "2", "0", "0")),
            ("CONFIRMED", (ITEM[1], "2.0", "0", "0"), (ITEM[0], "25e-2", "0", "0")),
            ("FULFILLED", (ITEM[0], "0.25", "0.25", "0"), (ITEM[1], "2", "2", "0")),
            ("CANCELLED", (ITEM[0], "0.25", "0", "0.25"), (ITEM[1], "2", "0", "2")),
            ("EXPIRED", (ITEM[0], "0.25", "0", "0.25"), (ITEM[1], "2", "0", "2")),
        ] {
            assert_eq!(judged(&body(ORDER, status, &[first, second]), b"r-1"), None, "{status}");
        }
    }

    #[test]
    fn every_difference_is_seen() {
        let right = [(ITEM[0], "0.25", "0", "0"), (ITEM[1], "2", "0", "0")];
        for (order, status, lines, id) in [
            ("order-00-0000000008", "ACTIVE", right.to_vec(), "r-1"),
            (ORDER, "ACTIVE", right.to_vec(), "r-2"),
            (ORDER, "ACTIVE", right[..1].to_vec(), "r-1"),
            (ORDER, "ACTIVE", vec![right[0], (ITEM[1], "1.999999", "0", "0")], "r-1"),
            (ORDER, "ACTIVE", vec![right[0], ("item-00000002", "2", "0", "0")], "r-1"),
            (ORDER, "ACTIVE", vec![right[0], (ITEM[1], "2", "1", "0")], "r-1"),
            (ORDER, "FULFILLED", right.to_vec(), "r-1"),
            (ORDER, "EXPIRED", right.to_vec(), "r-1"),
        ] {
            let body = body(order, status, &lines);
            assert!(judged(&body, id.as_bytes()).is_some(), "{id} {body}");
        }
    }
}
