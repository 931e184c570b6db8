use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream as Client};

use http_body_util::BodyExt;
use tokio::sync::Semaphore;

use super::*;

/// Long enough that it only ends a test that hangs.
const HANG: Duration = Duration::from_secs(60);

/// `/echo` answers its body, `/wait` answers when the gate opens, `/stream` never ends.
struct Echo {
    gate: Arc<Semaphore>,
    entered: Arc<Semaphore>,
}

impl Handler for Echo {
    type Mark = ();

    async fn answer(&self, request: Request<Incoming>) -> (Response<Body>, ()) {
        let path = request.uri().path().to_owned();
        let body = match path.as_str() {
            "/wait" => {
                self.entered.add_permits(1);
                self.gate.acquire().await.unwrap().forget();
                Body::from("waited")
            }
            "/stream" => {
                let first = axum::body::Bytes::from_static(b"first");
                Body::new(Endless(Some(first)))
            }
            _ => match request.into_body().collect().await {
                Ok(collected) => Body::from(collected.to_bytes()),
                Err(_) => Body::from("cut"),
            },
        };
        (Response::new(body), ())
    }

    fn note(&self, _: (), _: StatusCode, _: Duration) {}
}

struct Endless(Option<axum::body::Bytes>);

impl hyper::body::Body for Endless {
    type Data = axum::body::Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Self::Data>, Self::Error>>> {
        match self.0.take() {
            Some(first) => std::task::Poll::Ready(Some(Ok(hyper::body::Frame::data(first)))),
            None => std::task::Poll::Pending,
        }
    }
}

struct Fixture {
    running: Option<Running>,
    address: SocketAddr,
    stage: Arc<Stage>,
    connections: Arc<Connections>,
    gate: Arc<Semaphore>,
    entered: Arc<Semaphore>,
}

fn config() -> HttpConfig {
    HttpConfig {
        listen: "127.0.0.1:0".parse().unwrap(),
        threads: 2,
        connections_max: 100,
        header_timeout: HANG,
        idle_timeout: HANG,
        request_timeout: HANG,
        drain_timeout: HANG,
        streams_max: 1,
    }
}

impl Fixture {
    fn start(config: HttpConfig) -> Self {
        let server = Server::bind(config).unwrap();
        let (gate, entered) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let (stage, connections) = (Arc::<Stage>::default(), Arc::<Connections>::default());
        let address = server.address();
        let echo = || Echo { gate: Arc::clone(&gate), entered: Arc::clone(&entered) };
        let running = Some(server.start(&stage, &connections, echo).unwrap());
        Self { running, address, stage, connections, gate, entered }
    }

    fn connect(&self) -> Client {
        let client = Client::connect(self.address).unwrap();
        client.set_read_timeout(Some(HANG)).unwrap();
        client
    }

    /// Sends `text` on a connection of its own.
    fn send(&self, text: &str) -> Client {
        let mut client = self.connect();
        client.write_all(text.as_bytes()).unwrap();
        client
    }

    /// Blocks until a handler waits at the gate.
    fn wait_until_entered(&self) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async { self.entered.acquire().await.unwrap().forget() });
    }

    fn stop(&mut self) {
        self.stage.stop();
        self.running.take().unwrap().join();
    }

    fn late(&self, word: &str) -> u64 {
        self.connections.late().find(|(found, _)| *found == word).unwrap().1
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        self.gate.add_permits(100);
        self.stage.stop();
        if let Some(running) = self.running.take() {
            running.join();
        }
    }
}

/// All that comes until the server closes.
fn read_to_end(client: &mut Client) -> String {
    let mut text = String::new();
    match client.read_to_string(&mut text) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{error}"),
    }
    text
}

/// Reads up to and including `end`.
fn read_until(client: &mut Client, end: &str) -> String {
    let mut text = Vec::new();
    while !text.ends_with(end.as_bytes()) {
        let mut byte = [0];
        client.read_exact(&mut byte).unwrap();
        text.push(byte[0]);
    }
    String::from_utf8(text).unwrap()
}

fn echo(body: &str) -> String {
    format!("POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

#[test]
fn a_connection_serves_many_requests() {
    let fixture = Fixture::start(config());
    let mut client = fixture.connect();
    for body in ["one", "two", "three"] {
        client.write_all(echo(body).as_bytes()).unwrap();
        assert!(read_until(&mut client, body).starts_with("HTTP/1.1 200 OK\r\n"));
    }
    assert_eq!((fixture.connections.accepted(), fixture.connections.open()), (1, 1));
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let fixture = Fixture::start(config());
    let mut client = fixture.send(&[echo("one"), echo("two"), echo("three")].concat());
    for body in ["one", "two", "three"] {
        let text = read_until(&mut client, body);
        assert_eq!(text.matches("HTTP/1.1 200").count(), 1, "{text}");
    }
}

#[test]
fn a_head_that_does_not_end_is_closed() {
    let header_timeout = Duration::from_millis(40);
    let fixture = Fixture::start(HttpConfig { header_timeout, ..config() });
    let mut idle = fixture.connect();
    let mut slow = fixture.send("POST /echo HTTP/1.1\r\nhost: x\r\ncontent-");
    assert_eq!(read_to_end(&mut slow), "");
    assert_eq!((fixture.late("header"), fixture.late("idle")), (1, 0));
    // A connection that has sent nothing yet has the idle timeout, not this one.
    idle.write_all(echo("here").as_bytes()).unwrap();
    read_until(&mut idle, "here");
}

#[test]
fn the_second_head_has_the_same_limit() {
    let header_timeout = Duration::from_millis(40);
    let fixture = Fixture::start(HttpConfig { header_timeout, ..config() });
    let mut client = fixture.send(&echo("one"));
    read_until(&mut client, "one");
    client.write_all(b"GET").unwrap();
    assert_eq!(read_to_end(&mut client), "");
    assert_eq!(fixture.late("header"), 1);
}

#[test]
fn a_silent_connection_is_closed() {
    // It runs from the accept, and the request must come within it.
    let idle_timeout = Duration::from_secs(2);
    let fixture = Fixture::start(HttpConfig { idle_timeout, ..config() });
    let mut silent = fixture.connect();
    let mut served = fixture.send(&echo("one"));
    read_until(&mut served, "one");
    assert_eq!(read_to_end(&mut silent), "");
    assert_eq!(read_to_end(&mut served), "");
    assert_eq!(fixture.late("idle"), 2);
}

#[test]
fn a_body_that_does_not_end_is_closed() {
    let request_timeout = Duration::from_millis(40);
    let fixture = Fixture::start(HttpConfig { request_timeout, ..config() });
    let mut slow = fixture.send("POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nhalf");
    assert_eq!(read_to_end(&mut slow), "");
    assert_eq!(fixture.late("request"), 1);
}

#[test]
fn a_stream_is_never_late() {
    let short = Duration::from_millis(20);
    let limits = HttpConfig {
        header_timeout: short,
        idle_timeout: Duration::from_secs(1),
        request_timeout: short,
        // The stream of this handler does not end with the server.
        drain_timeout: Duration::ZERO,
        ..config()
    };
    let fixture = Fixture::start(limits);
    let mut stream = fixture.send("GET /stream HTTP/1.1\r\nhost: x\r\n\r\n");
    read_until(&mut stream, "first");
    // Another comes and goes by the same sweeps of the clock.
    assert_eq!(read_to_end(&mut fixture.connect()), "");
    stream.set_nonblocking(true).unwrap();
    let mut rest = [0; 64];
    let mut seen = Vec::new();
    let end = loop {
        match stream.read(&mut rest) {
            Ok(0) => break std::io::ErrorKind::UnexpectedEof,
            Ok(count) => seen.extend_from_slice(&rest[..count]),
            Err(error) => break error.kind(),
        }
    };
    assert_eq!(end, std::io::ErrorKind::WouldBlock, "{seen:?}");
}

#[test]
fn too_many_connections_are_told_so() {
    let fixture = Fixture::start(HttpConfig { connections_max: 1, ..config() });
    let mut first = fixture.send(&echo("one"));
    read_until(&mut first, "one");
    let mut second = fixture.send(&echo("two"));
    second.shutdown(Shutdown::Write).unwrap();
    let text = read_to_end(&mut second);
    assert!(text.starts_with("HTTP/1.1 503 "), "{text}");
    assert!(text.contains("application/problem+json"), "{text}");
    assert!(text.contains("retry-after: 1\r\n"), "{text}");
    let (_, body) = text.split_once("\r\n\r\n").unwrap();
    let problem: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!((&problem["code"], &problem["status"]), (&"OVERLOADED".into(), &503.into()));
    assert_eq!((fixture.connections.refused(), fixture.connections.accepted()), (1, 1));
    // The one that was there first goes on.
    first.write_all(echo("again").as_bytes()).unwrap();
    read_until(&mut first, "again");
}

#[test]
fn a_drain_finishes_the_request_in_flight() {
    let mut fixture = Fixture::start(config());
    let mut idle = fixture.connect();
    let mut busy = fixture.send("GET /wait HTTP/1.1\r\nhost: x\r\n\r\n");
    fixture.wait_until_entered();
    fixture.stage.stop();
    assert_eq!(read_to_end(&mut idle), "", "an idle connection is closed at once");
    fixture.gate.add_permits(1);
    let text = read_to_end(&mut busy);
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n") && text.ends_with("waited"), "{text}");
    fixture.stop();
    assert_eq!((fixture.connections.open(), fixture.connections.cut()), (0, 0));
    assert!(Client::connect(fixture.address).is_err(), "nobody listens any more");
}

#[test]
fn a_drain_has_an_end() {
    let mut fixture = Fixture::start(HttpConfig { drain_timeout: Duration::ZERO, ..config() });
    let mut busy = fixture.send("GET /wait HTTP/1.1\r\nhost: x\r\n\r\n");
    fixture.wait_until_entered();
    fixture.stop();
    assert_eq!(read_to_end(&mut busy), "");
    assert_eq!(fixture.connections.cut(), 1);
}

#[test]
fn nobody_else_can_take_the_address() {
    let fixture = Fixture::start(config());
    let taken = HttpConfig { listen: fixture.address, ..config() };
    let stop = Server::bind(taken).map(drop).unwrap_err();
    assert_eq!(stop.exit, Exit::AddressInUse);
    assert!(stop.message.contains(&fixture.address.to_string()), "{}", stop.message);
    let elsewhere = HttpConfig { listen: "192.0.2.1:1".parse().unwrap(), ..config() };
    assert_eq!(Server::bind(elsewhere).map(drop).unwrap_err().exit, Exit::AddressUnusable);
}
