//! Ports: how commands enter and answers come back.
//!
//! A door that runs on a thread of its own gives each of its threads a port and spawns the port's
//! [`Driver`] there. Then commands of one round of the thread's loop are announced to the writer with
//! one ring, and the answers of a frame come back with one wake; each waiting call is completed on
//! its own thread.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};

use onhand_domain::command::Command;
use parking_lot::Mutex;
use slab::Slab;

use crate::bell::Bell;
use crate::error::Failure;
use crate::gate::Gate;
use crate::permits::{Bucket, Permits};
use crate::reply::Reply;
use crate::writer::core::Envelope;

/// Who waits for an answer: a slot of a port, and the bucket its permit came from.
#[derive(Clone, Copy, Debug)]
pub struct Ticket {
    pub(crate) port: u16,
    pub(crate) slot: u32,
    pub(crate) bucket: Bucket,
}

enum Slot {
    Waiting(Option<Waker>),
    Ready(Reply),
    Abandoned,
}

/// The shared part of a port.
pub(crate) struct PortState {
    number: u16,
    outgoing: Mutex<VecDeque<Envelope<Ticket>>>,
    slots: Mutex<Slab<Slot>>,
    inbox: Mutex<Vec<(u32, Reply)>>,
    driver: Mutex<Option<Waker>>,
    has_driver: AtomicBool,
    wants_ring: AtomicBool,
}

impl PortState {
    pub(crate) fn new(number: u16) -> Self {
        Self {
            number,
            outgoing: Mutex::new(VecDeque::new()),
            slots: Mutex::new(Slab::new()),
            inbox: Mutex::new(Vec::new()),
            driver: Mutex::new(None),
            has_driver: AtomicBool::new(false),
            wants_ring: AtomicBool::new(false),
        }
    }

    /// Takes at most `limit` commands; tells whether more are waiting.
    pub(crate) fn take(&self, limit: usize, into: &mut Vec<Envelope<Ticket>>) -> bool {
        let mut outgoing = self.outgoing.lock();
        let count = outgoing.len().min(limit);
        into.extend(outgoing.drain(..count));
        !outgoing.is_empty()
    }

    /// Takes answers in; empties the list.
    pub(crate) fn deliver(&self, answers: &mut Vec<(u32, Reply)>) {
        if answers.is_empty() {
            return;
        }
        if self.has_driver.load(Ordering::Acquire) {
            self.inbox.lock().append(answers);
            self.wake_driver();
        } else {
            self.complete(answers);
        }
    }

    /// Answers everybody who waits: nobody knows what became of their commands.
    pub(crate) fn fail_all(&self) {
        for (_, slot) in self.slots.lock().iter_mut() {
            if let Slot::Waiting(waker) = slot {
                let waker = waker.take();
                *slot = Slot::Ready(Reply::Failed(Failure::OutcomeUnknown));
                if let Some(waker) = waker {
                    waker.wake();
                }
            }
        }
    }

    fn wake_driver(&self) {
        let waker = self.driver.lock().take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn complete(&self, answers: &mut Vec<(u32, Reply)>) {
        let mut slots = self.slots.lock();
        for (number, reply) in answers.drain(..) {
            let Some(slot) = slots.get_mut(number as usize) else { continue };
            match std::mem::replace(slot, Slot::Ready(reply)) {
                Slot::Waiting(Some(waker)) => waker.wake(),
                Slot::Waiting(None) | Slot::Ready(_) => {}
                Slot::Abandoned => {
                    slots.remove(number as usize);
                }
            }
        }
    }
}

/// The way into the engine for one thread of a door; cheap to clone.
#[derive(Clone)]
pub struct Port {
    pub(crate) state: Arc<PortState>,
    pub(crate) permits: Arc<Permits>,
    pub(crate) bell: Arc<Bell>,
    pub(crate) gate: Arc<Gate>,
}

/// Entries of a batch enter in slices of this many.
pub const BATCH_SLICE: usize = 1_024;

impl Port {
    /// Sends a command. The answer comes when everything it rests on is durable. Dropping the call
    /// does not take the command back.
    pub fn call(&self, command: Command) -> Call {
        Call { port: self.clone(), state: self.send(command) }
    }

    /// Sends independent commands; the answers come in their order.
    pub async fn call_batch(&self, commands: Vec<Command>) -> Vec<Reply> {
        let mut replies = Vec::with_capacity(commands.len());
        let mut commands = commands.into_iter();
        let mut ahead: Vec<Call> = self.send_slice(&mut commands);
        while !ahead.is_empty() {
            // The next slice is on its way while the answers to this one are awaited.
            let next = self.send_slice(&mut commands);
            for call in ahead {
                replies.push(call.await);
            }
            ahead = next;
        }
        replies
    }

    fn send_slice(&self, commands: &mut impl Iterator<Item = Command>) -> Vec<Call> {
        commands.take(BATCH_SLICE).map(|command| self.call(command)).collect()
    }

    fn send(&self, command: Command) -> CallState {
        if let Some(failure) = self.gate.closed() {
            return CallState::Failed(failure);
        }
        let bucket = Permits::bucket(command.tenant.as_str());
        if !self.permits.take(bucket, 1) {
            return CallState::Failed(Failure::Overloaded);
        }
        let slot = self.state.slots.lock().insert(Slot::Waiting(None));
        let slot = u32::try_from(slot).expect("permits keep the number of slots small");
        let ticket = Ticket { port: self.state.number, slot, bucket };
        self.state.outgoing.lock().push_back(Envelope { command, ticket, searched: None });
        self.announce();
        CallState::Waiting(slot)
    }

    fn announce(&self) {
        if !self.state.has_driver.load(Ordering::Acquire) {
            self.bell.ring();
        } else if !self.state.wants_ring.swap(true, Ordering::AcqRel) {
            self.state.wake_driver();
        }
    }

    /// To be spawned once on the thread that uses this port.
    #[must_use]
    pub fn driver(&self) -> Driver {
        Driver { port: self.clone(), answers: Vec::new() }
    }
}

enum CallState {
    Waiting(u32),
    Failed(Failure),
    Done,
}

/// A command that waits for its answer.
#[must_use = "the command was sent; the answer comes here"]
pub struct Call {
    port: Port,
    state: CallState,
}

impl Future for Call {
    type Output = Reply;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Reply> {
        let number = match self.state {
            CallState::Waiting(number) => number,
            CallState::Failed(failure) => {
                self.state = CallState::Done;
                return Poll::Ready(Reply::Failed(failure));
            }
            CallState::Done => panic!("a call answers once"),
        };
        {
            let mut slots = self.port.state.slots.lock();
            let slot = &mut slots[number as usize];
            if let Slot::Waiting(waker) = slot {
                match waker {
                    Some(held) if held.will_wake(context.waker()) => {}
                    _ => *waker = Some(context.waker().clone()),
                }
                return Poll::Pending;
            }
            let Slot::Ready(reply) = slots.remove(number as usize) else {
                panic!("only a dropped call is abandoned");
            };
            drop(slots);
            self.state = CallState::Done;
            Poll::Ready(reply)
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let CallState::Waiting(number) = self.state else { return };
        let mut slots = self.port.state.slots.lock();
        match &mut slots[number as usize] {
            slot @ Slot::Waiting(_) => *slot = Slot::Abandoned,
            Slot::Ready(_) | Slot::Abandoned => {
                slots.remove(number as usize);
            }
        }
    }
}

/// Rings the writer and completes calls on the thread it is spawned on. It never ends.
pub struct Driver {
    port: Port,
    answers: Vec<(u32, Reply)>,
}

impl Future for Driver {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Self { port, answers } = &mut *self;
        // The waker first: what comes after this line wakes us again.
        *port.state.driver.lock() = Some(context.waker().clone());
        port.state.has_driver.store(true, Ordering::Release);
        if port.state.wants_ring.swap(false, Ordering::AcqRel) {
            port.bell.ring();
        }
        std::mem::swap(&mut *port.state.inbox.lock(), answers);
        port.state.complete(answers);
        Poll::Pending
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Whoever still waits is answered without us from now on.
        self.port.state.has_driver.store(false, Ordering::Release);
        if self.port.state.wants_ring.swap(false, Ordering::AcqRel) {
            self.port.bell.ring();
        }
        let mut answers = std::mem::take(&mut *self.port.state.inbox.lock());
        self.port.state.complete(&mut answers);
    }
}
