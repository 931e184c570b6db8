//! All ports of an engine: where the writer takes commands from, and the release stage answers.

use std::sync::Arc;

use parking_lot::RwLock;

use crate::port::{Answer, PortState, Ticket};
use crate::reply::Reply;
use crate::writer::core::Envelope;

/// See the module.
#[derive(Default)]
pub(crate) struct Ports {
    all: RwLock<Vec<Arc<PortState>>>,
}

impl Ports {
    /// Adds a port.
    pub(crate) fn add(&self) -> Arc<PortState> {
        let mut all = self.all.write();
        let number = u16::try_from(all.len()).expect("a door has a port per thread, not per call");
        let port = Arc::new(PortState::new(number));
        all.push(Arc::clone(&port));
        port
    }

    /// Takes at most `limit` commands from each; tells whether more are waiting.
    pub(crate) fn take(&self, limit: usize, into: &mut Vec<Envelope<Ticket>>) -> bool {
        let mut more = false;
        for port in self.all.read().iter() {
            more |= port.take(limit, into);
        }
        more
    }

    /// Delivers the answers gathered for each port, one wake per port.
    pub(crate) fn deliver(&self, answers: &mut [Vec<Answer>]) {
        for (port, answers) in self.all.read().iter().zip(answers) {
            port.deliver(answers);
        }
    }

    /// Answers everybody who waits: nobody knows what became of their commands.
    pub(crate) fn fail_all(&self) {
        for port in self.all.read().iter() {
            port.fail_all();
        }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.all.read().len()
    }

    /// Delivers one answer, from a thread that is not the release stage.
    pub(crate) fn answer(&self, ticket: Ticket, reply: Reply) {
        let port = self.all.read().get(usize::from(ticket.port)).cloned();
        if let Some(port) = port {
            port.deliver(&mut vec![(ticket.slot, ticket.place, reply)]);
        }
    }
}
