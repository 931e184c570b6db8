//! The release stage: what is durable goes into the view, then answers and news may leave.

use std::sync::Arc;

use onhand_domain::change::Change;
use onhand_storage::IndexRow;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::sync::watch;

use crate::error::Failure;
use crate::history::{RecentRows, rows_of};
use crate::hopper::{Durable, Hopper};
use crate::permits::Permits;
use crate::port::{Answer, Ticket};
use crate::ports::Ports;
use crate::reader::Readers;
use crate::recovery::read_change;
use crate::reply::{Changed, Reply};
use crate::status::Figures;
use crate::view::View;
use crate::writer::filling::Outcome;

/// What it does, without the actor: durable records go into the view, and outcomes become answers.
#[derive(Debug)]
pub struct Releaser {
    log: u16,
    view: Arc<View>,
    recent: Arc<RecentRows>,
    rows: Vec<IndexRow>,
    shown: u64,
}

impl Releaser {
    /// For the log with this number.
    #[must_use]
    pub const fn new(log: u16, view: Arc<View>, recent: Arc<RecentRows>) -> Self {
        Self { log, view, recent, rows: Vec::new(), shown: 0 }
    }

    /// Shows a durable record to readers. To be called in the order of the log.
    pub fn show(&mut self, change: &Change, sequence: u64) {
        self.view.apply(change, sequence);
        rows_of(change, sequence, |row| self.rows.push(row));
        self.shown = sequence;
    }

    /// What was shown can be found by its index from now on.
    pub fn enter_rows(&mut self) {
        if !self.rows.is_empty() {
            self.recent.extend(self.rows.drain(..));
        }
        self.recent.cover(self.shown);
    }

    /// The answer that an outcome is.
    ///
    /// # Errors
    /// The answer stands in the record with this sequence; see [`Reply::of_record`].
    pub fn reply(&self, outcome: Outcome) -> Result<Reply, u64> {
        let log = self.log;
        Ok(match outcome {
            Outcome::Changed { sequence, change }
                if change.refusal.is_none()
                    && change.cause != onhand_domain::change::Cause::Unchanged =>
            {
                Reply::Changed(Changed { sequence, log, change, replayed: false })
            }
            Outcome::Changed { sequence, change } => Reply::of_record(sequence, log, change, false),
            Outcome::Unchanged(reservation) => {
                let sequence = reservation.sequence;
                Reply::Unchanged { reservation, sequence, replayed: false }
            }
            Outcome::Refused(rejection) => {
                Reply::Refused { rejection, sequence: None, replayed: false }
            }
            Outcome::Passed => Reply::Passed,
            Outcome::Duplicate(sequence) => Reply::Duplicate { sequence },
            Outcome::Failed(failure) => Reply::Failed(failure),
            Outcome::Repeat(sequence) => return Err(sequence),
        })
    }
}

/// Its parts.
pub(crate) struct Parts {
    pub(crate) releaser: Releaser,
    pub(crate) ports: Arc<Ports>,
    pub(crate) permits: Arc<Permits>,
    pub(crate) readers: Readers,
    pub(crate) hopper: Arc<Hopper<Ticket>>,
    pub(crate) durable: watch::Sender<u64>,
    pub(crate) figures: Arc<Figures>,
}

pub(crate) struct State {
    parts: Parts,
    answers: Vec<Vec<Answer>>,
}

pub(crate) struct Release;

impl Actor for Release {
    type Msg = Durable<Ticket>;
    type State = State;
    type Arguments = Parts;

    async fn pre_start(
        &self,
        _myself: ActorRef<Self::Msg>,
        parts: Parts,
    ) -> Result<State, ActorProcessingErr> {
        Ok(State { parts, answers: Vec::new() })
    }

    async fn handle(
        &self,
        _myself: ActorRef<Self::Msg>,
        durable: Durable<Ticket>,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        state.release(durable);
        Ok(())
    }
}

impl State {
    fn release(&mut self, mut durable: Durable<Ticket>) {
        let ports = self.parts.ports.count();
        self.answers.resize_with(ports, Vec::new);
        for item in durable.filling.items.drain(..) {
            if let Outcome::Changed { sequence, change } = &item.outcome {
                self.parts.releaser.show(change, *sequence);
            }
            if let Some(ticket) = item.ticket {
                self.answer(ticket, item.outcome);
            }
        }
        self.parts.releaser.enter_rows();
        self.parts.figures.tell_durable(durable.last_sequence, durable.sealed);
        self.parts.durable.send_if_modified(|held| {
            std::mem::replace(held, durable.last_sequence) != durable.last_sequence
        });
        self.parts.ports.deliver(&mut self.answers);
        self.parts.hopper.recycle(durable.filling);
    }

    fn answer(&mut self, ticket: Ticket, outcome: Outcome) {
        if matches!(outcome, Outcome::Refused(_)) {
            self.parts.figures.count_refusal();
        }
        let reply = match self.parts.releaser.reply(outcome) {
            Ok(reply) => reply,
            Err(sequence) => return self.repeat(ticket, sequence),
        };
        self.parts.permits.give_back(ticket.bucket, 1);
        if let Some(answers) = self.answers.get_mut(usize::from(ticket.port)) {
            answers.push((ticket.slot, ticket.place, reply));
        }
    }

    /// The answer of then is read from its record; it is durable, since it came before.
    fn repeat(&self, ticket: Ticket, sequence: u64) {
        let (log, ports, permits) = (
            self.parts.releaser.log,
            Arc::clone(&self.parts.ports),
            Arc::clone(&self.parts.permits),
        );
        let job = Box::new(move |reader: &dyn onhand_storage::ReadLog| {
            let reply = match read_change(reader, sequence) {
                Ok(Some(change)) => Reply::of_record(sequence, log, Box::new(change), true),
                // Durable records are there, unless their segment has gone.
                Ok(None) => Reply::Failed(Failure::HistoryGone),
                Err(error) => {
                    tracing::error!(%error, sequence, "an answer cannot be read; run `onhand verify`");
                    Reply::Failed(Failure::Internal)
                }
            };
            permits.give_back(ticket.bucket, 1);
            ports.answer(ticket, reply);
        });
        if self.parts.readers.submit(job).is_err() {
            self.parts.permits.give_back(ticket.bucket, 1);
            self.parts.ports.answer(ticket, Reply::Failed(Failure::Overloaded));
        }
    }
}
