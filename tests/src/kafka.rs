//! A real Apache Kafka broker for tests, and clients of it.
//!
//! In reading order: [`Broker`] (one node, KRaft, on free ports of the loopback address), [`Skip`] (why
//! there is none), [`Event`] (one of any type and dialect), [`Publisher`]
//! (puts it into a topic), [`Reader`] (what a topic holds), [`run_java`] (clients that are not ours).

mod broker;
mod event;
mod jars;
mod java;
mod node;
mod port;
mod publisher;
mod reader;
mod skip;
mod topics;

pub use broker::Broker;
pub use event::{Dialect, Event};
pub use java::run_java;
pub use publisher::{Publisher, Spot};
pub use reader::{Read, Reader};
pub use skip::Skip;
