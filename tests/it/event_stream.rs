//! `GET /v1/events/stream`: Server-Sent Events.

use onhand_tests::{Message, Shop, Stream, line};

fn ids(messages: &[Message]) -> Vec<String> {
    messages.iter().map(|message| message.data.text("eventId")).collect()
}

fn told() -> Shop {
    let shop = Shop::open("stream");
    shop.receive("tea", "north", 10);
    shop.receive("pot", "north", 10);
    shop.hold_lines(&[line("tea", "north", 1), line("pot", "north", 1)]);
    shop
}

#[test]
fn a_stream_from_the_beginning_holds_what_the_pages_hold() {
    let shop = told();
    let whole = shop.events("");
    for start in [None, Some("0")] {
        let messages = Stream::open(&shop, "", start).take(whole.len());
        for (message, event) in messages.iter().zip(&whole) {
            assert_eq!(message.data.value(), event.value());
            assert_eq!(message.id, event.text("cursor"));
            if let Some(name) = &message.event {
                assert_eq!(*name, event.text("eventType"));
            }
        }
    }
}

#[test]
fn a_stream_brings_what_happens_while_it_is_open() {
    let shop = told();
    let seen = shop.events("").len();
    let mut stream = Stream::open(&shop, "", None);
    stream.take(seen);
    let sequence = shop.sell("tea", "north", 1).number("sequence");
    let message = stream.next_message().expect("the sale is told");
    message.data.shows(&format!(
        "eventType StockLevelChanged, sequence {sequence}, payload/changeReason SALE"
    ));
}

/// "`Last-Event-ID`": a stream that broke goes on where it ended.
#[test]
fn a_stream_goes_on_after_the_last_event_seen() {
    let shop = told();
    let whole = shop.events("");
    let mut stream = Stream::open(&shop, "", None);
    let messages = stream.take(whole.len());
    drop(stream);
    shop.sell("pot", "north", 1);
    let all = shop.events("").len();
    let last = &messages[whole.len() - 1];
    let rest = Stream::open(&shop, "", Some(&last.id)).take(all - whole.len());
    rest[0].data.shows("payload/itemId pot, payload/changeReason SALE");
    // Within a record the whole record may come again, but nothing may be missing.
    for (place, message) in messages.iter().enumerate() {
        let mut resumed = Stream::open(&shop, "", Some(&message.id));
        let first = ids(&resumed.take(1)).remove(0);
        let again = ids(&messages).iter().position(|id| *id == first);
        let next = again.unwrap_or(messages.len());
        assert!(next <= place + 1, "after event {place} the stream goes on at {next}");
        let same_record =
            messages[next.min(place)].data.number("sequence") == message.data.number("sequence");
        assert!(next == place + 1 || same_record, "after event {place} at {next}");
    }
}

#[test]
fn a_stream_holds_only_the_tenant_s_own_events() {
    let (ours, theirs) = (told(), told());
    let count = ours.events("").len();
    let mut stream = Stream::open(&ours, "", None);
    stream.take(count);
    theirs.sell("tea", "north", 1);
    ours.sell("pot", "north", 1);
    stream.next_message().expect("our sale is told").data.shows("payload/itemId pot");
}
