//! One keep-alive connection with at most one request on its way, never blocking.

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::time::Duration;

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};

use crate::response::{Inbox, Malformed};

/// How long one attempt to connect may take. Short, because a full accept queue drops the
/// first packet, and the system would wait a second before it sends another.
const CONNECT_LIMIT: Duration = Duration::from_millis(200);

/// What became of the request that is on its way.
#[derive(Debug)]
pub enum Progress {
    /// Wait for the next readiness.
    Pending,
    /// The inbox holds the answer.
    Answered,
    /// The connection has ended.
    Ended,
}

/// A connection and its buffers.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    /// The request being sent, and how much of it is gone.
    out: Vec<u8>,
    sent: usize,
    /// The answer.
    pub inbox: Inbox,
}

impl Connection {
    /// Connects and registers under `token`.
    ///
    /// # Errors
    /// When nobody listens there, or the system refuses.
    pub fn open(address: SocketAddr, token: Token, registry: &Registry) -> io::Result<Self> {
        let stream = std::net::TcpStream::connect_timeout(&address, CONNECT_LIMIT)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let mut stream = TcpStream::from_std(stream);
        registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
        Ok(Self { stream, out: Vec::new(), sent: 0, inbox: Inbox::default() })
    }

    /// Forgets what was, and hands out the empty buffer for the next request.
    pub fn next_request(&mut self) -> &mut Vec<u8> {
        self.inbox.clear();
        self.out.clear();
        self.sent = 0;
        &mut self.out
    }

    /// Sends as much of the request as the system takes.
    ///
    /// # Errors
    /// When the connection is broken.
    pub fn send(&mut self) -> io::Result<()> {
        while self.sent < self.out.len() {
            match self.stream.write(&self.out[self.sent..]) {
                Ok(count) => self.sent += count,
                Err(fault) if fault.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(fault) if fault.kind() == io::ErrorKind::Interrupted => {}
                Err(fault) => return Err(fault),
            }
        }
        Ok(())
    }

    /// Goes on after a readiness. Readiness is told once per change, so this reads until the
    /// answer is complete, or the system has no more (it gave less than there was room for).
    ///
    /// # Errors
    /// [`Malformed`] when the answer cannot be understood.
    pub fn advance(&mut self) -> Result<Progress, Malformed> {
        if self.send().is_err() {
            return Ok(Progress::Ended);
        }
        loop {
            let room = self.inbox.room();
            let offered = room.len();
            match self.stream.read(room) {
                Ok(0) => return Ok(Progress::Ended),
                Ok(count) if self.inbox.received(count)? => return Ok(Progress::Answered),
                Ok(count) if count < offered => return Ok(Progress::Pending),
                Ok(_) => {}
                Err(fault) if fault.kind() == io::ErrorKind::WouldBlock => {
                    return Ok(Progress::Pending);
                }
                Err(fault) if fault.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Ok(Progress::Ended),
            }
        }
    }
}
