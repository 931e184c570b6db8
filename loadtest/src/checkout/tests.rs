use super::*;
use crate::order::Profile;
use crate::request::{Keys, Target};
use crate::warehouse::Warehouse;

fn checkout(profile: Profile, batch: Option<u64>) -> Checkout {
    let warehouse = Warehouse { items: 20, locations: 1 };
    let workload = Workload::new(profile, warehouse, 5);
    let target = Target {
        host: "h".into(),
        tenant: "t".into(),
        warehouse,
        ttl_seconds: 900,
        keys: Keys::Sent,
    };
    Checkout::new(workload, Requests::new(target), batch, 0, 4)
}

fn ask(checkout: &mut Checkout, slot: usize) -> String {
    let mut out = Vec::new();
    assert!(checkout.next(slot, &mut out));
    String::from_utf8(out).unwrap()
}

fn answer(checkout: &mut Checkout, slot: usize, status: u16, body: &str) {
    checkout.answered(slot, status, body.as_bytes(), &mut Statuses::default());
}

#[test]
fn answers_are_noted_for_what_they_are() {
    for (status, body, standing, unsure) in [
        (201, r#"{"reservationId":"r-1"}"#, Standing::Active, None),
        (201, r#"{ "orderId": "o", "reservationId" : "r-1" }"#, Standing::Active, None),
        (409, "{}", Standing::SoldOut, None),
        (429, "{}", Standing::Refused, None),
        (422, "{}", Standing::Refused, None),
        (503, "{}", Standing::Sent, Some(Step::Create)),
        (500, "{}", Standing::Sent, Some(Step::Create)),
    ] {
        let mut checkout = checkout(Profile::Spread, None);
        ask(&mut checkout, 2);
        answer(&mut checkout, 2, status, body);
        let entry = checkout.journal.entry(0);
        assert_eq!((entry.standing, entry.unsure), (standing, unsure), "{status} {body}");
        assert_eq!(entry.id(), (status == 201).then_some(&b"r-1"[..]));
    }
}

#[test]
fn a_yes_without_an_id_is_a_broken_contract() {
    for body in ["{}", "", r#"{"reservationId":""}"#] {
        let mut checkout = checkout(Profile::Spread, None);
        ask(&mut checkout, 0);
        answer(&mut checkout, 0, 201, body);
        assert_eq!(checkout.journal.unreadable, 1, "{body}");
    }
}

#[test]
fn a_cut_connection_leaves_the_outcome_open() {
    let mut checkout = checkout(Profile::Spread, None);
    ask(&mut checkout, 0);
    checkout.cut(0);
    assert_eq!(checkout.journal.entry(0).unsure, Some(Step::Create));
}

#[test]
fn every_reservation_of_the_lifecycle_reaches_its_fate() {
    let mut checkout = checkout(Profile::Lifecycle, None);
    for _ in 0..2_000 {
        ask(&mut checkout, 1);
        let body = r#"{"reservationId":"r-9"}"#;
        answer(&mut checkout, 1, 200, body);
    }
    assert!(checkout.continuing.len() <= 1);
    let journal = &checkout.journal;
    let mut order = Order::default();
    let finished = journal.entries().count() - 1;
    for (number, entry) in journal.entries().take(finished) {
        checkout.workload.make(number, &mut order);
        let expected = match order.fate {
            Fate::Keep | Fate::Expire => Standing::Active,
            Fate::Confirm => Standing::Confirmed,
            Fate::Fulfil | Fate::ExtendAndFulfil => Standing::Fulfilled,
            Fate::Cancel | Fate::CancelConfirmed => Standing::Cancelled,
        };
        assert_eq!(entry.standing, expected, "{:?}", order.fate);
    }
}

#[test]
fn a_refused_step_ends_the_script_and_changes_nothing() {
    let mut checkout = checkout(Profile::Lifecycle, None);
    while checkout.continuing.is_empty() {
        ask(&mut checkout, 0);
        answer(&mut checkout, 0, 201, r#"{"reservationId":"r-1"}"#);
    }
    let (number, _) = checkout.continuing[0];
    let request = ask(&mut checkout, 0);
    assert!(request.starts_with("POST /v1/reservations/r-1/"), "{request}");
    answer(&mut checkout, 0, 409, "{}");
    assert!(checkout.continuing.is_empty());
    let entry = checkout.journal.entry(number.sequence);
    assert_eq!((entry.standing, entry.unsure), (Standing::Active, None));
}

#[test]
fn entries_of_a_batch_are_told_apart() {
    let mut checkout = checkout(Profile::Spread, Some(3));
    let request = ask(&mut checkout, 0);
    assert_eq!(request.matches("orderId").count(), 3);
    let body = r#"{"results":[{"status":201,"answer":{"reservationId":"a"}},
        {"status":409,"problem":{}},{"status":201,"answer":{"reservationId":"c"}}],
        "succeeded":2,"failed":1}"#;
    let mut counts = Statuses::default();
    assert_eq!(checkout.answered(0, 200, body.as_bytes(), &mut counts), 3);
    assert_eq!(counts.sorted(), [(201, 2), (409, 1)]);
    let standings: Vec<_> = checkout.journal.entries().map(|(_, entry)| entry.standing).collect();
    assert_eq!(standings, [Standing::Active, Standing::SoldOut, Standing::Active]);
    assert_eq!(checkout.journal.entry(2).id(), Some(&b"c"[..]));
}

#[test]
fn a_batch_of_yes_is_read_by_its_ids_and_a_lost_batch_stays_open() {
    let mut checkout = checkout(Profile::Spread, Some(2));
    ask(&mut checkout, 0);
    let body = r#"{"results":[{"status":201,"answer":{"reservationId":"a"}},{"status":201,"answer":{"reservationId":"b"}}],"succeeded":2,"failed":0}"#;
    answer(&mut checkout, 0, 200, body);
    assert_eq!(checkout.journal.entry(1).id(), Some(&b"b"[..]));
    ask(&mut checkout, 0);
    checkout.cut(0);
    ask(&mut checkout, 1);
    answer(&mut checkout, 1, 200, r#"{"results":[],"succeeded":0,"failed":0}"#);
    assert_eq!(checkout.journal.unreadable, 2);
    let unsure = checkout.journal.entries().filter(|(_, entry)| entry.unsure.is_some()).count();
    assert_eq!(unsure, 4);
}

#[test]
fn no_more_orders_are_sent_than_asked_for() {
    for (batch, requests) in [(None, 5), (Some(2), 3), (Some(9), 1)] {
        let mut checkout = checkout(Profile::Spread, batch);
        checkout.stop_after(5);
        let sent = (0..20).filter(|_| checkout.next(0, &mut Vec::new())).count();
        assert_eq!((sent, checkout.journal.orders()), (requests, 5), "{batch:?}");
    }
}
