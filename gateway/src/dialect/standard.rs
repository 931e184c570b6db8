//! The dialect `standard`: the canonical event with all that the engine knows of it.

#[cfg(test)]
mod tests;

use onhand_domain::ids::Text;
use onhand_engine::events::Event;
use uuid::Uuid;

use crate::dialect::payload::{self, Naming};
use crate::http::json::Json;

/// Version of the envelope.
pub(super) const VERSION: &str = "1.0";

/// Bytes of a typical event, for buffers.
pub(crate) const TYPICAL_BYTES: usize = 1024;

/// What differs between the dialects that share this envelope.
pub(super) struct Envelope<'a> {
    /// Id of the message.
    pub(super) event_id: Uuid,
    /// Name of its type.
    pub(super) name: &'a str,
    /// What a reader gives back to go on behind this event.
    pub(super) cursor: &'a str,
    /// Names in the payload.
    pub(super) naming: Naming,
}

/// Writes an event as one object: the envelope with the payload in it. `cursor` is what a reader gives
/// back to go on behind this event.
pub(crate) fn write(event: &Event, cursor: &str, json: &mut Json) {
    let (event_id, name) = (event.event_id, event.type_name());
    let envelope = Envelope { event_id, name, cursor, naming: Naming::OwnNames };
    write_in(event, &envelope, |json| json.text("version", VERSION), json);
}

/// As [`write()`], in this envelope; `version` writes the member of that name.
pub(super) fn write_in(
    event: &Event,
    envelope: &Envelope<'_>,
    version: impl FnOnce(&mut Json),
    json: &mut Json,
) {
    json.object(|json| {
        head(event, envelope.event_id, envelope.name, event.aggregate_name(), json);
        version(json);
        json.number("epoch", event.epoch);
        json.number("sequence", event.sequence);
        json.number("index", event.index);
        json.number("aggregateVersion", event.aggregate_version);
        json.text("cursor", envelope.cursor);
        json.key("payload");
        payload::write(&event.payload, envelope.naming, json);
        metadata(event, json);
    });
}

/// Members from `eventId` to `timestamp`.
pub(super) fn head(event: &Event, event_id: Uuid, name: &str, aggregate: &str, json: &mut Json) {
    let mut id = Uuid::encode_buffer();
    json.text("eventId", event_id.hyphenated().encode_lower(&mut id));
    json.text("eventType", name);
    json.text("aggregateType", aggregate);
    json.text("aggregateId", &event.aggregate_id);
    json.text("tenantId", event.tenant.as_str());
    json.time("timestamp", event.timestamp);
}

/// `"metadata":{…}`.
pub(super) fn metadata(event: &Event, json: &mut Json) {
    json.object_at("metadata", |json| {
        let trace = &event.trace;
        json.text("source", trace.source);
        json.text_or_null("userId", trace.user.as_ref().map(Text::as_str));
        json.text("correlationId", trace.correlation.as_str());
        json.text_or_null("causationId", trace.causation.as_ref().map(Text::as_str));
    });
}
