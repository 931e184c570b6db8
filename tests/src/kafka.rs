//! A real Apache Kafka broker for tests, and clients of it.
//!
//! In reading order: [`Broker`] (one node, KRaft, on free ports of the loopback address), [`Skip`] (why
//! there is none), [`Event`] (one of any type and dialect), [`Publisher`]
//! (puts it into a topic), [`Reader`] (what a topic holds).

mod broker;
mod event;
mod jars;
mod node;
mod port;
mod publisher;
mod reader;
mod skip;
mod topics;

pub use broker::Broker;
pub use event::{Dialect, Event};
pub use publisher::{Publisher, Spot};
pub use reader::{Read, Reader};
pub use skip::Skip;
