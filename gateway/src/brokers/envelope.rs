//! What stands around a payload on a broker: key and headers (EVENTS.md, "The envelope").

use onhand_engine::events::Event;
use rdkafka::message::{Header, OwnedHeaders};

use super::dialects::Spelled;

/// Header of what is sent again because somebody asked for it; its value names the replay.
pub(super) const REPLAY: &str = "replay";
/// Header with the epoch of the record.
pub(super) const EPOCH: &str = "epoch";
/// Header with the sequence of the record.
pub(super) const SEQUENCE: &str = "sequence";
/// Header with the stable id of the message.
pub(super) const EVENT_ID: &str = "eventId";

/// The key: tenant and aggregate, so that events of one aggregate stay in order.
pub(super) fn key(event: &Event) -> String {
    let tenant = event.tenant.as_str();
    if tenant.contains([':', '%']) {
        let tenant = tenant.replace('%', "%25").replace(':', "%3A");
        return format!("{tenant}:{}", event.aggregate_id);
    }
    format!("{tenant}:{}", event.aggregate_id)
}

/// The headers of a message.
pub(super) fn headers(event: &Event, spelled: &Spelled, replay: Option<&str>) -> OwnedHeaders {
    let mut id = uuid::Uuid::encode_buffer();
    let id: &str = spelled.event_id.hyphenated().encode_lower(&mut id);
    let mut digits = [itoa::Buffer::new(), itoa::Buffer::new(), itoa::Buffer::new()];
    let [epoch, sequence, index] = &mut digits;
    let given = [
        (EVENT_ID, id),
        ("eventType", spelled.name),
        (EPOCH, epoch.format(event.epoch)),
        (SEQUENCE, sequence.format(event.sequence)),
        ("index", index.format(event.index)),
        ("tenantId", event.tenant.as_str()),
    ];
    let given = given.into_iter().chain(replay.map(|replay| (REPLAY, replay)));
    given.fold(OwnedHeaders::new_with_capacity(7), |headers, (key, value)| {
        headers.insert(Header { key, value: Some(value) })
    })
}
