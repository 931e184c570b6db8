//! A real Apache Kafka broker for tests, and clients of it.
//!
//! In reading order: [`Broker`] (one node, KRaft, on free ports of the loopback address), [`Skip`] (why
//! there is none), [`Reader`] (what a topic holds).

mod broker;
mod jars;
mod node;
mod port;
mod reader;
mod skip;
mod topics;

pub use broker::Broker;
pub use reader::{Read, Reader};
pub use skip::Skip;
