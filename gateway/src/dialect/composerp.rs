//! The dialect `composerp`: names in UPPER_SNAKE, an envelope without sequence.

use onhand_domain::ids::{ItemId, LocationId};
use onhand_engine::events::{Event, Payload, StockLevelChanged};

use super::message::Messages;
use super::names;
use super::payload::{self, Naming};
use super::standard::{self, VERSION};
use crate::http::json::Json;

/// One message, unless this dialect is silent about the type.
pub(super) fn write(event: &Event, out: &mut Messages) {
    let Some(name) = names::composerp(event) else { return };
    out.add(event.event_id, name, |json| {
        json.object(|json| {
            standard::head(event, event.event_id, name, names::aggregate(event), json);
            json.text("version", VERSION);
            json.key("payload");
            match &event.payload {
                Payload::StockLevelChanged(level) => updated(level, json),
                other => payload::write(other, Naming::OwnNames, json),
            }
            standard::metadata(event, json);
        });
    });
}

fn updated(level: &StockLevelChanged, json: &mut Json) {
    json.object(|json| {
        json.text("itemId", ItemId::as_str(&level.item));
        json.text("locationId", LocationId::as_str(&level.location));
        json.quantity("onHand", level.new_quantity);
        json.quantity("available", level.available);
        json.text("transactionId", &level.transaction_id);
        json.text("transactionType", level.change_reason);
    });
}
