//! `POST /v1/reservations:cancel`, `GET /v1/jobs/{jobId}`, and jobs that the catalog starts.

use std::thread;
use std::time::{Duration, Instant};

use onhand_tests::{Answer, Exit, Fault, Request, Server, Shop, line};
use serde_json::{Value, json};

const NONE: Value = Value::Null;
/// How long a job may take before the test fails.
const WAIT: Duration = Duration::from_secs(120);

fn cancel(shop: &Shop, filter: &Value) -> Answer {
    let mut body = json!({ "reason": "recall" });
    let (Value::Object(body_map), Value::Object(filter)) = (&mut body, filter.clone()) else {
        panic!("{filter} is no object");
    };
    body_map.extend(filter);
    shop.post("/v1/reservations:cancel", &body)
}

fn job(shop: &Shop, id: &str) -> Answer {
    shop.get(&format!("/v1/jobs/{id}")).expect(200)
}

/// Waits until a job has ended.
fn ended(shop: &Shop, id: &str) -> Answer {
    let deadline = Instant::now() + WAIT;
    loop {
        let told = job(shop, id);
        if told.text("status") == "COMPLETED" {
            return told;
        }
        assert!(Instant::now() < deadline, "{told:?}");
        thread::sleep(Duration::from_millis(5));
    }
}

fn order(shop: &Shop, order: &str, quantity: i64) -> String {
    let body = json!({ "orderId": order, "lines": [line("tea", "north", quantity)] });
    shop.reserve(&body).expect(201).text("reservationId")
}

/// "by order 200 `{cancelled}`, one record".
#[test]
fn an_order_is_cancelled_in_one_record() {
    let shop = Shop::open("jobs");
    shop.receive("tea", "north", 10);
    let (one, two) = (order(&shop, "O-1", 1), order(&shop, "O-1", 2));
    let other = order(&shop, "O-2", 3);
    shop.act(&two, "confirm", &NONE).ok();
    let request = Request::post("/v1/reservations:cancel").key("K");
    let request = request.json(&json!({ "orderId": "O-1", "reason": "fraud" }));
    let first = shop.send(&request).expect(200);
    first.shows("cancelled 2");
    let again = shop.send(&request).expect(200);
    assert!(again.is_replayed());
    assert_eq!(first.value(), again.value());
    cancel(&shop, &json!({ "orderId": "O-1" })).expect(200).shows("cancelled 0");
    cancel(&shop, &json!({ "orderId": "never placed" })).expect(200).shows("cancelled 0");
    for id in [&one, &two] {
        shop.reservation(id).shows("status CANCELLED, lines/0/locationId north");
    }
    shop.reservation(&other).shows("status ACTIVE");
    shop.position("tea", "north").shows("available 7, reserved 3, committed 0");
    let told = shop.events("type=ReservationCancelled");
    assert_eq!(told.len(), 2, "{told:?}");
    told[0].shows("payload/reason fraud, payload/lines/0/quantity 1, index 1");
    told[1].shows("payload/reason fraud, payload/lines/0/quantity 2, index 2");
    assert_eq!(told[0].number("sequence"), told[1].number("sequence"));
    let level = shop.events("type=StockLevelChanged&aggregateId=tea%3Anorth");
    level.last().expect("told").shows("payload/orderId O-1, payload/changeReason RELEASE");
    assert_eq!(shop.pages("/v1/reservations?orderId=O-1").len(), 2);
}

/// "else 202 `{jobId}`, then `GET /v1/jobs/{jobId}` → `{jobId, status, cancelled}`": whole reservations.
#[test]
fn by_item_a_job_cancels_whole_reservations() {
    let shop = Shop::open("jobs");
    shop.receive("tea", "north", 100);
    shop.receive("pot", "south", 100);
    let both = shop.hold_lines(&[line("tea", "north", 1), line("pot", "south", 1)]);
    let both = both.text("reservationId");
    let pot = shop.hold("pot", "south", 1).text("reservationId");
    let tea: Vec<_> = (0..20).map(|_| shop.hold("tea", "north", 1)).collect();
    let request = Request::post("/v1/reservations:cancel").key("K");
    let request = request.json(&json!({ "itemId": "tea", "reason": "recall" }));
    let first = shop.send(&request).expect(202);
    let again = shop.send(&request).expect(202);
    assert!(again.is_replayed());
    assert_eq!(first.value(), again.value(), "one job");
    let told = ended(&shop, &first.text("jobId"));
    told.shows("task CANCEL_RESERVATIONS, itemId tea, reason recall, cancelled 21");
    for held in &tea {
        shop.reservation(&held.text("reservationId")).shows("status CANCELLED");
    }
    shop.reservation(&both).shows("status CANCELLED, lines/1/released 1");
    shop.reservation(&pot).shows("status ACTIVE");
    shop.position("tea", "north").shows("available 100, reserved 0");
    let events = shop.events("type=ReservationCancelled");
    assert_eq!(events.len(), 21);
    assert!(events.iter().all(|event| event.text("payload/reason") == "recall"));
}

#[test]
fn by_location_a_job_cancels_what_lies_there() {
    let shop = Shop::open("jobs");
    shop.receive("tea", "north", 10);
    shop.receive("tea", "south", 10);
    let north = shop.hold("tea", "north", 1).text("reservationId");
    let south = shop.hold("tea", "south", 1).text("reservationId");
    let id = cancel(&shop, &json!({ "locationId": "north" })).expect(202).text("jobId");
    ended(&shop, &id).shows("locationId north, cancelled 1");
    shop.reservation(&north).shows("status CANCELLED");
    shop.reservation(&south).shows("status ACTIVE");
    // With nothing promised there any more, the stock can be moved out and the location removed.
    cancel(&shop, &json!({ "locationId": "nowhere" })).problem(404, "UNKNOWN_LOCATION");
    cancel(&shop, &json!({ "itemId": "ghost" })).problem(404, "UNKNOWN_ITEM");
    cancel(&shop, &json!({})).problem(422, "INVALID_REQUEST");
    let two = json!({ "itemId": "tea", "locationId": "north" });
    cancel(&shop, &two).problem(422, "INVALID_REQUEST");
}

#[test]
fn a_job_is_its_tenants_own() {
    let shop = Shop::open("jobs");
    shop.receive("tea", "north", 1);
    let id = cancel(&shop, &json!({ "itemId": "tea" })).expect(202).text("jobId");
    ended(&shop, &id).shows("cancelled 0");
    Shop::open("jobs").get(&format!("/v1/jobs/{id}")).problem(404, "NOT_FOUND");
    let number: u64 = id.rsplit('-').next().expect("a number").parse().expect("digits");
    for wrong in ["job-1-0", "job-1-999999999", "job-2-1", "nonsense"] {
        shop.get(&format!("/v1/jobs/{wrong}")).problem(404, "NOT_FOUND");
    }
    shop.get(&format!("/v1/jobs/job-1-{}", number - 1)).problem(404, "NOT_FOUND");
}

/// What `onhand verify` finds in a stopped directory.
fn open_reservations(verified: &Exit) -> usize {
    assert_eq!(verified.code, Some(0), "{}", verified.output);
    let before = verified.output.split(" open reservations").next().expect("there is a first part");
    before.rsplit(' ').next().and_then(|count| count.parse().ok()).expect("a count stands there")
}

/// "resumed after a crash": killed in the middle, each is cancelled exactly once.
#[test]
fn a_job_survives_kill_9_in_its_middle() {
    const HELD: usize = 20_000;
    const SETTINGS: [(&str, &str); 2] =
        [("ONHAND_CHECKPOINT_RECORDS", "2000"), ("ONHAND_ENDED_KEPT", "1s")];
    let mut server = Server::start_with(&SETTINGS);
    let shop = server.shop("jobs");
    shop.receive("tea", "north", 1_000_000);
    let one = json!({ "ttlSeconds": null, "lines": [line("tea", "north", 1)] });
    for _ in 0..HELD / 1_000 {
        let many = Value::Array(vec![one.clone(); 1_000]);
        shop.post("/v1/reservations:batch", &many).expect(200).shows("failed 0");
    }
    assert_eq!(server.stop().code, Some(0));
    let body = json!({ "itemId": "tea", "reason": "recall" });
    let request = Request::post("/v1/reservations:cancel").key("K").json(&body);
    // At most 2,048 records of a job are under way, so that so few syncs of the log never end it.
    let mut open = HELD;
    for syncs in 4..9 {
        let fault = Fault { call: "fdatasync", place: "/log/", at: syncs, action: "kill" };
        if server.restart_with_fault(&SETTINGS, fault).is_ok() {
            // Its answer may be lost.
            let _ = server.shop("jobs").try_send(&request);
            assert_eq!(server.wait().code, None);
        }
        open = open_reservations(&server.verify());
        if open < HELD {
            break;
        }
    }
    assert!(0 < open && open < HELD, "{open} are left");
    server.restart_with(&SETTINGS);
    let shop = server.shop("jobs");
    let id = shop.send(&request).expect(202).text("jobId");
    // Selling goes on meanwhile; what is promised now stays.
    let kept = shop.hold("tea", "north", 7).text("reservationId");
    ended(&shop, &id).shows("cancelled 20000, reason recall");
    shop.position("tea", "north").shows("available 999993, reserved 7");
    shop.reservation(&kept).shows("status ACTIVE");
    assert_eq!(shop.events("type=ReservationCancelled").len(), HELD);
    assert_eq!(server.stop().code, Some(0));
    server.restart();
    // It has ended before this start: read from the log.
    job(&server.shop("jobs"), &id).shows("status COMPLETED, cancelled 20000, itemId tea");
    assert_eq!(server.stop().code, Some(0));
    assert_eq!(server.verify().code, Some(0));
}

/// "PositionsOpened (…, tracking switched on, new active location)".
#[test]
fn a_new_location_opens_positions_of_the_catalogs_items() {
    let shop = Shop::open("jobs");
    for item in ["tea", "pot"] {
        shop.item(item, &json!({}));
    }
    shop.item("gift", &json!({ "trackInventory": false }));
    shop.receive("used", "north", 1);
    shop.location("south", &json!({}));
    let deadline = Instant::now() + WAIT;
    while shop.events("type=PositionsOpened").len() < 2 {
        assert!(Instant::now() < deadline, "positions were not opened");
        thread::sleep(Duration::from_millis(5));
    }
    shop.position("tea", "south").shows("onHand 0, version 1");
    shop.position("pot", "south").shows("onHand 0");
    shop.get("/v1/positions/gift/south").problem(404, "UNKNOWN_POSITION");
    shop.get("/v1/positions/used/south").problem(404, "UNKNOWN_POSITION");
    shop.get("/v1/positions/tea/north").problem(404, "UNKNOWN_POSITION");
    let told = shop.events("type=PositionsOpened");
    told[0].shows("aggregateId tea:south, aggregateVersion 1, payload/positionsOpened 1");
    shop.item("gift", &json!({ "trackInventory": true }));
    let told = shop.events("type=PositionsOpened&aggregateId=gift");
    assert_eq!(told.len(), 1, "{told:?}");
    told[0].shows("payload/itemId gift, payload/positionsOpened 2");
    shop.position("gift", "north").shows("onHand 0");
}
