//! The rules of Onhand: what a stock engine decides, and nothing else.
//!
//! The one promise of this crate: [`decide`](stock::Stock::decide) reads, [`apply`](stock::Stock::apply) writes and
//! cannot fail, and neither ever sees a clock, a disk, a thread or a network. Time is an argument.
//!
//! Reading order: [`ids`], [`quantity`], [`time`] (words), [`policy`], [`catalog`], [`position`],
//! [`reservation`], [`transfer`], [`consumed`], [`dead_letter`] (things), [`command`] and [`upkeep`] (what is
//! asked), [`rejection`] and [`change`]
//! (what is answered), [`stock`] (memory), [`decide`] (the rules), `apply` (the effect).
#![no_std]
// Tests may add up as they like: an overflow fails them.
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod apply;
pub mod catalog;
pub mod change;
pub mod command;
pub mod consumed;
pub mod dead_letter;
pub mod decide;
mod draft;
pub mod idempotency;
pub mod ids;
pub mod index_table;
pub mod layer;
pub mod layers;
pub mod limits;
pub mod name;
pub mod policy;
pub mod position;
pub mod quantity;
pub mod rejection;
pub mod reservation;
pub mod slab;
pub mod sources;
pub mod stable_hash;
pub mod stock;
pub mod time;
pub mod transfer;
pub mod upkeep;
