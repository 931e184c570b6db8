//! Health, metrics, status, the description of the API, and what a start prints.

use std::collections::BTreeSet;

use onhand_tests::{Answer, Client, Server, Shop, line};
use serde_json::json;

/// Every call of this version, as `METHOD path`.
const CALLS: [&str; 61] = [
    "PUT /v1/items/{itemId}",
    "GET /v1/items/{itemId}",
    "DELETE /v1/items/{itemId}",
    "GET /v1/items",
    "PUT /v1/locations/{locationId}",
    "GET /v1/locations/{locationId}",
    "DELETE /v1/locations/{locationId}",
    "GET /v1/locations",
    "PUT /v1/locations/{locationId}/bins/{binId}",
    "GET /v1/locations/{locationId}/bins",
    "PUT /v1/positions/{itemId}/{locationId}/bin",
    "PUT /v1/positions/{itemId}/{locationId}/policy",
    "POST /v1/stock/receipts",
    "POST /v1/stock/adjustments",
    "POST /v1/stock/moves",
    "POST /v1/stock/sales",
    "POST /v1/stock/returns",
    "POST /v1/stock/counts",
    "POST /v1/stock/revaluations",
    "GET /reports/inventory-value",
    "POST /v1/stock/transfers",
    "POST /v1/stock/transfers/{id}/receive",
    "POST /v1/stock/transfers/{id}/cancel",
    "POST /v1/stock:batch",
    "GET /v1/positions/{itemId}/{locationId}",
    "GET /v1/positions",
    "GET /v1/availability",
    "POST /v1/availability",
    "GET /v1/events",
    "GET /v1/events/stream",
    "POST /v1/reservations",
    "POST /v1/reservations:batch",
    "GET /v1/reservations/{id}",
    "GET /v1/reservations",
    "POST /v1/reservations/{id}/confirm",
    "POST /v1/reservations/{id}/extend",
    "POST /v1/reservations/{id}/lines",
    "POST /v1/reservations/{id}/fulfil",
    "POST /v1/reservations/{id}/cancel",
    "POST /v1/allocations",
    "GET /v1/allocations/by-order/{orderId}",
    "POST /allocations",
    "GET /allocations/by-order/{orderId}",
    "GET /health/live",
    "GET /health/ready",
    "GET /metrics",
    "GET /v1/admin/status",
    "GET /v1/admin/publisher",
    "GET /v1/admin/failed-events",
    "GET /v1/admin/failed-events/{id}",
    "POST /v1/admin/failed-events/{id}/retry",
    "POST /v1/admin/failed-events/{id}/discard",
    "GET /v1/admin/consumed-events",
    "POST /v1/admin/replay",
    "POST /v1/admin/imports/{fileHash}",
    "GET /v1/admin/imports/{fileHash}",
    "GET /v1/admin/export/{kind}",
    "POST /v1/admin/backup",
    "GET /v1/admin/backup",
    "POST /v1/admin/verify",
    "GET /v1/admin/verify",
];

fn client() -> Client {
    Server::shared().client()
}

#[test]
fn a_running_server_is_alive_and_ready() {
    client().get("/health/live").expect(200);
    let ready = client().get("/health/ready").expect(200);
    for part in ["writer", "log", "broker", "outbox", "failedEvents"] {
        assert!(ready.as_text().contains(&format!("\"{part}\"")), "no `{part}` in {ready:?}");
    }
}

#[test]
fn the_status_tells_of_partitions_log_and_sinks() {
    Shop::open("operation").receive("tea", "north", 1);
    client()
        .get("/v1/admin/status")
        .expect(200)
        .shows("partitions present, log present, log/replayed present, sinks present");
}

#[test]
fn metrics_are_in_the_form_of_prometheus_and_bear_our_names() {
    let shop = Shop::open("operation");
    shop.receive("tea", "north", 1);
    shop.reserve(&json!({ "lines": [line("tea", "north", 2)] })).problem(409, "INSUFFICIENT_STOCK");
    let answer = client().get("/metrics").expect(200);
    assert!(answer.header("content-type").is_some_and(|form| form.starts_with("text/plain")));
    let mut described = BTreeSet::new();
    let mut samples = 0;
    for line in answer.as_text().lines().filter(|line| !line.is_empty()) {
        if let Some(comment) = line.strip_prefix("# ") {
            let mut words = comment.split(' ');
            if words.next() == Some("TYPE") {
                described.extend(words.next());
            }
            continue;
        }
        let (name, value) = line.rsplit_once(' ').expect("a sample is a name and a value");
        value.parse::<f64>().unwrap_or_else(|_| panic!("`{line}` has no value"));
        let name = name.split('{').next().expect("a name");
        let ours = name.starts_with("onhand_") || name.starts_with("inventory_");
        assert!(ours, "`{name}` is not a name of ours");
        let family = ["", "_bucket", "_sum", "_count"].iter().find(|suffix| {
            name.strip_suffix(**suffix).is_some_and(|family| described.contains(family))
        });
        assert!(family.is_some(), "`{name}` has no TYPE line");
        samples += 1;
    }
    assert!(samples > 10, "{answer:?}");
}

/// "`GET /openapi.json` (3.1) describes all of it".
#[test]
fn the_description_names_every_call() {
    let description = client().get("/openapi.json").expect(200);
    let version = description.text("openapi");
    assert!(version.starts_with("3.1"), "it is written in OpenAPI {version}");
    let described = description.value();
    let paths = described["paths"].as_object().expect("paths are described");
    let mut known = BTreeSet::new();
    for (path, methods) in paths {
        for method in methods.as_object().expect("methods are described").keys() {
            known.insert(shape(&format!("{} {path}", method.to_uppercase())));
        }
    }
    let missing: Vec<&str> =
        CALLS.into_iter().filter(|call| !known.contains(&shape(call))).collect();
    assert!(missing.is_empty(), "not described: {missing:?}\ndescribed: {known:?}");
}

/// What the description names exists: the router knows each path and method.
#[test]
fn every_call_that_is_described_exists() {
    let described = client().get("/openapi.json").expect(200).value();
    for (path, methods) in described["paths"].as_object().expect("paths are described") {
        if path.ends_with("/stream") {
            continue;
        }
        for method in methods.as_object().expect("methods are described").keys() {
            let method = method.to_uppercase();
            let path = shape(path).replace("{}", "nothing");
            let answer = client().send(&onhand_tests::Request::new(&method, path.as_str()));
            // `NOT_FOUND` is also said of a failed event that does not exist; only the router says this.
            let text = answer.as_text();
            let exists = !text.contains("there is nothing at") && answer.status() != 405;
            assert!(exists, "{method} {path} is described but answers {answer:?}");
            assert!(answer.status() < 500, "{method} {path} answers {answer:?}");
        }
    }
}

/// "`/docs` shows it, offline."
#[test]
fn the_documentation_is_shown_without_any_other_server() {
    let page = page("/docs");
    assert!(page.header("content-type").is_some_and(|form| form.starts_with("text/html")));
    for foreign in ["src=\"http", "href=\"http", "src=\"//", "href=\"//"] {
        assert!(!page.as_text().contains(foreign), "the page loads from elsewhere: {foreign}");
    }
    let mut loaded = 0;
    for (attribute, _) in page.as_text().match_indices("src=\"") {
        let source = page.as_text()[attribute + 5..].split('"').next().expect("a source");
        let path = match source.strip_prefix("./") {
            Some(rest) => format!("/docs/{rest}"),
            None if source.starts_with('/') => source.to_owned(),
            None => format!("/docs/{source}"),
        };
        client().get(&path).expect(200);
        loaded += 1;
    }
    assert!(loaded > 0, "the page loads no script: {page:?}");
}

/// "It prints where it listens and one `curl` line to try."
#[test]
fn a_start_prints_where_it_listens_and_a_line_to_try() {
    let mut server = Server::start();
    let address = server.address().to_owned();
    let printed = server.process().printed();
    assert!(printed.contains(&address), "{printed}");
    let tries = printed.lines().any(|line| line.contains("curl") && line.contains(&address));
    assert!(tries, "{printed}");
}

/// A path or call with its parameters' names left out.
fn shape(call: &str) -> String {
    let mut shape = String::new();
    let mut inside = false;
    for sign in call.chars() {
        match sign {
            '{' => {
                inside = true;
                shape.push_str("{}");
            }
            '}' => inside = false,
            sign if !inside => shape.push(sign),
            _ => {}
        }
    }
    shape
}

/// Reads a page, following redirects on the same server.
fn page(path: &str) -> Answer {
    let mut path = path.to_owned();
    for _ in 0..3 {
        let answer = client().get(&path);
        match answer.header("location") {
            Some(next) if (300..400).contains(&answer.status()) => path = next.to_owned(),
            _ => return answer.expect(200),
        }
    }
    panic!("{path} redirects without end");
}
