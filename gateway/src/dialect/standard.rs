//! The dialect `standard`: the canonical event with all that the engine knows of it.

mod payload;

#[cfg(test)]
mod tests;

use onhand_domain::ids::Text;
use onhand_engine::events::Event;

use crate::http::json::Json;

/// Version of the envelope.
const VERSION: &str = "1.0";

/// Bytes of a typical event, for buffers.
pub(crate) const TYPICAL_BYTES: usize = 1024;

/// Writes an event as one object: the envelope with the payload in it. `cursor` is what a reader gives
/// back to go on behind this event.
pub(crate) fn write(event: &Event, cursor: &str, json: &mut Json) {
    json.object(|json| {
        let mut id = uuid::Uuid::encode_buffer();
        json.text("eventId", event.event_id.hyphenated().encode_lower(&mut id));
        json.text("eventType", event.type_name());
        json.text("aggregateType", event.aggregate_name());
        json.text("aggregateId", &event.aggregate_id);
        json.text("tenantId", event.tenant.as_str());
        json.time("timestamp", event.timestamp);
        json.text("version", VERSION);
        json.number("epoch", event.epoch);
        json.number("sequence", event.sequence);
        json.number("index", event.index);
        json.number("aggregateVersion", event.aggregate_version);
        json.text("cursor", cursor);
        json.key("payload");
        payload::write(&event.payload, json);
        json.object_at("metadata", |json| {
            let trace = &event.trace;
            json.text("source", trace.source);
            json.text_or_null("userId", trace.user.as_ref().map(Text::as_str));
            json.text("correlationId", trace.correlation.as_str());
            json.text_or_null("causationId", trace.causation.as_ref().map(Text::as_str));
        });
    });
}
