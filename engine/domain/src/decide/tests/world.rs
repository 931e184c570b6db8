//! A small world that decides and applies, with a running sequence and a clock that is set by hand.

use alloc::boxed::Box;
use alloc::sync::Arc;
use std::collections::HashSet;
use std::string::String;
use std::vec::Vec;

use super::actions::{self, policy};
use super::text;
use crate::change::{Cause, Change, Movement};
use crate::command::{Action, Command};
use crate::decide::{Decision, JobCursor, JobStep, Recall, Recalled};
use crate::ids::TenantId;
use crate::position::{Figures, Position, PositionNumber};
use crate::rejection::Rejection;
use crate::reservation::Reservation;
use crate::stock::records::RecalledRecord;
use crate::stock::{Rules, Stock};
use crate::time::Timestamp;

/// What a command was answered.
#[derive(Debug)]
pub(super) enum Answer {
    Change(Box<Change>),
    Unchanged(Arc<Reservation>),
    Repeat(u64),
    Passed,
    Duplicate(u64),
    NoRoom,
}

/// Stock with everything that happened to it.
pub(super) struct World {
    pub(super) stock: Stock,
    /// Milliseconds.
    pub(super) now: i64,
    pub(super) sequence: u64,
    /// All records, the first with sequence 1.
    pub(super) records: Vec<Change>,
    /// How far the oldest job has looked.
    pub(super) cursor: JobCursor,
}

impl World {
    pub(super) fn new() -> Self {
        Self::with(Rules::default())
    }

    pub(super) fn with(rules: Rules) -> Self {
        Self {
            stock: Stock::new(rules, 7),
            now: 1_000,
            sequence: 0,
            records: Vec::new(),
            cursor: JobCursor::default(),
        }
    }

    /// With this much on the shelves: `"tea@north 10, pot@south 5"`.
    pub(super) fn stocked(shelves: &str) -> Self {
        let mut world = Self::new();
        world.receive(shelves);
        world
    }

    pub(super) fn receive(&mut self, shelves: &str) {
        for line in text::shipped(shelves) {
            let entry = crate::command::StockEntry {
                place: line.place,
                quantity: line.quantity,
                detail: None,
            };
            self.ok(Action::Receive(entry));
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now)
    }

    pub(super) fn command(action: Action) -> Command {
        let tenant = TenantId::parse("default").expect("valid");
        Command { tenant, key: None, source: None, trace: None, action }
    }

    /// What is decided, without any effect.
    pub(super) fn decide(&self, command: &Command) -> Result<Decision, Rejection> {
        self.stock.decide(command, Recalled::NotAsked, self.now(), self.sequence + 1)
    }

    /// Decides as the writer does: what is due expires first, and what has left memory is looked for
    /// in a log that knows no more than memory.
    pub(super) fn send(&mut self, command: &Command) -> Result<Answer, Rejection> {
        let mut recalled = Recalled::NotAsked;
        let mut asked = HashSet::new();
        loop {
            match self.stock.decide(command, recalled, self.now(), self.sequence + 1)? {
                Decision::Change(change) => {
                    self.apply(&change);
                    return Ok(Answer::Change(change));
                }
                Decision::Unchanged(held) => return Ok(Answer::Unchanged(held)),
                Decision::Repeat(sequence) => return Ok(Answer::Repeat(sequence)),
                Decision::Passed => return Ok(Answer::Passed),
                Decision::Duplicate(sequence) => return Ok(Answer::Duplicate(sequence)),
                Decision::NoRoom => return Ok(Answer::NoRoom),
                Decision::Expire(number) => self.expire(number),
                Decision::ExpireLots(position) => self.expire_lots(position),
                Decision::Recall(recall) => {
                    assert!(asked.insert(recall.clone()), "{recall:?} is asked for twice");
                    recalled = Recalled::Searched(recall.sought());
                    self.recall(recall);
                }
            }
        }
    }

    /// Lots at a position whose last day is over are held.
    pub(super) fn expire_lots(&mut self, position: PositionNumber) {
        let change = self.stock.expire_lots(position, self.now(), self.sequence + 1);
        self.apply(&change);
    }

    /// What the log says: records are there as they were written, ended things are not looked for.
    pub(super) fn recall(&mut self, recall: Recall) {
        match recall {
            Recall::Order(tenant, order) => {
                self.stock.recall_order(tenant, &order, &[], &[], self.now());
            }
            Recall::Record(sequence) => {
                let record = self.read(sequence);
                self.stock.recall_record(sequence, record, self.now());
            }
            Recall::Moment(moment) => {
                self.stock.ask_moment(moment, self.now());
                let figures = self.figures_as_of(moment.position, moment.at);
                self.stock.recall_moment(moment, Some(figures), self.sequence);
            }
            Recall::Sale(asked) => {
                self.stock.ask_sale(&asked, self.now());
                let is_meant = |record: &&Change| {
                    record.cause == Cause::Sold
                        && record.sale_names().any(|name| *name == asked.name)
                };
                let records = (1_u64..).zip(&self.records);
                let meant = records.filter(|(_, record)| is_meant(record));
                let sold = meant.flat_map(|(sequence, record)| {
                    let of =
                        move |(position, quantity, value)| (sequence, position, quantity, value);
                    record.sold().map(of)
                });
                let sold: Vec<_> = sold.collect();
                self.stock.recall_sale(&asked, &sold);
            }
            Recall::Reservation(_) | Recall::Transfer(_) => {}
        }
    }

    /// What a position was at an instant: all that had happened by then, whenever it was recorded.
    pub(super) fn figures_as_of(&self, position: PositionNumber, at: Timestamp) -> Figures {
        let mut figures = Figures::default();
        for record in &self.records {
            let of = |movement: &&Movement| {
                let of = usize::try_from(movement.position).expect("small");
                record.positions[of].position == position && record.happened(movement) <= at
            };
            for movement in record.movements.iter().filter(of) {
                let (from, to) = (movement.from, movement.to);
                figures = figures.moved(from, to, movement.quantity).expect("fits");
            }
        }
        figures
    }

    /// A record as the log knows it now.
    pub(super) fn read(&self, sequence: u64) -> RecalledRecord {
        let at = |sequence: u64| usize::try_from(sequence.checked_sub(1)?).ok();
        let change = at(sequence).and_then(|at| self.records.get(at));
        let reversed = self.records.iter().zip(1..).filter_map(|(change, by)| {
            let place = change.reverses.filter(|place| place.sequence == sequence)?;
            Some((place.place, by))
        });
        RecalledRecord { change: change.cloned().map(Arc::new), reversed: reversed.collect() }
    }

    pub(super) fn apply(&mut self, change: &Change) {
        self.sequence += 1;
        self.stock.apply(change, self.sequence);
        self.records.push(change.clone());
    }

    pub(super) fn expire(&mut self, number: u64) {
        let change = self.stock.expire(number, self.now(), self.sequence + 1);
        self.apply(&change);
    }

    /// Expires all that is due, as the writer does when it has nothing else to do.
    pub(super) fn expire_due(&mut self) {
        let now = self.now();
        for partition in 0..self.stock.rules().partitions {
            while let Some(number) = self.stock.promises().due(partition, now) {
                self.expire(number);
            }
        }
    }

    /// Does the next step of the oldest job, looking at `looks` things. Tells whether any job runs still.
    pub(super) fn work(&mut self, looks: usize) -> bool {
        let Some(job) = self.stock.jobs().first().map(|job| job.number) else { return false };
        match self.stock.job_step(job, self.cursor, looks, self.now(), self.sequence + 1) {
            JobStep::Change(change, next) => {
                self.apply(&change);
                self.cursor = next;
            }
            JobStep::Expire(number) => self.expire(number),
            JobStep::Looked(next) => self.cursor = next,
            JobStep::End(change) => {
                self.apply(&change);
                self.cursor = JobCursor::default();
            }
        }
        true
    }

    /// Works until no job runs.
    pub(super) fn finish_jobs(&mut self) {
        while self.work(3) {}
    }

    pub(super) fn run(&mut self, action: Action) -> Result<Change, Rejection> {
        match self.send(&Self::command(action))? {
            Answer::Change(change) => Ok(*change),
            other => panic!("no record: {other:?}"),
        }
    }

    /// It must succeed.
    #[track_caller]
    pub(super) fn ok(&mut self, action: Action) -> Change {
        let told = std::format!("{action:?}");
        match self.run(action) {
            Ok(change) => change,
            Err(refused) => panic!("{told}: {}", text::rejection(&refused)),
        }
    }

    /// It must be refused, and change nothing; tells why.
    #[track_caller]
    pub(super) fn no(&mut self, action: Action) -> String {
        let told = std::format!("{action:?}");
        let before = self.sequence;
        match self.run(action) {
            Ok(_) => panic!("was not refused: {told}"),
            Err(refused) => {
                assert_eq!(self.sequence, before, "a refusal leaves no record");
                text::rejection(&refused)
            }
        }
    }

    /// Reserves, and tells the number.
    #[track_caller]
    pub(super) fn hold(&mut self, lines: &str) -> u64 {
        self.made(actions::reserve(lines))
    }

    /// Runs an action about a reservation, and tells its number.
    #[track_caller]
    pub(super) fn made(&mut self, action: Action) -> u64 {
        self.ok(action).reservation.expect("about a reservation").number
    }

    /// Reserves, and tells where: `"tea@north 3, tea@south 2"`.
    #[track_caller]
    pub(super) fn chosen(&mut self, action: Action) -> String {
        let change = self.ok(action);
        text::lines(&self.stock, &change.reservation.expect("about a reservation"))
    }

    pub(super) fn set_policy(&mut self, place: &str, terms: &str) -> Change {
        self.ok(actions::set_policy(place, policy(terms)))
    }

    pub(super) fn untracked(&mut self, item: &str) {
        let tracking = crate::catalog::Tracking::Untracked;
        self.ok(actions::put_item(item, |attributes| attributes.tracking = tracking));
    }

    pub(super) fn priority(&mut self, location: &str, priority: i32) {
        self.ok(actions::put_location(location, |attributes| attributes.priority = priority));
    }

    pub(super) fn close(&mut self, location: &str) {
        let activity = crate::catalog::Activity::Inactive;
        self.ok(actions::put_location(location, |attributes| attributes.activity = activity));
    }

    pub(super) fn at_place(&self, place: &str) -> &Position {
        self.position(place).expect("a known position")
    }

    pub(super) fn position(&self, place: &str) -> Option<&Position> {
        let place = text::place(place);
        let tenant = self.stock.tenant_number(&TenantId::parse("default").expect("valid"))?;
        let item = self.stock.item_number(tenant, &place.item)?;
        let location = self.stock.location_number(tenant, &place.location)?;
        self.stock.position(self.stock.position_number(item, location)?)
    }

    /// The figures of a position: `"available 4, reserved 6"`.
    pub(super) fn at(&self, place: &str) -> String {
        let position = self.position(place).unwrap_or_else(|| panic!("{place} is not there"));
        text::figures(&position.figures())
    }

    pub(super) fn reservation(&self, number: u64) -> &Reservation {
        self.stock.promises().reservation(number).expect("in memory")
    }

    /// A reservation: `"ACTIVE: tea@north 5 (shipped 2, released 1)"`.
    pub(super) fn held(&self, number: u64) -> String {
        text::reservation(&self.stock, self.reservation(number))
    }
}
