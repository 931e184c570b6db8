//! What stands around a payload on a broker: key and headers (EVENTS.md, "The envelope").

use onhand_engine::events::Event;
use rdkafka::message::{Header, OwnedHeaders};

use super::routes::{Route, Routes};
use crate::dialect::{Dialect, Message, Messages};
use crate::http::events::cursor::Cursor;

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
    let mut key = String::with_capacity(tenant.len() + 1 + event.aggregate_id.len());
    key.extend([tenant, ":", &event.aggregate_id]);
    key
}

/// A message, and where and how it goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outgoing<'a> {
    pub(super) topic: &'a str,
    pub(super) dialect: Dialect,
    pub(super) message: Message<'a>,
}

/// Spells an event for every way it takes. `room` is used again and again.
pub(super) fn spell<'a>(
    event: &Event,
    routes: &'a Routes,
    room: &'a mut Messages,
) -> Vec<Outgoing<'a>> {
    room.clear();
    let cursor = Cursor::of(event).text();
    let mut ways: Vec<&Route> = Vec::new();
    for route in routes.of(event) {
        route.dialect.write(event, &cursor, room);
        ways.resize(room.iter().len(), route);
    }
    let outgoing = |(route, message): (&'a Route, _)| {
        let Route { topic, dialect, .. } = route;
        Outgoing { topic, dialect: *dialect, message }
    };
    ways.into_iter().zip(room.iter()).map(outgoing).collect()
}

/// The headers of a message.
pub(super) fn headers(event: &Event, sent: &Outgoing<'_>, replay: Option<&str>) -> OwnedHeaders {
    let mut id = uuid::Uuid::encode_buffer();
    let id: &str = sent.message.event_id.hyphenated().encode_lower(&mut id);
    let mut digits = [itoa::Buffer::new(), itoa::Buffer::new(), itoa::Buffer::new()];
    let [epoch, sequence, index] = &mut digits;
    let given = [
        (EVENT_ID, id),
        ("eventType", sent.message.event_type),
        (EPOCH, epoch.format(event.epoch)),
        (SEQUENCE, sequence.format(event.sequence)),
        ("index", index.format(event.index)),
        ("tenantId", event.tenant.as_str()),
    ];
    // Structured CloudEvents are known by it (CloudEvents, Kafka protocol binding 1.0, section 3.3).
    let kind = (sent.dialect == Dialect::Cloudevents).then(|| sent.dialect.content_type());
    let given = given.into_iter().chain(kind.map(|kind| ("content-type", kind)));
    let given = given.chain(replay.map(|replay| (REPLAY, replay)));
    given.fold(OwnedHeaders::new_with_capacity(8), |headers, (key, value)| {
        headers.insert(Header { key, value: Some(value) })
    })
}
