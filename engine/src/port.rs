//! Ports: how commands enter and answers come back.
//!
//! A door that runs on a thread of its own gives each of its threads a port and spawns the port's
//! [`Driver`] there. Then commands of one round of the thread's loop are announced to the writer with
//! one ring, and the answers of a frame come back with one wake; each waiting call is completed on
//! its own thread.

mod slots;
mod source;

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};

use onhand_domain::command::Command;
use parking_lot::Mutex;

use crate::bell::Bell;
use crate::error::Failure;
use crate::gate::Gate;
use crate::permits::{Bucket, Permits};
use crate::reply::Reply;
use crate::writer::core::{Envelope, SharedCommand};
pub(crate) use slots::Answer;
use slots::Slots;

pub use source::SourcePort;
pub(crate) use source::SourceShare;

/// Who waits for an answer: a slot of a port, the place in its batch, and the bucket its permit came
/// from.
#[derive(Clone, Copy, Debug)]
pub struct Ticket {
    pub(crate) port: u16,
    pub(crate) bucket: Bucket,
    pub(crate) slot: u32,
    pub(crate) place: u32,
}

/// The shared part of a port.
pub(crate) struct PortState {
    number: u16,
    outgoing: Mutex<VecDeque<Envelope<Ticket>>>,
    slots: Mutex<Slots>,
    inbox: Mutex<Vec<Answer>>,
    driver: Mutex<Option<Waker>>,
    has_driver: AtomicBool,
    wants_ring: AtomicBool,
}

impl PortState {
    pub(crate) fn new(number: u16) -> Self {
        Self {
            number,
            outgoing: Mutex::new(VecDeque::new()),
            slots: Mutex::default(),
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
    pub(crate) fn deliver(&self, answers: &mut Vec<Answer>) {
        if answers.is_empty() {
            return;
        }
        if self.has_driver.load(Ordering::Acquire) {
            self.inbox.lock().append(answers);
            self.wake_driver();
        } else {
            self.slots.lock().complete(answers);
        }
    }

    /// Answers everybody who waits: nobody knows what became of their commands.
    pub(crate) fn fail_all(&self) {
        self.wake_driver();
        self.slots.lock().fail_all();
    }

    fn wake_driver(&self) {
        let waker = self.driver.lock().take();
        if let Some(waker) = waker {
            waker.wake();
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
/// Slices of a batch that are on their way at once: enough for one to be decided while another waits
/// for the disk.
const SLICES_AHEAD: usize = 4;

impl Port {
    /// Sends a command. The answer comes when everything it rests on is durable. Dropping the call
    /// does not take the command back.
    pub fn call(&self, command: Command) -> Call<'_> {
        let command = Arc::new(command);
        let state = match self.admit(&command) {
            Err(failure) => CallState::Failed(failure),
            Ok(bucket) => {
                let slot = self.state.slots.lock().open();
                let ticket = Ticket { port: self.state.number, bucket, slot, place: 0 };
                let command = SharedCommand::One(Arc::clone(&command));
                self.state.outgoing.lock().push_back(Envelope { command, ticket, searched: None });
                self.announce();
                CallState::Waiting(slot)
            }
        };
        Call { port: self, state, _command: command }
    }

    /// Sends independent commands; the answers come in their order.
    pub async fn call_batch(&self, commands: Vec<Command>) -> Vec<Reply> {
        let mut replies = Vec::with_capacity(commands.len());
        let commands = Arc::new(commands);
        let mut ahead: VecDeque<Slice<'_>> = VecDeque::with_capacity(SLICES_AHEAD);
        for from in (0..commands.len()).step_by(BATCH_SLICE) {
            if ahead.len() == SLICES_AHEAD
                && let Some(first) = ahead.pop_front()
            {
                replies.extend(first.answers().await);
            }
            ahead.push_back(self.send_slice(&commands, from));
        }
        for slice in ahead {
            replies.extend(slice.answers().await);
        }
        replies
    }

    /// Sends the slice that begins at `from`: one lock, one announcement.
    fn send_slice(&self, commands: &Arc<Vec<Command>>, from: usize) -> Slice<'_> {
        let slice = &commands[from..commands.len().min(from + BATCH_SLICE)];
        let admitted: Vec<_> = slice.iter().map(|command| self.admit(command)).collect();
        let known = admitted.iter().map(|one| one.err().map(Reply::Failed)).collect();
        let slot = self.state.slots.lock().open_batch(known);
        let sent = admitted.iter().enumerate().filter_map(|(at, one)| {
            let place = u32::try_from(at).expect("a slice is small");
            let ticket = Ticket { port: self.state.number, bucket: one.ok()?, slot, place };
            let command = SharedCommand::OfBatch(Arc::clone(commands), from + at);
            Some(Envelope { command, ticket, searched: None })
        });
        self.state.outgoing.lock().extend(sent);
        self.announce();
        Slice { port: self, slot: Some(slot) }
    }

    /// Takes a permit for a command.
    fn admit(&self, command: &Command) -> Result<Bucket, Failure> {
        if let Some(failure) = self.gate.closed() {
            return Err(failure);
        }
        let bucket = Permits::bucket(command.tenant.as_str());
        if self.permits.take(bucket, 1) { Ok(bucket) } else { Err(Failure::Overloaded) }
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
pub struct Call<'a> {
    port: &'a Port,
    state: CallState,
    /// Kept until the answer is there, so that it is freed here.
    _command: Arc<Command>,
}

impl Future for Call<'_> {
    type Output = Reply;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Reply> {
        let polled = match self.state {
            CallState::Waiting(slot) => self.port.state.slots.lock().poll(slot, context.waker()),
            CallState::Failed(failure) => Poll::Ready(Reply::Failed(failure)),
            CallState::Done => panic!("a call answers once"),
        };
        if polled.is_ready() {
            self.state = CallState::Done;
        }
        polled
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        if let CallState::Waiting(slot) = self.state {
            self.port.state.slots.lock().abandon(slot);
        }
    }
}

/// Commands of a batch that wait for their answers.
struct Slice<'a> {
    port: &'a Port,
    slot: Option<u32>,
}

impl Slice<'_> {
    async fn answers(mut self) -> Vec<Reply> {
        let slot = self.slot.expect("awaited once");
        let slots = &self.port.state.slots;
        let replies =
            std::future::poll_fn(|context| slots.lock().poll_batch(slot, context.waker())).await;
        self.slot = None;
        replies
    }
}

impl Drop for Slice<'_> {
    fn drop(&mut self) {
        if let Some(slot) = self.slot {
            self.port.state.slots.lock().abandon(slot);
        }
    }
}

/// Rings the writer and completes calls on the thread it is spawned on. It never ends.
pub struct Driver {
    port: Port,
    answers: Vec<Answer>,
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
        port.state.slots.lock().complete(answers);
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
        self.port.state.slots.lock().complete(&mut answers);
    }
}
