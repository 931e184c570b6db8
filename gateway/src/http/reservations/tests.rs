use onhand_domain::change::Cause;
use onhand_domain::command::{Backorder, Completeness, Force, Reserve, Rest, Wanted as From};
use onhand_domain::quantity::Quantity;
use onhand_domain::time::Timestamp;
use serde::Deserialize;

use super::request::AllocationBody;
use super::*;
use crate::http::page::Cursor;
use crate::http::problem::Code;
use crate::http::samples::{SampleNames, change, changed, reservation, text_of};

const PLAIN: &str = concat!(
    r#"{"reservationId":"rsv-1-42","orderId":"O-1","status":"ACTIVE","#,
    r#""expiresAt":"1970-01-01T00:15:00.000Z","createdAt":"1970-01-01T00:00:00.000Z","version":1,"#,
    r#""sequence":42,"lines":["#,
    r#"{"itemId":"tea","locationId":"north","quantity":2.5,"fulfilled":0,"released":0},"#,
    r#"{"itemId":"tea","locationId":"south","quantity":1,"fulfilled":0.5,"released":0}]}"#
);

fn shown(held: &Reservation) -> String {
    let mut json = Json::default();
    write(held, 1, &SampleNames, &mut json);
    String::from_utf8(json.into_bytes()).expect("text")
}

#[test]
fn a_reservation_is_shown_line_by_line() {
    assert_eq!(shown(&reservation(42)), PLAIN);
    let mut made = change(Cause::Reserved);
    made.reservation = Some(Arc::new(reservation(42)));
    assert_eq!((RESERVED.status)(&made), StatusCode::CREATED);
    assert_eq!((STEPPED.status)(&made), StatusCode::OK);
    let mut json = Json::default();
    assert!((RESERVED.write)(&changed(made), &SampleNames, &mut json).is_some());
    assert_eq!(String::from_utf8(json.into_bytes()).expect("text"), PLAIN);
}

#[test]
fn what_a_reservation_lacks_is_null_or_left_out() {
    let mut held = reservation(42);
    held.order = None;
    held.expires_at = None;
    held.lines[0].position = None;
    held.customer = Reference::parse("C-1").ok();
    held.local = Reference::parse("L-1").ok();
    held.required_at = Some(Timestamp::from_millis(1));
    held.status = Status::Confirmed;
    let text = shown(&held);
    for part in [
        r#""orderId":null,"status":"CONFIRMED","expiresAt":null,"customerId":"C-1","#,
        r#""localId":"L-1","requiredAt":"1970-01-01T00:00:00.001Z","createdAt""#,
        r#""itemId":"tea","locationId":null,"#,
    ] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn every_status_has_one_word() {
    for (word, status) in STATUS_WORDS {
        assert_eq!(status_word(status), word);
    }
}

fn read<'a, T: Deserialize<'a>>(body: &'a str) -> Result<T, Problem> {
    parse(body.as_bytes())
}

fn reserve(body: &str) -> Result<Reserve, Problem> {
    match read::<ReservationBody<'_>>(body)?.action()? {
        Action::Reserve(reserve) => Ok(*reserve),
        other => panic!("{other:?}"),
    }
}

const LINE: &str = r#""lines":[{"itemId":"tea","quantity":1}]"#;

#[test]
fn absent_fields_take_their_defaults() {
    let reserve = reserve(&format!("{{{LINE}}}")).expect("valid");
    assert_eq!((&reserve.order, &reserve.customer, &reserve.local), (&None, &None, &None));
    assert_eq!(reserve.ttl_ms, Some(900_000));
    assert_eq!(reserve.completeness, Completeness::Whole);
    assert_eq!(reserve.max_splits, None);
    assert_eq!(reserve.backorder, Backorder::Policy);
    assert_eq!(reserve.lines.len(), 1);
    assert_eq!(reserve.lines[0].wanted, From::Anywhere);
    assert_eq!(reserve.lines[0].quantity, Quantity::units(1));
}

#[test]
fn what_is_said_is_kept() {
    let body = r#"{"orderId":"O/1","customerId":"C-1","localId":"L-1","ttlSeconds":"1.5",
        "requiredAt":"1970-01-01T00:00:01Z","allowPartial":true,"maxSplits":2,"backorder":"never",
        "lines":[{"itemId":"tea","quantity":"0.1","locationId":"north"},
                 {"itemId":"pot","quantity":2,"preferredLocationId":"south"}]}"#;
    let reserve = reserve(body).expect("valid");
    assert_eq!(reserve.order.as_ref().map(Reference::as_str), Some("O/1"));
    assert_eq!(reserve.customer.as_ref().map(Reference::as_str), Some("C-1"));
    assert_eq!(reserve.local.as_ref().map(Reference::as_str), Some("L-1"));
    assert_eq!(reserve.required_at, Some(Timestamp::from_millis(1_000)));
    assert_eq!(reserve.ttl_ms, Some(1_500));
    assert_eq!(reserve.completeness, Completeness::Partial);
    assert_eq!(reserve.max_splits, Some(2));
    assert_eq!(reserve.backorder, Backorder::Never);
    let place = |name: &str| LocationId::parse(name).expect("valid");
    assert_eq!(reserve.lines[0].wanted, From::Only(place("north")));
    assert_eq!(reserve.lines[0].quantity, Quantity::from_millionths(100_000));
    assert_eq!(reserve.lines[1].wanted, From::Preferred(place("south")));
}

/// "`ttlSeconds=900` (`null`: no deadline; 0 or less: 422 `INVALID_REQUEST`)".
#[test]
fn a_time_to_live_is_above_zero_or_null() {
    let ttl = |text: &str| reserve(&format!(r#"{{"ttlSeconds":{text},{LINE}}}"#));
    for (text, expected) in [
        ("null", None),
        ("1", Some(1_000)),
        ("0.001", Some(1)),
        ("900.0", Some(900_000)),
        ("3162240000", Some(3_162_240_000_000)),
    ] {
        assert_eq!(ttl(text).expect(text).ttl_ms, expected, "{text}");
    }
    for text in ["0", "-5", "0.0001", "3162240001", "1e400", "\"soon\"", "true"] {
        let problem = ttl(text).expect_err(text);
        assert_eq!(
            (problem.status().as_u16(), problem.code()),
            (422, Code::InvalidRequest),
            "{text}"
        );
        let body = format!(r#"{{"ttlSeconds":{text}}}"#);
        let extended = read::<Extension<'_>>(&body).expect("JSON").action(42);
        assert!(extended.is_err(), "{text}");
    }
    let extend = read::<Extension<'_>>(r#"{"ttlSeconds":60}"#).expect("JSON").action(42);
    assert_eq!(extend.expect("valid"), Action::Extend { reservation: 42, ttl_ms: 60_000 });
    let none = read::<Extension<'_>>(r#"{"ttlSeconds":null}"#).expect("JSON").action(42);
    assert_eq!(none.expect_err("extend needs a deadline").status().as_u16(), 422);
}

#[track_caller]
fn refused(body: &str, status: u16, code: Code, words: &str) {
    let problem = reserve(body).expect_err(body);
    assert_eq!((problem.status().as_u16(), problem.code()), (status, code), "{body}");
    assert!(problem.detail().contains(words), "{body}: {}", problem.detail());
}

#[test]
fn wrong_reservations_are_refused_by_name() {
    let line =
        |members: &str| format!(r#"{{"lines":[{{"itemId":"tea","quantity":1}},{{{members}}}]}}"#);
    refused("{}", 400, Code::InvalidRequest, "missing field `lines`");
    refused(r#"{"lines":"tea"}"#, 400, Code::InvalidRequest, "`lines`");
    refused(r#"{"lines":[]}"#, 422, Code::InvalidRequest, "`lines`");
    refused(&line(r#""itemId":"tea""#), 400, Code::InvalidRequest, "missing field `quantity`");
    refused(&line(r#""quantity":1"#), 400, Code::InvalidRequest, "(`lines[1]`)");
    let quantity = |text: &str| line(&format!(r#""itemId":"tea","quantity":{text}"#));
    for text in ["0", "-1", "1.1234567", "\"NaN\"", "1e400"] {
        refused(&quantity(text), 422, Code::InvalidQuantity, "`lines[1].quantity`");
    }
    refused(&line(r#""itemId":"a/b","quantity":1"#), 422, Code::InvalidId, "`lines[1].itemId`");
    let lot = line(r#""itemId":"tea","quantity":1,"lotNumber":"L/1""#);
    refused(&lot, 422, Code::InvalidId, "`lines[1].lotNumber`");
    let both = line(r#""itemId":"tea","quantity":1,"locationId":"a","preferredLocationId":"b""#);
    refused(&both, 422, Code::InvalidRequest, "`lines[1].preferredLocationId`");
    refused(&format!(r#"{{"backorder":"maybe",{LINE}}}"#), 400, Code::InvalidRequest, "`maybe`");
    refused(&format!(r#"{{"maxSplits":0,{LINE}}}"#), 422, Code::InvalidRequest, "`maxSplits`");
    refused(&format!(r#"{{"requiredAt":"x",{LINE}}}"#), 422, Code::InvalidTime, "`requiredAt`");
    let long = "x".repeat(129);
    refused(&format!(r#"{{"orderId":"{long}",{LINE}}}"#), 422, Code::InvalidId, "`orderId`");
}

#[test]
fn a_reservation_has_at_most_a_thousand_lines() {
    let body = |count: usize| {
        format!(r#"{{"lines":[{}]}}"#, vec![r#"{"itemId":"tea","quantity":1}"#; count].join(","))
    };
    assert_eq!(reserve(&body(1_000)).expect("allowed").lines.len(), 1_000);
    refused(&body(1_001), 422, Code::LimitExceeded, "1000");
}

#[test]
fn lines_may_be_set_to_zero() {
    let body = r#"{"lines":[{"itemId":"tea","quantity":0,"locationId":"north"}]}"#;
    let action = read::<LineChanges<'_>>(body).expect("JSON").action(42).expect("valid");
    let Action::SetLines { reservation: 42, lines } = action else { panic!("lines") };
    assert!(lines[0].quantity.is_zero());
    let below = read::<LineChanges<'_>>(&body.replace(":0", ":-1")).expect("JSON").action(42);
    assert_eq!(below.expect_err("below zero").code(), Code::InvalidQuantity);
}

#[test]
fn a_shipment_is_all_or_what_is_named() {
    let fulfil = |body: &str| {
        let body: Fulfilment<'_> = parse_or_empty(body.as_bytes())?;
        match body.action(42)? {
            Action::Fulfil(fulfil) => Ok(*fulfil),
            other => panic!("{other:?}"),
        }
    };
    let all = fulfil("").expect("valid");
    assert_eq!((all.reservation, &all.lines, &all.shipment), (42, &None, &None));
    assert_eq!((all.rest, all.force), (Rest::Keep, Force::Wish));
    let part = fulfil(
        r#"{"shipmentId":"S-1","closeRest":true,"force":true,
            "lines":[{"itemId":"tea","locationId":"north","quantity":2}]}"#,
    )
    .expect("valid");
    assert_eq!((part.rest, part.force), (Rest::Close, Force::Fact));
    assert_eq!(part.shipment.as_ref().map(Reference::as_str), Some("S-1"));
    assert_eq!(part.lines.expect("lines")[0].quantity, Quantity::units(2));
    for (members, code) in [
        (r#""itemId":"tea","locationId":"north","quantity":0"#, Code::InvalidQuantity),
        (r#""itemId":"tea","quantity":1"#, Code::InvalidRequest),
        (r#""locationId":"north","quantity":1"#, Code::InvalidRequest),
        (
            r#""itemId":"tea","locationId":"north","quantity":1,"lotNumber":"L"#,
            Code::InvalidRequest,
        ),
    ] {
        let problem: Problem =
            fulfil(&format!(r#"{{"lines":[{{{members}}}]}}"#)).expect_err(members);
        assert_eq!(problem.code(), code, "{members}");
    }
    assert_eq!(fulfil(r#"{"lines":[]}"#).expect_err("no line").code(), Code::InvalidRequest);
}

#[test]
fn a_cancellation_is_all_or_what_is_named() {
    let cancel = |body: &str| {
        let body: Cancellation<'_> = parse_or_empty(body.as_bytes()).expect("JSON");
        body.action(42)
    };
    let whole = Action::Cancel { reservation: 42, lines: None, detail: None };
    assert_eq!(cancel("").expect("valid"), whole);
    let part = cancel(r#"{"reason":"x","lines":[{"itemId":"tea","quantity":2}]}"#).expect("valid");
    let Action::Cancel { lines: Some(lines), detail: Some(detail), .. } = part else {
        panic!("a part")
    };
    assert_eq!((lines[0].quantity, &lines[0].location), (Quantity::units(2), &None));
    assert_eq!(detail.reason.as_ref().map(onhand_domain::ids::Text::as_str), Some("x"));
}

#[test]
fn an_allocation_is_one_line_at_one_location() {
    let allocate = |body: &str| match read::<AllocationBody<'_>>(body)?.action()? {
        Action::Reserve(reserve) => Ok::<_, Problem>(*reserve),
        other => panic!("{other:?}"),
    };
    let body = r#"{"orderId":"O-1","itemId":"tea","quantity":2,"locationId":"north"}"#;
    let reserve = allocate(body).expect("valid");
    assert_eq!(reserve.max_splits, Some(1));
    assert_eq!(reserve.ttl_ms, Some(900_000));
    assert_eq!(reserve.lines[0].wanted, From::Only(LocationId::parse("north").expect("valid")));
    let problem = allocate(r#"{"itemId":"tea","quantity":2}"#).expect_err("an order is needed");
    assert_eq!(problem.status().as_u16(), 400);
}

#[test]
fn what_is_no_id_of_ours_is_left_to_the_writer_to_refuse() {
    for (path, expected) in [
        ("/v1/reservations/rsv-1-42/confirm", Some(42)),
        ("/v1/reservations/nothing", None),
        ("/v1/reservations/rsv-1-", None),
        ("/v1/reservations/", None),
    ] {
        let uri = path.parse().expect("a path");
        let path = Path::of(&uri);
        assert_eq!(known_of(&path).expect("text"), expected);
        assert_eq!(reservation_of(&path).expect("text"), expected.unwrap_or(0));
    }
}

#[test]
fn reservations_of_an_order_are_paged_and_filtered() {
    let mut ended = reservation(43);
    ended.status = Status::Cancelled;
    let all = [Arc::new(reservation(42)), Arc::new(ended), Arc::new(reservation(44))];
    let page = |filter: &ReservationFilter, after: Option<u64>, limit| {
        let wanted = Wanted { after: after.map(Cursor::from), limit };
        let text = text_of(&page_of_order(&all, filter, &wanted, &SampleNames));
        let shown: Vec<u32> = (42..=44)
            .filter(|number| text.contains(&format!(r#""reservationId":"rsv-1-{number}""#)))
            .collect();
        (shown, text.contains("nextCursor"))
    };
    let any = ReservationFilter::default();
    assert_eq!(page(&any, None, 100), (vec![42, 43, 44], false));
    assert_eq!(page(&any, None, 2), (vec![42, 43], true));
    assert_eq!(page(&any, Some(43), 2), (vec![44], false));
    assert_eq!(page(&any, None, 3), (vec![42, 43, 44], false));
    let active = ReservationFilter { status: Some(Status::Active), ..any };
    assert_eq!(page(&active, None, 1), (vec![42], true));
    assert_eq!(page(&active, Some(42), 1), (vec![44], false));
}
