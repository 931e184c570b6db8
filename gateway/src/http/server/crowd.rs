//! All connections of one thread: who is there, who is late, who has to go.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::Waker;

use parking_lot::Mutex;
use tokio::net::TcpStream;
use tokio::sync::Notify;

use super::pulse::{Limits, Phase, Pulse};
use super::refusal;

/// What a connection was too slow with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Late {
    /// It sent nothing for too long.
    Idle,
    /// The head of a request did not end.
    Header,
    /// A request was not answered, mostly because its body did not end.
    Request,
}

impl Late {
    /// All of them, in the order of [`Late::place`].
    pub(crate) const ALL: [Self; 3] = [Self::Idle, Self::Header, Self::Request];

    /// Its place in [`Late::ALL`].
    pub(crate) const fn place(self) -> usize {
        match self {
            Self::Idle => 0,
            Self::Header => 1,
            Self::Request => 2,
        }
    }

    /// Its word in metrics.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Header => "header",
            Self::Request => "request",
        }
    }

    const fn of(phase: Phase) -> Self {
        match phase {
            Phase::Heading => Self::Header,
            Phase::Working => Self::Request,
            Phase::Resting | Phase::Streaming => Self::Idle,
        }
    }
}

/// What a connection has been told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Go on.
    Stay,
    /// Finish the request in flight, then close.
    Drain,
    /// Close now.
    Leave(Late),
}

impl Order {
    const DRAIN: u8 = 1;
    const LEAVE: u8 = 2;

    fn decode(bits: u8) -> Self {
        match bits {
            0 => Self::Stay,
            Self::DRAIN => Self::Drain,
            bits => Self::Leave(Late::ALL[usize::from(bits - Self::LEAVE)]),
        }
    }

    fn encode(self) -> u8 {
        match self {
            Self::Stay => 0,
            Self::Drain => Self::DRAIN,
            Self::Leave(Late::Idle) => Self::LEAVE,
            Self::Leave(Late::Header) => Self::LEAVE + 1,
            Self::Leave(Late::Request) => Self::LEAVE + 2,
        }
    }
}

/// A connection as the crowd sees it. Timers and drain cost a request one load of `order`: there is
/// no timer and no channel per connection.
#[derive(Debug)]
pub(super) struct Seat {
    number: u64,
    pub(super) pulse: Pulse,
    order: AtomicU8,
    waker: OnceLock<Waker>,
    crowd: Arc<Crowd>,
}

impl Seat {
    /// What the connection has been told. Its task must ask at every turn.
    pub(super) fn order(&self, waker: &Waker) -> Order {
        // The waker of a task does not change.
        self.waker.get_or_init(|| waker.clone());
        Order::decode(self.order.load(Ordering::Acquire))
    }

    fn tell(&self, order: Order) {
        self.order.store(order.encode(), Ordering::Release);
        if let Some(waker) = self.waker.get() {
            waker.wake_by_ref();
        }
    }
}

/// Leaves the crowd when dropped.
#[derive(Debug)]
pub(super) struct Seated(pub(super) Arc<Seat>);

impl Drop for Seated {
    fn drop(&mut self) {
        let crowd = &self.0.crowd;
        let mut seats = crowd.seats.lock();
        seats.remove(&self.0.number);
        if seats.is_empty() {
            crowd.empty.notify_one();
        }
    }
}

/// All connections of one thread.
#[derive(Debug)]
pub(super) struct Crowd {
    limits: Limits,
    next: AtomicU64,
    seats: Mutex<HashMap<u64, Arc<Seat>>>,
    draining: AtomicU8,
    empty: Notify,
    refusals: Arc<AtomicUsize>,
}

impl Crowd {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            next: AtomicU64::new(0),
            seats: Mutex::default(),
            draining: AtomicU8::new(Order::Stay.encode()),
            empty: Notify::new(),
            refusals: Arc::default(),
        }
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Open connections.
    pub(super) fn len(&self) -> u64 {
        self.seats.lock().len().try_into().unwrap_or(u64::MAX)
    }

    /// A connection comes in.
    pub(super) fn enter(self: &Arc<Self>) -> Seated {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let seat = Arc::new(Seat {
            number,
            pulse: Pulse::new(self.limits),
            order: AtomicU8::new(self.draining.load(Ordering::Relaxed)),
            waker: OnceLock::new(),
            crowd: Arc::clone(self),
        });
        self.seats.lock().insert(number, Arc::clone(&seat));
        Seated(seat)
    }

    /// Answers a connection for which there is no room.
    pub(super) fn refuse(&self, stream: TcpStream) {
        refusal::refuse(stream, &self.refusals);
    }

    /// Tells those who are late to leave.
    pub(super) fn sweep(&self) {
        let now = self.limits.now();
        for seat in self.seats.lock().values() {
            if let Some(phase) = seat.pulse.late(now) {
                seat.tell(Order::Leave(Late::of(phase)));
            }
        }
    }

    /// Tells all to leave when they have their answer; those who come from now on as well.
    pub(super) fn drain(&self) {
        self.draining.store(Order::Drain.encode(), Ordering::Relaxed);
        for seat in self.seats.lock().values() {
            seat.tell(Order::Drain);
        }
    }

    /// Waits until nobody is there.
    pub(super) async fn emptied(&self) {
        while !self.seats.lock().is_empty() {
            self.empty.notified().await;
        }
    }
}
