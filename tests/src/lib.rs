//! What the black-box tests stand on: they start the real binary, talk HTTP to it, and compare
//! every figure as an exact decimal. Nothing in here knows a crate of the engine.
//!
//! In reading order: [`Server`] (the process), [`Client`] (the wire), [`Answer`] and [`Json`]
//! (what came back), [`Figure`] (decimals), [`Shop`] (one tenant's calls), [`Stream`] (SSE),
//! [`Fault`] (an operating system that fails), [`kafka`]
//! (a real broker).

mod answer;
mod binary;
mod client;
mod faults;
mod figure;
mod format;
mod json;
pub mod kafka;
mod launch;
mod request;
mod server;
mod shop;
mod stream;
mod wire;

pub use answer::Answer;
pub use binary::onhand_binary;
pub use client::Client;
pub use faults::Fault;
pub use figure::Figure;
pub use format::raise_format;
pub use json::{Json, parse_instant};
pub use launch::{Exit, Process};
pub use request::{Request, encode};
pub use server::Server;
pub use shop::{Shop, anywhere, at, line};
pub use stream::{Message, Stream};
