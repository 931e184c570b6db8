//! The wide question: ten thousand pairs of item and location in one call, alone and while selling.

use std::fmt;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use crate::audit::Sample;
use crate::client::{Client, excerpt};
use crate::failure::Failure;
use crate::machine::LoadAverage;
use crate::order::Profile;
use crate::quantity::Quantity;
use crate::random::Random;
use crate::report::grouped;
use crate::request::{Keys, Requests, Target};
use crate::run::{Run, Settings};
use crate::server::Installation;
use crate::warehouse::Warehouse;

const CALL: &str = "POST /v1/availability";
/// Longest time that is told apart, in nanoseconds.
const NANOS_MAX: u64 = 60_000_000_000;
/// Calls whose answers are read to the last figure; of the others only the pairs are counted.
const READ_EVERY: u64 = 10;

/// What is asked.
#[derive(Clone, Debug, clap::Args)]
pub struct Availability {
    /// Which `onhand`.
    #[command(flatten)]
    pub onhand: Installation,
    /// Items there are.
    #[arg(long, default_value_t = 2_000)]
    pub items: u32,
    /// Locations: each item is at each.
    #[arg(long, default_value_t = 100)]
    pub locations: u32,
    /// Items in one question, drawn anew each time; all locations are asked for.
    #[arg(long, default_value_t = 100)]
    pub asked: u32,
    /// Questions in each of the two parts.
    #[arg(long, default_value_t = 1_000)]
    pub calls: u64,
    /// Reservations per second of the second part.
    #[arg(long, default_value_t = 5_000)]
    pub rate: u64,
    /// Print one line of JSON.
    #[arg(long)]
    pub json: bool,
}

/// Times of the answers.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Times {
    /// In milliseconds, until the whole answer was there.
    pub p50: f64,
    /// 99 % are faster.
    pub p99: f64,
    /// The slowest.
    pub max: f64,
}

/// What came of it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Table {
    /// Pairs in one call.
    pub pairs: u32,
    /// Calls of each part.
    pub calls: u64,
    /// Nothing else happens.
    pub alone: Times,
    /// While so many are sold per second.
    pub rate: u64,
    /// Times meanwhile.
    pub selling: Times,
    /// p99 of the reservations meanwhile, in milliseconds.
    pub reservation_p99: f64,
    /// What else the machine did.
    pub load_average: LoadAverage,
    /// What was answered wrongly, and what the audit of the reservations found.
    pub findings: Vec<String>,
}

#[derive(Deserialize)]
struct Answer {
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    available: Quantity,
    locations: Vec<Location>,
}

#[derive(Deserialize)]
struct Location {
    available: Quantity,
}

/// Asks, and asks again while selling.
///
/// # Errors
/// When the server does not start or the run cannot be carried out.
pub fn carry_out(availability: &Availability) -> Result<Table, Failure> {
    let load_average = LoadAverage::begin();
    if availability.asked == 0 || availability.asked > availability.items {
        return Err(Failure::Settings(
            "ask for at least one item, and for no more than there are".into(),
        ));
    }
    let server = availability.onhand.start(&[])?;
    let mut run = Run::set_up(&availability.selling(server.address))?;
    let mut asking = Asking::new(availability, run.target(), server.address);
    let calls = availability.calls;
    let alone = asking.ask(calls, Some(availability.stock()), |asked| asked < calls)?;
    let (tally, selling) = std::thread::scope(|scope| {
        let selling = scope.spawn(|| run.load());
        let times = asking.ask(calls, None, |_| !selling.is_finished());
        let tally = selling.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        Ok::<_, Failure>((tally?, times?))
    })?;
    let mut findings = asking.findings;
    let audit = run.audit()?.expect("asked for in the settings");
    findings.extend(audit.first_findings);
    Ok(Table {
        pairs: availability.asked * availability.locations,
        calls,
        alone,
        rate: availability.rate,
        selling,
        reservation_p99: tally.latency.value_at_quantile(0.99) as f64 / 1e6,
        load_average: load_average.end(),
        findings,
    })
}

impl Availability {
    const fn stock(&self) -> Quantity {
        Quantity::from_micros(1_000_000_000_000)
    }

    fn selling(&self, address: SocketAddr) -> Settings {
        Settings {
            address,
            profile: Profile::Spread,
            rate: Some(self.rate),
            connections: 64,
            threads: 1,
            measured: Duration::from_secs(10),
            warmup: Duration::from_secs(1),
            warehouse: Warehouse { items: self.items, locations: self.locations },
            batch: None,
            orders: None,
            keys: Keys::Sent,
            stock: self.stock(),
            ttl_seconds: 3_600,
            audit: Some(Sample::AtMost(20_000)),
            seed: 1,
        }
    }
}

struct Asking<'a> {
    settings: &'a Availability,
    target: Target,
    client: Client,
    random: Random,
    findings: Vec<String>,
}

impl<'a> Asking<'a> {
    fn new(settings: &'a Availability, target: &Target, address: SocketAddr) -> Self {
        Self {
            settings,
            target: target.clone(),
            client: Client::new(address),
            random: Random::at(7, 7),
            findings: Vec::new(),
        }
    }

    /// Asks as long as `more` says so, at most ten times as often as wanted. With a quantity that must
    /// be on each shelf, the figures are compared.
    fn ask(
        &mut self,
        calls: u64,
        each: Option<Quantity>,
        more: impl Fn(u64) -> bool,
    ) -> Result<Times, Failure> {
        let mut times = Histogram::<u64>::new_with_bounds(1_000, NANOS_MAX, 3)
            .expect("constant bounds that the histogram accepts");
        let mut request = Vec::new();
        let mut asked = 0;
        while asked < calls * 10 && more(asked) {
            request.clear();
            self.question(&mut request);
            let begun = Instant::now();
            let (status, body) = self.client.call(&request)?;
            times.saturating_record(u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX));
            if status != 200 {
                let body = excerpt(body);
                return Err(Failure::Refused { call: CALL.into(), status, body });
            }
            if asked % READ_EVERY == 0 {
                let found = differs(body, self.settings, each)?;
                self.findings.extend(found.filter(|_| self.findings.len() < 20));
            }
            asked += 1;
        }
        let at = |quantile| times.value_at_quantile(quantile) as f64 / 1e6;
        Ok(Times { p50: at(0.5), p99: at(0.99), max: times.max() as f64 / 1e6 })
    }

    fn question(&mut self, out: &mut Vec<u8>) {
        let Warehouse { items, locations } = self.target.warehouse;
        let name = |position: u32| self.target.warehouse.place(position);
        let first = self.random.below(items);
        let quoted = |names: Vec<String>| {
            names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(",")
        };
        let asked = (0..self.settings.asked)
            .map(|step| name((first + step) % items * locations).0)
            .collect();
        let places = (0..locations).map(|location| name(location).1).collect();
        let body =
            format!("{{\"itemIds\":[{}],\"locationIds\":[{}]}}", quoted(asked), quoted(places));
        Requests::new(self.target.clone()).ask("/v1/availability", body.as_bytes(), out);
    }
}

/// What of an answer is not as it must be.
fn differs(
    body: &[u8],
    settings: &Availability,
    each: Option<Quantity>,
) -> Result<Option<String>, Failure> {
    let answer: Answer = serde_json::from_slice(body)
        .map_err(|wrong| Failure::Contract { call: CALL.into(), detail: wrong.to_string() })?;
    let pairs: usize = answer.items.iter().map(|item| item.locations.len()).sum();
    if pairs != (settings.asked * settings.locations) as usize {
        return Ok(Some(format!("{pairs} pairs were answered")));
    }
    for item in &answer.items {
        let sum: Quantity = item.locations.iter().map(|location| location.available).sum();
        if sum != item.available {
            return Ok(Some(format!("{} available, but {sum} over its locations", item.available)));
        }
        let wrong = |shelf: &Location| each.is_some_and(|each| shelf.available != each);
        if let Some(shelf) = item.locations.iter().find(|shelf| wrong(shelf)) {
            return Ok(Some(format!("{} available at a shelf nobody sold from", shelf.available)));
        }
    }
    Ok(None)
}

impl Table {
    /// Everything agreed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.findings.is_empty()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pairs = grouped(self.pairs.into());
        writeln!(out, "| {pairs} pairs in one call | p50 ms | p99 ms | max ms |")?;
        writeln!(out, "|---|---:|---:|---:|")?;
        let selling = format!("while selling {}/s", grouped(self.rate as f64));
        for (name, times) in [("alone", self.alone), (selling.as_str(), self.selling)] {
            let Times { p50, p99, max } = times;
            writeln!(out, "| {name} | {p50:.2} | {p99:.2} | {max:.2} |")?;
        }
        writeln!(out, "\nreservations meanwhile: p99 {:.2} ms", self.reservation_p99)?;
        let verdict = if self.passed() { "passed" } else { "FAILED" };
        writeln!(out, "audit {verdict}; {}", self.load_average)?;
        self.findings.iter().try_for_each(|finding| writeln!(out, "! {finding}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Availability {
        Availability {
            onhand: Installation::default(),
            items: 5,
            locations: 2,
            asked: 1,
            calls: 1,
            rate: 1,
            json: false,
        }
    }

    #[track_caller]
    fn check(sum: &str, shelves: &[&str], expected: Option<&str>) {
        let shelves: Vec<String> =
            shelves.iter().map(|it| format!(r#"{{"locationId":"l","available":{it}}}"#)).collect();
        let shelves = shelves.join(",");
        let body = format!(r#"{{"items":[{{"available":{sum},"locations":[{shelves}]}}]}}"#);
        let each = Some(Quantity::from_micros(5_000_000));
        let found = differs(body.as_bytes(), &settings(), each).unwrap();
        match expected {
            None => assert_eq!(found, None),
            Some(expected) => assert!(found.is_some_and(|found| found.contains(expected))),
        }
    }

    #[test]
    fn each_difference_is_found() {
        check("10", &["5", "5"], None);
        check("5", &["5"], Some("1 pairs"));
        check("9", &["5", "5"], Some("9 available, but 10"));
        check("9", &["4", "5"], Some("4 available at a shelf"));
    }

    #[test]
    fn a_question_names_items_and_all_locations() {
        let target = Target {
            host: "h".into(),
            tenant: "t".into(),
            warehouse: Warehouse { items: 5, locations: 2 },
            ttl_seconds: 9,
            keys: Keys::Sent,
        };
        let (settings, mut out) = (settings(), Vec::new());
        Asking::new(&settings, &target, ([127, 0, 0, 1], 1).into()).question(&mut out);
        let text = String::from_utf8(out).unwrap();
        assert!(text.starts_with("POST /v1/availability HTTP/1.1\r\n"), "{text}");
        assert!(text.contains("\"locationIds\":[\"loc-0000\",\"loc-0001\"]}"), "{text}");
        assert!(!text.contains("Idempotency-Key"), "{text}");
    }
}
