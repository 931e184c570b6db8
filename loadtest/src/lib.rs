//! Load for the Onhand HTTP API and its Kafka input, and proof that it stayed right under it.
//!
//! The promise: whatever a run reports as acknowledged was held against the server afterwards,
//! from the API (and the topic of changes) alone. This crate knows no other crate of the workspace; it has only the
//! contract.
//!
//! In reading order: what is asked for (`quantity`, `random`, `pick`, `warehouse`, `order`), when
//! (`schedule`), how it goes over the wire (`request`, `response`, `connection`, `driver`),
//! what was said (`journal`, `checkout`, `tally`), what is true (`audit`), and around it
//! `client`, `setup`, `run`, `report`, `ceiling`, `server`, `compare`, `cli`, `failure`. `kafka` sends
//! till sales over a broker instead, and holds shelves and published changes against them.

pub mod audit;
pub mod availability;
pub mod ceiling;
pub mod checkout;
pub mod cli;
pub mod client;
pub mod compare;
pub mod connection;
pub mod curve;
pub mod driver;
pub mod expiry;
pub mod failure;
pub mod growth;
pub mod history;
pub mod journal;
pub mod kafka;
pub mod machine;
pub mod order;
pub mod peers;
pub mod pick;
pub mod plot;
pub mod process;
pub mod quantity;
pub mod random;
pub mod recovery;
pub mod report;
pub mod request;
pub mod response;
pub mod run;
pub mod schedule;
pub mod server;
pub mod setup;
pub mod tally;
pub mod warehouse;
