//! The holds: made in batches with deadlines of their own, and what must become of them.

use std::fmt::Write;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::feed::Seen;
use super::wall_micros;
use crate::audit::books::Figures;
use crate::client::excerpt;
use crate::driver::{Driver, Pace, Traffic, Window};
use crate::failure::Failure;
use crate::quantity::Quantity;
use crate::random::Random;
use crate::request::{Requests, Target};
use crate::tally::Statuses;
use crate::warehouse::Position;

/// Holds per call, and calls at once.
const PER_CALL: u32 = 2_000;
const CONNECTIONS: usize = 4;
const CALL: &str = "POST /v1/reservations:batch";
/// How an order is called, before its number.
pub const ORDER: &str = "hold-";
/// Findings that are kept.
const KEPT_MAX: usize = 20;
const ONE: Quantity = Quantity::from_micros(1_000_000);

/// When holds are due, in microseconds since 1970.
#[derive(Clone, Copy, Debug)]
pub enum Due {
    /// Any time within so long from there on.
    Spread {
        /// The first instant.
        from: i64,
        /// How long after it the last one is.
        over: Duration,
    },
    /// All at once, but for the time between the making of a request and its decision.
    At(i64),
}

#[derive(Deserialize)]
struct Answers<'a> {
    #[serde(borrow)]
    results: Vec<Answered<'a>>,
}

#[derive(Deserialize)]
struct Answered<'a> {
    status: u16,
    #[serde(borrow)]
    answer: Option<Made<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Made<'a> {
    expires_at: &'a str,
}

/// All holds of a run, by number: one unit each, at a position that follows from the number.
pub struct Holds {
    target: Target,
    /// As the server said when it made them.
    deadlines: Vec<Option<i64>>,
}

impl Holds {
    /// None yet.
    #[must_use]
    pub const fn new(target: Target) -> Self {
        Self { target, deadlines: Vec::new() }
    }

    /// Makes so many more.
    ///
    /// # Errors
    /// When one of them is refused.
    pub fn make(&mut self, address: SocketAddr, count: u32, due: Due) -> Result<(), Failure> {
        let first = u32::try_from(self.deadlines.len()).expect("a run has few holds");
        self.deadlines.resize(self.deadlines.len() + count as usize, None);
        let mut making = Making {
            next: first,
            end: first + count,
            due,
            requests: Requests::new(self.target.clone()),
            target: &self.target,
            asked: vec![None; CONNECTIONS],
            deadlines: &mut self.deadlines,
            fault: None,
        };
        let start = Instant::now();
        let window = Window { start, measure_from: start, end: None };
        Driver::connect(address, CONNECTIONS)?.run(&mut making, Pace::Closed, window)?;
        match making.fault {
            Some(detail) => Err(Failure::Contract { call: CALL.into(), detail }),
            None => Ok(()),
        }
    }

    /// When a hold is due.
    #[must_use]
    pub fn deadline(&self, hold: u32) -> Option<i64> {
        self.deadlines.get(hold as usize).copied().flatten()
    }

    /// Units at each position that are held at an instant, when what is due may be late by so much.
    #[must_use]
    pub fn live(&self, at: i64, late: Duration) -> Vec<Quantity> {
        let late = i64::try_from(late.as_micros()).expect("seconds fit in 64 bits");
        let mut units = vec![Quantity::ZERO; self.target.warehouse.positions() as usize];
        for (hold, due) in (0..).zip(&self.deadlines) {
            if due.is_some_and(|due| due + late > at) {
                units[self.position(hold) as usize] += ONE;
            }
        }
        units
    }

    fn position(&self, hold: u32) -> Position {
        position(hold, self.target.warehouse.positions())
    }

    /// Holds the shelves, read over a while, against what was held at its end at least and at its
    /// start at most.
    #[must_use]
    pub fn compare(
        &self,
        stock: Quantity,
        shelves: &[(Position, Figures)],
        (least, most): (&[Quantity], &[Quantity]),
    ) -> Vec<String> {
        let mut findings = Vec::new();
        if shelves.len() != least.len() {
            findings.push(format!("{} of {} positions are there", shelves.len(), least.len()));
        }
        for (position, figures) in shelves {
            let label = || self.target.warehouse.label(*position);
            let Figures { available, reserved, .. } = *figures;
            if available + reserved != stock || figures.on_hand != stock {
                findings.push(format!("{}: {available} + {reserved} are not {stock}", label()));
            }
            let (least, most) = (least[*position as usize], most[*position as usize]);
            if reserved < least || reserved > most {
                findings.push(format!("{}: {reserved} held, not {least} to {most}", label()));
            }
        }
        findings.truncate(KEPT_MAX);
        findings
    }

    /// Holds what was told against the deadlines: each that was due before the cutoff exactly once,
    /// none before its time, none that nobody made.
    #[must_use]
    pub fn compare_told(&self, told: &[Seen], cutoff: i64) -> Vec<String> {
        let mut findings = Vec::new();
        let mut times = vec![0_u32; self.deadlines.len()];
        for seen in told {
            match self.deadline(seen.hold) {
                None => findings.push(format!("hold {} expired, but was never made", seen.hold)),
                Some(due) if seen.decided < due => {
                    findings.push(format!("hold {} expired before its deadline", seen.hold));
                }
                Some(_) => {}
            }
            if let Some(times) = times.get_mut(seen.hold as usize) {
                *times += 1;
            }
        }
        for (hold, (times, due)) in times.iter().zip(&self.deadlines).enumerate() {
            if *times > 1 {
                findings.push(format!("hold {hold} expired {times} times"));
            }
            if *times == 0 && due.is_some_and(|due| due < cutoff) {
                findings.push(format!("hold {hold} was due and never expired"));
            }
        }
        findings.truncate(KEPT_MAX);
        findings
    }
}

fn position(hold: u32, positions: u32) -> Position {
    Random::at(11, hold.into()).below(positions)
}

/// The traffic that makes holds.
struct Making<'a> {
    next: u32,
    end: u32,
    due: Due,
    requests: Requests,
    target: &'a Target,
    /// First hold of the call that a connection waits for, and how many.
    asked: Vec<Option<(u32, u32)>>,
    deadlines: &'a mut [Option<i64>],
    fault: Option<String>,
}

impl Making<'_> {
    /// Milliseconds from now until a hold is due; at least one.
    fn ttl_millis(&self, hold: u32, now: i64) -> i64 {
        let due = match self.due {
            Due::At(instant) => instant,
            Due::Spread { from, over } => {
                let share = Random::at(12, hold.into()).below(1_000_000);
                from + i64::try_from(over.as_micros() * u128::from(share) / 1_000_000)
                    .expect("minutes fit in 64 bits")
            }
        };
        ((due - now) / 1_000).max(1)
    }
}

impl Traffic for Making<'_> {
    fn next(&mut self, slot: usize, out: &mut Vec<u8>) -> bool {
        if self.next == self.end || self.fault.is_some() {
            return false;
        }
        let (first, count) = (self.next, PER_CALL.min(self.end - self.next));
        self.next += count;
        let (mut body, now) = (String::from("["), wall_micros());
        for hold in first..first + count {
            let (item, location) =
                self.target.warehouse.place(position(hold, self.target.warehouse.positions()));
            let ttl = self.ttl_millis(hold, now);
            let comma = if hold == first { "" } else { "," };
            let written = write!(
                body,
                "{comma}{{\"orderId\":\"{ORDER}{hold}\",\"ttlSeconds\":{}.{:03},\"lines\":[{{\
                 \"itemId\":\"{item}\",\"locationId\":\"{location}\",\"quantity\":1}}]}}",
                ttl / 1_000,
                ttl % 1_000
            );
            written.expect("memory takes what is written");
        }
        body.push(']');
        self.requests.ask("/v1/reservations:batch", body.as_bytes(), out);
        self.asked[slot] = Some((first, count));
        true
    }

    fn answered(&mut self, slot: usize, status: u16, body: &[u8], counts: &mut Statuses) -> u64 {
        let Some((first, count)) = self.asked[slot].take() else { return 0 };
        counts.add(status, count.into());
        let parsed = serde_json::from_slice::<Answers<'_>>(body).ok();
        let results = parsed.map(|parsed| parsed.results).unwrap_or_default();
        if results.len() != count as usize {
            self.fault = Some(format!("{status} {}", excerpt(body)));
        }
        for (hold, result) in (first..).zip(&results) {
            let made = result.answer.as_ref().filter(|_| result.status == 201);
            let due = made.and_then(|made| made.expires_at.parse::<jiff::Timestamp>().ok());
            match due {
                Some(due) => self.deadlines[hold as usize] = Some(due.as_microsecond()),
                None => {
                    self.fault = Some(format!("hold {hold}: {} {}", result.status, excerpt(body)))
                }
            }
        }
        count.into()
    }

    fn cut(&mut self, _: usize) {
        self.fault = Some("a connection was cut".into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Keys;
    use crate::warehouse::Warehouse;

    fn holds(deadlines: &[i64]) -> Holds {
        let target = Target {
            host: "h".into(),
            tenant: "t".into(),
            warehouse: Warehouse { items: 1, locations: 1 },
            ttl_seconds: 0,
            keys: Keys::Omitted,
        };
        Holds { target, deadlines: deadlines.iter().copied().map(Some).collect() }
    }

    #[track_caller]
    fn check_told(told: &[(u32, i64)], expected: &[&str]) {
        let told: Vec<Seen> = told
            .iter()
            .map(|(hold, decided)| Seen { hold: *hold, decided: *decided, heard: decided + 1 })
            .collect();
        let found = holds(&[1_000, 2_000, 9_000]).compare_told(&told, 5_000);
        assert_eq!(found.len(), expected.len(), "{found:?}");
        assert!(found.iter().zip(expected).all(|(it, part)| it.contains(part)), "{found:?}");
    }

    #[test]
    fn each_hold_that_is_due_expires_once_and_not_early() {
        check_told(&[(0, 1_000), (1, 2_500)], &[]);
        check_told(&[(0, 999), (1, 2_500)], &["before its deadline"]);
        check_told(&[(0, 1_000), (1, 2_000), (1, 2_001)], &["2 times"]);
        check_told(&[(1, 2_000)], &["never expired"]);
        check_told(&[(0, 1_000), (1, 2_000), (7, 1)], &["never made"]);
    }

    #[test]
    fn shelves_hold_what_is_live() {
        let holds = holds(&[1_000_000, 2_000_000, 9_000_000]);
        assert_eq!(holds.live(1_500_000, Duration::ZERO), [ONE + ONE]);
        let (least, most) =
            (holds.live(3_000_000, Duration::ZERO), holds.live(3_000_000, Duration::from_secs(2)));
        let compare = |available: i128, reserved: i128| {
            let units = |units: i128| Quantity::from_micros(units * 1_000_000);
            let on_hand = units(available + reserved);
            let (available, reserved) = (units(available), units(reserved));
            let figures = Figures { on_hand, available, reserved, ..Figures::default() };
            holds.compare(units(10), &[(0, figures)], (&least, &most)).len()
        };
        assert_eq!(
            [compare(9, 1), compare(8, 2), compare(10, 0), compare(7, 3), compare(9, 2)],
            [0, 0, 1, 1, 1]
        );
    }

    #[test]
    fn deadlines_are_spread_or_at_one_instant() {
        let mut holds = holds(&[]);
        let target = holds.target.clone();
        let mut making = Making {
            next: 0,
            end: 3,
            due: Due::Spread { from: 5_000_000, over: Duration::from_secs(10) },
            requests: Requests::new(target.clone()),
            target: &target,
            asked: vec![None; 1],
            deadlines: &mut holds.deadlines,
            fault: None,
        };
        let ttls: Vec<i64> = (0..1_000).map(|hold| making.ttl_millis(hold, 0)).collect();
        assert!(ttls.iter().all(|ttl| (5_000..15_000).contains(ttl)));
        assert!(ttls.iter().any(|ttl| *ttl < 5_100) && ttls.iter().any(|ttl| *ttl > 14_900));
        making.due = Due::At(7_000_000);
        assert_eq!([making.ttl_millis(1, 0), making.ttl_millis(2, 6_999_500)], [7_000, 1]);
        let mut out = Vec::new();
        assert!(making.next(0, &mut out) && !making.next(0, &mut out));
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains(r#"{"orderId":"hold-2","ttlSeconds":"#), "{text}");
    }
}
