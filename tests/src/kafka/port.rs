//! Ports that stay ours while nobody listens on them.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::net::TcpListener;

/// Below what the system hands out by itself (32768 and above): a client that looks for a stopped broker
/// connects from such a port, and must not meet itself.
const FIRST: u64 = 20_000;
const COUNT: u64 = 12_000;
const ATTEMPTS_MAX: usize = 1_000;

/// A port of the loopback address on which nobody listens.
pub(super) fn free() -> u16 {
    let drawn = (0..ATTEMPTS_MAX).map(|attempt| {
        let number = FIRST + RandomState::new().hash_one(attempt) % COUNT;
        u16::try_from(number).expect("below 32768")
    });
    let is_free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    drawn.into_iter().find(is_free).expect("a free port below the system's own range")
}
