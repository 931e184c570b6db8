//! The rules of Onhand: what a stock engine decides, and nothing else.
//!
//! The one promise of this crate: [`decide`](Stock::decide) reads, [`apply`](Stock::apply) writes and
//! cannot fail, and neither ever sees a clock, a disk, a thread or a network. Time is an argument.
//!
//! Reading order: [`ids`], [`quantity`], [`time`] (words), [`policy`], [`catalog`], [`position`],
//! [`reservation`], [`transfer`] (things), [`command`] (what is asked), [`rejection`] and [`change`]
//! (what is answered), [`stock`] (memory), [`decide`] (the rules), [`apply`] (the effect).
#![no_std]
#![warn(clippy::arithmetic_side_effects)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod catalog;
pub mod change;
pub mod command;
pub mod ids;
pub mod index_table;
pub mod policy;
pub mod position;
pub mod quantity;
pub mod rejection;
pub mod reservation;
pub mod stable_hash;
pub mod time;
pub mod transfer;
