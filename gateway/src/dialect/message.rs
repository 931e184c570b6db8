//! Messages in one buffer that is used again and again.

use uuid::Uuid;

use crate::http::json::Json;

/// One message: what a broker gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Message<'a> {
    /// Its name, the same whenever it is made.
    pub(crate) event_id: Uuid,
    /// Name of its type in its dialect.
    pub(crate) event_type: &'a str,
    /// JSON.
    pub(crate) body: &'a [u8],
}

#[derive(Debug)]
struct Place {
    event_id: Uuid,
    name_end: usize,
    begin: usize,
    end: usize,
}

/// Messages in the order in which they are to be sent. Bounded by its user, who clears it before each
/// event: a message per name of the event, or per short line of a request.
#[derive(Debug, Default)]
pub(crate) struct Messages {
    json: Json,
    /// Names of types, one behind the other.
    names: String,
    places: Vec<Place>,
}

impl Messages {
    /// Forgets all messages; the room stays.
    pub(crate) fn clear(&mut self) {
        self.json.cut(0);
        self.names.clear();
        self.places.clear();
    }

    /// The messages.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = Message<'_>> {
        let mut name_begin = 0;
        self.places.iter().map(move |place| Message {
            event_id: place.event_id,
            event_type: &self.names
                [std::mem::replace(&mut name_begin, place.name_end)..place.name_end],
            body: &self.json.written()[place.begin..place.end],
        })
    }

    /// Appends a message; `write` writes one JSON value.
    pub(super) fn add(&mut self, event_id: Uuid, event_type: &str, write: impl FnOnce(&mut Json)) {
        self.json.begin_line();
        let begin = self.json.mark();
        write(&mut self.json);
        self.names.push_str(event_type);
        let name_end = self.names.len();
        self.places.push(Place { event_id, name_end, begin, end: self.json.mark() });
    }
}

/// Name of the n-th message of an event, counted from zero. The first has the event's own; the others
/// differ from it, and from all others, in version (8) and in the bits that hold the epoch.
pub(super) fn event_id(of_event: Uuid, place: usize) -> Uuid {
    const VERSION: u128 = 0xf << 76;
    const EIGHT: u128 = 8 << 76;
    let place = (place as u128) & 0xfff;
    if place == 0 {
        return of_event;
    }
    Uuid::from_u128(((of_event.as_u128() & !VERSION) | EIGHT) ^ (place << 64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use onhand_domain::time::Timestamp;

    #[test]
    fn each_message_of_an_event_has_a_name_of_its_own_that_never_changes() {
        let at = Timestamp::from_millis(1_770_638_400_000);
        let of_event = onhand_engine::ids::event_id(at, 1, 3, 42, 0);
        let shown = |place| event_id(of_event, place).to_string();
        assert_eq!(shown(0), "019c4245-da00-7003-8000-4000002a0000");
        assert_eq!(shown(1), "019c4245-da00-8002-8000-4000002a0000");
        assert_eq!(shown(2), "019c4245-da00-8001-8000-4000002a0000");
        let mut all: Vec<_> = (0..1000).map(|place| event_id(of_event, place)).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 1000);
        assert_eq!(all[5].get_variant(), uuid::Variant::RFC4122);
    }

    #[test]
    fn messages_stand_apart_and_the_room_is_used_again() {
        let mut messages = Messages::default();
        for round in 0..2 {
            messages.clear();
            assert_eq!(messages.iter().len(), 0, "round {round}");
            messages.add(Uuid::nil(), "A", |json| json.object(|json| json.number("n", 1u32)));
            messages.add(Uuid::max(), "B", |json| json.object(|json| json.text("t", "\n")));
            let read: Vec<_> = messages.iter().collect();
            assert_eq!((read[0].event_type, read[0].body), ("A", &br#"{"n":1}"#[..]));
            assert_eq!((read[1].event_type, read[1].body), ("B", &br#"{"t":"\n"}"#[..]));
            assert_eq!(read[1].event_id, Uuid::max());
        }
    }
}
