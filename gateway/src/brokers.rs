//! The bridge to message brokers. What leaves is published from the log, in the order of the log.
//!
//! Reading order: `routes` (what goes where, in which dialect), `envelope` (what stands
//! around it), `ledger` (what has arrived), `partitioner` and `contacts` (where it goes, and who knows us
//! there), `breaker` (when to send), `lag` (when to call), `figures` and `sink`
//! (what others may know), `dead_letters` (what can never be sent), `consumed` (figures of what came in), `kafka` (the broker itself).

pub(crate) mod breaker;
pub(crate) mod consumed;
mod contacts;
mod dead_letters;
mod envelope;
pub(crate) mod figures;
pub(crate) mod kafka;
mod lag;
mod ledger;
mod partitioner;
pub(crate) mod routes;
pub(crate) mod sink;
mod stopwatch;
