//! A stock engine as small as the contract allows, in memory, that can be told to be wrong.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{FromRequestParts, Path, Query};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::routing::{get, post};
use onhand_loadtest::quantity::Quantity;
use serde::Deserialize;

/// In which way the server is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// In none.
    None,
    /// Says yes although the stock is gone, and shows figures that look sane.
    Oversells,
    /// Says yes and forgets every tenth reservation.
    Forgets,
    /// Says no to every tenth order and keeps the hold.
    HoldsWhatItRefused,
    /// Says that there is no stock although there is.
    RefusesWithoutWant,
    /// Deadlines pass unnoticed.
    NeverExpires,
    /// Says that it shipped, and does not.
    ShipsNothing,
    /// Holds a millionth too little of every tenth line.
    RoundsDown,
    /// None, but it cuts connections: sometimes before, sometimes after the deed.
    CutsConnections,
    /// None, but sometimes it does not know the outcome and says so.
    Unsure,
}

type Place = (String, String);
type Answer = (StatusCode, String);

#[derive(Default)]
struct Position {
    received: Quantity,
    reserved: Quantity,
    committed: Quantity,
    shipped: Quantity,
}

impl Position {
    fn available(&self) -> Quantity {
        self.received - self.shipped - self.reserved - self.committed
    }
}

struct Reservation {
    order_id: String,
    status: &'static str,
    deadline: Instant,
    lines: Vec<Line>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    item_id: String,
    location_id: String,
    quantity: Quantity,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wish {
    order_id: String,
    ttl_seconds: u64,
    lines: Vec<Line>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Search {
    #[serde(default)]
    order_id: String,
    #[serde(default)]
    cursor: String,
}

struct Shop {
    flaw: Flaw,
    calls: u64,
    positions: BTreeMap<Place, Position>,
    reservations: HashMap<String, Reservation>,
    /// Reservations whose deadline may pass within a test.
    short: Vec<String>,
}

/// The shops of all tenants.
#[derive(Clone)]
struct Door {
    flaw: Flaw,
    shops: Arc<Mutex<HashMap<String, Arc<Mutex<Shop>>>>>,
}

/// The shop of the tenant that the request names.
struct Tenant(Arc<Mutex<Shop>>);

impl FromRequestParts<Door> for Tenant {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Self, StatusCode> {
        let name = parts.headers.get("x-tenant-id").ok_or(StatusCode::BAD_REQUEST)?;
        let name = name.to_str().map_err(|_| StatusCode::BAD_REQUEST)?;
        let mut shops = door.shops.lock().unwrap();
        Ok(Self(Arc::clone(shops.entry(name.to_owned()).or_insert_with(|| Shop::new(door.flaw)))))
    }
}

impl Tenant {
    fn shop(&self) -> MutexGuard<'_, Shop> {
        self.0.lock().unwrap()
    }
}

/// Rows per page: few, so that paging happens.
const PAGE_ROWS: usize = 7;

/// Serves on a free port until the process ends.
pub(crate) fn start(flaw: Flaw) -> SocketAddr {
    let routes = Router::new()
        .route("/v1/stock:batch", post(receive))
        .route("/v1/reservations", post(reserve).get(search))
        .route("/v1/reservations:batch", post(reserve_batch))
        .route("/v1/reservations/{id}", get(find))
        .route("/v1/reservations/{id}/{step}", post(take_step))
        .route("/v1/positions", get(positions))
        .route("/health/ready", get(|| async { "{}" }))
        .with_state(Door { flaw, shops: Arc::default() });
    let (told, address) = std::sync::mpsc::sync_channel(1);
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            told.send(listener.local_addr().unwrap()).unwrap();
            axum::serve(listener, routes).await.unwrap();
        });
    });
    address.recv().unwrap()
}

async fn receive(tenant: Tenant, body: Bytes) -> Answer {
    let receipts: Vec<Line> = serde_json::from_slice(&body).unwrap();
    let mut shop = tenant.shop();
    let succeeded = receipts.len();
    for Line { item_id, location_id, quantity } in receipts {
        shop.positions.entry((item_id, location_id)).or_default().received += quantity;
    }
    (StatusCode::OK, format!(r#"{{"results":[],"succeeded":{succeeded},"failed":0}}"#))
}

async fn reserve(tenant: Tenant, body: Bytes) -> Answer {
    let wish: Wish = serde_json::from_slice(&body).unwrap();
    let mut shop = tenant.shop();
    let call = shop.calls;
    let flaw = shop.flaw;
    if flaw == Flaw::CutsConnections && call % 10 == 5 {
        shop.calls += 1;
        drop(shop);
        cut();
    }
    let answer = shop.reserve(wish);
    drop(shop);
    match flaw {
        Flaw::CutsConnections if call.is_multiple_of(10) => cut(),
        Flaw::Unsure if call.is_multiple_of(10) => (StatusCode::SERVICE_UNAVAILABLE, "{}".into()),
        _ => answer,
    }
}

/// Ends the connection without an answer, as a crash does, and without the panic's message.
fn cut() -> ! {
    std::panic::resume_unwind(Box::new("cut"))
}

async fn reserve_batch(tenant: Tenant, body: Bytes) -> Answer {
    let wishes: Vec<Wish> = serde_json::from_slice(&body).unwrap();
    let mut shop = tenant.shop();
    let mut results = Vec::new();
    for wish in wishes {
        let (status, body) = shop.reserve(wish);
        let field = if status.is_success() { "answer" } else { "problem" };
        results.push(format!(r#"{{"status":{},"{field}":{body}}}"#, status.as_u16()));
    }
    (StatusCode::OK, format!(r#"{{"results":[{}]}}"#, results.join(",")))
}

async fn search(tenant: Tenant, Query(search): Query<Search>) -> Answer {
    let mut shop = tenant.shop();
    shop.expire();
    let found: Vec<String> = shop
        .reservations
        .iter()
        .filter(|(_, reservation)| reservation.order_id == search.order_id)
        .map(|(id, reservation)| reservation.render(id))
        .collect();
    (StatusCode::OK, format!(r#"{{"items":[{}]}}"#, found.join(",")))
}

async fn find(tenant: Tenant, Path(id): Path<String>) -> Answer {
    let mut shop = tenant.shop();
    shop.expire();
    match shop.reservations.get(&id) {
        Some(reservation) => (StatusCode::OK, reservation.render(&id)),
        None => (StatusCode::NOT_FOUND, r#"{"code":"UNKNOWN_RESERVATION"}"#.into()),
    }
}

async fn take_step(
    tenant: Tenant,
    Path((id, step)): Path<(String, String)>,
    body: Bytes,
) -> Answer {
    let mut shop = tenant.shop();
    shop.expire();
    let flaw = shop.flaw;
    let Shop { positions, reservations, .. } = &mut *shop;
    let Some(reservation) = reservations.get_mut(&id) else {
        return (StatusCode::NOT_FOUND, "{}".into());
    };
    let (from, to) = match (reservation.status, step.as_str()) {
        ("ACTIVE", "extend") => {
            assert_eq!(&body[..], br#"{"ttlSeconds":900}"#);
            reservation.deadline = Instant::now() + Duration::from_secs(900);
            ("ACTIVE", "ACTIVE")
        }
        ("ACTIVE", "confirm") => ("ACTIVE", "CONFIRMED"),
        ("CONFIRMED", "fulfil") => ("CONFIRMED", "FULFILLED"),
        (status @ ("ACTIVE" | "CONFIRMED"), "cancel") => (status, "CANCELLED"),
        _ => return (StatusCode::CONFLICT, r#"{"code":"INVALID_STATE"}"#.into()),
    };
    if flaw != Flaw::ShipsNothing || to != "FULFILLED" {
        reservation.turn(positions, from, to);
    }
    (StatusCode::OK, reservation.render(&id))
}

async fn positions(tenant: Tenant, Query(search): Query<Search>) -> Answer {
    let mut shop = tenant.shop();
    shop.expire();
    let start: usize = search.cursor.strip_prefix("a+/=&").unwrap_or("0").parse().unwrap();
    let rows: Vec<String> = shop
        .positions
        .iter()
        .skip(start)
        .take(PAGE_ROWS)
        .map(|((item, location), position)| position.render(item, location))
        .collect();
    let mut page = format!(r#"{{"items":[{}]"#, rows.join(","));
    if start + PAGE_ROWS < shop.positions.len() {
        write!(page, r#","nextCursor":"a+/=&{}""#, start + PAGE_ROWS).unwrap();
    }
    page.push('}');
    (StatusCode::OK, page)
}

impl Shop {
    fn new(flaw: Flaw) -> Arc<Mutex<Self>> {
        Arc::new(Mutex::new(Self {
            flaw,
            calls: 0,
            positions: BTreeMap::new(),
            reservations: HashMap::new(),
            short: Vec::new(),
        }))
    }

    fn reserve(&mut self, mut wish: Wish) -> Answer {
        self.calls += 1;
        let tenth = self.calls.is_multiple_of(10);
        let out_of_stock = || (StatusCode::CONFLICT, r#"{"code":"INSUFFICIENT_STOCK"}"#.to_owned());
        let fits = |line: &Line| {
            let position = &self.positions[&(line.item_id.clone(), line.location_id.clone())];
            position.available() >= line.quantity
        };
        let fits = wish.lines.iter().all(fits);
        if !fits && self.flaw != Flaw::Oversells || tenth && self.flaw == Flaw::RefusesWithoutWant {
            return out_of_stock();
        }
        if tenth && self.flaw == Flaw::RoundsDown {
            wish.lines[0].quantity = wish.lines[0].quantity - Quantity::from_micros(1);
        }
        let id = format!("r-{}", self.calls);
        let deadline = Instant::now() + Duration::from_secs(wish.ttl_seconds);
        let Wish { order_id, lines, .. } = wish;
        let reservation = Reservation { order_id, status: "ACTIVE", deadline, lines };
        let rendered = reservation.render(&id);
        if tenth && self.flaw == Flaw::Forgets {
            return (StatusCode::CREATED, rendered);
        }
        // What is sold twice is left out of the books, so that the figures look sane.
        if fits {
            reservation.book(&mut self.positions, "", "ACTIVE");
        }
        if tenth && self.flaw == Flaw::HoldsWhatItRefused {
            return (StatusCode::UNPROCESSABLE_ENTITY, "{}".into());
        }
        if wish.ttl_seconds < 60 {
            self.short.push(id.clone());
        }
        self.reservations.insert(id, reservation);
        (StatusCode::CREATED, rendered)
    }

    fn expire(&mut self) {
        if self.flaw == Flaw::NeverExpires {
            return;
        }
        let now = Instant::now();
        let Self { positions, reservations, short, .. } = self;
        for id in &*short {
            let reservation = reservations.get_mut(id).unwrap();
            if reservation.status == "ACTIVE" && reservation.deadline <= now {
                reservation.turn(positions, "ACTIVE", "EXPIRED");
            }
        }
    }
}

impl Reservation {
    fn turn(
        &mut self,
        positions: &mut BTreeMap<Place, Position>,
        from: &'static str,
        to: &'static str,
    ) {
        self.book(positions, from, to);
        self.status = to;
    }

    fn book(&self, positions: &mut BTreeMap<Place, Position>, from: &str, to: &str) {
        for Line { item_id, location_id, quantity } in &self.lines {
            let position = positions.get_mut(&(item_id.clone(), location_id.clone())).unwrap();
            match from {
                "ACTIVE" => position.reserved = position.reserved - *quantity,
                "CONFIRMED" => position.committed = position.committed - *quantity,
                _ => {}
            }
            match to {
                "ACTIVE" => position.reserved += *quantity,
                "CONFIRMED" => position.committed += *quantity,
                "FULFILLED" => position.shipped += *quantity,
                _ => {}
            }
        }
    }

    fn render(&self, id: &str) -> String {
        let line = |Line { item_id, location_id, quantity }: &Line| {
            let (fulfilled, released) = match self.status {
                "FULFILLED" => (*quantity, Quantity::ZERO),
                "CANCELLED" | "EXPIRED" => (Quantity::ZERO, *quantity),
                _ => (Quantity::ZERO, Quantity::ZERO),
            };
            format!(
                r#"{{"itemId":"{item_id}","locationId":"{location_id}","quantity":{quantity},"fulfilled":{fulfilled},"released":{released}}}"#
            )
        };
        let lines: Vec<String> = self.lines.iter().map(line).collect();
        format!(
            r#"{{"reservationId":"{id}","orderId":"{}","status":"{}","lines":[{}]}}"#,
            self.order_id,
            self.status,
            lines.join(",")
        )
    }
}

impl Position {
    fn render(&self, item: &str, location: &str) -> String {
        let (available, reserved, committed) = (self.available(), self.reserved, self.committed);
        let on_hand = self.received - self.shipped;
        format!(
            r#"{{"itemId":"{item}","locationId":"{location}","onHand":{on_hand},"available":{available},"reserved":{reserved},"committed":{committed},"damaged":0,"qualityHold":0,"inTransit":0,"sellable":{available}}}"#
        )
    }
}
