//! The writer as a synchronous state machine: time and commands in, records and answers out.
//!
//! It knows no thread, no clock and no disk, so a simulation can drive it.

use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use onhand_domain::catalog::TenantNumber;
use onhand_domain::change::Change;
use onhand_domain::command::Command;
use onhand_domain::dead_letter::Fault;
use onhand_domain::decide::{Decision, Moment, Recall, Recalled, SaleName, Sought};
use onhand_domain::ids::Reference;
use onhand_domain::limits::MOVEMENTS_MAX;
use onhand_domain::position::{Figures, PositionNumber};
use onhand_domain::quantity::{Money, Quantity};
use onhand_domain::rejection::{Limit, Rejection};
use onhand_domain::reservation::{Reservation, ReservationNumber};
use onhand_domain::stock::Stock;
use onhand_domain::stock::records::RecalledRecord;
use onhand_domain::time::Timestamp;
use onhand_domain::transfer::Transfer;

use super::filling::{Filling, Item, Outcome};
use super::jobs::Work;
use crate::error::Failure;
use crate::record;

/// Things that become due are turned into records in slices, so that they never stop selling.
pub const DUE_SLICE: usize = 256;

/// Something that was read back from the log.
#[derive(Debug, Clone)]
pub enum Found {
    /// A reservation that has ended.
    Reservation(Arc<Reservation>),
    /// A transfer that has ended.
    Transfer(Box<Transfer>),
    /// What the log knows of an order, even if that is nothing.
    Order(Box<FoundOrder>),
    /// A record by its sequence, even if there is none.
    Record(u64, Box<RecalledRecord>),
    /// What a position was at an instant.
    Moment {
        /// Which one, and when.
        moment: Moment,
        /// By the records up to `seen`; `None`: no record of it is kept.
        figures: Option<Figures>,
        /// The last record that was looked at.
        seen: u64,
    },
    /// What was sold at tills under a name, even if that is nothing: by which record, from which position,
    /// how much, and what it was worth.
    Sale(SaleName, Vec<(u64, PositionNumber, Quantity, Money)>),
}

/// See [`Found::Order`].
#[derive(Debug, Clone)]
pub struct FoundOrder {
    /// Whose order it is.
    pub tenant: TenantNumber,
    /// The order.
    pub order: Reference,
    /// Its ended reservations.
    pub ended: Vec<Arc<Reservation>>,
    /// What came back on it, and to which positions.
    pub returned: Vec<(PositionNumber, Quantity)>,
}

/// What a search of the log has brought.
#[derive(Debug, Clone)]
pub struct Searched {
    /// When it was searched.
    pub at: Timestamp,
    /// For what kind of thing.
    pub sought: Sought,
    /// What was found, if anything.
    pub found: Option<Found>,
}

/// A command that stays where its sender made it. The sender keeps it until it has the answer, so its
/// memory is freed by the thread that took it: freeing on the writer's would cost the writer more than
/// deciding.
#[derive(Debug, Clone)]
pub enum SharedCommand {
    /// One by itself.
    One(Arc<Command>),
    /// One of a batch, and its place there.
    OfBatch(Arc<Vec<Command>>, usize),
}

impl From<Command> for SharedCommand {
    fn from(command: Command) -> Self {
        Self::One(Arc::new(command))
    }
}

impl Deref for SharedCommand {
    type Target = Command;

    fn deref(&self) -> &Command {
        match self {
            Self::One(command) => command,
            Self::OfBatch(commands, place) => &commands[*place],
        }
    }
}

/// A command on its way to the writer, with who waits for its answer.
#[derive(Debug)]
pub struct Envelope<T> {
    /// The command.
    pub command: SharedCommand,
    /// Who waits.
    pub ticket: T,
    /// What a search of the log has brought, if the command needed one.
    pub searched: Option<Box<Searched>>,
}

/// The writer's state.
#[derive(Debug)]
pub struct Core {
    stock: Stock,
    sequence: u64,
    findable: u64,
    recall_age_ms_max: i64,
    expiry_turn: u16,
    panics: u64,
    pub(super) work: Work,
}

impl Core {
    /// Goes on after record `sequence` with this memory.
    #[must_use]
    pub fn new(stock: Stock, sequence: u64, recall_age_ms_max: i64) -> Self {
        let work = Work::default();
        // What changed since the log was searched must still be in memory when the search is used.
        let recall_age_ms_max = recall_age_ms_max.min(stock.rules().ended_kept_ms).max(1);
        let (findable, expiry_turn, panics) = (sequence, 0, 0);
        Self { stock, sequence, findable, recall_age_ms_max, expiry_turn, panics, work }
    }

    /// The memory.
    #[must_use]
    pub const fn stock(&self) -> &Stock {
        &self.stock
    }

    /// Number of the last record that was decided.
    #[must_use]
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Records up to here are durable, and a recall finds them: what has ended by them may be
    /// forgotten. However far a clock jumps, nothing else may.
    pub fn tell_findable(&mut self, sequence: u64) {
        self.findable = sequence.max(self.findable);
    }

    /// Whether the log can tell all that a recall asks for; else it must wait until what was decided
    /// lately is durable.
    #[must_use]
    pub fn can_find(&self, recall: &Recall) -> bool {
        match recall {
            Recall::Record(sequence) => *sequence <= self.findable,
            Recall::Moment(moment) => moment.since <= self.findable,
            Recall::Sale(asked) => asked.since <= self.findable,
            Recall::Order(..) => self.stock.promises().untallied() <= self.findable,
            // What was changed lately is in memory.
            Recall::Reservation(_) | Recall::Transfer(_) => true,
        }
    }

    /// How many commands were refused because deciding them panicked.
    #[must_use]
    pub const fn panics(&self) -> u64 {
        self.panics
    }

    /// Reads ahead what these commands will look at. Changes nothing.
    pub fn prefetch<T>(&self, envelopes: &[Envelope<T>]) {
        self.stock.prefetch(envelopes.iter().map(|envelope| &*envelope.command));
    }

    /// Decides a command. Returns it with what must be read from the log first, if anything.
    pub fn handle<T>(
        &mut self,
        mut envelope: Envelope<T>,
        now: Timestamp,
        out: &mut Filling<T>,
    ) -> Option<(Envelope<T>, Recall)> {
        let recalled = self.adopt(envelope.searched.take(), now);
        let outcome = loop {
            match self.decide(&envelope.command, recalled, now) {
                Err(Failure::Internal) => {
                    self.panics = self.panics.saturating_add(1);
                    let fault = Fault::of("INTERNAL", "the message could not be decided");
                    break self.bury(&envelope.command, fault, now, out);
                }
                Err(failure) => break Outcome::Failed(failure),
                Ok(Err(rejection)) => break Outcome::Refused(Box::new(rejection)),
                Ok(Ok(Decision::Change(change))) => {
                    break match self.record(change, out) {
                        // What came by event moves its source on in any case.
                        Outcome::Refused(_) if envelope.command.source.is_some() => {
                            let fault =
                                Fault::of("LIMIT_EXCEEDED", "its record would be too large");
                            self.bury(&envelope.command, fault, now, out)
                        }
                        outcome => outcome,
                    };
                }
                Ok(Ok(Decision::Expire(number))) => self.expire(number, now, out),
                Ok(Ok(Decision::ExpireLots(position))) => self.expire_lots(position, now, out),
                Ok(Ok(Decision::Unchanged(reservation))) => break Outcome::Unchanged(reservation),
                Ok(Ok(Decision::Repeat(sequence))) => break Outcome::Repeat(sequence),
                Ok(Ok(Decision::Passed)) => break Outcome::Passed,
                Ok(Ok(Decision::Duplicate(sequence))) => break Outcome::Duplicate(sequence),
                Ok(Ok(Decision::NoRoom)) => break Outcome::Failed(Failure::DeadLettersFull),
                Ok(Ok(Decision::Recall(recall))) => {
                    match &recall {
                        Recall::Moment(moment) => self.stock.ask_moment(*moment, now),
                        Recall::Sale(asked) => self.stock.ask_sale(asked, now),
                        _ => {}
                    }
                    return Some((envelope, recall));
                }
            }
        };
        out.items.push(Item { ticket: Some(envelope.ticket), outcome });
        None
    }

    /// Takes in what was found; a search that is too old counts as none.
    fn adopt(&mut self, searched: Option<Box<Searched>>, now: Timestamp) -> Recalled {
        let Some(searched) = searched else { return Recalled::NotAsked };
        if now.millis_since(searched.at) > self.recall_age_ms_max {
            return Recalled::NotAsked;
        }
        match searched.found {
            Some(Found::Reservation(reservation)) => {
                self.stock.recall_reservation(reservation, now)
            }
            Some(Found::Transfer(transfer)) => self.stock.recall_transfer(*transfer, now),
            Some(Found::Order(found)) => {
                let FoundOrder { tenant, order, ended, returned } = *found;
                self.stock.recall_order(tenant, &order, &ended, &returned, now);
            }
            Some(Found::Record(sequence, record)) => {
                self.stock.recall_record(sequence, *record, now);
            }
            Some(Found::Moment { moment, figures, seen }) => {
                self.stock.recall_moment(moment, figures, seen);
            }
            Some(Found::Sale(asked, sold)) => self.stock.recall_sale(&asked, &sold),
            None => {}
        }
        Recalled::Searched(searched.sought)
    }

    /// A panic while deciding has changed nothing: it refuses the command.
    fn decide(
        &self,
        command: &Command,
        recalled: Recalled,
        now: Timestamp,
    ) -> Result<Result<Decision, Rejection>, Failure> {
        let next = self.sequence.saturating_add(1);
        let decide = || self.stock.decide(command, recalled, now, next);
        catch_unwind(AssertUnwindSafe(decide)).map_err(|_| Failure::Internal)
    }

    /// What cannot be decided is refused; a message of a source becomes a dead letter.
    fn bury<T>(
        &mut self,
        command: &Command,
        fault: Fault,
        now: Timestamp,
        out: &mut Filling<T>,
    ) -> Outcome {
        if command.source.is_none() {
            return Outcome::Failed(Failure::Internal);
        }
        match self.stock.bury(command, Some(fault), now, self.sequence.saturating_add(1)) {
            Decision::Change(change) => self.record(change, out),
            _ => Outcome::Failed(Failure::DeadLettersFull),
        }
    }

    pub(super) fn record<T>(&mut self, change: Box<Change>, out: &mut Filling<T>) -> Outcome {
        let sequence = self.sequence.saturating_add(1);
        if out.batch.is_empty() {
            out.batch.begin(sequence);
        }
        let fill = |bytes: &mut Vec<u8>| record::encode(&change, sequence, bytes);
        match out.batch.push_with(record::KIND_CHANGE, record::VERSION, fill) {
            Ok(numbered) => assert_eq!(numbered, sequence, "log and writer count alike"),
            Err(_too_large) => {
                let (what, limit) = (Limit::Movements, MOVEMENTS_MAX);
                return Outcome::Refused(Box::new(Rejection::LimitExceeded { what, limit }));
            }
        }
        self.stock.apply(&change, sequence);
        self.sequence = sequence;
        Outcome::Changed { sequence, change }
    }

    pub(super) fn expire<T>(
        &mut self,
        number: ReservationNumber,
        now: Timestamp,
        out: &mut Filling<T>,
    ) {
        let change = self.stock.expire(number, now, self.sequence.saturating_add(1));
        let outcome = self.record(Box::new(change), out);
        assert!(matches!(outcome, Outcome::Changed { .. }), "an expiry always fits a record");
        out.items.push(Item { ticket: None, outcome });
    }

    /// Lots at a position whose last day is over are held.
    fn expire_lots<T>(&mut self, position: PositionNumber, now: Timestamp, out: &mut Filling<T>) {
        let change = self.stock.expire_lots(position, now, self.sequence.saturating_add(1));
        let outcome = self.record(change, out);
        assert!(matches!(outcome, Outcome::Changed { .. }), "what is held again fits a record");
        out.items.push(Item { ticket: None, outcome });
    }

    /// The next instant at which something is due.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        let (holds, lots) = (self.stock.promises().next_deadline(), self.stock.expiries().next());
        holds.into_iter().chain(lots).min()
    }

    /// Turns at most [`DUE_SLICE`] of what is due into records, and forgets what ended long ago.
    /// Returns whether more is due.
    pub fn expire_due<T>(&mut self, now: Timestamp, out: &mut Filling<T>) -> bool {
        self.stock.forget(now, DUE_SLICE, self.findable);
        if self.next_due().is_none_or(|due| due > now) {
            return false;
        }
        let partitions = self.stock.rules().partitions;
        let mut left = DUE_SLICE;
        while left > 0
            && let Some(position) = self.stock.expiries().due(now)
        {
            self.expire_lots(position, now, out);
            left = left.saturating_sub(1);
        }
        for _ in 0..partitions {
            while left > 0
                && let Some(number) = self.stock.promises().due(self.expiry_turn, now)
            {
                self.expire(number, now, out);
                left = left.saturating_sub(1);
            }
            if left == 0 {
                return true;
            }
            self.expiry_turn = (self.expiry_turn + 1) % partitions;
        }
        false
    }
}
