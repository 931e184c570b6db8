//! Clients that are slow, silent, many, half gone or gone: none of them stops the others, and what
//! they asked for is done once or not at all.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use onhand_tests::{Request, Server, Shop, line};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Long enough that it only ends a test that hangs.
const HANG: Duration = Duration::from_secs(300);

/// So many clients stay connected and say nothing.
const IDLE: u64 = 10_000;

/// Resident memory that an idle connection may take.
const IDLE_BYTES_MAX: u64 = 16 * 1024;

/// A receipt of one unit as it goes over the wire.
fn receipt(tenant: &str, key: &str) -> String {
    let body = line("tea", "north", 1).to_string();
    let length = body.len();
    format!(
        "POST /v1/stock/receipts HTTP/1.1\r\nHost: onhand\r\nX-Tenant-Id: {tenant}\r\n\
         Idempotency-Key: {key}\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
}

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.address()).expect("the server listens");
    stream.set_read_timeout(Some(HANG)).expect("a timeout can be set");
    stream
}

fn send(server: &Server, text: &str) -> TcpStream {
    let mut stream = connect(server);
    stream.write_all(text.as_bytes()).expect("the server reads");
    stream
}

/// Everything until the server closes; a reset is a close.
fn rest(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).expect("UTF-8")
}

/// A receipt by a client with manners, which is the first to make the position known.
fn open_shop(server: &Server, tenant: &str) -> Shop {
    let shop = server.shop(tenant);
    shop.receive("tea", "north", 1);
    shop
}

#[test]
fn slow_heads_and_slow_bodies_are_cut_and_hold_nobody_up() {
    let server = Server::start_with(&[
        ("ONHAND_HTTP_HEADER_TIMEOUT", "1s"),
        ("ONHAND_HTTP_REQUEST_TIMEOUT", "5s"),
    ]);
    let shop = open_shop(&server, "slow");
    let whole = receipt("slow", "never");
    let (in_head, in_body) = (&whole[..40], &whole[..whole.len() - 1]);
    let mut slow: Vec<TcpStream> =
        (0..400).map(|n| send(&server, if n % 2 == 0 { in_head } else { in_body })).collect();
    // A byte now and then does not buy more time; the last one is never sent.
    for stream in slow.iter_mut().step_by(2) {
        let _ = stream.write_all(b"o");
    }
    for _ in 0..50 {
        shop.position("tea", "north").shows("onHand 1");
    }
    for stream in slow {
        let answer = rest(stream);
        assert!(!answer.contains(" 200 "), "{answer}");
    }
    shop.position("tea", "north").shows("onHand 1");
    // Nothing was decided, so the key is free.
    let polite =
        shop.send(&Request::post("/v1/stock/receipts").key("never").json(&line("tea", "north", 1)));
    assert!(!polite.ok().is_replayed());
}

#[test]
fn ten_thousand_idle_connections_cost_little_and_stop_nobody() {
    let idle = raise_descriptors(IDLE);
    let settings = [("ONHAND_HTTP_CONNECTIONS_MAX", &*(idle + 1).to_string())];
    let mut server = Server::start_with(&settings);
    let shop = open_shop(&server, "idle");
    let before = resident_bytes(&mut server);
    let mut connections: Vec<TcpStream> = (0..idle).map(|_| connect(&server)).collect();
    shop.receive("tea", "north", 1);
    shop.position("tea", "north").shows("onHand 2");
    let grown = resident_bytes(&mut server).saturating_sub(before);
    assert!(grown < idle * IDLE_BYTES_MAX, "{idle} idle connections take {grown} bytes");
    // What the system has accepted is counted when its thread has taken it.
    let open = || {
        let metrics = shop.get("/metrics").expect(200);
        let figure = |line: &str| line.strip_prefix("onhand_http_connections_open ")?.parse().ok();
        metrics.json().as_text().lines().find_map(figure)
    };
    let start = Instant::now();
    while open() != Some(idle + 1) {
        assert!(start.elapsed() < HANG, "{:?} are open", open());
    }
    // The one that is too many is told so, and the others stay.
    let refused = rest(connect(&server));
    assert!(refused.starts_with("HTTP/1.1 503 ") && refused.contains("OVERLOADED"), "{refused}");
    let last = connections.last_mut().expect("there are some");
    last.write_all(receipt("idle", "late").as_bytes()).expect("it is still open");
    let mut answer = [0; 12];
    last.read_exact(&mut answer).expect("an answer comes");
    assert_eq!(&answer, b"HTTP/1.1 200");
    drop(connections);
    let start = Instant::now();
    while !rest_of_health(&server).starts_with("HTTP/1.1 200") {
        assert!(start.elapsed() < HANG, "the seats do not become free");
    }
    shop.position("tea", "north").shows("onHand 3");
}

fn rest_of_health(server: &Server) -> String {
    rest(send(server, "GET /health/live HTTP/1.1\r\nHost: onhand\r\nConnection: close\r\n\r\n"))
}

/// Allows this process that many connections; fewer where the machine does not, which only a
/// developer's may.
fn raise_descriptors(wanted: u64) -> u64 {
    let besides = 1_000;
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let granted = maximum.map_or(wanted + besides, |maximum| maximum.min(wanted + besides));
    let limit = Rlimit { current: Some(granted), maximum };
    setrlimit(Resource::Nofile, limit).expect("the soft limit can be raised to the hard one");
    let idle = granted.saturating_sub(besides).min(wanted);
    if idle < wanted {
        assert!(std::env::var_os("CI").is_none(), "`ulimit -Hn` is {granted}; {wanted} are needed");
        eprintln!("skipped: {wanted} connections; `ulimit -Hn` allows {idle}");
    }
    idle
}

fn resident_bytes(server: &mut Server) -> u64 {
    let path = format!("/proc/{}/status", server.process().id());
    let status = std::fs::read_to_string(path).expect("the server runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("Linux tells it");
    let kibibytes = line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number");
    kibibytes * 1024
}

#[test]
fn a_client_that_has_said_all_and_closed_its_half_is_answered() {
    let server = Server::start();
    let shop = open_shop(&server, "half");
    for number in 0..20 {
        let stream = send(&server, &receipt("half", &format!("K-{number}")));
        stream.shutdown(Shutdown::Write).expect("half of it can be closed");
        let answer = rest(stream);
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }
    // Half a request is no request.
    let whole = receipt("half", "cut");
    for end in [10, 100, whole.len() - 1] {
        let stream = send(&server, &whole[..end]);
        stream.shutdown(Shutdown::Write).expect("half of it can be closed");
        let answer = rest(stream);
        assert!(!answer.contains(" 200 "), "{answer}");
    }
    shop.position("tea", "north").shows("onHand 21");
}

#[test]
fn pipelined_requests_are_done_once_each_and_answered_in_order() {
    let server = Server::start();
    let shop = open_shop(&server, "pipe");
    let mut sent = String::new();
    for number in 0..300 {
        // Every third is sent twice, with the same key.
        let key = format!("K-{number}");
        sent.push_str(&receipt("pipe", &key));
        if number % 3 == 0 {
            sent.push_str(&receipt("pipe", &key));
        }
    }
    sent.push_str("GET /v1/positions/tea/north HTTP/1.1\r\nHost: onhand\r\n");
    sent.push_str("X-Tenant-Id: pipe\r\nConnection: close\r\n\r\n");
    let stream = connect(&server);
    let mut writing = stream.try_clone().expect("a socket can be shared");
    let writer = std::thread::spawn(move || writing.write_all(sent.as_bytes()));
    let answers = rest(stream);
    writer.join().expect("it ends").expect("the server reads");
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 401, "{answers}");
    // What was answered before is in what is answered after.
    let last = answers.rsplit("HTTP/1.1 200 OK").next().expect("the read");
    assert!(last.contains("\"onHand\":301"), "{last}");
    assert_eq!(answers.to_ascii_lowercase().matches("idempotency-replayed: true").count(), 100);
    // After one that cannot be understood, nothing on that connection is.
    let broken =
        send(&server, &format!("{}B@D\r\n\r\n{}", receipt("pipe", "a"), receipt("pipe", "b")));
    let answers = rest(broken);
    assert_eq!(answers.matches("HTTP/1.1 200 ").count(), 1, "{answers}");
    shop.position("tea", "north").shows("onHand 302");
}

#[test]
fn a_client_that_leaves_in_the_middle_of_a_call_cancels_and_doubles_nothing() {
    let server = Server::start();
    let shop = open_shop(&server, "gone");
    let keys: Vec<String> = (0..300).map(|number| format!("K-{number}")).collect();
    for key in &keys {
        let stream = send(&server, &receipt("gone", key));
        // Unread input makes it a reset, none a plain close: the server sees both.
        drop(stream);
    }
    let mut done_before = 0;
    for key in &keys {
        let again = Request::post("/v1/stock/receipts").key(key).json(&line("tea", "north", 1));
        done_before += u32::from(shop.send(&again).ok().is_replayed());
    }
    assert!(done_before > 0, "leaving cancelled all of them");
    shop.position("tea", "north").shows("onHand 301");
    let movements = shop.events("type=StockReceived");
    assert!(movements.len() <= 301, "{}", movements.len());
}
