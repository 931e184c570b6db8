//! How an entry of the ledger looks.

use onhand_domain::ids::{Reference, Text};
use onhand_engine::Names;
use onhand_engine::events::words;
use onhand_engine::history::LedgerEntry;
use onhand_engine::ids::{correlation_id, reservation_id, transaction_id, transfer_id};
use utoipa::ToSchema;

use crate::http::answer::LOG;
use crate::http::json::Json;

/// Writes an entry as one object.
pub(crate) fn write(entry: &LedgerEntry, names: &dyn Names, json: &mut Json) {
    let (item, location) = names.place(entry.position().position);
    let movement = entry.movement();
    json.object(|json| {
        let place = entry.place;
        json.text("transactionId", &transaction_id(LOG, place.sequence, place.movement));
        json.number("sequence", place.sequence);
        json.text("itemId", names.item(item).as_str());
        json.text("locationId", names.location(location).as_str());
        json.text("type", words::movement(movement.kind));
        json.text("bucket", words::bucket(entry.bucket));
        json.quantity("quantity", entry.quantity());
        json.quantity("before", entry.before);
        json.quantity("after", entry.after);
        json.text_if("from", movement.from.map(words::bucket));
        json.text_if("to", movement.to.map(words::bucket));
        write_words(entry, json);
        let cost = entry.cost();
        json.text_if("lotNumber", cost.lot.as_ref().map(|lot| lot.as_str()));
        json.money_if("unitCost", cost.unit_cost);
        json.money_if("value", cost.value);
        json.time("occurredAt", entry.occurred_at());
        json.time("recordedAt", entry.change.at);
        write_trace(entry, json);
    });
}

fn write_words(entry: &LedgerEntry, json: &mut Json) {
    let change = &entry.change;
    if let Some(detail) = &change.detail {
        json.text_if("reason", detail.reason.as_ref().map(Text::as_str));
        json.text_if("reference", entry.reference().map(Reference::as_str));
        json.text_if("referenceType", detail.reference_type.as_ref().map(Reference::as_str));
        json.text_if("note", detail.note.as_ref().map(Text::as_str));
    }
    json.text_if("orderId", entry.order().map(Reference::as_str));
    if let Some(held) = entry.reservation() {
        json.text("reservationId", &reservation_id(LOG, held.number));
    }
    if let Some(held) = &change.transfer {
        json.text("transferId", &transfer_id(LOG, held.number));
    }
}

fn write_trace(entry: &LedgerEntry, json: &mut Json) {
    let trace = entry.change.trace.as_deref();
    json.text_if("actor", trace.and_then(|trace| trace.user.as_ref()).map(Text::as_str));
    match trace.and_then(|trace| trace.correlation.as_ref()) {
        Some(correlation) => json.text("correlationId", correlation.as_str()),
        // The one that the events of the record carry.
        None => json.text("correlationId", &correlation_id(LOG, entry.place.sequence)),
    }
    json.text_if("causationId", trace.and_then(|trace| trace.causation.as_ref()).map(Text::as_str));
}

/// An entry of the ledger.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[allow(dead_code, reason = "describes an answer")]
pub(crate) struct Movement {
    transaction_id: String,
    /// Its record.
    sequence: u64,
    item_id: String,
    location_id: String,
    /// RECEIPT SALE ADJUSTMENT COUNT MOVE RETURN TRANSFER_OUT TRANSFER_IN RESERVE RELEASE CONFIRM FULFIL
    /// UNFULFIL EXPIRED REVERSAL REVALUATION
    #[schema(rename = "type", example = "SALE")]
    kind: String,
    /// The bucket that `quantity`, `before` and `after` are about: the one it leaves, else the one it
    /// enters.
    #[schema(example = "available")]
    bucket: String,
    /// `after − before`: below zero for what leaves.
    quantity: f64,
    /// What lay in the bucket before.
    before: f64,
    /// What lay in it after.
    after: f64,
    /// The bucket it leaves; absent when it came from outside.
    from: Option<String>,
    /// The bucket it enters; absent when it left the position.
    to: Option<String>,
    reason: Option<String>,
    /// The caller's reference, else the document behind it (receipt, sale, return, shipment).
    reference: Option<String>,
    reference_type: Option<String>,
    note: Option<String>,
    order_id: Option<String>,
    reservation_id: Option<String>,
    transfer_id: Option<String>,
    lot_number: Option<String>,
    unit_cost: Option<f64>,
    value: Option<f64>,
    /// When it happened.
    #[schema(format = DateTime)]
    occurred_at: String,
    /// When it was recorded.
    #[schema(format = DateTime)]
    recorded_at: String,
    actor: Option<String>,
    correlation_id: String,
    causation_id: Option<String>,
}
