//! The dialect `cloudevents`: CloudEvents 1.0 in structured JSON. What the specification has no attribute
//! for are extensions, whose names are lower case without signs. `sequence` is a text whose order is that
//! of its numbers, as its extension wants it.

use onhand_domain::ids::Text;
use onhand_engine::events::Event;
use uuid::Uuid;

use super::message::Messages;
use super::names;
use super::payload::{self, Naming};

/// Version of the specification.
const VERSION: &str = "1.0";

/// One message.
pub(super) fn write(event: &Event, cursor: &str, out: &mut Messages) {
    let name = names::cloudevents(event);
    out.add(event.event_id, name, |json| {
        json.object(|json| {
            let mut id = Uuid::encode_buffer();
            json.text("specversion", VERSION);
            json.text("id", event.event_id.hyphenated().encode_lower(&mut id));
            json.text("source", event.trace.source);
            json.text("type", name);
            json.text("subject", &event.aggregate_id);
            json.time("time", event.timestamp);
            json.text("datacontenttype", "application/json");
            json.text("aggregatetype", event.aggregate_name());
            json.number("aggregateversion", event.aggregate_version);
            json.text("tenantid", event.tenant.as_str());
            json.number("epoch", event.epoch);
            json.text("sequence", &format!("{:020}", event.sequence));
            json.number("index", event.index);
            json.text("cursor", cursor);
            json.text_if("userid", event.trace.user.as_ref().map(Text::as_str));
            json.text("correlationid", event.trace.correlation.as_str());
            json.text_if("causationid", event.trace.causation.as_ref().map(Text::as_str));
            json.key("data");
            payload::write(&event.payload, Naming::OwnNames, json);
        });
    });
}
