//! "SIGTERM: drains, syncs, checkpoints, exits 0, and the next start replays nothing."

use std::sync::mpsc;
use std::thread;

use onhand_tests::{Answer, Request, Server, Stream, line};
use serde_json::json;

#[test]
fn after_a_stop_in_good_order_the_next_start_replays_nothing() {
    let mut server = Server::start();
    let shop = server.shop("stop");
    shop.receive("tea", "north", 100);
    let kept = shop.hold("tea", "north", 3);
    for _ in 0..50 {
        shop.hold("tea", "north", 1);
    }
    let before = shop.position("tea", "north");
    let exit = server.stop();
    assert_eq!(exit.code, Some(0), "{}", exit.output);
    server.restart();
    server.client().get("/v1/admin/status").expect(200).shows("log/replayed 0");
    let shop = server.shop("stop");
    assert_eq!(shop.position("tea", "north").value(), before.value());
    let found = shop.reservation(&kept.text("reservationId"));
    assert_eq!(found.value(), kept.value());
}

#[test]
fn after_a_kill_the_next_start_replays_what_no_checkpoint_holds() {
    let mut server = Server::start();
    let shop = server.shop("kill");
    for _ in 0..10 {
        shop.receive("tea", "north", 1);
    }
    server.kill();
    server.restart();
    let status = server.client().get("/v1/admin/status").expect(200);
    assert!(status.number("log/replayed") > 0, "{status:?}");
    server.shop("kill").position("tea", "north").shows("onHand 10");
}

#[test]
fn a_stop_under_load_loses_nothing_acknowledged() {
    let mut server = Server::start();
    let shop = server.shop("load");
    shop.receive("tea", "north", 1_000_000);
    let (acknowledged, heard) = mpsc::channel();
    let (exit, answers) = thread::scope(|scope| {
        let clients: Vec<_> = (0..8)
            .map(|_| {
                let (shop, acknowledged) = (shop.clone(), acknowledged.clone());
                scope.spawn(move || {
                    let body = json!({ "lines": [line("tea", "north", 1)] });
                    let order = Request::post("/v1/reservations").json(&body);
                    let mut granted: Vec<Answer> = Vec::new();
                    while let Ok(answer) = shop.try_send(&order) {
                        if answer.status() != 201 {
                            break;
                        }
                        granted.push(answer);
                        acknowledged.send(()).expect("the test listens");
                    }
                    granted
                })
            })
            .collect();
        for _ in 0..200 {
            heard.recv().expect("the clients send until the server stops");
        }
        let exit = server.stop();
        let answers: Vec<Answer> =
            clients.into_iter().flat_map(|client| client.join().expect("a client ends")).collect();
        (exit, answers)
    });
    assert_eq!(exit.code, Some(0), "{}", exit.output);
    server.restart();
    server.client().get("/v1/admin/status").expect(200).shows("log/replayed 0");
    let shop = server.shop("load");
    for answer in &answers {
        let found = shop.reservation(&answer.text("reservationId"));
        assert_eq!(found.value(), answer.value());
    }
}

#[test]
fn idle_connections_and_open_streams_do_not_hold_up_a_stop() {
    let mut server = Server::start();
    let shop = server.shop("idle");
    shop.receive("tea", "north", 1);
    let seen = shop.events("").len();
    let mut stream = Stream::open(&shop, "", None);
    stream.take(seen);
    let exit = server.stop();
    assert_eq!(exit.code, Some(0), "{}", exit.output);
    assert!(stream.next_message().is_none(), "the stream goes on after the end");
}

#[test]
fn a_stop_right_after_the_start_is_in_good_order_too() {
    let mut server = Server::start();
    for _ in 0..2 {
        assert_eq!(server.stop().code, Some(0));
        server.restart();
        server.client().get("/v1/admin/status").expect(200).shows("log/replayed 0");
    }
}
