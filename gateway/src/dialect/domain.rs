//! The dialect `domain`: names that end in `Event`, the number 1 as version, and the seeds' names of
//! item and location beside ours.

use onhand_engine::events::Event;

use super::message::{self, Messages};
use super::names;
use super::payload::Naming;
use super::standard::{self, Envelope};

/// A message per name; the second one has an id of its own.
pub(super) fn write(event: &Event, cursor: &str, out: &mut Messages) {
    let own = [event.type_name()];
    let names = match names::domain(event.event_type) {
        [] => own.as_slice(),
        names => names,
    };
    for (place, name) in names.iter().copied().enumerate() {
        let event_id = message::event_id(event.event_id, place);
        let envelope = Envelope { event_id, name, cursor, naming: Naming::BothNames };
        out.add(event_id, name, |json| {
            standard::write_in(event, &envelope, |json| json.number("version", 1u32), json);
        });
    }
}
