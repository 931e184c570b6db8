use onhand_domain::command::{Action, Detail, Force, Place, StartTransfer, StockEntry};
use onhand_domain::ids::{ItemId, LocationId, LotNumber, Reference, TenantId};
use onhand_domain::quantity::{Money, Quantity};
use onhand_domain::time::{Day, Timestamp};

use super::fault::Code;
use super::*;
use crate::dialect::{Dialect, Messages, samples};

/// 2026-02-09T12:00:00Z.
const NOW: Timestamp = Timestamp::from_millis(1_770_638_400_000);

fn delivery(payload: &str) -> Delivery<'_> {
    Delivery {
        topic: "integration-events",
        partition: 3,
        offset: 42,
        event_id: None,
        tenant: None,
        topic_tenant: None,
        payload: Some(payload.as_bytes()),
        now: NOW,
    }
}

#[track_caller]
fn acted(delivery: &Delivery<'_>) -> Act {
    match read(delivery).outcome {
        Outcome::Act(act) => act,
        other => panic!("{:?}: {other:?}", delivery.payload.map(String::from_utf8_lossy)),
    }
}

#[track_caller]
fn act(payload: &str) -> Act {
    acted(&delivery(payload))
}

/// The action of an event of this type and payload, in the envelope of `standard`.
#[track_caller]
fn done(event_type: &str, payload: &str) -> Work {
    act(&format!(r#"{{"eventType":"{event_type}","payload":{payload}}}"#)).work
}

fn item() -> ItemId {
    ItemId::parse("item-1").expect("valid")
}

fn location(id: &str) -> LocationId {
    LocationId::parse(id).expect("valid")
}

fn reference(id: &str) -> Option<Reference> {
    Some(Reference::parse(id).expect("valid"))
}

fn quantity(text: &str) -> Quantity {
    Quantity::parse(text).expect("a number")
}

fn entry(text: &str, detail: Detail) -> StockEntry {
    let place = Place { item: item(), location: location("WH-01") };
    let detail = (detail != Detail::default()).then(|| Arc::new(detail));
    StockEntry { place, quantity: quantity(text), detail }
}

const GOODS: &str = r#"{"itemId":"item-1","locationId":"WH-01","quantity":5}"#;

/// A sale with these further members in its envelope.
fn sale_with(members: &str) -> String {
    format!(r#"{{"eventType":"SALE_COMPLETED",{members}"payload":{GOODS}}}"#)
}

#[test]
fn a_sale_is_read_in_every_dialect() {
    let goods = concat!(
        r#"{"saleId":"s-1","itemId":"item-1","locationId":"WH-01","quantity":1.5,"#,
        r#""amount":"12.50","timestamp":"2026-02-09T11:00:00Z"}"#
    );
    let snake = concat!(
        r#"{"sale_id":"s-1","variant_id":"item-1","warehouse_id":"WH-01","quantity":"1.5","#,
        r#""amount":12.5,"timestamp":"2026-02-09T12:00:00+01:00"}"#
    );
    let mixed = goods.replace("itemId", "inventoryItemId").replace("locationId", "warehouseId");
    let expected = Work::Do(Action::Sell(entry(
        "1.5",
        Detail {
            document: reference("s-1"),
            amount: Some(Money::parse("12.5").expect("a number")),
            occurred_at: Some(Timestamp::from_millis(NOW.millis() - 3_600_000)),
            ..Detail::default()
        },
    )));
    for message in [
        format!(r#"{{"eventType":"SALE_COMPLETED","version":"1.0","payload":{goods}}}"#),
        format!(r#"{{"eventType":"SaleCompletedEvent","version":1,"payload":{mixed}}}"#),
        format!(r#"{{"eventType":"SaleCompleted","payload":{snake}}}"#),
        format!(r#"{{"event":"sale.completed","version":"1.0","data":{snake}}}"#),
        format!(r#"{{"specversion":"1.0","type":"com.pos.sale.completed","data":{goods}}}"#),
        format!(r#" {{ "payload" : {goods} , "eventType" : "SALE\u005fCOMPLETED" }} "#),
    ] {
        assert_eq!(act(&message).work, expected, "{message}");
    }
}

#[test]
fn a_receipt_tells_lot_expiry_and_cost() {
    let expected = Work::Do(Action::Receive(entry(
        "100",
        Detail {
            document: reference("r-1"),
            lot: Some(LotNumber::parse("LOT-1").expect("valid")),
            expiry: Some(Day::from_days(20_493)),
            unit_cost: Some(Money::parse("2.5").expect("a number")),
            ..Detail::default()
        },
    )));
    let camel = concat!(
        r#"{"receiptId":"r-1","itemId":"item-1","locationId":"WH-01","quantity":100.0,"#,
        r#""lotNumber":"LOT-1","expiryDate":"2026-02-09","unitCost":2.5}"#
    );
    let snake = concat!(
        r#"{"receipt_id":"r-1","item_id":"item-1","location_id":"WH-01","quantity":1e2,"#,
        r#""lot_number":"LOT-1","expiry_date":"2026-02-09","unit_cost":"2.50"}"#
    );
    for (event_type, payload) in [
        ("RECEIPT_COMPLETED", camel),
        ("ReceiptCompletedEvent", camel),
        ("receipt.completed", snake),
    ] {
        assert_eq!(done(event_type, payload), expected, "{payload}");
    }
    let bare = concat!(
        r#"{"itemId":"item-1","locationId":"WH-01","quantity":100,"#,
        r#""lotNumber":null,"expiryDate":null,"unknown":{"itemId":"other"}}"#
    );
    let expected = Work::Do(Action::Receive(entry("100", Detail::default())));
    assert_eq!(done("RECEIPT_COMPLETED", bare), expected, "null is absent");
}

#[test]
fn a_transfer_that_has_left_is_a_fact() {
    let expected = Work::Do(Action::StartTransfer(Box::new(StartTransfer {
        item: item(),
        from: location("WH-01"),
        to: location("WH-02"),
        quantity: quantity("6"),
        force: Force::Fact,
        detail: Some(Arc::new(Detail {
            document: reference("T-1"),
            lot: Some(LotNumber::parse("LOT-1").expect("valid")),
            ..Detail::default()
        })),
    })));
    let camel = concat!(
        r#"{"transferId":"T-1","itemId":"item-1","fromLocationId":"WH-01","#,
        r#""toLocationId":"WH-02","quantity":6,"lotNumber":"LOT-1"}"#
    );
    let snake = concat!(
        r#"{"transfer_id":"T-1","variant_id":"item-1","from_warehouse_id":"WH-01","#,
        r#""to_warehouse_id":"WH-02","quantity":6,"lot_number":"LOT-1"}"#
    );
    for (event_type, payload) in [
        ("TRANSFER_INITIATED", camel),
        ("TransferInitiatedEvent", camel),
        ("transfer.initiated", snake),
        ("transfer.initiated", &snake.replace("warehouse", "location")),
    ] {
        assert_eq!(done(event_type, payload), expected, "{payload}");
    }
}

#[test]
fn a_transfer_arrives_by_our_name_or_by_theirs() {
    let ours = |quantity| Action::ReceiveTransfer { transfer: 42, quantity, detail: None };
    let transfer = Reference::parse("T-1").expect("valid");
    let theirs = |quantity| {
        let transfer = transfer.clone();
        Work::ReceiveNamed { transfer, quantity, detail: None }
    };
    for (payload, expected) in [
        (r#"{"transferId":"trf-1-42"}"#, Work::Do(ours(None))),
        (r#"{"transfer_id":"trf-1-42","quantity":2}"#, Work::Do(ours(Some(quantity("2"))))),
        (r#"{"transferId":"T-1"}"#, theirs(None)),
        (r#"{"transferId":"T-1","quantity":2.5}"#, theirs(Some(quantity("2.5")))),
        (r#"{"transferId":"T-1","quantity":null,"itemId":"x"}"#, theirs(None)),
    ] {
        for event_type in ["TRANSFER_COMPLETED", "TransferCompletedEvent", "transfer.completed"] {
            assert_eq!(done(event_type, payload), expected, "{payload}");
        }
    }
}

#[test]
fn an_event_is_named_by_header_then_body_then_place() {
    let check = |header: Option<&str>, members: &str, expected: &str, by: NamedBy| {
        let message = sale_with(members);
        let act = acted(&Delivery { event_id: header.map(str::as_bytes), ..delivery(&message) });
        assert_eq!((act.event_id.as_str(), act.named_by), (expected, by), "{members}");
        assert_eq!(act.trace.causation.as_ref().map(Text::as_str), Some(expected));
    };
    let all = r#""message_id":"m","event_id":"s","eventId":"c","#;
    check(Some("h"), all, "h", NamedBy::Producer);
    check(None, all, "c", NamedBy::Producer);
    check(None, r#""message_id":"m","event_id":"s","#, "s", NamedBy::Producer);
    check(None, r#""message_id":"m","#, "m", NamedBy::Producer);
    check(None, r#""specversion":"1.0","id":"i","#, "i", NamedBy::Producer);
    let place = "integration-events-3-42";
    check(None, r#""id":"i","#, place, NamedBy::Place);
    check(Some(""), r#""eventId":"","event_id":null,"#, place, NamedBy::Place);
    check(None, "", place, NamedBy::Place);
}

#[test]
fn the_tenant_is_that_of_header_then_body_then_topic_then_default() {
    let of_topic = TenantId::parse("topic").expect("valid");
    let check = |header: Option<&str>, members: &str, topic: Option<&TenantId>, expected: &str| {
        let message = sale_with(members);
        let tenant = header.map(str::as_bytes);
        let delivery = Delivery { tenant, topic_tenant: topic, ..delivery(&message) };
        assert_eq!(acted(&delivery).tenant.as_str(), expected, "{members}");
        assert_eq!(read(&delivery).read.expect("it can be read").tenant, expected);
    };
    let (camel, snake) = (r#""tenantId":"camel","#, r#""organization_id":"snake","#);
    check(Some("header"), camel, Some(&of_topic), "header");
    check(Some(""), &format!("{snake}{camel}"), Some(&of_topic), "camel");
    check(None, snake, Some(&of_topic), "snake");
    check(None, r#""specversion":"1.0","tenantid":"cloud","#, None, "cloud");
    check(None, r#""tenantId":"","#, Some(&of_topic), "topic");
    check(None, r#""tenantId":null,"#, None, "default");
    check(None, r#""tenantid":"not of cloudevents","#, None, "default");
}

fn occurred(work: &Work) -> Option<Timestamp> {
    match work {
        Work::Do(Action::Sell(entry)) => entry.detail.as_ref()?.occurred_at,
        other => panic!("{other:?}"),
    }
}

#[test]
fn when_it_happened() {
    let check = |in_payload: &str, members: &str, expected: Option<i64>, clock: Clock| {
        let goods = GOODS.replace('}', &format!("{in_payload}}}"));
        let act = act(&format!(r#"{{"event":"sale.completed",{members}"data":{goods}}}"#));
        let seconds = |time: Timestamp| (time.millis() - NOW.millis()) / 1000;
        let found = (occurred(&act.work).map(seconds), act.clock);
        assert_eq!(found, (expected, clock), "{in_payload} {members}");
    };
    let said = r#""timestamp":"2026-02-09T11:59:59Z","#;
    check("", "", None, Clock::Past);
    check("", said, Some(-1), Clock::Past);
    check(r#","timestamp":null"#, said, Some(-1), Clock::Past);
    check(r#","timestamp":"2026-02-09T11:59:58Z""#, said, Some(-2), Clock::Past);
    let both = r#","timestamp":"2026-02-09T11:59:58Z","received_at":"2026-02-09T11:59:57Z""#;
    check(both, said, Some(-3), Clock::Past);
    check(r#","receivedAt":"2026-02-09T11:59:57Z""#, said, Some(-3), Clock::Past);
    let cloud = r#""specversion":"1.0","time":"2026-02-09T11:59:56Z","#;
    check("", cloud, Some(-4), Clock::Past);
    for (text, expected) in [
        ("2026-02-09T11:59:50", -10),
        ("2026-02-09T11:59:50.123456", -9),
        ("2026-02-09 11:59:50", -10),
        ("2026-02-09T12:59:50+01:00", -10),
        ("2026-02-09", -43_200),
        ("2026-02-09T12:00:00Z", 0),
    ] {
        check(&format!(r#","timestamp":"{text}""#), "", Some(expected), Clock::Past);
    }
    check(r#","timestamp":"2026-02-09T12:00:00.001Z""#, "", None, Clock::Ahead);
    check(r#","timestamp":"2999-01-01T00:00:00Z""#, said, None, Clock::Ahead);
}

#[test]
fn versions_with_major_one_are_known() {
    for version in ["1", "1.0", "\"1\"", "\"1.0\"", "\"1.7.3\"", "null"] {
        act(&sale_with(&format!("\"version\":{version},")));
    }
    let shown =
        ["2", "2.0", "0", "10", "-1", "\"2.0\"", "\"\"", "\"v1\"", "\"1.0-beta\"", "{}", "true"];
    for version in shown {
        let message = sale_with(&format!("\"version\":{version},"));
        buried(&message, "UNKNOWN_VERSION", "`version`");
    }
}

#[test]
fn who_did_it_and_what_it_belongs_to() {
    let check = |members: &str, in_payload: &str, user: Option<&str>, correlation: Option<&str>| {
        let goods = GOODS.replace('}', &format!("{in_payload}}}"));
        let message = format!(r#"{{"eventType":"SALE_COMPLETED",{members}"payload":{goods}}}"#);
        let trace = act(&message).trace;
        assert_eq!(trace.user.as_ref().map(Text::as_str), user, "{message}");
        assert_eq!(trace.correlation.as_ref().map(Text::as_str), correlation, "{message}");
    };
    check("", "", None, None);
    check(r#""metadata":null,"#, "", None, None);
    let both = r#""metadata":{"userId":"u","correlationId":"c","more":[1]},"#;
    check(both, r#","cancelled_by":"x""#, Some("u"), Some("c"));
    check(r#""metadata":{"userId":""},"#, r#","cancelled_by":"x""#, Some("x"), None);
    check("", r#","deleted_by":"d""#, Some("d"), None);
    check("", r#","approvedBy":"a""#, Some("a"), None);
    check(r#""correlation_id":"c","#, "", None, Some("c"));
    let cloud = r#""specversion":"1.0","userid":"u","correlationid":"c","#;
    check(cloud, "", Some("u"), Some("c"));
}

#[track_caller]
fn skipped(message: &str, expected: Reason, event_type: &str, source: Option<&str>) {
    let intake = read(&delivery(message));
    let Outcome::Skip(reason) = intake.outcome else { panic!("{message}: {:?}", intake.outcome) };
    let told = intake.read.expect("it can be read");
    assert_eq!((reason, told.event_type.as_ref()), (expected, event_type), "{message}");
    assert_eq!(told.source.as_deref(), source, "{message}");
}

#[test]
fn what_is_not_for_us_is_skipped_however_it_is_written() {
    let name = "order.placed";
    for (message, source) in [
        (r#"{"event":"order.placed"}"#, None),
        (r#"{"event":"order.placed","data":7,"version":{},"timestamp":5}"#, None),
        (r#"{"event":"order.placed","version":"9","tenantId":"a/b","eventId":7}"#, None),
        (r#"{"event":"order.placed","metadata":"text","source":"shop"}"#, Some("shop")),
        (r#"{"event":"order.placed","metadata":{"source":"shop"}}"#, Some("shop")),
        (r#"{"event":"order.placed","source":{"a":1}}"#, None),
    ] {
        skipped(message, Reason::UnknownType, name, source);
    }
}

#[test]
fn our_own_events_are_skipped_in_every_dialect() {
    for dialect in Dialect::ALL {
        let mut messages = Messages::default();
        for event_type in onhand_engine::events::EventType::ALL {
            dialect.write(&samples::sample(*event_type), "c42", &mut messages);
        }
        for message in messages.iter() {
            let text = std::str::from_utf8(message.body).expect("text");
            skipped(text, Reason::Own, message.event_type, Some("onhand"));
        }
    }
    // A topic may be shared with an engine that says the very types that we act on.
    skipped(&sale_with(r#""source":"onhand","#), Reason::Own, "SALE_COMPLETED", Some("onhand"));
    let relayed = r#""source":"relay","metadata":{"source":"onhand"},"#;
    skipped(&sale_with(relayed), Reason::Own, "SALE_COMPLETED", Some("relay"));
    act(&sale_with(r#""source":"onhand-pos","#));
}

#[track_caller]
fn buried(message: &str, code: &str, error: &str) {
    match read(&delivery(message)).outcome {
        Outcome::Bury(fault) => {
            assert_eq!(fault.code.word(), code, "{message}: {}", fault.error);
            assert!(fault.error.starts_with(error), "{message}: {}", fault.error);
            let details = fault.details().unwrap_or_else(|| "{}".to_owned());
            serde_json::from_str::<serde_json::Value>(&details).expect("JSON");
        }
        other => panic!("{message}: {other:?}"),
    }
}

#[test]
fn what_cannot_be_read_is_buried() {
    let nothing = Delivery { payload: None, ..delivery("") };
    let Outcome::Bury(fault) = read(&nothing).outcome else { panic!("a tombstone says nothing") };
    assert_eq!(fault.code, Code::Unreadable);
    for message in ["", "  ", "x", "7", "null", "[]", "\"text\"", "{", "{}x", r#"{"a":1,}"#] {
        buried(message, "UNREADABLE", "the message is ");
    }
    buried(r#"{"eventId":"a","eventId":"b"}"#, "UNREADABLE", "the message is no event: duplicate");
    let bytes = Delivery { payload: Some(b"{\"event\":\"\xff\"}"), ..delivery("") };
    assert!(matches!(read(&bytes).outcome, Outcome::Bury(_)), "not UTF-8");
    buried("{}", "INVALID_EVENT", "`eventType` is missing");
    buried(r#"{"type":"sale.completed"}"#, "INVALID_EVENT", "`eventType` is missing");
    buried(r#"{"eventType":7}"#, "INVALID_EVENT", "`eventType` is not a text");
    buried(r#"{"event":""}"#, "INVALID_EVENT", "`event` is missing");
    buried(r#"{"event":"\ud800"}"#, "INVALID_EVENT", "`event` ");
}

#[test]
fn an_envelope_that_makes_no_sense_is_buried() {
    buried(r#"{"event":"sale.completed"}"#, "INVALID_EVENT", "`payload` is missing");
    buried(r#"{"event":"sale.completed","data":[]}"#, "INVALID_EVENT", "`payload` ");
    for (members, code, error) in [
        (r#""eventId":7,"#, "INVALID_EVENT", "`eventId` is not a text"),
        (r#""eventId":"a\u0000","#, "INVALID_ID", "`eventId` must not hold control characters"),
        (r#""tenantId":"a/b","#, "INVALID_ID", "`tenantId` must not hold '/'"),
        (r#""organization_id":[],"#, "INVALID_EVENT", "`organization_id` is not a text"),
        (r#""metadata":[],"#, "INVALID_EVENT", "`metadata` "),
        (r#""metadata":{"userId":{}},"#, "INVALID_EVENT", "`userId` is not a text"),
        (r#""timestamp":"yesterday","#, "INVALID_TIME", "`timestamp` is not an instant"),
        (r#""timestamp":1770638400,"#, "INVALID_TIME", "`timestamp` is not an instant"),
        (r#""timestamp":"2026-02-30T00:00:00","#, "INVALID_TIME", "`timestamp` "),
    ] {
        buried(&sale_with(members), code, error);
    }
    let header = sale_with("");
    for (event_id, tenant) in [(Some(&b"\xff"[..]), None), (None, Some(&b"\xff"[..]))] {
        let Outcome::Bury(fault) =
            read(&Delivery { event_id, tenant, ..delivery(&header) }).outcome
        else {
            panic!("a header that is no text")
        };
        assert_eq!(fault.code.word(), "INVALID_ID");
    }
}

#[test]
fn goods_that_make_no_sense_are_buried() {
    let sale = |from: &str, to: &str, code: &str, error: &str| {
        let goods = GOODS.replacen(from, to, 1);
        assert_ne!(goods, GOODS, "{from}");
        buried(&format!(r#"{{"event":"sale.completed","data":{goods}}}"#), code, error);
    };
    sale(r#""itemId":"item-1","#, "", "INVALID_EVENT", "`itemId` is missing");
    sale(r#""locationId":"WH-01","#, "", "INVALID_EVENT", "`locationId` is missing");
    sale(r#","quantity":5"#, "", "INVALID_EVENT", "`quantity` is missing");
    sale("item-1", "", "INVALID_ID", "`itemId` must not be empty");
    sale("\"item-1\"", "7", "INVALID_EVENT", "`itemId` is not a text");
    sale("WH-01", " WH", "INVALID_ID", "`locationId` must not begin or end with a blank");
    sale(":5", ":0", "INVALID_QUANTITY", "`quantity` must be above zero");
    sale(":5", ":-5", "INVALID_QUANTITY", "`quantity` must be above zero");
    sale(":5", ":0.0000001", "INVALID_QUANTITY", "`quantity` has more than 6 decimal places");
    sale(":5", ":1e400", "INVALID_QUANTITY", "`quantity` is larger than");
    sale(":5", ":\"five\"", "INVALID_QUANTITY", "`quantity` is not a decimal number");
    sale(":5", ":5,\"amount\":-1", "INVALID_QUANTITY", "`amount` must not be negative");
    sale(":5", ":5,\"saleId\":\"\"", "INVALID_ID", "`saleId` must not be empty");
    let twice = ":5,\"variant_id\":\"item-2\"";
    sale(":5", twice, "INVALID_EVENT", "`payload` two different `itemId`");
    act(&sale_with("").replace(":5", ":5,\"variant_id\":\"item-1\",\"warehouseId\":\"WH-01\""));
    for (event_type, goods, code, error) in [
        (
            "receipt.completed",
            r#""expiryDate":"soon""#,
            "INVALID_TIME",
            "`expiryDate` is not a day",
        ),
        ("receipt.completed", r#""unitCost":"free""#, "INVALID_QUANTITY", "`unitCost` is not a "),
        ("receipt.completed", r#""lotNumber":"a/b""#, "INVALID_ID", "`lotNumber` must not hold"),
        ("transfer.completed", r#""x":1"#, "INVALID_EVENT", "`transferId` is missing"),
        ("transfer.initiated", r#""x":1"#, "INVALID_EVENT", "`fromLocationId` is missing"),
        (
            "transfer.initiated",
            r#""fromLocationId":"A","toLocationId":"A""#,
            "INVALID_EVENT",
            "`toLocationId` is where the goods come from",
        ),
    ] {
        let goods = GOODS.replace('}', &format!(",{goods}}}"));
        buried(&format!(r#"{{"event":"{event_type}","data":{goods}}}"#), code, error);
    }
    let none = r#"{"event":"transfer.completed","data":{"transferId":"T-1","quantity":0}}"#;
    buried(none, "INVALID_QUANTITY", "`quantity` must be above zero");
}

#[test]
fn what_is_buried_can_still_be_told_apart() {
    let message = sale_with(r#""version":2,"eventId":"e-1","tenantId":"t","source":"pos","#);
    let intake = read(&delivery(&message));
    let told = intake.read.expect("it can be read");
    assert_eq!(told.event_id.as_deref(), Some("e-1"));
    assert_eq!((told.tenant.as_ref(), told.source.as_deref()), ("t", Some("pos")));
    assert_eq!(told.canonical, Some(InType::SaleCompleted));
}
