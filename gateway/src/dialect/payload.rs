//! Payloads of `standard`, and of the dialects that say the same. What has a `?` in EVENTS.md is left out when it is absent; the
//! rest is always there, `null` when the caller gave none.

use jiff::civil::Date;
use onhand_domain::ids::{BinId, ItemId, LocationId, LotNumber, Reference, Text};
use onhand_domain::policy::Policy;
use onhand_domain::quantity::Quantity;
use onhand_domain::rejection::Shortage;
use onhand_domain::time::Day;
use onhand_engine::events::{
    AlarmThreshold, BinCreated, ItemAssignedToBin, ItemDeactivated, OutOfStock, Payload,
    PolicyChanged, PositionsOpened, ReservationChanged, ReservationConfirmed, ReservationCreated,
    ReservationFailed, ReservationFulfilled, ReservationReleased, ReservedLine, ShippedLine,
    StandingLine, StockDiscrepancy, StockLevelChanged, StockReceived, StockRevalued,
    StockTransferred, words,
};

use crate::http::catalog::{items, locations};
use crate::http::json::Json;
use crate::http::policy;

/// Which names a payload has for item and location.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Naming {
    /// `itemId`, `locationId`.
    OwnNames,
    /// Beside each of them the seeds' names: `inventoryItemId`, `warehouseId`.
    BothNames,
}

impl Naming {
    fn item(self, item: &ItemId, json: &mut Json) {
        json.text("itemId", item.as_str());
        if self == Self::BothNames {
            json.text("inventoryItemId", item.as_str());
        }
    }

    fn location(self, location: Option<&LocationId>, json: &mut Json) {
        let location = location.map(LocationId::as_str);
        json.text_or_null("locationId", location);
        if self == Self::BothNames {
            json.text_or_null("warehouseId", location);
        }
    }

    fn location_if(self, location: Option<&LocationId>, json: &mut Json) {
        if location.is_some() {
            self.location(location, json);
        }
    }

    fn place(self, item: &ItemId, location: &LocationId, json: &mut Json) {
        self.item(item, json);
        self.location(Some(location), json);
    }
}

/// Writes what an event says as one object.
pub(super) fn write(payload: &Payload, naming: Naming, json: &mut Json) {
    match payload {
        Payload::ItemCreated(item) | Payload::ItemUpdated(item) => {
            items::write(item, json);
            if naming == Naming::BothNames {
                json.extend(|json| json.text("inventoryItemId", item.id.as_str()));
            }
        }
        Payload::LocationCreated(location) | Payload::LocationUpdated(location) => {
            locations::write(location, json);
            if naming == Naming::BothNames {
                json.extend(|json| json.text("warehouseId", location.id.as_str()));
            }
        }
        other => json.object(|json| members(other, naming, json)),
    }
}

fn members(payload: &Payload, naming: Naming, json: &mut Json) {
    match payload {
        Payload::StockLevelChanged(level) => level_changed(level, naming, json),
        Payload::StockReceived(received) => stock_received(received, naming, json),
        Payload::LowStockReached(alarm) | Payload::StockReplenished(alarm) => {
            threshold(alarm, naming, json);
        }
        Payload::StockedOut(out) => out_of_stock(out, naming, json),
        Payload::StockDiscrepancy(found) => discrepancy(found, naming, json),
        Payload::StockRevalued(revalued) => stock_revalued(revalued, naming, json),
        Payload::StockTransferred(transferred) => stock_transferred(transferred, naming, json),
        Payload::ReservationCreated(created) => reservation_created(created, naming, json),
        Payload::ReservationFailed(failed) => reservation_failed(failed, naming, json),
        Payload::ReservationConfirmed(confirmed) => reservation_confirmed(confirmed, json),
        Payload::ReservationCancelled(released) | Payload::ReservationExpired(released) => {
            reservation_released(released, naming, json);
        }
        Payload::ReservationChanged(changed) => reservation_changed(changed, naming, json),
        Payload::ReservationFulfilled(fulfilled) => reservation_fulfilled(fulfilled, naming, json),
        Payload::ItemDeactivated(deactivated) => item_deactivated(deactivated, naming, json),
        Payload::PositionsOpened(opened) => positions_opened(opened, naming, json),
        Payload::PolicyChanged(changed) => policy_changed(changed, naming, json),
        Payload::BinCreated(created) => bin_created(created, naming, json),
        Payload::ItemAssignedToBin(assigned) => item_assigned(assigned, naming, json),
        // Whole things of the catalog write their own object.
        Payload::ItemCreated(_)
        | Payload::ItemUpdated(_)
        | Payload::LocationCreated(_)
        | Payload::LocationUpdated(_) => {}
        Payload::ApplicationEvent(event) => {
            // The engine has checked that it is an object, so its members stand between braces.
            let inside = event.payload.get(1..event.payload.len().saturating_sub(1));
            json.members(inside.unwrap_or_default().trim_ascii().as_bytes());
        }
    }
}

fn reference_if(key: &'static str, reference: Option<&Reference>, json: &mut Json) {
    json.text_if(key, reference.map(Reference::as_str));
}

fn order(order: Option<&Reference>, json: &mut Json) {
    json.text_or_null("orderId", order.map(Reference::as_str));
}

fn level_changed(level: &StockLevelChanged, naming: Naming, json: &mut Json) {
    naming.place(&level.item, &level.location, json);
    json.quantity("previousQuantity", level.previous_quantity);
    json.quantity("newQuantity", level.new_quantity);
    json.quantity("changeAmount", level.change_amount);
    json.text("changeReason", level.change_reason);
    json.array_at("changes", |json| {
        for change in &level.changes {
            json.object(|json| {
                json.text("bucket", change.bucket);
                json.quantity("before", change.before);
                json.quantity("after", change.after);
            });
        }
    });
    json.quantity("onHand", level.new_quantity);
    json.quantity("available", level.available);
    json.quantity_or_null("sellable", level.sellable);
    json.text("transactionId", &level.transaction_id);
    reference_if("reference", level.reference.as_ref(), json);
    reference_if("referenceType", level.reference_type.as_ref(), json);
    reference_if("orderId", level.order.as_ref(), json);
    json.text_if("lotNumber", level.lot.as_ref().map(LotNumber::as_str));
    json.money_if("unitCost", level.unit_cost);
    json.money_if("value", level.value);
}

fn stock_received(received: &StockReceived, naming: Naming, json: &mut Json) {
    naming.place(&received.item, &received.location, json);
    json.quantity("quantity", received.quantity);
    json.text_if("lotNumber", received.lot.as_ref().map(LotNumber::as_str));
    json.text_if("expiryDate", received.expiry.map(shown).as_deref());
    json.money_if("unitCost", received.unit_cost);
    reference_if("receiptId", received.receipt.as_ref(), json);
    json.text("transactionId", &received.transaction_id);
}

/// A day: `2026-02-09`. One that lies beyond the calendar shows as its end.
pub(crate) fn shown(day: Day) -> String {
    let days = jiff::Span::new().try_days(day.days());
    let date = days.and_then(|days| Date::constant(1970, 1, 1).checked_add(days));
    date.unwrap_or(if day.days() < 0 { Date::MIN } else { Date::MAX }).to_string()
}

fn threshold(alarm: &AlarmThreshold, naming: Naming, json: &mut Json) {
    naming.place(&alarm.item, &alarm.location, json);
    json.quantity("available", alarm.available);
    json.quantity("threshold", alarm.threshold);
}

fn out_of_stock(out: &OutOfStock, naming: Naming, json: &mut Json) {
    naming.place(&out.item, &out.location, json);
    json.quantity("available", out.available);
}

fn discrepancy(found: &StockDiscrepancy, naming: Naming, json: &mut Json) {
    naming.place(&found.item, &found.location, json);
    json.quantity("available", found.available);
    json.quantity("promised", found.promised);
    json.text("cause", found.cause);
    reference_if("reference", found.reference.as_ref(), json);
}

fn stock_revalued(revalued: &StockRevalued, naming: Naming, json: &mut Json) {
    naming.place(&revalued.item, &revalued.location, json);
    json.text_if("lotNumber", revalued.lot.as_ref().map(LotNumber::as_str));
    json.money_if("previousUnitCost", revalued.previous_unit_cost);
    json.money_if("unitCost", Some(revalued.unit_cost));
    json.quantity("quantity", revalued.quantity);
    json.money_if("value", Some(revalued.value));
}

fn stock_transferred(transferred: &StockTransferred, naming: Naming, json: &mut Json) {
    json.text("transferId", &transferred.transfer_id);
    json.text("status", words::transfer_status(transferred.status));
    naming.item(&transferred.item, json);
    json.text("fromLocationId", transferred.from.as_str());
    json.text("toLocationId", transferred.to.as_str());
    json.quantity("quantity", transferred.quantity);
    json.quantity_if("received", transferred.received);
}

/// Item, location and quantity of a line, without brackets.
fn line(
    item: &ItemId,
    location: Option<&LocationId>,
    quantity: Quantity,
    naming: Naming,
    json: &mut Json,
) {
    naming.item(item, json);
    naming.location(location, json);
    json.quantity("quantity", quantity);
}

fn reserved_lines(lines: &[ReservedLine], naming: Naming, json: &mut Json) {
    json.array_at("lines", |json| {
        for ReservedLine { item, location, quantity } in lines {
            json.object(|json| line(item, location.as_ref(), *quantity, naming, json));
        }
    });
}

fn reservation_created(created: &ReservationCreated, naming: Naming, json: &mut Json) {
    json.text("reservationId", &created.reservation_id);
    order(created.order.as_ref(), json);
    reference_if("customerId", created.customer.as_ref(), json);
    reference_if("localId", created.local.as_ref(), json);
    reserved_lines(&created.lines, naming, json);
    json.time_or_null("expiresAt", created.expires_at);
}

fn reservation_failed(failed: &ReservationFailed, naming: Naming, json: &mut Json) {
    order(failed.order.as_ref(), json);
    json.text("reason", failed.reason);
    json.array_at("shortages", |json| {
        for Shortage { item, location, requested, sellable } in &failed.shortages {
            json.object(|json| {
                naming.item(item, json);
                naming.location_if(location.as_ref(), json);
                json.quantity("requested", *requested);
                json.quantity("sellable", *sellable);
            });
        }
    });
}

fn reservation_confirmed(confirmed: &ReservationConfirmed, json: &mut Json) {
    json.text("reservationId", &confirmed.reservation_id);
    order(confirmed.order.as_ref(), json);
}

fn reservation_released(released: &ReservationReleased, naming: Naming, json: &mut Json) {
    json.text("reservationId", &released.reservation_id);
    order(released.order.as_ref(), json);
    json.text_or_null("reason", released.reason.as_ref().map(Text::as_str));
    reserved_lines(&released.lines, naming, json);
    json.text("status", words::status(released.status));
}

fn reservation_changed(changed: &ReservationChanged, naming: Naming, json: &mut Json) {
    json.text("change", changed.change);
    json.text("reservationId", &changed.reservation_id);
    order(changed.order.as_ref(), json);
    json.text("status", words::status(changed.status));
    json.time_or_null("expiresAt", changed.expires_at);
    reference_if("customerId", changed.customer.as_ref(), json);
    reference_if("localId", changed.local.as_ref(), json);
    json.time_if("requiredAt", changed.required_at);
    json.time("createdAt", changed.created_at);
    json.number("version", changed.version);
    json.array_at("lines", |json| {
        for StandingLine { item, location, quantity, fulfilled, released } in &changed.lines {
            json.object(|json| {
                line(item, location.as_ref(), *quantity, naming, json);
                json.quantity("fulfilled", *fulfilled);
                json.quantity("released", *released);
            });
        }
    });
}

fn reservation_fulfilled(fulfilled: &ReservationFulfilled, naming: Naming, json: &mut Json) {
    json.text("reservationId", &fulfilled.reservation_id);
    order(fulfilled.order.as_ref(), json);
    reference_if("shipmentId", fulfilled.shipment.as_ref(), json);
    json.array_at("lines", |json| {
        for ShippedLine { item, location, quantity, transaction_id } in &fulfilled.lines {
            json.object(|json| {
                line(item, location.as_ref(), *quantity, naming, json);
                json.text("transactionId", transaction_id);
            });
        }
    });
    json.text("status", words::status(fulfilled.status));
}

fn item_deactivated(deactivated: &ItemDeactivated, naming: Naming, json: &mut Json) {
    naming.item(&deactivated.item, json);
    json.number("positionsArchived", deactivated.positions_archived);
}

fn positions_opened(opened: &PositionsOpened, naming: Naming, json: &mut Json) {
    naming.item(&opened.item, json);
    json.array_at("locations", |json| {
        for location in &opened.locations {
            json.element(location.as_str());
        }
    });
    json.number("positionsOpened", opened.locations.len() as u64);
}

fn policy_changed(changed: &PolicyChanged, naming: Naming, json: &mut Json) {
    naming.item(&changed.item, json);
    naming.location_if(changed.location.as_ref(), json);
    policy_at("before", &changed.before, json);
    policy_at("after", &changed.after, json);
}

fn policy_at(key: &'static str, policy: &Policy, json: &mut Json) {
    json.object_at(key, |json| {
        json.quantity_if("safetyStock", policy.safety_stock);
        policy::write(policy, json);
    });
}

fn bin_created(created: &BinCreated, naming: Naming, json: &mut Json) {
    naming.location(Some(&created.location), json);
    json.text("binId", created.bin.as_str());
    json.text_if("name", created.name.as_ref().map(Text::as_str));
}

fn item_assigned(assigned: &ItemAssignedToBin, naming: Naming, json: &mut Json) {
    naming.place(&assigned.item, &assigned.location, json);
    json.text("binId", BinId::as_str(&assigned.bin));
}
