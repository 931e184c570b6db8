//! Drives many connections from one thread: readiness, sending, measuring. What is sent and
//! what an answer means is the business of a [`Traffic`].

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use mio::{Events, Poll, Token, Waker};

use crate::connection::{Connection, Progress};
use crate::failure::Failure;
use crate::schedule::Schedule;
use crate::tally::{Statuses, Tally, thread_cpu};

/// Token of the pacer; the connections have the numbers from 0.
const PACER: Token = Token(usize::MAX);
/// Readinesses taken from the system at once.
const EVENTS_MAX: usize = 1_024;
/// Longest wait for readiness, so that the end of the run is noticed.
const WAIT_MAX: Duration = Duration::from_millis(20);
/// How long the first connections may take, each.
const CONNECT_PATIENCE: Duration = Duration::from_secs(10);
/// Pause between attempts to replace broken connections.
const MEND_PAUSE: Duration = Duration::from_millis(20);
/// How long a server may stay silent when nothing but the traffic ends the run.
const SILENCE_LIMIT: Duration = Duration::from_secs(20);
/// How long answers are awaited after the end; then they count as cut.
const DRAIN_LIMIT: Duration = Duration::from_secs(15);
/// Shortest sleep of the pacer. Arrivals may be this late, and the lateness counts as latency.
const TICK_MIN: Duration = Duration::from_micros(100);
/// Longest sleep of the pacer, so that it notices the end.
const TICK_MAX: Duration = Duration::from_millis(10);

/// What goes over the connections.
pub trait Traffic {
    /// Renders the next request of connection `slot`; `false`: there is none, unless an answer
    /// or a cut that is still to come leads to one.
    fn next(&mut self, slot: usize, out: &mut Vec<u8>) -> bool;

    /// Takes the answer, counts the status of each operation in it, and says how many there were.
    fn answered(&mut self, slot: usize, status: u16, body: &[u8], counts: &mut Statuses) -> u64;

    /// The connection ended before the answer: the outcome is unknown.
    fn cut(&mut self, slot: usize);
}

/// When a run starts, is measured, and stops sending.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// First arrival.
    pub start: Instant,
    /// End of the warm-up.
    pub measure_from: Instant,
    /// End of sending; `None`: when the traffic has no more.
    pub end: Option<Instant>,
}

impl Window {
    /// Whether something at this instant is measured.
    #[must_use]
    pub fn measures(&self, at: Instant) -> bool {
        at >= self.measure_from && !self.is_over(at)
    }

    /// Whether nothing is sent any more.
    #[must_use]
    pub fn is_over(&self, at: Instant) -> bool {
        self.end.is_some_and(|end| at >= end)
    }
}

/// Who decides when the next request leaves.
#[derive(Clone, Debug)]
pub enum Pace {
    /// Each connection sends as soon as it has its answer.
    Closed,
    /// The schedule, whatever the answers do.
    Open(Schedule),
}

#[derive(Debug, Default)]
struct Slot {
    connection: Option<Connection>,
    /// When the request on its way was sent (closed) or meant to be sent (open).
    since: Option<Instant>,
}

/// The connections of one thread.
#[derive(Debug)]
pub struct Driver {
    address: SocketAddr,
    poll: Poll,
    slots: Vec<Slot>,
    idle: Vec<usize>,
    broken: Vec<usize>,
    mend_at: Instant,
    /// When the last answer came.
    answered_at: Instant,
    on_the_way: usize,
    /// The traffic had no request when it was asked last. An answer, or a cut, may change that.
    exhausted: bool,
    tally: Tally,
    /// Takes the counts of what is not measured.
    unmeasured: Statuses,
}

impl Driver {
    /// Makes the connections.
    ///
    /// # Errors
    /// When one cannot be made.
    pub fn connect(address: SocketAddr, connections: usize) -> Result<Self, Failure> {
        let poll = Poll::new()?;
        let mut slots = Vec::with_capacity(connections);
        for slot in 0..connections {
            let connection = connect_patiently(address, Token(slot), &poll)?;
            slots.push(Slot { connection: Some(connection), since: None });
        }
        Ok(Self {
            address,
            poll,
            slots,
            idle: (0..connections).rev().collect(),
            broken: Vec::new(),
            mend_at: Instant::now(),
            answered_at: Instant::now(),
            on_the_way: 0,
            exhausted: false,
            tally: Tally::default(),
            unmeasured: Statuses::default(),
        })
    }

    /// Runs until the window ends or the traffic has no more, and every answer has come.
    ///
    /// # Errors
    /// When an answer cannot be understood, or the system fails.
    pub fn run<T: Traffic>(
        mut self,
        traffic: &mut T,
        pace: Pace,
        window: Window,
    ) -> Result<Tally, Failure> {
        let arrivals = match &pace {
            Pace::Open(schedule) => schedule.clone(),
            Pace::Closed => {
                self.turn_until_done(traffic, pace, window)?;
                return Ok(self.tally);
            }
        };
        let waker = Arc::new(Waker::new(self.poll.registry(), PACER)?);
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let (over_seen, waker) = (&over, &waker);
            scope.spawn(move || wake_at_arrivals(arrivals, window.start, waker, over_seen));
            let done = self.turn_until_done(traffic, pace, window);
            over.store(true, Ordering::Relaxed);
            done
        })?;
        Ok(self.tally)
    }

    fn turn_until_done<T: Traffic>(
        &mut self,
        traffic: &mut T,
        mut pace: Pace,
        window: Window,
    ) -> Result<(), Failure> {
        let mut events = Events::with_capacity(EVENTS_MAX);
        let mut cpu_before = None;
        let mut sending = true;
        let mut drained_at = None;
        loop {
            let now = Instant::now();
            if cpu_before.is_none() && now >= window.measure_from {
                cpu_before = Some(thread_cpu());
            }
            let finished = self.exhausted && self.on_the_way == 0;
            if sending && (finished || window.is_over(now)) {
                sending = false;
                drained_at = Some(now + DRAIN_LIMIT);
                self.tally.cpu = cpu_spent(cpu_before.flatten());
                self.count_unsent(&mut pace, window);
            }
            if !sending && (self.on_the_way == 0 || drained_at.is_some_and(|limit| now > limit)) {
                break;
            }
            if window.end.is_none() && now.duration_since(self.answered_at) > SILENCE_LIMIT {
                return Err(Failure::Silent(self.address));
            }
            if sending {
                self.mend(now);
                self.send_due(traffic, &mut pace, window, now);
            }
            match self.poll.poll(&mut events, Some(WAIT_MAX)) {
                Err(fault) if fault.kind() != io::ErrorKind::Interrupted => {
                    return Err(fault.into());
                }
                _ => {}
            }
            for event in events.iter().filter(|event| event.token() != PACER) {
                let answered = self.advance(traffic, window, event.token().0)?;
                if let Some(now) = answered.filter(|now| sending && !window.is_over(*now)) {
                    self.send_due(traffic, &mut pace, window, now);
                }
            }
        }
        for slot in 0..self.slots.len() {
            if self.slots[slot].since.take().is_some() {
                self.tally.cut += 1;
                traffic.cut(slot);
            }
        }
        Ok(())
    }

    /// Sends over idle connections what is due at `now`.
    fn send_due<T: Traffic>(
        &mut self,
        traffic: &mut T,
        pace: &mut Pace,
        window: Window,
        now: Instant,
    ) {
        while let (false, Some(slot)) = (self.exhausted, self.idle.last().copied()) {
            let since = match pace {
                Pace::Closed => now,
                Pace::Open(schedule) => {
                    let elapsed = now.saturating_duration_since(window.start);
                    let Some(due) = schedule.take(elapsed) else { return };
                    window.start + due
                }
            };
            let Some(connection) = &mut self.slots[slot].connection else { return };
            if !traffic.next(slot, connection.next_request()) {
                self.exhausted = true;
                return;
            }
            let sent = connection.send();
            self.idle.pop();
            self.slots[slot].since = Some(since);
            self.on_the_way += 1;
            if sent.is_err() {
                self.end(traffic, slot);
            }
        }
    }

    /// Goes on with a connection; `Some`: it was answered at that instant.
    fn advance<T: Traffic>(
        &mut self,
        traffic: &mut T,
        window: Window,
        slot: usize,
    ) -> Result<Option<Instant>, Failure> {
        let Slot { connection: Some(connection), since } = &mut self.slots[slot] else {
            return Ok(None);
        };
        match connection.advance()? {
            Progress::Pending => return Ok(None),
            Progress::Ended => {
                self.end(traffic, slot);
                return Ok(None);
            }
            Progress::Answered => {}
        }
        let inbox = &connection.inbox;
        let Some(since) = since.take() else { return Err(Failure::Unasked) };
        let now = Instant::now();
        let counts = if window.measures(since) {
            self.tally.record(now.saturating_duration_since(since));
            &mut self.tally.statuses
        } else {
            &mut self.unmeasured
        };
        let operations = traffic.answered(slot, inbox.status(), inbox.body(), counts);
        if window.measures(now) {
            self.tally.requests += 1;
            self.tally.operations += operations;
        }
        self.on_the_way -= 1;
        self.answered_at = now;
        self.exhausted = false;
        if inbox.closes() {
            self.slots[slot].connection = None;
            self.broken.push(slot);
        } else {
            self.idle.push(slot);
        }
        Ok(Some(now))
    }

    /// A connection has ended; what was on its way is unknown.
    fn end<T: Traffic>(&mut self, traffic: &mut T, slot: usize) {
        if self.slots[slot].since.take().is_some() {
            self.on_the_way -= 1;
            self.tally.cut += 1;
            self.exhausted = false;
            traffic.cut(slot);
        } else {
            self.idle.retain(|idle| *idle != slot);
        }
        self.slots[slot].connection = None;
        self.broken.push(slot);
    }

    /// Replaces broken connections, as far as somebody listens.
    fn mend(&mut self, now: Instant) {
        if self.broken.is_empty() || now < self.mend_at {
            return;
        }
        while let Some(slot) = self.broken.last().copied() {
            match Connection::open(self.address, Token(slot), self.poll.registry()) {
                Ok(connection) => {
                    self.slots[slot].connection = Some(connection);
                    self.broken.pop();
                    self.idle.push(slot);
                    self.tally.reconnects += 1;
                }
                Err(_) => {
                    self.mend_at = now + MEND_PAUSE;
                    return;
                }
            }
        }
    }

    /// Arrivals that never left have waited at least until the end. Leaving them out would
    /// make an overloaded server look fast.
    fn count_unsent(&mut self, pace: &mut Pace, window: Window) {
        let (Pace::Open(schedule), Some(end)) = (pace, window.end) else { return };
        while let Some(due) = schedule.take(end.saturating_duration_since(window.start)) {
            let meant = window.start + due;
            if window.measures(meant) {
                self.tally.unsent += 1;
                self.tally.record(end.saturating_duration_since(meant));
            }
        }
    }
}

/// A server that is starting to accept 256 connections at once may be slow, but is there.
fn connect_patiently(
    address: SocketAddr,
    token: Token,
    poll: &Poll,
) -> Result<Connection, Failure> {
    let deadline = Instant::now() + CONNECT_PATIENCE;
    loop {
        match Connection::open(address, token, poll.registry()) {
            Err(cause) if cause.kind() != io::ErrorKind::TimedOut || Instant::now() > deadline => {
                return Err(Failure::Connect { address, cause });
            }
            Err(_) => {}
            Ok(connection) => return Ok(connection),
        }
    }
}

fn cpu_spent(before: Option<Duration>) -> Option<Duration> {
    thread_cpu()?.checked_sub(before?)
}

/// Wakes the driver when arrivals are due. `epoll` counts in milliseconds, which is too coarse.
fn wake_at_arrivals(mut schedule: Schedule, start: Instant, waker: &Waker, over: &AtomicBool) {
    while !over.load(Ordering::Relaxed) {
        let elapsed = start.elapsed();
        let mut due = 0;
        while schedule.take(elapsed).is_some() {
            due += 1;
        }
        if due > 0 && waker.wake().is_err() {
            return;
        }
        let until_next = schedule.next_due().saturating_sub(start.elapsed());
        std::thread::sleep(until_next.clamp(TICK_MIN, TICK_MAX));
    }
}
