//! The writer as an actor: a shell that brings commands and time to the core.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use onhand_domain::command::Source;
use onhand_domain::decide::Recall;
use onhand_domain::stock::PREFETCH_MAX;
use onhand_domain::time::Timestamp;
use parking_lot::Mutex;
use ractor::{Actor, ActorProcessingErr, ActorRef};

use super::chores::Chores;
use super::core::{Core, Envelope, Searched};
use super::filling::{Filling, Item, Outcome};
use super::lanes::Lanes;
use crate::bell::Bell;
use crate::clock::Clock;
use crate::error::Failure;
use crate::gate::Gate;
use crate::history::Archive;
use crate::hopper::Hopper;
use crate::port::Ticket;
use crate::ports::Ports;
use crate::reader::Readers;
use crate::snapshot::{self, Place, Portion};
use crate::status::Figures;

/// Commands taken from each source per turn.
const TURN_COMMANDS: usize = 256;
/// How often the writer looks for what has become due.
const TICK: Duration = Duration::from_millis(5);

/// What the writer is told.
pub(crate) enum Message {
    /// Commands are waiting.
    Turn,
    /// Time has passed.
    Tick,
    /// The checkpoint wants its next entries.
    Portion {
        /// Which slice.
        slice: u16,
        /// Where to go on; `None`: at its beginning.
        place: Option<Place>,
        /// Where they go.
        reply: SyncSender<Walked>,
    },
}

/// Entries for the checkpoint.
pub(crate) struct Walked {
    pub(crate) portion: Portion,
    pub(crate) next: Place,
    /// The last record that was decided when they were encoded.
    pub(crate) sequence: u64,
}

/// Commands that have been to the log and are on their way back to the writer.
pub(crate) type Recalled = Mutex<Vec<Envelope<Ticket>>>;

/// The actor's own parts.
pub(crate) struct Parts {
    pub(crate) core: Core,
    pub(crate) clock: Clock,
    pub(crate) hopper: Arc<Hopper<Ticket>>,
    pub(crate) ports: Arc<Ports>,
    pub(crate) bell: Arc<Bell>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) recalled: Arc<Recalled>,
    pub(crate) readers: Readers,
    pub(crate) archive: Archive,
    pub(crate) figures: Arc<Figures>,
}

pub(crate) struct State {
    parts: Parts,
    taken: Vec<Envelope<Ticket>>,
    lanes: Lanes<Ticket>,
    chores: Chores,
    /// Messages that could not be looked up in the log; permits bound them.
    lost: Arc<Mutex<Vec<Arc<Source>>>>,
}

pub(crate) struct Writer;

impl Actor for Writer {
    type Msg = Message;
    type State = State;
    type Arguments = Parts;

    async fn pre_start(
        &self,
        myself: ActorRef<Message>,
        parts: Parts,
    ) -> Result<State, ActorProcessingErr> {
        parts.bell.hang(myself.clone());
        myself.send_interval(TICK, || Message::Tick);
        let taken = Vec::with_capacity(2 * TURN_COMMANDS);
        let (lanes, chores) = (Lanes::default(), Chores::default());
        Ok(State { parts, taken, lanes, chores, lost: Arc::default() })
    }

    async fn handle(
        &self,
        myself: ActorRef<Message>,
        message: Message,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Message::Turn => {
                if state.turn() {
                    state.parts.bell.ring();
                }
            }
            Message::Tick => {
                if state.tick() {
                    myself.cast(Message::Tick)?;
                }
            }
            Message::Portion { slice, place, reply } => state.walk(slice, place, &reply),
        }
        Ok(())
    }
}

impl State {
    /// Decides what is waiting, at most [`TURN_COMMANDS`] from each source. Returns whether more is.
    fn turn(&mut self) -> bool {
        let parts = &mut self.parts;
        parts.bell.heard();
        let mut more = parts.ports.take(TURN_COMMANDS, &mut self.taken);
        {
            let mut recalled = parts.recalled.lock();
            let count = recalled.len().min(TURN_COMMANDS);
            self.taken.extend(recalled.drain(..count));
            more |= !recalled.is_empty();
        }
        let lost = std::mem::take(&mut *self.lost.lock());
        if self.taken.is_empty() && lost.is_empty() {
            return more;
        }
        let now = parts.clock.now();
        let released = parts.figures.durable();
        parts.core.tell_findable(released);
        let (core, taken, lanes) = (&mut parts.core, &mut self.taken, &mut self.lanes);
        let chores = &mut self.chores;
        let hopper = Arc::clone(&parts.hopper);
        let mut recalls = Vec::new();
        let is_open = parts.gate.closed().is_none();
        hopper.fill(|filling| {
            chores.expire(core, now, released, filling);
            // A nearly full disk, or a stop, lets jobs wait: they go on behind it.
            more |= is_open && chores.work_jobs(core, now, released, filling);
            for source in lost {
                lanes.lose(&source, filling);
            }
            let mut left = taken.drain(..);
            while !left.as_slice().is_empty() {
                core.prefetch(left.as_slice());
                for envelope in left.by_ref().take(PREFETCH_MAX) {
                    recalls.extend(lanes.handle(core, envelope, now, filling));
                }
            }
        });
        for (envelope, recall) in recalls {
            self.recall(envelope, recall, now);
        }
        self.tell(now);
        more
    }

    /// Turns what is due into records. Returns whether more is due.
    fn tick(&mut self) -> bool {
        let parts = &mut self.parts;
        if parts.gate.closed() == Some(Failure::Stopping) {
            // What is due at the end is due at the next start too; the last checkpoint stays the last word.
            return false;
        }
        let now = parts.clock.now();
        let (core, chores, released) = (&mut parts.core, &mut self.chores, parts.figures.durable());
        core.tell_findable(released);
        let is_open = parts.gate.closed().is_none();
        let more = parts.hopper.fill(|filling| {
            let is_due = chores.expire(core, now, released, filling);
            let has_work = is_open && chores.work_jobs(core, now, released, filling);
            is_due || has_work
        });
        self.tell(now);
        more
    }

    /// Sends a command to the log and back.
    fn recall(&mut self, mut envelope: Envelope<Ticket>, recall: Recall, now: Timestamp) {
        let parts = &self.parts;
        let (archive, recalled) = (parts.archive.clone(), Arc::clone(&parts.recalled));
        let (bell, hopper) = (Arc::clone(&parts.bell), Arc::clone(&parts.hopper));
        let (ticket, source) = (envelope.ticket, envelope.command.source.clone());
        let (lost, told) = (Arc::clone(&self.lost), source.clone());
        let job =
            Box::new(move |log: &dyn onhand_storage::ReadLog| match archive.recall(log, recall) {
                Ok(found) => {
                    envelope.searched = Some(Box::new(Searched { at: now, found }));
                    recalled.lock().push(envelope);
                    bell.ring();
                }
                Err(error) => {
                    tracing::error!(%error, "a recall failed; run `onhand verify`");
                    hopper.fill(|filling| fail(filling, ticket, Failure::Internal));
                    lost.lock().extend(told);
                    bell.ring();
                }
            });
        if parts.readers.submit(job).is_err() {
            let lanes = &mut self.lanes;
            parts.hopper.fill(|filling| {
                fail(filling, ticket, Failure::Overloaded);
                source.iter().for_each(|source| lanes.lose(source, filling));
            });
        }
    }

    fn walk(&mut self, slice: u16, place: Option<Place>, reply: &SyncSender<Walked>) {
        let core = &self.parts.core;
        let (stock, sequence) = (core.stock(), core.sequence());
        let mut portion = Portion::default();
        let place = place.unwrap_or_else(|| snapshot::begin(slice, stock.rules().partitions));
        let at = self.parts.clock.now();
        let next = snapshot::walk(stock, slice, place, sequence, at, &mut portion);
        // A checkpoint that no longer waits has been given up.
        let _ = reply.try_send(Walked { portion, next, sequence });
    }

    fn tell(&self, now: Timestamp) {
        let (core, figures) = (&self.parts.core, &self.parts.figures);
        figures.tell_writer(core, now, self.parts.clock.skew_seconds());
    }
}

fn fail(filling: &mut Filling<Ticket>, ticket: Ticket, failure: Failure) {
    filling.items.push(Item { ticket: Some(ticket), outcome: Outcome::Failed(failure) });
}
