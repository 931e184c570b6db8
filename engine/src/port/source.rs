//! The way in for a thread that reads an ordered source: it waits for room instead of failing, keeps
//! many messages in flight, and gets the answers back in the order of its messages.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Wake, Waker};
use std::time::Duration;

use onhand_domain::command::Command;
use parking_lot::{Condvar, Mutex};

use super::{Answer, Port, Ticket};
use crate::error::Failure;
use crate::permits::Permits;
use crate::reply::Reply;
use crate::writer::core::{Envelope, SharedCommand};

/// How long a port that waits for room, and gets no answers meanwhile, looks away.
const LOOK: Duration = Duration::from_millis(2);

/// How many commands of sources are inside; half of the permits at most, so that callers always find room.
#[derive(Debug, Default)]
pub(crate) struct SourceShare {
    used: AtomicU32,
}

impl SourceShare {
    fn take(&self, limit: u32) -> bool {
        let is_free = self.used.fetch_add(1, Ordering::Relaxed) < limit;
        if !is_free {
            self.give_back(1);
        }
        is_free
    }

    fn give_back(&self, count: u32) {
        self.used.fetch_sub(count, Ordering::Relaxed);
    }
}

/// Wakes the thread of a port: once for all answers of a frame.
#[derive(Default)]
struct Doorbell {
    is_rung: Mutex<bool>,
    rung: Condvar,
}

impl Wake for Doorbell {
    fn wake(self: Arc<Self>) {
        *self.is_rung.lock() = true;
        self.rung.notify_one();
    }
}

impl Doorbell {
    /// Waits until it is rung, at most so long; tells whether it was.
    fn wait(&self, most: Duration) -> bool {
        let mut is_rung = self.is_rung.lock();
        self.rung.wait_while_for(&mut is_rung, |is_rung| !*is_rung, most);
        std::mem::take(&mut *is_rung)
    }
}

/// A command whose answer was not taken yet.
struct InFlight {
    reply: Option<Reply>,
    /// Kept until then, so that it is freed here.
    _command: Arc<Command>,
}

/// See the module. One per thread; messages of one source partition go through one port.
///
/// What an answer means for the reader of the source:
///
/// * [`Reply::Changed`], [`Reply::Unchanged`] and [`Reply::Refused`] with a sequence: a record says so,
///   and the watermark stands at this message.
/// * [`Reply::Passed`]: it lies below the watermark.
/// * [`Reply::Duplicate`]: nothing was done, and the watermark did not move; to be told with the next
///   [`Upkeep::Advance`](onhand_domain::upkeep::Upkeep::Advance).
/// * [`Reply::Failed`], or [`Reply::Refused`] without a sequence: nothing was done, and nothing of
///   this partition behind it will be: those fail with [`Failure::Overloaded`] until this very message
///   is entered again. [`Failure::DeadLettersFull`] lasts until an operator has settled dead letters.
pub struct SourcePort {
    port: Port,
    share: Arc<SourceShare>,
    bell: Arc<Doorbell>,
    waker: Waker,
    /// Commands that were entered and whose answers were not taken; the first has the number `first`.
    waiting: VecDeque<InFlight>,
    first: u32,
    /// How many of them have no answer yet.
    unanswered: u32,
    inbox: Vec<Answer>,
}

impl SourcePort {
    pub(crate) fn new(port: Port, share: Arc<SourceShare>) -> Self {
        let bell = Arc::new(Doorbell::default());
        let waker = Waker::from(Arc::clone(&bell));
        // Answers gather in the inbox of the port, and wake us as they would wake its driver.
        *port.state.driver.lock() = Some(waker.clone());
        port.state.has_driver.store(true, Ordering::Release);
        let (waiting, inbox) = (VecDeque::new(), Vec::new());
        Self { port, share, bell, waker, waiting, first: 0, unanswered: 0, inbox }
    }

    /// Enters a command, and waits while there is no room for it: no permit, half of all permits held
    /// by sources, or no room on the disk. Answers that come meanwhile are appended to `answers`.
    ///
    /// # Errors
    /// [`Failure::Stopping`] and [`Failure::OutcomeUnknown`]: the engine takes no more, ever. This
    /// command was not entered.
    pub fn enter(&mut self, command: Command, answers: &mut Vec<Reply>) -> Result<(), Failure> {
        let mut waiting = Some(command);
        loop {
            waiting = match waiting.take() {
                Some(command) => self.try_enter(command)?,
                None => return Ok(()),
            };
            if waiting.is_some() {
                self.wait(LOOK);
                self.take_ready(answers);
            }
        }
    }

    /// Enters a command, or gives it back when there is no room for it now.
    ///
    /// # Errors
    /// As [`SourcePort::enter`].
    pub fn try_enter(&mut self, command: Command) -> Result<Option<Command>, Failure> {
        match self.port.gate.closed() {
            Some(Failure::StorageFull) => return Ok(Some(command)),
            Some(failure) => return Err(failure),
            None => {}
        }
        let permits = &self.port.permits;
        if !self.share.take((permits.limit() / 2).max(1)) {
            return Ok(Some(command));
        }
        let bucket = Permits::bucket(command.tenant.as_str());
        if !permits.take(bucket, 1) {
            self.share.give_back(1);
            return Ok(Some(command));
        }
        let ahead = u32::try_from(self.waiting.len()).expect("permits bound what is in flight");
        let slot = self.first.wrapping_add(ahead);
        let command = Arc::new(command);
        self.waiting.push_back(InFlight { reply: None, _command: Arc::clone(&command) });
        self.unanswered += 1;
        let ticket = Ticket { port: self.port.state.number, bucket, slot, place: 0 };
        let envelope = Envelope { command: SharedCommand::One(command), ticket, searched: None };
        self.port.state.outgoing.lock().push_back(envelope);
        self.port.bell.ring();
        Ok(None)
    }

    /// Appends the answers that have come, in the order in which their commands were entered. When
    /// there is none yet it waits, at most so long after the last one that came for a later command.
    ///
    /// # Errors
    /// [`Failure::OutcomeUnknown`]: the engine has failed; what was in flight may or may not be durable.
    pub fn answers(&mut self, wait: Duration, answers: &mut Vec<Reply>) -> Result<(), Failure> {
        self.collect();
        while !self.is_ready() {
            self.failed()?;
            if !self.wait(wait) {
                break;
            }
        }
        self.take_ready(answers);
        if answers.is_empty() { self.failed() } else { Ok(()) }
    }

    /// How many commands were entered whose answers were not taken.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.waiting.len()
    }

    fn failed(&self) -> Result<(), Failure> {
        match self.port.gate.closed() {
            Some(Failure::OutcomeUnknown) => Err(Failure::OutcomeUnknown),
            _ => Ok(()),
        }
    }

    /// Waits for answers and collects them; tells whether there may be any.
    fn wait(&mut self, most: Duration) -> bool {
        *self.port.state.driver.lock() = Some(self.waker.clone());
        // What came before the waker was set has woken nobody.
        let came = !self.port.state.inbox.lock().is_empty() || self.bell.wait(most);
        self.collect();
        came
    }

    fn collect(&mut self) {
        std::mem::swap(&mut *self.port.state.inbox.lock(), &mut self.inbox);
        let count = u32::try_from(self.inbox.len()).expect("permits bound what is in flight");
        for (slot, _, reply) in self.inbox.drain(..) {
            let place = slot.wrapping_sub(self.first) as usize;
            let waiting = self.waiting.get_mut(place).expect("an answer to a command in flight");
            waiting.reply = Some(reply);
        }
        self.unanswered -= count;
        self.share.give_back(count);
    }

    fn is_ready(&self) -> bool {
        self.waiting.front().is_some_and(|first| first.reply.is_some())
    }

    fn take_ready(&mut self, answers: &mut Vec<Reply>) {
        while self.is_ready() {
            answers.extend(self.waiting.pop_front().and_then(|first| first.reply));
            self.first = self.first.wrapping_add(1);
        }
    }
}

impl Drop for SourcePort {
    fn drop(&mut self) {
        // Answers that still come find nobody, and are dropped.
        self.port.state.has_driver.store(false, Ordering::Release);
        self.port.state.inbox.lock().clear();
        self.share.give_back(self.unanswered);
    }
}
