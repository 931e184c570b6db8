//! The dialect `dotted`: names with dots, members in snake_case, words of reasons in lower_snake.

mod words;

use onhand_domain::catalog::Activity;
use onhand_domain::ids::{BinId, ItemId, LocationId, Reference, Text};
use onhand_domain::quantity::Quantity;
use onhand_domain::rejection::Shortage;
use onhand_engine::events::{
    Event, Payload, PositionsOpened, ReservationChanged, ReservationCreated, ReservationFailed,
    ReservationReleased, ReservedLine, StockDiscrepancy, StockLevelChanged, StockTransferred,
    position_aggregate,
};
use uuid::Uuid;

use super::message::{self, Messages};
use super::names;
use super::payload::{self, Naming};
use crate::http::json::Json;

/// Version of the envelope.
const VERSION: &str = "1.0";

/// One message, unless this dialect is silent about the event; of a refusal one for each short line.
pub(super) fn write(event: &Event, out: &mut Messages) {
    let Some(name) = names::dotted(event) else { return };
    match &event.payload {
        Payload::ReservationFailed(failed) if !failed.shortages.is_empty() => {
            for (place, shortage) in failed.shortages.iter().enumerate() {
                let event_id = message::event_id(event.event_id, place);
                let data = |json: &mut Json| json.object(|json| short(failed, shortage, json));
                add(event, event_id, name, data, out);
            }
        }
        Payload::ApplicationEvent(_) => {
            let data = |json: &mut Json| payload::write(&event.payload, Naming::OwnNames, json);
            add(event, event.event_id, name, data, out);
        }
        payload => {
            let data = |json: &mut Json| json.object(|json| data(event, payload, json));
            add(event, event.event_id, name, data, out);
        }
    }
}

fn add(
    event: &Event,
    event_id: Uuid,
    name: &str,
    data: impl FnOnce(&mut Json),
    out: &mut Messages,
) {
    out.add(event_id, name, |json| {
        json.object(|json| {
            let mut id = Uuid::encode_buffer();
            json.text("event", name);
            json.text("version", VERSION);
            json.time("timestamp", event.timestamp);
            json.text("organization_id", event.tenant.as_str());
            json.text("event_id", event_id.hyphenated().encode_lower(&mut id));
            json.text("source", event.trace.source);
            json.key("data");
            data(json);
        });
    });
}

/// Members of `data`. What [`names::dotted`] is silent about does not come here.
fn data(event: &Event, payload: &Payload, json: &mut Json) {
    match payload {
        Payload::StockLevelChanged(level) => movement(event, level, json),
        Payload::LowStockReached(alarm) | Payload::StockReplenished(alarm) => {
            position(&alarm.item, &alarm.location, json);
            json.quantity("available", alarm.available);
            json.quantity("threshold", alarm.threshold);
        }
        Payload::StockedOut(out) => {
            position(&out.item, &out.location, json);
            json.quantity("available", out.available);
        }
        Payload::StockDiscrepancy(found) => discrepancy(found, json),
        Payload::StockTransferred(transferred) => transfer(transferred, json),
        Payload::ReservationCreated(created) => reserved(created, json),
        Payload::ReservationFailed(failed) => {
            order(failed.order.as_ref(), json);
            json.text("reason", &words::lower_snake(failed.reason));
        }
        Payload::ReservationConfirmed(confirmed) => {
            json.text("reservation_id", &confirmed.reservation_id);
            order(confirmed.order.as_ref(), json);
        }
        Payload::ReservationCancelled(released) | Payload::ReservationExpired(released) => {
            release(released, json);
        }
        Payload::ReservationChanged(changed) => reservation_changed(changed, json),
        Payload::ItemDeactivated(deactivated) => {
            json.text("variant_id", deactivated.item.as_str());
            json.number("records_archived", deactivated.positions_archived);
        }
        Payload::PositionsOpened(opened) => initialized(opened, json),
        Payload::LocationCreated(location) | Payload::LocationUpdated(location) => {
            let said = &location.attributes;
            json.text("warehouse_id", location.id.as_str());
            json.text_if("name", said.name.as_ref().map(Text::as_str));
            json.text_if("type", said.kind.as_ref().map(Reference::as_str));
            json.truth("active", said.activity == Activity::Active);
            json.integer("priority", said.priority);
        }
        Payload::BinCreated(created) => {
            json.text("warehouse_id", created.location.as_str());
            json.text("bin_id", created.bin.as_str());
            json.text_if("name", created.name.as_ref().map(Text::as_str));
        }
        Payload::ItemAssignedToBin(assigned) => {
            position(&assigned.item, &assigned.location, json);
            json.text("bin_id", BinId::as_str(&assigned.bin));
        }
        Payload::StockReceived(_)
        | Payload::StockRevalued(_)
        | Payload::ReservationFulfilled(_)
        | Payload::ItemCreated(_)
        | Payload::ItemUpdated(_)
        | Payload::PolicyChanged(_)
        | Payload::ApplicationEvent(_) => {}
    }
}

fn order(order: Option<&Reference>, json: &mut Json) {
    json.text_or_null("order_id", order.map(Reference::as_str));
}

/// The position, by its name and by what it is.
fn position(item: &ItemId, location: &LocationId, json: &mut Json) {
    json.text("stock_id", &position_aggregate(item, location));
    json.text("variant_id", item.as_str());
    json.text("warehouse_id", location.as_str());
}

/// Without a sign, as its name tells the direction; of an adjustment `total_quantity` tells it.
fn movement(event: &Event, level: &StockLevelChanged, json: &mut Json) {
    json.text("movement_id", &level.transaction_id);
    json.text("stock_id", &event.aggregate_id);
    json.text("variant_id", level.item.as_str());
    json.text("warehouse_id", level.location.as_str());
    json.quantity("quantity", level.change_amount.abs());
    let given = level.reason.as_ref().map(Text::as_str);
    json.text("reason", &words::movement(level.change_reason, given));
    json.text_if("order_id", level.order.as_ref().map(Reference::as_str));
    json.quantity("total_quantity", level.new_quantity);
}

fn discrepancy(found: &StockDiscrepancy, json: &mut Json) {
    position(&found.item, &found.location, json);
    json.quantity("available", found.available);
    json.quantity("reserved_quantity", found.promised);
    json.text("cause", &words::lower_snake(found.cause));
    json.text_if("reference", found.reference.as_ref().map(Reference::as_str));
}

fn transfer(transferred: &StockTransferred, json: &mut Json) {
    let status = onhand_engine::events::words::transfer_status(transferred.status);
    json.text("transfer_id", &transferred.transfer_id);
    json.text("status", &words::lower_snake(status));
    json.text("variant_id", transferred.item.as_str());
    json.text("from_warehouse_id", transferred.from.as_str());
    json.text("to_warehouse_id", transferred.to.as_str());
    json.quantity("quantity", transferred.quantity);
    json.quantity_if("received", transferred.received);
}

/// A line without brackets. Only what is not tracked may have no location, and so no position.
fn line(item: &ItemId, location: Option<&LocationId>, quantity: Quantity, json: &mut Json) {
    match location {
        Some(location) => position(item, location, json),
        None => {
            json.null("stock_id");
            json.text("variant_id", item.as_str());
            json.null("warehouse_id");
        }
    }
    json.quantity("quantity", quantity);
}

fn reserved(created: &ReservationCreated, json: &mut Json) {
    json.text("reservation_id", &created.reservation_id);
    order(created.order.as_ref(), json);
    json.array_at("items", |json| {
        for ReservedLine { item, location, quantity } in &created.lines {
            json.object(|json| line(item, location.as_ref(), *quantity, json));
        }
    });
    json.time_or_null("expires_at", created.expires_at);
}

fn short(failed: &ReservationFailed, shortage: &Shortage, json: &mut Json) {
    order(failed.order.as_ref(), json);
    json.text("variant_id", shortage.item.as_str());
    json.text_if("warehouse_id", shortage.location.as_ref().map(LocationId::as_str));
    json.quantity("requested", shortage.requested);
    json.quantity("available", shortage.sellable);
    json.text("reason", &words::lower_snake(failed.reason));
}

fn release(released: &ReservationReleased, json: &mut Json) {
    json.text("reservation_id", &released.reservation_id);
    order(released.order.as_ref(), json);
    json.text("reason", &words::reason(released.reason.as_ref().map(Text::as_str)));
    json.number("items_released", released.lines.len() as u64);
}

fn reservation_changed(changed: &ReservationChanged, json: &mut Json) {
    json.text("reservation_id", &changed.reservation_id);
    order(changed.order.as_ref(), json);
    json.text("change", &words::lower_snake(changed.change));
    json.text("status", &words::lower_snake(onhand_engine::events::words::status(changed.status)));
    json.array_at("items", |json| {
        for standing in &changed.lines {
            json.object(|json| {
                line(&standing.item, standing.location.as_ref(), standing.quantity, json);
                json.quantity("fulfilled", standing.fulfilled);
                json.quantity("released", standing.released);
            });
        }
    });
    json.time_or_null("expires_at", changed.expires_at);
}

fn initialized(opened: &PositionsOpened, json: &mut Json) {
    let count = opened.locations.len() as u64;
    json.text("variant_id", opened.item.as_str());
    json.number("warehouses_count", count);
    json.number("stock_records_created", count);
}
